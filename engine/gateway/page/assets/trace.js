// What a watched key's available and reserved units were over the last minutes: a bounded number of points, one
// for each short stretch of time, which keeps the lowest and the highest figure of its stretch.

/** How far back a plot may look: as little as holds what there is, at most the last of these. */
const WINDOWS_MS = [30_000, 60_000, 2 * 60_000, 5 * 60_000];
const WINDOW_MS_MAX = WINDOWS_MS.at(-1);
/** Points of a trace. */
const POINTS_MAX = 600;
const STRETCH_MS = WINDOW_MS_MAX / POINTS_MAX;

/** The figures of one key over time. */
export class Trace {
  /** Oldest first: `{stretch, at_ms, version, available, low, high, reserved}`. */
  #points = [];

  /** Adds what a key was from `at_ms` on. Levels and movements tell the same: what is older than the last is left out. */
  add({ at_ms, version, available, reserved }) {
    const stretch = Math.floor(at_ms / STRETCH_MS);
    const last = this.#points.at(-1);
    if (last?.stretch === stretch) {
      last.low = Math.min(last.low, available);
      last.high = Math.max(last.high, available);
      if (at_ms > last.at_ms || version > last.version) Object.assign(last, { at_ms, version, available, reserved });
      return;
    }
    if (last && at_ms < last.at_ms) return;
    this.#points.push({ stretch, at_ms, version, available, low: available, high: available, reserved });
    if (this.#points.length > POINTS_MAX) this.#points.shift();
  }

  /** Adds what was before the first point, oldest first, as `add` takes it. */
  addHistory(history) {
    const known = this.#points;
    this.#points = [];
    for (const point of history) this.add(point);
    for (const point of known) {
      const last = this.#points.at(-1);
      if (!last || point.stretch > last.stretch) this.#points.push(point);
    }
    this.#points.splice(0, Math.max(this.#points.length - POINTS_MAX, 0));
  }

  /** What a plot shows at `now_ms`: how far it looks back, and the points within and one before, which reaches in. */
  at(now_ms) {
    const known_ms = now_ms - (this.#points[0]?.at_ms ?? now_ms);
    const window_ms = WINDOWS_MS.find((window_ms) => window_ms >= known_ms) ?? WINDOW_MS_MAX;
    let first = this.#points.findIndex(({ at_ms }) => at_ms >= now_ms - WINDOW_MS_MAX);
    if (first < 0) first = this.#points.length;
    if (first > 1) this.#points.splice(0, first - 1);
    return { window_ms, points: this.#points };
  }
}
