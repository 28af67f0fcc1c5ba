/** What the client needs of a clock. */
export interface Timers {
    /** Runs once, after so many milliseconds; returns a handle for `clearTimeout`. */
    setTimeout(run: () => void, milliseconds: number): unknown;
    /** Calls a timer off; one that has run already is no error. */
    clearTimeout(timer: unknown): void;
}
/** The platform's own timers. */
export declare const platformTimers: Timers;
