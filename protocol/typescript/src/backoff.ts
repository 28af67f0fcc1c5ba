// How long to wait before the next attempt: exponential back-off with full jitter. A fleet of browsers that lose
// one engine at the same moment must not come back at the same moment. The form is "Full Jitter" of the AWS
// Architecture Blog, "Exponential Backoff And Jitter" (Marc Brooker, 2015): a uniform draw between nothing and
// the ceiling, which doubles with each failure.

/** Bounds of the back-off, in milliseconds. */
export interface BackoffOptions {
  /** The ceiling of the first wait. Default 500. */
  readonly baseMs?: number;
  /** The ceiling never rises above this. Default 30,000. */
  readonly maxMs?: number;
}

export const BACKOFF_BASE_MS = 500;
export const BACKOFF_MAX_MS = 30_000;

/** The waits between attempts that follow each other. */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  /** `random` draws from 0 (included) to 1 (excluded), as `Math.random` does. */
  constructor(options: BackoffOptions, random: () => number) {
    this.#baseMs = options.baseMs ?? BACKOFF_BASE_MS;
    this.#maxMs = options.maxMs ?? BACKOFF_MAX_MS;
    this.#random = random;
    if (!(this.#baseMs > 0 && this.#maxMs >= this.#baseMs)) {
      throw new RangeError(
        `back-off needs 0 < baseMs <= maxMs, found baseMs ${this.#baseMs} and maxMs ${this.#maxMs}`,
      );
    }
  }

  /** Attempts that failed since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and draws the wait after it, in whole milliseconds. */
  next(): number {
    // 2 ** 1024 is infinite, and the lower of the two is still right.
    const ceiling = Math.min(this.#maxMs, this.#baseMs * 2 ** this.#failures);
    this.#failures += 1;
    return Math.floor(this.#random() * ceiling);
  }

  /** Counts a failure and draws from the highest ceiling: where trying soon is known to be no use. */
  longest(): number {
    this.#failures += 1;
    return Math.floor(this.#random() * this.#maxMs);
  }

  /** The next wait is drawn from the first ceiling again. */
  reset(): void {
    this.#failures = 0;
  }
}
