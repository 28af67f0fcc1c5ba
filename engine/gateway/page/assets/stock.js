// The levels that the board shows: one subscription, narrowed as the search is. A catalogue may hold a million
// keys, so the page takes the first KEYS_MAX of a selection, narrows its subscription to them and says so.

import { keyOf, selectionOf, selects } from "./key.js";

/** Keys that the board holds at once. */
export const KEYS_MAX = 500;

/** The levels of the present selection. */
export class Stock {
  /** Key to newest level. */
  levels = new Map();
  /** Whether the selection names more keys than are held. */
  isCut = false;
  /** Whether all levels of the selection were told. */
  isWhole = false;
  /** Why the engine does not tell this selection; null where it does. */
  problem = null;
  #selection = {};
  #feed = null;
  /** None before there is a feed, and where the engine refused the selection. */
  #subscription = null;
  #heard;

  /** `heard(key)` is called for each level that is new; `heard(null)` where it is more than a level. */
  constructor(heard) {
    this.#heard = heard;
  }

  /** What is subscribed to: the search, or the keys that it was cut down to. */
  get selection() {
    return this.isCut ? selectionOf(this.levels.values()) : this.#selection;
  }

  /** Whether the selection is of SKUs named whole, so that none may be missing. */
  get isNamed() {
    return Boolean(this.#selection.skus);
  }

  /** Whether it is known which keys are held, and no more of them come without a search. */
  get isSettled() {
    return this.isWhole || this.isCut;
  }

  /** Listens through this feed from now on. */
  open(feed) {
    this.#feed = feed;
    this.#subscription = null;
    this.select(this.#selection);
  }

  /** Shows another selection. */
  select(selection) {
    this.#selection = selection;
    this.levels.clear();
    this.isCut = false;
    this.isWhole = false;
    this.problem = null;
    if (this.#subscription) {
      this.#subscription.update(selection);
      // What both selections name is known already, and told again only where it differs.
      for (const level of this.#subscription.levels.values()) this.#take(level);
    } else if (this.#feed) {
      this.#subscription = this.#feed.levels(selection, this.#listener());
    }
    this.#heard(null);
  }

  #listener() {
    return {
      level: (level) => this.#take(level),
      gone: (key) => {
        if (this.levels.delete(keyOf(key))) this.#heard(null);
      },
      whole: () => {
        this.isWhole = true;
        this.#heard(null);
      },
      refused: (reason) => {
        this.problem = reason;
        this.#subscription = null;
        this.#heard(null);
      },
    };
  }

  #take(level) {
    const key = keyOf(level);
    if (!this.levels.has(key) && !this.#admits(level)) return;
    this.levels.set(key, level);
    this.#heard(key);
  }

  /** Whether a key that is not held yet has a place; without one the subscription is cut down to those held. */
  #admits(level) {
    if (this.isCut || !selects(this.#selection, level)) return false;
    if (this.levels.size < KEYS_MAX) return true;
    this.isCut = true;
    // Not from within the client's own round through a page of levels.
    queueMicrotask(() => {
      if (this.isCut) this.#subscription?.update(this.selection);
    });
    this.#heard(null);
    return false;
  }
}
