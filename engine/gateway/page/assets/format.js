// How figures and times are written. Text only: nothing here makes markup.

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const signed = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0, signDisplay: "exceptZero" });
const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const DAY_MS = 24 * 60 * 60 * 1000;

/** Units, such as `1,250`. */
export const units = (count) => whole.format(count);

/** Units that came or went, such as `+3` and `-2`. */
export const change = (count) => signed.format(count);

/** The time of day within the last day, otherwise with its date; `at_ms` in milliseconds since 1970. */
export const moment = (at_ms) => (Math.abs(Date.now() - at_ms) < DAY_MS ? timeOfDay : dayAndTime).format(at_ms);

/** `1 key`, `2 keys`. */
export const counted = (count, one, many = `${one}s`) => `${units(count)} ${count === 1 ? one : many}`;
