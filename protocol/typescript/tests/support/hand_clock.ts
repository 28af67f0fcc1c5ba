// A clock that is moved by hand.

import type { Timers } from '@saldo/client';

interface Waiting {
  readonly at: number;
  readonly run: () => void;
}

export class HandClock implements Timers {
  #now = 0;
  #waiting: Waiting[] = [];

  setTimeout(run: () => void, milliseconds: number): Waiting {
    const waiting = { at: this.#now + milliseconds, run };
    this.#waiting.push(waiting);
    return waiting;
  }

  clearTimeout(timer: unknown): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== timer);
  }

  /** Milliseconds until each timer, the next one first. */
  get waits(): number[] {
    return this.#waiting.map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** Moves time on, timer by timer. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) {
        break;
      }
      this.clearTimeout(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}
