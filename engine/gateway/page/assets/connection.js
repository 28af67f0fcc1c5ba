// The state of the connection, in words: connecting, live, waiting for so long, refused and why; and when the last
// message came.

import { byId, setText } from "./element.js";
import { counted, moment } from "./format.js";
import { drawSoon } from "./frames.js";

const TICK_MS = 1_000;
/** Keys out of service that are named. */
const QUARANTINED_SHOWN = 3;
/** What is left where the engine answers and refuses the WebSocket alone. */
const ORIGIN = `the engine answers, but opens no feed to this page; its setting origins may have to name ${location.origin}`;
const WORDS = { connecting: "Connecting", live: "Live", waiting: "Reconnecting", closed: "Closed" };

/** Shows how the connection is. */
export class Connection {
  #feed = null;
  #status = { state: "connecting" };
  #retryAt_ms = null;
  #heardAt_ms = null;
  /** What the engine said of itself when it was asked why there is no connection. */
  #why = null;
  #draw = () => this.#drawAll();

  constructor() {
    setInterval(() => drawSoon(this.#draw), TICK_MS);
  }

  /** Shows this feed from now on. */
  open(feed) {
    this.#feed = feed;
    this.#why = null;
  }

  /** Why no connection can be made at all. */
  cannot(reason) {
    this.#why = { state: "refused", words: "Refused", reason };
    this.status({ state: "closed" });
  }

  /** A message came. */
  heard() {
    this.#heardAt_ms = Date.now();
    drawSoon(this.#draw);
  }

  /** A new state of the client. */
  status(status) {
    const wasLive = this.#status.state === "live";
    this.#status = status;
    this.#retryAt_ms = status.retryInMs === undefined ? null : Date.now() + status.retryInMs;
    if (status.state === "live") {
      this.#why = null;
      this.#lookAround();
    } else if (status.state === "waiting" && !wasLive) {
      this.#askWhy();
    }
    drawSoon(this.#draw);
  }

  /** Says what those who run the engine need to know while it serves. */
  async #lookAround() {
    const health = await this.#feed.health();
    const notes = [];
    if (health?.read_only) notes.push("The engine is read-only until there is disk space again: it refuses changes.");
    const quarantined = health?.quarantined ?? [];
    if (quarantined.length > 0) {
      const first = quarantined.slice(0, QUARANTINED_SHOWN).join("; ");
      notes.push(`${counted(quarantined.length, "key")} out of service: ${first}`);
    }
    const notice = byId("notice");
    notice.hidden = notes.length === 0;
    setText(notice, notes.join(" "));
  }

  /** A browser does not tell why a WebSocket was refused, so the engine is asked by HTTP. */
  async #askWhy() {
    const feed = this.#feed;
    const health = await feed.health();
    let why = { state: "waiting", words: "Engine not reachable" };
    if (health?.state === "recovering") why = { state: "waiting", words: "Engine is starting" };
    else if (health?.state === "stopping" || health?.state === "failed") why = { state: "waiting", words: "Engine is stopping" };
    else if (health) {
      const problem = await feed.refusal();
      why = problem || this.#status.refused ? { state: "refused", words: "Refused", reason: problem?.detail ?? ORIGIN } : null;
    }
    if (feed !== this.#feed || this.#status.state === "live") return;
    this.#why = why;
    drawSoon(this.#draw);
  }

  #drawAll() {
    const { state, reason } = this.#status;
    const why = this.#why;
    const shown = why?.state ?? (state === "closed" ? "refused" : state);
    byId("connection").dataset.state = shown;
    document.body.classList.toggle("is-stale", state !== "live" && this.#heardAt_ms !== null);
    let words = why?.words ?? WORDS[state] ?? state;
    const because = why ? why.reason : state === "live" ? undefined : reason;
    if (because) words += `: ${because}`;
    setText(byId("connection-state"), words);
    setText(byId("connection-wait"), this.#wait());
    const heard = this.#heardAt_ms === null ? "no message yet" : `last message ${moment(this.#heardAt_ms)}`;
    setText(byId("connection-last"), heard);
  }

  #wait() {
    if (this.#status.state !== "waiting" || this.#retryAt_ms === null) return "";
    const seconds = Math.max(Math.ceil((this.#retryAt_ms - Date.now()) / 1_000), 0);
    return seconds === 0 ? "" : `next try in ${seconds} s`;
  }
}
