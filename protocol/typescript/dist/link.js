// Keeps one connection up: connects, and after every end waits and connects again, until it is closed.
import { Backoff } from './backoff.js';
import { ABNORMAL, Connection, TRY_AGAIN_LATER } from './connection.js';
/** Attempts in a row that end before they open, after which a refusal is supposed. */
export const REFUSAL_SUSPECTED_AFTER = 3;
/** After close code 1013 (try again later) the wait is at least this long. */
export const TRY_LATER_MS_MIN = 1_000;
export class Link {
    #options;
    #listener;
    #onNetwork = () => this.#networkChanged();
    #connection;
    #timer;
    #unopened = 0;
    #status = { state: 'connecting', failures: 0 };
    constructor(options, listener) {
        this.#options = options;
        this.#listener = listener;
        options.network?.addEventListener('online', this.#onNetwork);
        options.network?.addEventListener('offline', this.#onNetwork);
        void this.#connect();
    }
    get status() {
        return this.#status;
    }
    /** Sends a frame; false, and nothing was sent, where there is no open connection. */
    send(frame) {
        if (this.#status.state !== 'live') {
            return false;
        }
        this.#connection?.send(frame);
        return true;
    }
    /** Ends the connection for good. */
    close(reason) {
        if (this.#status.state === 'closed') {
            return;
        }
        this.#options.timers.clearTimeout(this.#timer);
        this.#options.network?.removeEventListener('online', this.#onNetwork);
        this.#options.network?.removeEventListener('offline', this.#onNetwork);
        this.#connection?.close();
        this.#connection = undefined;
        this.#say({ state: 'closed', failures: this.#options.backoff.failures, reason });
    }
    async #connect() {
        let dial;
        try {
            dial = await this.#options.dial;
        }
        catch (error) {
            this.close(error instanceof Error ? error.message : String(error));
            return;
        }
        // It may have been closed meanwhile.
        if (this.#status.state !== 'connecting') {
            return;
        }
        const { address, protocols, timers, patience } = this.#options;
        try {
            this.#connection = new Connection(dial(address, protocols), timers, patience, {
                opened: () => this.#opened(),
                received: (message) => this.#listener.received(message),
                ended: (ending) => this.#ended(ending),
            });
        }
        catch (error) {
            // A browser throws where the page may not open this address at all, such as ws: from https:.
            this.#ended({ wasOpen: false, code: ABNORMAL, reason: String(error) });
        }
    }
    #opened() {
        const { backoff, timers, steadyMs } = this.#options;
        this.#unopened = 0;
        this.#timer = timers.setTimeout(() => backoff.reset(), steadyMs);
        // Subscriptions go out before the user is told, whose own frames shall find them standing.
        this.#status = { state: 'live', failures: backoff.failures };
        this.#listener.opened();
        this.#sayUnlessOver('live');
    }
    #ended(ending) {
        const { backoff, timers } = this.#options;
        this.#connection = undefined;
        timers.clearTimeout(this.#timer);
        this.#unopened = ending.wasOpen ? 0 : this.#unopened + 1;
        const toldRefused = ending.status === 401 || ending.status === 403;
        // Any other status is the engine's own word that it is there, such as 503 while it starts.
        const supposed = ending.status === undefined && this.#unopened >= REFUSAL_SUSPECTED_AFTER;
        const refused = toldRefused || supposed;
        // Who is refused for good gains nothing by asking often.
        const drawn = toldRefused ? backoff.longest() : backoff.next();
        const retryInMs = ending.code === TRY_AGAIN_LATER ? TRY_LATER_MS_MIN + drawn : drawn;
        this.#status = {
            state: 'waiting',
            failures: backoff.failures,
            retryInMs,
            reason: refused ? refusalReason(ending, toldRefused) : ending.reason,
            ...(refused && { refused: true }),
        };
        this.#timer = timers.setTimeout(() => this.#retry(), retryInMs);
        if (ending.wasOpen) {
            this.#listener.lost(ending);
        }
        this.#sayUnlessOver('waiting');
    }
    #retry() {
        this.#options.timers.clearTimeout(this.#timer);
        this.#say({ ...withoutRetry(this.#status), state: 'connecting' });
        void this.#connect();
    }
    /** The network came back, or went: what is waited for is tried now, and what is open is looked at. */
    #networkChanged() {
        if (this.#status.state === 'waiting') {
            this.#retry();
        }
        else {
            this.#connection?.probe();
        }
    }
    /** What is told before the state may have closed the client, and that is told already. */
    #sayUnlessOver(state) {
        if (this.#status.state === state) {
            this.#listener.status(this.#status);
        }
    }
    #say(status) {
        this.#status = status;
        this.#listener.status(status);
    }
}
function withoutRetry(status) {
    const { retryInMs: _, ...rest } = status;
    return rest;
}
function refusalReason(ending, told) {
    return told
        ? `the engine refuses this token or origin (HTTP ${ending.status})`
        : `${ending.reason}: no engine is there, or it refuses this token or origin`;
}
