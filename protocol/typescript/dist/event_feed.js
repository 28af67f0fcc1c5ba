// A subscription of events: every movement of the selected keys after a cursor, in the journal's order, with no
// gap and no repeat, through lost connections and restarts of the engine.
import { Feed } from './feed.js';
import { tell } from './handler.js';
/** The cursor that stands for the oldest movement that is kept. */
const EARLIEST = 'earliest';
export class EventFeed extends Feed {
    #options;
    #cursor;
    constructor(host, options) {
        super(host, options, options);
        this.#options = options;
        this.#cursor = options.from;
    }
    get cursor() {
        return this.#cursor;
    }
    update(selection) {
        this.reselect(selection);
    }
    beginning() {
        return { mode: 'events', ...(this.#cursor !== undefined && { cursor: this.#cursor }) };
    }
    received(message) {
        switch (message.type) {
            case 'subscribed':
                // "Now" and "earliest" become a place, so that what comes while a connection is away is not missed. A
                // place that was asked for stays: a gap may follow, and must be found again if the connection breaks first.
                if (this.#cursor === undefined || this.#cursor === EARLIEST) {
                    this.#cursor = message.cursor;
                }
                this.say('live');
                break;
            case 'events':
                this.#take(message.events);
                break;
            case 'gap':
                this.#gap(message);
                break;
            default:
        }
    }
    stoodAt(cursor) {
        if (this.state === 'live') {
            this.#cursor = cursor;
        }
    }
    #take(movements) {
        const { id } = this;
        for (const movement of movements) {
            this.#cursor = movement.cursor;
            tell(this.#options.onEvent, movement);
            // What was told may have ended this, or selected other keys: the rest comes again, or is not wanted.
            if (this.id !== id) {
                return;
            }
        }
    }
    #gap({ earliest }) {
        const continues = this.#options.onGapContinue ?? 'stop';
        const after = this.#cursor;
        this.dismiss();
        if (continues === 'stop') {
            this.end();
        }
        else {
            // The word rather than the cursor: the oldest place may have moved on by the time the engine reads it.
            this.#cursor = continues === 'earliest' ? EARLIEST : undefined;
        }
        tell(this.#options.onGap, { after, earliest, continues });
        this.begin();
    }
}
