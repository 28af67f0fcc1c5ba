// The stock board: a table of levels. It draws rows that changed and no others, shows a bounded number of them,
// and is walked by the arrow keys: one row at a time can be reached by Tab.

import { byId, setText } from "./element.js";
import { counted, units } from "./format.js";
import { drawSoon, slowly } from "./frames.js";
import { keyOf } from "./key.js";
import { Row } from "./row.js";

/** Rows shown at first, and more by each "Show more": fewer where the screen is small. */
const ROWS_STEP = matchMedia("(max-width: 45rem)").matches ? 25 : 100;
/** How long a change stays marked. */
const MARKED_MS = 4_000;
/** How often rows may change places while figures arrive. */
const ORDER_MS = 500;
/** Rows that Page Up and Page Down step over. */
const PAGE_ROWS = 10;
/** Locations offered while one is typed. */
const LOCATIONS_OFFERED_MAX = 50;

const collator = new Intl.Collator(undefined, { numeric: true });
const byName = (a, b) =>
  collator.compare(a.sku, b.sku) || collator.compare(a.location, b.location) || (keyOf(a) < keyOf(b) ? -1 : 1);
const ORDERS = {
  key: byName,
  changed: (a, b) => (a.as_of === b.as_of ? byName(a, b) : a.as_of < b.as_of ? 1 : -1),
  available: (a, b) => (a.available ?? 0) - (b.available ?? 0) || byName(a, b),
};

/** The board. */
export class Board {
  #stock;
  #watches;
  #rows = new Map();
  /** Keys whose level is newer than their row. */
  #stale = new Set();
  /** Key to the time at which its mark goes. */
  #marked = new Map();
  #calming = null;
  #order = "key";
  /** Levels there were when rows were last put in order. */
  #arranged = 0;
  #shown = ROWS_STEP;
  /** The key of the row that Tab reaches. */
  #current = null;
  #body = byId("board-rows");
  #draw = () => this.#drawRows();
  #arrange = slowly(ORDER_MS, () => this.#arrangeRows());

  constructor(stock, watches) {
    this.#stock = stock;
    this.#watches = watches;
    this.#body.addEventListener("click", (event) => this.#clicked(event));
    this.#body.addEventListener("keydown", (event) => this.#pressed(event));
    byId("board-order").addEventListener("change", (event) => {
      this.#order = event.target.value;
      drawSoon(this.#arrange);
    });
    byId("board-more").addEventListener("click", () => {
      this.#shown += ROWS_STEP;
      drawSoon(this.#arrange);
    });
  }

  /** A level is new; `null`: the whole selection may be. */
  changed(key) {
    const isOther = key === null || this.#stock.levels.size !== this.#arranged;
    if (isOther || this.#order !== "key") drawSoon(this.#arrange);
    if (this.#rows.has(key)) this.#stale.add(key);
    drawSoon(this.#draw);
  }

  /** Goes back to the first rows, as a new search does. */
  rewind() {
    this.#shown = ROWS_STEP;
    this.#current = null;
    byId("board").scrollTop = 0;
  }

  /** Draws anew which keys are watched. */
  drawWatched() {
    for (const [key, row] of this.#rows) row.drawWatched(this.#watches.has(key));
  }

  #drawRows() {
    const now_ms = performance.now();
    for (const key of this.#stale) {
      const level = this.#stock.levels.get(key);
      if (level && this.#rows.get(key)?.draw(level)) {
        this.#marked.delete(key);
        this.#marked.set(key, now_ms + MARKED_MS);
      }
    }
    this.#stale.clear();
    this.#calm(now_ms);
    this.#drawWords();
  }

  /** Takes marks away whose time is over; the oldest come first. */
  #calm(now_ms) {
    for (const [key, until_ms] of this.#marked) {
      if (until_ms > now_ms) {
        clearTimeout(this.#calming);
        this.#calming = setTimeout(() => drawSoon(this.#draw), until_ms - now_ms);
        return;
      }
      this.#marked.delete(key);
      this.#rows.get(key)?.calm();
    }
  }

  #arrangeRows() {
    const sorted = [...this.#stock.levels.entries()].sort(([, a], [, b]) => ORDERS[this.#order](a, b));
    const shown = sorted.slice(0, this.#shown);
    this.#arranged = sorted.length;
    const rows = new Map();
    for (const [key, level] of shown) rows.set(key, this.#rows.get(key) ?? this.#made(key, level));
    for (const [key, row] of this.#rows) {
      if (rows.has(key)) continue;
      row.element.remove();
      this.#marked.delete(key);
    }
    this.#rows = rows;
    this.#place([...rows.values()]);
    if (!rows.has(this.#current)) this.#setCurrent(rows.keys().next().value ?? null);
    byId("board-more").hidden = sorted.length <= shown.length;
    this.#offerLocations();
    this.#drawWords();
  }

  #made(key, level) {
    const row = new Row(key, level);
    row.draw(level);
    row.drawWatched(this.#watches.has(key));
    return row;
  }

  /** Puts rows in order, moving only those out of place; the focus stays on the row that has it. */
  #place(rows) {
    const focused = this.#body.contains(document.activeElement) ? document.activeElement : null;
    let next = this.#body.firstElementChild;
    for (const { element } of rows) {
      if (element === next) {
        next = next.nextElementSibling;
      } else {
        this.#body.insertBefore(element, next);
      }
    }
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  #drawWords() {
    const { levels, isCut, isWhole, isNamed, problem } = this.#stock;
    let available = 0;
    let isExact = false;
    for (const level of levels.values()) {
      if (level.available === undefined) continue;
      isExact = true;
      available += Math.max(level.available, 0);
    }
    const parts = [counted(levels.size, "key")];
    if (isExact) parts.push(`${units(available)} available`);
    setText(byId("board-summary"), parts.join(" · "));
    byId("board").classList.toggle("words-only", levels.size > 0 && !isExact);
    const cut = `Only the first ${units(levels.size)} keys are shown and kept up to date. Narrow the search to see others.`;
    setText(byId("board-message"), problem ?? (isCut ? cut : ""));
    const empty = byId("board-empty");
    empty.hidden = levels.size > 0;
    let words = "Waiting for the first levels …";
    if (isWhole) words = isNamed ? "No such SKU yet. Its level appears here as soon as there is one." : "No stock matches.";
    setText(empty, words);
  }

  #offerLocations() {
    const known = new Set();
    for (const { location } of this.#stock.levels.values()) {
      known.add(location);
      if (known.size === LOCATIONS_OFFERED_MAX) break;
    }
    const list = byId("search-locations");
    const sorted = [...known].sort(collator.compare);
    if (list.childElementCount === sorted.length) return;
    list.replaceChildren(...sorted.map((location) => new Option(location, location)));
  }

  #setCurrent(key) {
    const before = this.#rows.get(this.#current);
    if (before) before.button.tabIndex = -1;
    this.#current = key;
    const row = this.#rows.get(key);
    if (row) row.button.tabIndex = 0;
  }

  #clicked(event) {
    const button = event.target.closest("button[data-key]");
    if (!button) return;
    this.#setCurrent(button.dataset.key);
    const level = this.#stock.levels.get(button.dataset.key);
    if (level) this.#watches.toggle(level);
  }

  #pressed(event) {
    const keys = [...this.#rows.keys()];
    const at = keys.indexOf(event.target.dataset.key);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE_ROWS, PageUp: -PAGE_ROWS, Home: -keys.length, End: keys.length };
    const step = steps[event.key];
    if (at < 0 || step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const to = Math.min(Math.max(at + step, 0), keys.length - 1);
    this.#setCurrent(keys[to]);
    this.#rows.get(keys[to]).button.focus();
  }
}
