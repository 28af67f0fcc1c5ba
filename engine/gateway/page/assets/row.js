// One row of the board: a key, its figures, and the button that watches it.

import { bandOf, bandWord } from "./band.js";
import { element, setText } from "./element.js";
import { moment, units } from "./format.js";

/** Figures besides `available`, as a level names them and as people do. */
const BALANCES = [
  ["on_hand", "On hand"],
  ["reserved", "Reserved"],
  ["committed", "Committed"],
  ["damaged", "Damaged"],
  ["quality_control", "Q. control"],
  ["safety_stock", "Safety stock"],
  ["incoming", "Incoming"],
];

/** A row of the board. */
export class Row {
  /** The newest level drawn; null before the first. */
  #drawn = null;
  #cells = new Map();
  #isOdd = false;

  constructor(key, { sku, location }) {
    this.element = element("tr");
    this.element.setAttribute("role", "row");
    this.element.dataset.sku = sku;
    this.element.dataset.location = location;
    this.button = element("button", "eye");
    this.button.type = "button";
    this.button.tabIndex = -1;
    this.button.dataset.key = key;
    this.button.setAttribute("aria-label", `Watch ${sku} at ${location}`);
    this.#cell("watch").append(this.button);
    const name = this.#cell("sku", sku, "th");
    name.scope = "row";
    name.title = sku;
    this.#cell("location", location).title = location;
    const available = this.#cell("available number");
    this.value = element("b");
    this.delta = element("span", "delta");
    this.delta.setAttribute("aria-hidden", "true");
    available.append(this.delta, this.value);
    this.band = element("span", "word");
    this.#cell("band").append(this.band);
    for (const [name, words] of BALANCES) {
      this.#cells.set(name, this.#cell("balance number", "", "td", words));
    }
    this.changed = element("time");
    this.#cell("changed").append(this.changed);
  }

  /** Draws a level, and marks what moved since the last one. Returns whether something moved. */
  draw(level) {
    const before = this.#drawn;
    this.#drawn = level;
    const band = bandOf(level);
    const isExact = "available" in level;
    this.element.dataset.band = band;
    this.element.dataset.version = level.version;
    setText(this.band, bandWord(band));
    setText(this.value, isExact ? units(level.available) : "");
    for (const [name] of BALANCES) {
      const cell = this.#cells.get(name);
      setText(cell, isExact ? units(level[name]) : "");
      cell.classList.toggle("zero", level[name] === 0);
    }
    setText(this.changed, moment(Date.parse(level.as_of)));
    this.changed.dateTime = level.as_of;
    if (before === null || before.version === level.version) return false;
    const moved = isExact && "available" in before ? level.available - before.available : 0;
    this.#mark(moved);
    return true;
  }

  /** Draws whether the key is watched. */
  drawWatched(watched) {
    this.button.setAttribute("aria-pressed", String(watched));
    this.element.classList.toggle("is-watched", watched);
  }

  /** Takes the marks of a change away again. */
  calm() {
    setText(this.delta, "");
    delete this.element.dataset.moved;
    this.element.classList.remove("fresh-odd", "fresh-even");
  }

  #mark(moved) {
    setText(this.delta, moved === 0 ? "" : `${moved < 0 ? "▼" : "▲"}${units(Math.abs(moved))}`);
    this.element.dataset.moved = moved < 0 ? "down" : moved > 0 ? "up" : "same";
    // Two names for one animation: changing between them starts it anew without a forced layout.
    this.#isOdd = !this.#isOdd;
    this.element.classList.toggle("fresh-odd", this.#isOdd);
    this.element.classList.toggle("fresh-even", !this.#isOdd);
  }

  #cell(className, text = "", tag = "td", label = "") {
    const cell = element(tag, className, text);
    cell.setAttribute("role", tag === "th" ? "rowheader" : "cell");
    if (label) cell.dataset.label = label;
    this.element.append(cell);
    return cell;
  }
}
