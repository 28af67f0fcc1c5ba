// The watched keys: a card each, with its figures and a plot. They are heard of through a subscription of their
// own, so that they stay live whatever the board searches for.

import { bandOf, bandWord } from "./band.js";
import { byId, element, setText } from "./element.js";
import { units } from "./format.js";
import { drawSoon } from "./frames.js";
import { keyOf, selectionOf } from "./key.js";
import { Plot, legend } from "./plot.js";
import { Trace } from "./trace.js";

/** Keys that can be watched at once. */
export const WATCHES_MAX = 12;
/** How often plots move on while nothing changes. */
const PLOT_MS = 1_000;

/** The watched keys. */
export class Watches {
  #cards = new Map();
  #feed = null;
  #subscription = null;
  /** Whether the engine is known to tell the past of a key. */
  #mayRecall = false;
  #told;
  #draw = () => {
    for (const card of this.#cards.values()) card.draw(this.#feed?.now_ms() ?? Date.now());
  };

  /** `told()` is called when other keys are watched than before. */
  constructor(told) {
    this.#told = told;
    setInterval(() => drawSoon(this.#draw), PLOT_MS);
  }

  /** The watched keys, in the order in which they were chosen. */
  get keys() {
    return [...this.#cards.values()].map(({ sku, location }) => ({ sku, location }));
  }

  has(key) {
    return this.#cards.has(key);
  }

  /** Listens through this feed from now on. */
  open(feed) {
    this.#feed = feed;
    this.#subscription = null;
    this.#mayRecall = false;
    this.#listen();
  }

  /** Watches a key, or no longer does. */
  toggle({ sku, location }) {
    const key = keyOf({ sku, location });
    if (this.#cards.has(key)) {
      this.#cards.get(key).element.remove();
      this.#cards.delete(key);
    } else if (this.#cards.size < WATCHES_MAX) {
      const card = new Card({ sku, location }, () => this.#dismiss(key));
      this.#cards.set(key, card);
      byId("watched-cards").append(card.element);
    }
    this.#hint();
    this.#listen();
    this.#told();
  }

  /** A movement was heard of, perhaps of a watched key. */
  moved({ sku, location, version, at, after }) {
    const card = this.#cards.get(keyOf({ sku, location }));
    card?.trace.add({ at_ms: Date.parse(at), version, available: after.available, reserved: after.reserved });
    if (card) drawSoon(this.#draw);
  }

  /** Stops watching at the card's own button; the focus goes to the next card, or back to the board. */
  #dismiss(key) {
    const { element: card } = this.#cards.get(key);
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    this.toggle(this.#cards.get(key));
    (neighbour?.querySelector("button") ?? byId("board")).focus();
  }

  /** The engine tells movements: what the plots lack of the past can be read. */
  recall() {
    this.#mayRecall = true;
    for (const card of this.#cards.values()) this.#recall(card);
  }

  #hint() {
    const count = this.#cards.size;
    byId("watched-hint").hidden = count > 0 && count < WATCHES_MAX;
    setText(byId("watched-hint"), count === 0
      ? "Watch a key on the board to see its available and reserved units over time."
      : `${WATCHES_MAX} keys are watched, which is as many as can be.`);
  }

  #listen() {
    if (!this.#feed) return;
    if (this.#cards.size === 0) {
      this.#subscription?.unsubscribe();
      this.#subscription = null;
      return;
    }
    const selection = selectionOf(this.#cards.values());
    if (this.#subscription) this.#subscription.update(selection);
    else this.#subscription = this.#feed.levels(selection, this.#listener());
  }

  #listener() {
    return {
      level: (level) => this.#take(level),
      refused: () => {
        this.#subscription = null;
      },
    };
  }

  #take(level) {
    const card = this.#cards.get(keyOf(level));
    if (!card) return;
    card.level = level;
    this.#recall(card);
    if ("available" in level) {
      const { as_of, version, available, reserved } = level;
      card.trace.add({ at_ms: Date.parse(as_of), version, available, reserved });
    }
    drawSoon(this.#draw);
  }

  /** Reads once what the key's last movements were; not of a key that may not exist. */
  async #recall(card) {
    if (!this.#mayRecall || !card.level || card.isRecalled) return;
    card.isRecalled = true;
    const movements = await this.#feed.history(card);
    card.trace.addHistory(movements.reverse().map(({ at, version, after }) => ({
      at_ms: Date.parse(at), version, available: after.available, reserved: after.reserved,
    })));
    drawSoon(this.#draw);
  }
}

/** One watched key on the page. */
class Card {
  level = null;
  isRecalled = false;
  trace = new Trace();
  #plot = new Plot();
  #figures = element("p", "figures-line");
  #available = element("b", "big");
  #band = element("span", "word");

  constructor({ sku, location }, dismiss) {
    this.sku = sku;
    this.location = location;
    this.element = element("article", "card");
    this.element.dataset.sku = sku;
    this.element.dataset.location = location;
    const head = element("div", "card-head");
    const names = element("div", "names");
    const heading = element("h3", "", sku);
    heading.title = sku;
    names.append(heading, element("p", "place", location));
    const stop = element("button", "close");
    stop.type = "button";
    stop.setAttribute("aria-label", `Stop watching ${sku} at ${location}`);
    stop.addEventListener("click", dismiss);
    const stand = element("div", "stand");
    stand.append(this.#available, this.#band);
    head.append(names, stand, stop);
    this.element.append(head, this.#figures, this.#plot.element, legend());
  }

  /** Draws the newest level, and the plot as it is at `now_ms`. */
  draw(now_ms) {
    this.#plot.draw(this.trace, now_ms);
    const { level } = this;
    if (!level) return;
    const band = bandOf(level);
    const isExact = "available" in level;
    this.element.dataset.band = band;
    this.element.dataset.version = level.version;
    this.element.classList.toggle("words-only", !isExact);
    setText(this.#band, bandWord(band));
    setText(this.#available, isExact ? units(level.available) : "");
    setText(this.#figures, isExact
      ? `${units(level.on_hand)} on hand · ${units(level.reserved)} reserved · ${units(level.committed)} committed`
      : "");
  }
}
