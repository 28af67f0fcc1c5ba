// Timers behind an interface, so that tests move time by hand. The only file that starts a real one.
/** The platform's own timers. */
export const platformTimers = {
    setTimeout: (run, milliseconds) => globalThis.setTimeout(run, milliseconds),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
};
