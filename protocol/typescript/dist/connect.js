// `connect`: options with their defaults, made into a client.
import { feedAddress, protocols } from './address.js';
import { Backoff } from './backoff.js';
import { SaldoClient } from './client.js';
import { dialer } from './socket.js';
import { platformTimers } from './timers.js';
export const OPEN_MS = 10_000;
export const PING_MS = 15_000;
export const PONG_MS = 10_000;
export const STEADY_MS = 10_000;
export const FRAMES_IN_FLIGHT_MAX = 64;
/** Connects, and stays connected until `close()`. Throws `SaldoError` where address or token cannot be used. */
export function connect(options) {
    const timers = options.timers ?? platformTimers;
    const random = options.random ?? Math.random;
    const backoff = options.backoff ?? {};
    const page = globalThis.location?.href;
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
function platformNetwork() {
    const platform = globalThis;
    return platform.addEventListener && platform.removeEventListener
        ? platform
        : undefined;
}
