// One connection: a socket from its opening to its end, read into messages, and watched by pings.

import type { ClientFrame, ServerMessage } from './message.js';
import type { Socket } from './socket.js';
import type { Timers } from './timers.js';
import type { Cursor } from './movement.js';

/** How long to wait for what, in milliseconds. */
export interface Patience {
  /** For a connection to open. */
  readonly openMs: number;
  /** Between pings. */
  readonly pingMs: number;
  /** For any message after a ping: without one the connection is dead. */
  readonly pongMs: number;
}

/** How a connection ended. */
export interface Ending {
  /** Whether it had been open. */
  readonly wasOpen: boolean;
  /** The close code; 1006 where there was no closing handshake. */
  readonly code: number;
  /** For people. */
  readonly reason: string;
  /** Where to go on from, where the engine said so. */
  readonly cursor?: Cursor;
  /** The HTTP status of a refused handshake, on platforms that tell it. */
  readonly status?: number;
}

/** Who hears of it. After `ended` nothing more is said. */
export interface ConnectionListener {
  opened(): void;
  received(message: ServerMessage): void;
  ended(ending: Ending): void;
}

/** Close codes (RFC 6455, section 7.4). */
export const NORMAL = 1000;
export const ABNORMAL = 1006;
export const TRY_AGAIN_LATER = 1013;

/** A code of our own (RFC 6455 leaves 4000 to 4999 to applications): this side gave the connection up. */
const GIVEN_UP = 4000;

/** A close frame's reason may end with the cursor to resume from. */
const CURSOR_IN_REASON = /(?:^|\s)cursor ([\x21-\x7e]{1,64})$/;

/** What `ws` says of a refused handshake; browsers keep it to themselves. */
const STATUS_IN_ERROR = /Unexpected server response: (\d{3})/;

export class Connection {
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #patience: Patience;
  readonly #listener: ConnectionListener;
  #timer: unknown;
  #isOpen = false;
  #isOver = false;
  #heard = false;
  #fault = '';

  constructor(
    socket: Socket,
    timers: Timers,
    patience: Patience,
    listener: ConnectionListener,
  ) {
    this.#socket = socket;
    this.#timers = timers;
    this.#patience = patience;
    this.#listener = listener;
    const { openMs } = patience;
    this.#timer = timers.setTimeout(() => this.#giveUp(`it did not open within ${openMs} ms`), openMs);
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#message(event.data);
    socket.onerror = (event: { readonly message?: unknown }) => {
      this.#fault = typeof event.message === 'string' ? event.message : '';
    };
    socket.onclose = (event) => this.#closed(event.code, event.reason);
  }

  /** Sends a frame; only after `opened` and before `ended`. */
  send(frame: ClientFrame): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Asks at once whether anyone is there. */
  probe(): void {
    if (this.#isOpen && !this.#isOver) {
      this.#timers.clearTimeout(this.#timer);
      this.#ping();
    }
  }

  /** Ends it without telling the listener. */
  close(): void {
    if (!this.#isOver) {
      this.#over();
      this.#socket.close(NORMAL);
    }
  }

  #opened(): void {
    this.#isOpen = true;
    this.#timers.clearTimeout(this.#timer);
    this.#rest();
    this.#listener.opened();
  }

  #message(data: unknown): void {
    this.#heard = true;
    try {
      this.#listener.received(JSON.parse(data as string) as ServerMessage);
    } catch (error) {
      // A message that is lost is a change that is lost: connecting again brings it back.
      this.#giveUp(`a frame could not be read: ${String(error)}`);
    }
  }

  #closed(code: number, reason: string): void {
    const wasOpen = this.#isOpen;
    this.#over();
    const cursor = CURSOR_IN_REASON.exec(reason)?.[1];
    const status = STATUS_IN_ERROR.exec(this.#fault)?.[1];
    this.#listener.ended({
      wasOpen,
      code,
      reason: reason || this.#fault || (wasOpen ? 'the connection broke' : 'it could not be opened'),
      ...(cursor !== undefined && { cursor }),
      ...(status !== undefined && { status: Number(status) }),
    });
  }

  /** Waits for the next ping. */
  #rest(): void {
    this.#timer = this.#timers.setTimeout(() => this.#ping(), this.#patience.pingMs);
  }

  #ping(): void {
    const { pongMs } = this.#patience;
    this.#heard = false;
    this.#timer = this.#timers.setTimeout(() => {
      if (this.#heard) {
        this.#rest();
      } else {
        this.#giveUp(`nothing was heard for ${pongMs} ms after a ping`);
      }
    }, pongMs);
    this.send({ type: 'ping' });
  }

  /** A dead peer answers no closing handshake, so nobody waits for it. */
  #giveUp(reason: string): void {
    const wasOpen = this.#isOpen;
    this.#over();
    if (this.#socket.terminate) {
      this.#socket.terminate();
    } else {
      this.#socket.close(GIVEN_UP);
    }
    this.#listener.ended({ wasOpen, code: ABNORMAL, reason });
  }

  #over(): void {
    this.#isOver = true;
    this.#timers.clearTimeout(this.#timer);
    const { onerror } = this.#socket;
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    // `ws` throws an error that nobody listens for, also those of a socket closed before it opened.
    this.#socket.onerror = onerror;
  }
}
