// Which movements are followed: those of the board's keys and of the watched ones. A connection that may read
// levels only says so, and shows those.

import { selectionOf } from "./key.js";

/** How long the choice of keys must rest before it is followed. */
const REST_MS = 300;

/** Follows movements for the list and the plots. */
export class Movements {
  #parts;
  #feed = null;
  #followers = [];
  /** The selections that are followed, as text. */
  #followed = "";
  #timer = null;

  constructor(parts) {
    this.#parts = parts;
  }

  /** Listens through this feed from now on. */
  open(feed) {
    this.#feed = feed;
    this.#followers = [];
    this.#followed = "";
    this.follow();
  }

  /** The board or the watched keys may have changed. */
  follow() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), REST_MS);
  }

  #begin() {
    const { stock, watches } = this.#parts;
    // Before the board knows its keys, following them could mean a whole catalogue.
    if (!this.#feed || !stock.isSettled) return;
    const selections = [stock.selection];
    if (watches.keys.length > 0) selections.push(selectionOf(watches.keys));
    const followed = JSON.stringify(selections);
    if (followed === this.#followed) return;
    this.#followed = followed;
    for (const follower of this.#followers) follower.unsubscribe();
    this.#followers = selections.map((selection) => this.#feed.movements(selection, this.#listener()));
  }

  #listener() {
    const { watches, activity } = this.#parts;
    return {
      moved: (movement) => {
        if (activity.add(movement)) watches.moved(movement);
      },
      gap: () => activity.gap(),
      stands: () => {
        activity.told();
        watches.recall();
      },
      refused: ({ code, detail }) => {
        const isForbidden = code === "forbidden" || code === "unauthorized";
        activity.told(isForbidden
          ? "This connection may read levels only. Movements need a token with the role sell or admin."
          : `Movements are not told: ${detail}`);
        if (!isForbidden) watches.recall();
      },
    };
  }
}
