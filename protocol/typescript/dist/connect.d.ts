import { type BackoffOptions } from './backoff.js';
import { SaldoClient } from './client.js';
import type { SaldoError } from './error.js';
import type { NetworkEvents } from './link.js';
import { type WebSocketClass } from './socket.js';
import type { ClientStatus } from './state.js';
import { type Timers } from './timers.js';
export declare const OPEN_MS = 10000;
export declare const PING_MS = 15000;
export declare const PONG_MS = 10000;
export declare const STEADY_MS = 10000;
export declare const FRAMES_IN_FLIGHT_MAX = 64;
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
export declare function connect(options: ConnectOptions): SaldoClient;
