// Frames of commands that are under way on the present connection.

import type { Code } from './code.js';
import type { Command, Reply } from './command.js';
import { OutcomeUnknown, Refused } from './error.js';

interface Waiting {
  readonly commands: readonly Command[];
  readonly resolve: (replies: readonly Reply[]) => void;
  readonly reject: (error: Error) => void;
}

export class Commands {
  readonly #waiting = new Map<string, Waiting>();

  /** Frames that wait for their replies. */
  get count(): number {
    return this.#waiting.size;
  }

  /** The replies of a frame that goes out under this name. */
  expect(id: string, commands: readonly Command[]): Promise<readonly Reply[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { commands, resolve, reject });
    });
  }

  replied(id: string, replies: readonly Reply[]): void {
    this.#take(id)?.resolve(replies);
  }

  /** The engine refused the frame whole; whether one of this name was under way. */
  refused(id: string, code: Code, detail: string): boolean {
    const waiting = this.#take(id);
    waiting?.reject(
      code === 'outcome_unknown'
        ? new OutcomeUnknown(waiting.commands, detail)
        : new Refused(code, detail),
    );
    return waiting !== undefined;
  }

  /** The connection is lost, and the replies with it. */
  lost(reason: string): void {
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { commands, reject } of lost) {
      reject(new OutcomeUnknown(commands, reason));
    }
  }

  #take(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
