// What subscriptions of both modes have in common: their names on the wire, how they begin, end and begin again.
import { Backoff } from './backoff.js';
import { isTransient } from './code.js';
import { Refused } from './error.js';
import { tell } from './handler.js';
import { copyOf, selectionFields } from './selection.js';
export class Feed {
    #host;
    #handlers;
    #backoff;
    #selection;
    #state = 'waiting';
    /** A name is used once, also across connections, so that no late message is taken for a new one. */
    #id;
    #timer;
    constructor(host, selection, handlers) {
        this.#host = host;
        this.#handlers = handlers;
        this.#backoff = new Backoff(host.backoff, host.random);
        this.#selection = copyOf(selection);
    }
    get state() {
        return this.#state;
    }
    get selection() {
        return this.#selection;
    }
    /** Ends the subscription: nothing of it is told from now on. */
    unsubscribe() {
        if (this.#state !== 'ended') {
            this.#leave();
            this.end();
        }
    }
    /** Begins on the connection that is open, where there is one and this does not stand on it already. */
    begin() {
        if (this.#state === 'ended' || this.#id !== undefined) {
            return;
        }
        this.#host.timers.clearTimeout(this.#timer);
        const id = this.#host.admit(this);
        if (id === undefined) {
            return;
        }
        this.#id = id;
        const selected = selectionFields(this.#selection);
        this.#host.send({ type: 'subscribe', id, ...selected, ...this.beginning() });
        // Told last: what is told may call back, and finds the subscription standing.
        this.say('loading');
    }
    /** The connection is lost. The cursor is the engine's word where this feed stood; only where it is the only one. */
    lost(cursor) {
        if (this.#state === 'ended') {
            return;
        }
        this.#host.timers.clearTimeout(this.#timer);
        this.#id = undefined;
        if (cursor !== undefined) {
            this.stoodAt(cursor);
        }
        this.say('waiting');
    }
    /** The engine refused the subscription, or gave it up. */
    failed(error) {
        this.dismiss();
        if (isTransient(error.code)) {
            this.#timer = this.#host.timers.setTimeout(() => this.begin(), this.#backoff.next());
            this.say('loading');
            return;
        }
        this.end();
        tell(this.#handlers.onError, new Refused(error.code, error.detail));
    }
    /** Another selection: what it needs to hear comes under a new name, with nothing missed in between. */
    reselect(selection) {
        this.#selection = copyOf(selection);
        this.restart();
    }
    /** Ends what stands on the wire, and begins anew. */
    restart() {
        if (this.#state !== 'ended') {
            this.#leave();
            this.begin();
        }
    }
    /** Its name on the wire; another, or none, after what was told called back and changed it. */
    get id() {
        return this.#id;
    }
    /** The engine has ended it: its name is no longer heard under. */
    dismiss() {
        if (this.#id !== undefined) {
            this.#host.dismiss(this.#id);
            this.#id = undefined;
        }
    }
    end() {
        this.#host.timers.clearTimeout(this.#timer);
        this.#host.release(this);
        this.say('ended');
    }
    say(state) {
        if (state === 'live') {
            this.#backoff.reset();
        }
        if (this.#state !== state) {
            this.#state = state;
            tell(this.#handlers.onState, state);
        }
    }
    #leave() {
        this.#host.timers.clearTimeout(this.#timer);
        if (this.#id !== undefined) {
            this.#host.send({ type: 'unsubscribe', id: this.#id });
        }
        this.dismiss();
    }
}
