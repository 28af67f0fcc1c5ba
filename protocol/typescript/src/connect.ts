// `connect`: options with their defaults, made into a client.

import { feedAddress, protocols } from './address.js';
import { Backoff, type BackoffOptions } from './backoff.js';
import { SaldoClient } from './client.js';
import type { SaldoError } from './error.js';
import type { NetworkEvents } from './link.js';
import { dialer, type WebSocketClass } from './socket.js';
import type { ClientStatus } from './state.js';
import { platformTimers, type Timers } from './timers.js';

export const OPEN_MS = 10_000;
export const PING_MS = 15_000;
export const PONG_MS = 10_000;
export const STEADY_MS = 10_000;
export const FRAMES_IN_FLIGHT_MAX = 64;

/** How to connect. Times are in milliseconds. */
export interface ConnectOptions {
  /** The engine's address, `http(s)://` or `ws(s)://`, path optional; in a browser '' is the page's own origin. */
  readonly url: string;
  /** A token of the engine's settings. */
  readonly token?: string;
  /** The WebSocket to use; left out: the platform's own, or that of the package `ws`. */
  readonly webSocket?: WebSocketClass;
  /** Waits between attempts. */
  readonly backoff?: BackoffOptions;
  /** How long a connection may take to open. Default 10,000. */
  readonly openMs?: number;
  /** Between pings. Default 15,000. */
  readonly pingMs?: number;
  /** A connection on which nothing is heard for this long after a ping is dead. Default 10,000. */
  readonly pongMs?: number;
  /** After this long open, the next wait is a short one again. Default 10,000. */
  readonly steadyMs?: number;
  /** Frames of commands that may wait for their replies. Default 64, as the engine's setting. */
  readonly framesInFlightMax?: number;
  /** Each new state of the connection. */
  readonly onState?: (status: ClientStatus) => void;
  /** An error that belongs to no subscription and no frame of commands. */
  readonly onError?: (error: SaldoError) => void;
  /** Where `online` and `offline` are told; left out: the global object, where it tells events. */
  readonly network?: NetworkEvents;
  /** For tests: a clock. */
  readonly timers?: Timers;
  /** For tests: draws from 0 (included) to 1 (excluded). */
  readonly random?: () => number;
}

/** Connects, and stays connected until `close()`. Throws `SaldoError` where address or token cannot be used. */
export function connect(options: ConnectOptions): SaldoClient {
  const timers = options.timers ?? platformTimers;
  const random = options.random ?? Math.random;
  const backoff = options.backoff ?? {};
  const page = (globalThis as { location?: { href: string } }).location?.href;
  return new SaldoClient({
    link: {
      address: feedAddress(options.url, page),
      protocols: protocols(options.token),
      dial: dialer(options.webSocket),
      timers,
      patience: {
        openMs: options.openMs ?? OPEN_MS,
        pingMs: options.pingMs ?? PING_MS,
        pongMs: options.pongMs ?? PONG_MS,
      },
      backoff: new Backoff(backoff, random),
      steadyMs: options.steadyMs ?? STEADY_MS,
      network: options.network ?? platformNetwork(),
    },
    feeds: { timers, random, backoff },
    framesInFlightMax: options.framesInFlightMax ?? FRAMES_IN_FLIGHT_MAX,
    onState: options.onState,
    onError: options.onError,
  });
}

function platformNetwork(): NetworkEvents | undefined {
  const platform = globalThis as Partial<NetworkEvents>;
  return platform.addEventListener && platform.removeEventListener
    ? (platform as NetworkEvents)
    : undefined;
}
