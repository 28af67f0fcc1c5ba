// Keeps one connection up: connects, and after every end waits and connects again, until it is closed.

import { Backoff } from './backoff.js';
import { ABNORMAL, Connection, TRY_AGAIN_LATER, type Ending, type Patience } from './connection.js';
import type { ClientFrame, ServerMessage } from './message.js';
import type { Dial } from './socket.js';
import type { ClientState, ClientStatus } from './state.js';
import type { Timers } from './timers.js';

/** Attempts in a row that end before they open, after which a refusal is supposed. */
export const REFUSAL_SUSPECTED_AFTER = 3;

/** After close code 1013 (try again later) the wait is at least this long. */
export const TRY_LATER_MS_MIN = 1_000;

/** A target of the events `online` and `offline`, such as a browser's global object. */
export interface NetworkEvents {
  addEventListener(type: 'online' | 'offline', listener: () => void): void;
  removeEventListener(type: 'online' | 'offline', listener: () => void): void;
}

/** All that a link needs. */
export interface LinkOptions {
  readonly address: string;
  readonly protocols: string[];
  readonly dial: Promise<Dial>;
  readonly timers: Timers;
  readonly patience: Patience;
  readonly backoff: Backoff;
  /** A connection that stayed open for this long makes the next wait a short one again. */
  readonly steadyMs: number;
  readonly network: NetworkEvents | undefined;
}

/** Who hears of it. */
export interface LinkListener {
  opened(): void;
  received(message: ServerMessage): void;
  /** The connection is lost; only where it had been open. */
  lost(ending: Ending): void;
  status(status: ClientStatus): void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  readonly #onNetwork = (): void => this.#networkChanged();
  #connection: Connection | undefined;
  #timer: unknown;
  #unopened = 0;
  #status: ClientStatus = { state: 'connecting', failures: 0 };

  constructor(options: LinkOptions, listener: LinkListener) {
    this.#options = options;
    this.#listener = listener;
    options.network?.addEventListener('online', this.#onNetwork);
    options.network?.addEventListener('offline', this.#onNetwork);
    void this.#connect();
  }

  get status(): ClientStatus {
    return this.#status;
  }

  /** Sends a frame; false, and nothing was sent, where there is no open connection. */
  send(frame: ClientFrame): boolean {
    if (this.#status.state !== 'live') {
      return false;
    }
    this.#connection?.send(frame);
    return true;
  }

  /** Ends the connection for good. */
  close(reason: string): void {
    if (this.#status.state === 'closed') {
      return;
    }
    this.#options.timers.clearTimeout(this.#timer);
    this.#options.network?.removeEventListener('online', this.#onNetwork);
    this.#options.network?.removeEventListener('offline', this.#onNetwork);
    this.#connection?.close();
    this.#connection = undefined;
    this.#say({ state: 'closed', failures: this.#options.backoff.failures, reason });
  }

  async #connect(): Promise<void> {
    let dial: Dial;
    try {
      dial = await this.#options.dial;
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error));
      return;
    }
    // It may have been closed meanwhile.
    if (this.#status.state !== 'connecting') {
      return;
    }
    const { address, protocols, timers, patience } = this.#options;
    try {
      this.#connection = new Connection(dial(address, protocols), timers, patience, {
        opened: () => this.#opened(),
        received: (message) => this.#listener.received(message),
        ended: (ending) => this.#ended(ending),
      });
    } catch (error) {
      // A browser throws where the page may not open this address at all, such as ws: from https:.
      this.#ended({ wasOpen: false, code: ABNORMAL, reason: String(error) });
    }
  }

  #opened(): void {
    const { backoff, timers, steadyMs } = this.#options;
    this.#unopened = 0;
    this.#timer = timers.setTimeout(() => backoff.reset(), steadyMs);
    // Subscriptions go out before the user is told, whose own frames shall find them standing.
    this.#status = { state: 'live', failures: backoff.failures };
    this.#listener.opened();
    this.#sayUnlessOver('live');
  }

  #ended(ending: Ending): void {
    const { backoff, timers } = this.#options;
    this.#connection = undefined;
    timers.clearTimeout(this.#timer);
    this.#unopened = ending.wasOpen ? 0 : this.#unopened + 1;
    const toldRefused = ending.status === 401 || ending.status === 403;
    // Any other status is the engine's own word that it is there, such as 503 while it starts.
    const supposed = ending.status === undefined && this.#unopened >= REFUSAL_SUSPECTED_AFTER;
    const refused = toldRefused || supposed;
    // Who is refused for good gains nothing by asking often.
    const drawn = toldRefused ? backoff.longest() : backoff.next();
    const retryInMs = ending.code === TRY_AGAIN_LATER ? TRY_LATER_MS_MIN + drawn : drawn;
    this.#status = {
      state: 'waiting',
      failures: backoff.failures,
      retryInMs,
      reason: refused ? refusalReason(ending, toldRefused) : ending.reason,
      ...(refused && { refused: true as const }),
    };
    this.#timer = timers.setTimeout(() => this.#retry(), retryInMs);
    if (ending.wasOpen) {
      this.#listener.lost(ending);
    }
    this.#sayUnlessOver('waiting');
  }

  #retry(): void {
    this.#options.timers.clearTimeout(this.#timer);
    this.#say({ ...withoutRetry(this.#status), state: 'connecting' });
    void this.#connect();
  }

  /** The network came back, or went: what is waited for is tried now, and what is open is looked at. */
  #networkChanged(): void {
    if (this.#status.state === 'waiting') {
      this.#retry();
    } else {
      this.#connection?.probe();
    }
  }

  /** What is told before the state may have closed the client, and that is told already. */
  #sayUnlessOver(state: ClientState): void {
    if (this.#status.state === state) {
      this.#listener.status(this.#status);
    }
  }

  #say(status: ClientStatus): void {
    this.#status = status;
    this.#listener.status(status);
  }
}

function withoutRetry(status: ClientStatus): ClientStatus {
  const { retryInMs: _, ...rest } = status;
  return rest;
}

function refusalReason(ending: Ending, told: boolean): string {
  return told
    ? `the engine refuses this token or origin (HTTP ${ending.status})`
    : `${ending.reason}: no engine is there, or it refuses this token or origin`;
}
