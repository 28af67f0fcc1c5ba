// A subscription of levels: keeps the newest level of each selected key, through snapshots, deltas, lost
// connections and restarts of the engine.
import { Feed } from './feed.js';
import { tell } from './handler.js';
import { keyOf } from './key.js';
import { matcher } from './selection.js';
export class LevelFeed extends Feed {
    #options;
    #known = new Map();
    /** Everything up to here is in `#known`; none before the first snapshot is complete. */
    #cursor;
    /** What was told since `subscribed`, while its snapshot is not complete. */
    #told;
    /** Whether the snapshot holds all keys: what is known and not in it is gone, and versions may begin anew. */
    #isFull = false;
    #view;
    constructor(host, options) {
        super(host, options, options);
        this.#options = options;
    }
    get levels() {
        return this.#known;
    }
    get view() {
        return this.#view;
    }
    level(sku, location) {
        return this.#known.get(keyOf(sku, location));
    }
    update(selection) {
        if (this.state === 'ended') {
            return;
        }
        // The newly selected keys may not have changed since the cursor: only a full snapshot tells them. A change
        // between the two subscriptions is in that snapshot.
        this.#cursor = undefined;
        const matches = matcher(selection);
        this.#drop((_, { sku, location }) => !matches(sku, location));
        this.reselect(selection);
    }
    beginning() {
        this.#told = new Map();
        this.#isFull = this.#cursor === undefined;
        const { view } = this.#options;
        return {
            mode: 'levels',
            ...(view !== undefined && { view }),
            ...(this.#cursor !== undefined && { cursor: this.#cursor }),
        };
    }
    received(message) {
        switch (message.type) {
            case 'subscribed':
                this.#stands(message.view ?? 'exact');
                break;
            case 'snapshot':
                this.#page(message);
                break;
            case 'delta':
                // While the snapshot is not complete the old cursor alone misses nothing.
                if (this.#take(message.levels) && !this.#told) {
                    this.#cursor = message.cursor;
                }
                break;
            default:
        }
    }
    stoodAt(cursor) {
        if (!this.#told && this.#cursor !== undefined) {
            this.#cursor = cursor;
        }
    }
    /** A view other than before (the settings changed while the connection was away) makes the known levels useless. */
    #stands(view) {
        const before = this.#view;
        this.#view = view;
        if (before !== undefined && before !== view) {
            this.#drop(() => true);
            if (this.#cursor !== undefined) {
                this.#cursor = undefined;
                this.restart();
            }
        }
    }
    #page(page) {
        const { id } = this;
        if (page.full && !this.#isFull && this.#told) {
            this.#isFull = true;
            // Deltas that came before this page were held against levels that may be of another journal.
            for (const [key, level] of this.#told) {
                this.#keep(key, level);
            }
        }
        if (this.id === id && this.#take(page.levels) && page.done) {
            this.#complete(page.cursor);
        }
    }
    #complete(cursor) {
        const told = this.#told;
        const full = this.#isFull;
        this.#told = undefined;
        this.#isFull = false;
        this.#cursor = cursor;
        if (full && told) {
            this.#drop((key) => !told.has(key));
        }
        this.say('live');
        tell(this.#options.onSnapshot, { levels: this.#known, full });
    }
    /** False where what was told ended this or selected other keys: the rest comes again, or is not wanted. */
    #take(levels) {
        const { id } = this;
        for (const any of levels) {
            const level = any;
            const key = keyOf(level.sku, level.location);
            const told = this.#told?.get(key);
            if (told && told.version >= level.version) {
                continue;
            }
            this.#told?.set(key, level);
            this.#keep(key, level);
            if (this.id !== id) {
                return false;
            }
        }
        return this.id === id;
    }
    #keep(key, level) {
        const known = this.#known.get(key);
        if (known && !this.#replaces(level, known)) {
            return;
        }
        this.#known.set(key, level);
        tell(this.#options.onLevel, level);
    }
    /** In a full snapshot another time of the same or a lower version tells another journal, which is now the truth. */
    #replaces(level, known) {
        return this.#isFull
            ? level.version !== known.version || level.as_of !== known.as_of
            : level.version > known.version;
    }
    #drop(isGone) {
        for (const [key, level] of this.#known) {
            if (isGone(key, level)) {
                this.#known.delete(key);
                tell(this.#options.onGone, { sku: level.sku, location: level.location });
            }
        }
    }
}
