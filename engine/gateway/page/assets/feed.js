// The page's one use of the client: a connection with a token, subscriptions of levels and movements over it, and
// the few questions that are asked by HTTP besides.

import { connect } from "./client/index.js";

/** The engine's address: where this page is, also behind a proxy that gives the engine a path of its own. */
const ENGINE = new URL(".", location.href);
/** The longest wait between attempts: the page shows what is now, so that it asks more often than a shop would. */
const RETRY_MS_MAX = 5_000;
/** Movements of the past that are read for a plot. */
const HISTORY_MOVEMENTS = 200;
/** The engine's clock is gone by where it differs by more: its time is told in whole seconds. */
const CLOCK_MS_MIN = 2_000;

/** A connection to the engine, until it is closed. */
export class Feed {
  #client;
  #token;
  /** How far the engine's clock is ahead of the browser's. */
  #ahead_ms = 0;

  /**
   * `status(status)` is called with each state of the client, `heard()` with each message. Throws where the token
   * cannot be sent.
   */
  constructor(token, { status, heard }) {
    this.#token = token;
    this.#client = connect({
      url: ENGINE.href,
      ...(token && { token }),
      webSocket: listening(heard),
      backoff: { maxMs: RETRY_MS_MAX },
      onState: status,
    });
  }

  /** Levels of a selection: `level`, `gone` and `whole` as they come, `refused(reason)` where there are none. */
  levels(selection, { level, gone, whole, refused }) {
    return this.#client.subscribe({
      ...selection,
      onLevel: level,
      onGone: gone,
      onSnapshot: whole,
      onError: ({ detail }) => refused?.(detail),
    });
  }

  /** Movements of a selection from now on. */
  movements(selection, { moved, gap, stands, refused }) {
    return this.#client.follow({
      ...selection,
      onEvent: moved,
      onGap: gap,
      onGapContinue: "now",
      onState: (state) => {
        if (state === "live") stands();
      },
      onError: refused,
    });
  }

  /** The last movements of a key, newest first; none where they cannot be had. */
  async history({ sku, location }) {
    const query = new URLSearchParams({ sku, location, limit: String(HISTORY_MOVEMENTS) });
    // The engine takes percent-encoding alone, where a plus sign is one.
    const answer = await this.#fetch(`v1/movements?${query.toString().replaceAll("+", "%20")}`);
    return answer?.ok ? (await answer.json()).movements : [];
  }

  /** How the engine is, as `/readyz` tells; null where it does not answer. */
  async health() {
    const answer = await this.#fetch("readyz");
    return answer ? answer.json().catch(() => null) : null;
  }

  /** Why the engine refuses this page: the problem that it answers; null where it does not refuse. */
  async refusal() {
    const stop = new AbortController();
    // An event stream needs what the WebSocket needs, and tells why not.
    const answer = await this.#fetch("v1/feed/sse?sku=-", { signal: stop.signal });
    const isRefused = answer?.status === 401 || answer?.status === 403;
    const problem = isRefused ? await answer.json().catch(() => null) : null;
    stop.abort();
    return problem;
  }

  /** The present time of the engine, in milliseconds since 1970. */
  now_ms() {
    return Date.now() + this.#ahead_ms;
  }

  close() {
    this.#client.close();
  }

  /** The answer; null where there is none. */
  async #fetch(path, { headers = {}, ...options } = {}) {
    if (this.#token) headers = { ...headers, authorization: `Bearer ${this.#token}` };
    try {
      const answer = await fetch(new URL(path, ENGINE), { cache: "no-store", ...options, headers });
      const ahead_ms = Date.parse(answer.headers.get("date")) - Date.now();
      this.#ahead_ms = Math.abs(ahead_ms) > CLOCK_MS_MIN ? ahead_ms : 0;
      return answer;
    } catch {
      return null;
    }
  }
}

/** The browser's WebSocket, which also says that something was heard. */
function listening(heard) {
  return class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      this.addEventListener("message", heard);
    }
  };
}
