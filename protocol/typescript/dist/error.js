// What can go wrong, as errors that tell the reader what is known and what to do.
/** Any error of this package. */
export class SaldoError extends Error {
    name = 'SaldoError';
}
/** The engine refused a subscription or a frame of commands: nothing of it happened. */
export class Refused extends SaldoError {
    name = 'Refused';
    code;
    /** For people; its wording may change. */
    detail;
    constructor(code, detail) {
        super(`${code}: ${detail}`);
        this.code = code;
        this.detail = detail;
    }
}
/** There is no connection at present: nothing was sent. */
export class NotLive extends SaldoError {
    name = 'NotLive';
}
/**
 * The connection broke after commands were sent and before their replies came: they may or may not have happened.
 * Send the same commands again, with the same `key` and `reservation_id`: what happened is not done twice.
 */
export class OutcomeUnknown extends SaldoError {
    name = 'OutcomeUnknown';
    /** What was sent. */
    commands;
    constructor(commands, reason) {
        super(`${commands.length} commands may or may not have happened (${reason}): ` +
            'send them again with the same keys and ids');
        this.commands = commands;
    }
}
