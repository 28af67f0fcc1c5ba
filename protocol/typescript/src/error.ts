// What can go wrong, as errors that tell the reader what is known and what to do.

import type { Code } from './code.js';
import type { Command } from './command.js';

/** Any error of this package. */
export class SaldoError extends Error {
  override readonly name: string = 'SaldoError';
}

/** The engine refused a subscription or a frame of commands: nothing of it happened. */
export class Refused extends SaldoError {
  override readonly name: string = 'Refused';
  readonly code: Code;
  /** For people; its wording may change. */
  readonly detail: string;

  constructor(code: Code, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}

/** There is no connection at present: nothing was sent. */
export class NotLive extends SaldoError {
  override readonly name: string = 'NotLive';
}

/**
 * The connection broke after commands were sent and before their replies came: they may or may not have happened.
 * Send the same commands again, with the same `key` and `reservation_id`: what happened is not done twice.
 */
export class OutcomeUnknown extends SaldoError {
  override readonly name: string = 'OutcomeUnknown';
  /** What was sent. */
  readonly commands: readonly Command[];

  constructor(commands: readonly Command[], reason: string) {
    super(
      `${commands.length} commands may or may not have happened (${reason}): ` +
        'send them again with the same keys and ids',
    );
    this.commands = commands;
  }
}
