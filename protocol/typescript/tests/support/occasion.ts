// Waiting for something to be so, without asking again and again: handlers call `happened`, and who waits looks.

export class Occasion {
  readonly #waiting = new Map<() => void, (error: Error) => void>();
  #error: Error | undefined;

  /** Something changed: everyone who waits looks again. */
  readonly happened = (): void => {
    for (const look of [...this.#waiting.keys()]) {
      look();
    }
  };

  /** It will never be so: everyone who waits, and will wait, fails. */
  readonly failed = (error: Error): void => {
    this.#error = error;
    for (const fail of this.#waiting.values()) {
      fail(error);
    }
    this.#waiting.clear();
  };

  /** Resolves once `isSo` says yes. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error) {
        reject(this.#error);
        return;
      }
      const look = (): void => {
        if (isSo()) {
          this.#waiting.delete(look);
          resolve();
        }
      };
      this.#waiting.set(look, reject);
      look();
    });
  }
}
