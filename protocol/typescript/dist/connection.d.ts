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
export declare const NORMAL = 1000;
export declare const ABNORMAL = 1006;
export declare const TRY_AGAIN_LATER = 1013;
export declare class Connection {
    #private;
    constructor(socket: Socket, timers: Timers, patience: Patience, listener: ConnectionListener);
    /** Sends a frame; only after `opened` and before `ended`. */
    send(frame: ClientFrame): void;
    /** Asks at once whether anyone is there. */
    probe(): void;
    /** Ends it without telling the listener. */
    close(): void;
}
