// Reserves, releases and every other movement as they happen, newest first: a bounded list, redrawn a few times a
// second however many there are.

import { byId, element, setText } from "./element.js";
import { change, counted, moment, units } from "./format.js";
import { drawSoon, slowly } from "./frames.js";
import { keyOf } from "./key.js";

/** Movements that the list holds. */
export const MOVEMENTS_MAX = 100;
const DRAWN_MS = 250;
/** Keys of which the newest movement is remembered. */
const KEYS_REMEMBERED_MAX = 4_096;

/** What a movement did, in words, and the sign that its units are written with. */
const KINDS = {
  received: ["Received", 1],
  adjusted: ["Adjusted", 1],
  counted: ["Counted", 1],
  policy_set: ["Policy set", 0],
  reserved: ["Reserved", -1],
  extended: ["Extended", 0],
  committed: ["Committed", 0],
  fulfilled: ["Fulfilled", 0],
  released: ["Released", 1],
  expired: ["Expired", 1],
  returned: ["Returned", 1],
  sold: ["Sold", -1],
  opening: ["History begins", 0],
};

/** The list of movements. */
export class Activity {
  /** Not yet drawn, oldest first. */
  #waiting = [];
  /** Not drawn, for more came than the list holds. */
  #skipped = 0;
  /** Key to the time of its newest movement, the last heard of at the end. Times of a key never repeat. */
  #newest = new Map();
  /** Why movements are not told; empty where they are. */
  #reason = "";
  #list = byId("activity-list");
  #draw = slowly(DRAWN_MS, () => this.#drawList());

  /** Movements are told from now on; or, with a reason, they are not. */
  told(reason = "") {
    this.#reason = reason;
    byId("activity").toggleAttribute("data-told", reason === "");
    this.#drawHint();
  }

  /** A movement was heard of. Returns whether it is new: as one of the board and of a watched key it comes twice. */
  add(movement) {
    const key = keyOf(movement);
    // Times are written alike, so that text compares as time.
    if (this.#newest.get(key) >= movement.at) return false;
    this.#newest.delete(key);
    this.#newest.set(key, movement.at);
    if (this.#newest.size > KEYS_REMEMBERED_MAX) this.#newest.delete(this.#newest.keys().next().value);
    this.#put(movement);
    return true;
  }

  /** Movements were missed that the engine no longer keeps. */
  gap() {
    this.#put(null);
  }

  #put(entry) {
    this.#waiting.push(entry);
    if (this.#waiting.length > MOVEMENTS_MAX) {
      this.#waiting.shift();
      this.#skipped += 1;
    }
    drawSoon(this.#draw);
  }

  #drawHint() {
    const hint = byId("activity-hint");
    setText(hint, this.#reason || "Reserves, releases and other movements appear here as they happen.");
    hint.hidden = this.#reason === "" && this.#list.childElementCount > 0;
  }

  #drawList() {
    const made = this.#waiting.map((movement) => (movement ? line(movement) : note("Movements in between are no longer kept.")));
    if (this.#skipped > 0) made.unshift(note(`${counted(this.#skipped, "movement")} in between not shown`));
    this.#waiting = [];
    this.#skipped = 0;
    this.#list.prepend(...made.reverse());
    while (this.#list.childElementCount > MOVEMENTS_MAX) this.#list.lastElementChild.remove();
    this.#drawHint();
  }
}

const note = (text) => element("li", "note", text);

function line({ sku, location, kind, quantity, before, after, at, reason }) {
  const [word, sign] = KINDS[kind] ?? [kind, 0];
  const made = element("li", `movement ${after.available < before.available ? "takes" : "gives"}`);
  made.dataset.kind = kind;
  const when = element("time", "", moment(Date.parse(at)));
  when.dateTime = at;
  const what = element("span", "what", word);
  const count = element("span", "count", sign === 0 ? (quantity ? units(quantity) : "") : change(sign * quantity));
  const key = element("span", "key");
  key.append(element("span", "sku", sku), element("span", "place", location));
  key.title = reason ? `${sku} at ${location}: ${reason}` : `${sku} at ${location}`;
  const available = before.available === after.available
    ? `${units(after.available)} available`
    : `${units(before.available)} → ${units(after.available)} available`;
  const did = element("p", "did");
  did.append(what, " ", count);
  made.append(did, when, key, element("span", "result", available));
  return made;
}
