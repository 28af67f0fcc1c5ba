// Timers behind an interface, so that tests move time by hand. The only file that starts a real one.

/** What the client needs of a clock. */
export interface Timers {
  /** Runs once, after so many milliseconds; returns a handle for `clearTimeout`. */
  setTimeout(run: () => void, milliseconds: number): unknown;
  /** Calls a timer off; one that has run already is no error. */
  clearTimeout(timer: unknown): void;
}

/** The platform's own timers. */
export const platformTimers: Timers = {
  setTimeout: (run, milliseconds) => globalThis.setTimeout(run, milliseconds),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as number | undefined),
};
