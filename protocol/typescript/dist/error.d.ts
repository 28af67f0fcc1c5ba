import type { Code } from './code.js';
import type { Command } from './command.js';
/** Any error of this package. */
export declare class SaldoError extends Error {
    readonly name: string;
}
/** The engine refused a subscription or a frame of commands: nothing of it happened. */
export declare class Refused extends SaldoError {
    readonly name: string;
    readonly code: Code;
    /** For people; its wording may change. */
    readonly detail: string;
    constructor(code: Code, detail: string);
}
/** There is no connection at present: nothing was sent. */
export declare class NotLive extends SaldoError {
    readonly name: string;
}
/**
 * The connection broke after commands were sent and before their replies came: they may or may not have happened.
 * Send the same commands again, with the same `key` and `reservation_id`: what happened is not done twice.
 */
export declare class OutcomeUnknown extends SaldoError {
    readonly name: string;
    /** What was sent. */
    readonly commands: readonly Command[];
    constructor(commands: readonly Command[], reason: string);
}
