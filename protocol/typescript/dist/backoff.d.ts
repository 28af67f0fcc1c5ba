/** Bounds of the back-off, in milliseconds. */
export interface BackoffOptions {
    /** The ceiling of the first wait. Default 500. */
    readonly baseMs?: number;
    /** The ceiling never rises above this. Default 30,000. */
    readonly maxMs?: number;
}
export declare const BACKOFF_BASE_MS = 500;
export declare const BACKOFF_MAX_MS = 30000;
/** The waits between attempts that follow each other. */
export declare class Backoff {
    #private;
    /** `random` draws from 0 (included) to 1 (excluded), as `Math.random` does. */
    constructor(options: BackoffOptions, random: () => number);
    /** Attempts that failed since the last reset. */
    get failures(): number;
    /** Counts a failure and draws the wait after it, in whole milliseconds. */
    next(): number;
    /** Counts a failure and draws from the highest ceiling: where trying soon is known to be no use. */
    longest(): number;
    /** The next wait is drawn from the first ceiling again. */
    reset(): void;
}
