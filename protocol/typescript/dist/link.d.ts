import { Backoff } from './backoff.js';
import { type Ending, type Patience } from './connection.js';
import type { ClientFrame, ServerMessage } from './message.js';
import type { Dial } from './socket.js';
import type { ClientStatus } from './state.js';
import type { Timers } from './timers.js';
/** Attempts in a row that end before they open, after which a refusal is supposed. */
export declare const REFUSAL_SUSPECTED_AFTER = 3;
/** After close code 1013 (try again later) the wait is at least this long. */
export declare const TRY_LATER_MS_MIN = 1000;
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
export declare class Link {
    #private;
    constructor(options: LinkOptions, listener: LinkListener);
    get status(): ClientStatus;
    /** Sends a frame; false, and nothing was sent, where there is no open connection. */
    send(frame: ClientFrame): boolean;
    /** Ends the connection for good. */
    close(reason: string): void;
}
