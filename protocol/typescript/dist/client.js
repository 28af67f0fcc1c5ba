// The client: subscriptions and commands over one link.
import { Commands } from './commands.js';
import { NotLive, Refused, SaldoError } from './error.js';
import { EventFeed } from './event_feed.js';
import { tell } from './handler.js';
import { LevelFeed } from './level_feed.js';
import { levelStream } from './level_stream.js';
import { Link } from './link.js';
export class SaldoClient {
    #parts;
    #link;
    #host;
    #feeds = new Set();
    #feedsById = new Map();
    #commands = new Commands();
    #listeners = new Set();
    #idsGiven = 0;
    /** Use `connect`. */
    constructor(parts) {
        this.#parts = parts;
        this.#host = {
            ...parts.feeds,
            admit: (feed) => this.#admit(feed),
            dismiss: (id) => void this.#feedsById.delete(id),
            release: (feed) => void this.#feeds.delete(feed),
            send: (frame) => this.#send(frame),
        };
        if (parts.onState) {
            this.#listeners.add(parts.onState);
        }
        this.#link = new Link(parts.link, {
            opened: () => this.#opened(),
            received: (message) => this.#received(message),
            lost: (ending) => this.#lost(ending),
            status: (status) => this.#said(status),
        });
    }
    get state() {
        return this.#link.status.state;
    }
    /** The state, and why. */
    get status() {
        return this.#link.status;
    }
    /** Calls `listener` with each new state until the function that it returns is called. */
    onState(listener) {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
    }
    /** Waits until the connection is open; rejects with `NotLive` when the client is closed. */
    whenLive() {
        return new Promise((resolve, reject) => {
            const settle = ({ state, reason }) => {
                if (state === 'live') {
                    resolve();
                }
                else if (state === 'closed') {
                    reject(new NotLive(reason ?? 'the client is closed'));
                }
                else {
                    return;
                }
                forget();
            };
            const forget = this.onState(settle);
            settle(this.status);
        });
    }
    /** Keeps the newest level of each selected key, from now until `unsubscribe`. */
    subscribe(options) {
        return this.#start(new LevelFeed(this.#host, options));
    }
    /** The newest levels as an asynchronous iteration, until the loop is left or the client is closed. */
    levels(options = {}) {
        return levelStream((full) => this.subscribe(full), options);
    }
    /** Tells every movement of the selected keys, from `from` until `unsubscribe`; needs role `sell` or `admin`. */
    follow(options) {
        return this.#start(new EventFeed(this.#host, options));
    }
    /**
     * Sends a frame of commands (8,192 at most) and waits for their replies: in the commands' order, all durable.
     * Rejects with `NotLive` where there is no connection and `Refused` where the frame was refused whole: nothing
     * happened. Rejects with `OutcomeUnknown` where the connection broke before the replies came.
     */
    async commands(commands) {
        if (this.state !== 'live') {
            throw new NotLive(`nothing was sent: the client is ${this.state}`);
        }
        const { framesInFlightMax } = this.#parts;
        if (this.#commands.count >= framesInFlightMax) {
            throw new Refused('overloaded', `${framesInFlightMax} frames of commands wait for their replies already: nothing was sent`);
        }
        const id = this.#newId('c');
        const replies = this.#commands.expect(id, commands);
        this.#send({ type: 'commands', id, commands });
        return replies;
    }
    /** Ends connection and subscriptions for good. */
    close() {
        const reason = 'this client closed it';
        for (const feed of [...this.#feeds]) {
            feed.unsubscribe();
        }
        this.#link.close(reason);
        this.#commands.lost(reason);
    }
    #start(feed) {
        if (this.state === 'closed') {
            throw new NotLive('the client is closed: connect a new one');
        }
        this.#feeds.add(feed);
        feed.begin();
        return feed;
    }
    #admit(feed) {
        if (this.state !== 'live') {
            return undefined;
        }
        const id = this.#newId('s');
        this.#feedsById.set(id, feed);
        return id;
    }
    #newId(kind) {
        this.#idsGiven += 1;
        return kind + this.#idsGiven;
    }
    #send(frame) {
        this.#link.send(frame);
    }
    #opened() {
        for (const feed of [...this.#feeds]) {
            feed.begin();
        }
    }
    #lost(ending) {
        const feeds = [...this.#feeds];
        this.#feedsById.clear();
        this.#commands.lost(ending.reason);
        for (const feed of feeds) {
            // The engine names one cursor for the connection: of several subscriptions each knows its own better.
            feed.lost(feeds.length === 1 ? ending.cursor : undefined);
        }
    }
    #received(message) {
        switch (message.type) {
            case 'subscribed':
            case 'snapshot':
            case 'delta':
            case 'events':
            case 'gap':
                this.#feedsById.get(message.id)?.received(message);
                break;
            case 'replies':
                this.#commands.replied(message.id, message.replies);
                break;
            case 'error': {
                const { id, code, detail } = message;
                if (id === undefined) {
                    tell(this.#parts.onError, new Refused(code, detail));
                }
                else if (!this.#commands.refused(id, code, detail)) {
                    this.#feedsById.get(id)?.failed(message);
                }
                break;
            }
            default:
            // `pong`, `unsubscribed`, and what a newer engine may say.
        }
    }
    #said(status) {
        for (const listener of [...this.#listeners]) {
            tell(listener, status);
        }
        if (status.state === 'closed') {
            for (const feed of [...this.#feeds]) {
                feed.unsubscribe();
            }
        }
    }
}
