// A subscription of levels: keeps the newest level of each selected key, through snapshots, deltas, lost
// connections and restarts of the engine.

import { Feed, type FeedHandlers, type FeedHost } from './feed.js';
import { tell } from './handler.js';
import { keyOf, type StockKey } from './key.js';
import type { AnyLevel, LevelOf, View } from './level.js';
import type { FeedMessage, Snapshot, SubscribeFrame } from './message.js';
import type { Cursor } from './movement.js';
import { matcher, type Selection } from './selection.js';
import type { SubscriptionState } from './state.js';

/** A complete snapshot. */
export interface SnapshotTold<V extends View> {
  /** The newest level of each selected key, also of those that had not changed. */
  readonly levels: ReadonlyMap<string, LevelOf<V>>;
  /** Whether the engine told all levels, and not only those that changed since the last connection. */
  readonly full: boolean;
}

/** What to hear of, and who is told. */
export interface SubscribeOptions<V extends View = View> extends Selection, FeedHandlers {
  /** Left out: the most exact view that this connection may see. */
  readonly view?: V;
  /** A level that is newer than the one known, of a snapshot as of a change. */
  readonly onLevel?: (level: LevelOf<V>) => void;
  /** A snapshot is complete: first of all, after each connection, and after `update`. */
  readonly onSnapshot?: (snapshot: SnapshotTold<V>) => void;
  /** A key has left `levels`: the engine no longer has it, or it is no longer selected. */
  readonly onGone?: (key: StockKey) => void;
}

/** A subscription of levels. */
export interface Subscription<V extends View = View> {
  readonly state: SubscriptionState;
  readonly selection: Selection;
  /** What the engine shows; told when the subscription stands. */
  readonly view: View | undefined;
  /** The newest level of each key, by `keyOf(sku, location)`. */
  readonly levels: ReadonlyMap<string, LevelOf<V>>;
  /** The newest level of a key. */
  level(sku: string, location: string): LevelOf<V> | undefined;
  /** Selects other keys in place of all that were selected, without connecting again. */
  update(selection: Selection): void;
  unsubscribe(): void;
}

export class LevelFeed<V extends View> extends Feed implements Subscription<V> {
  readonly #options: SubscribeOptions<V>;
  readonly #known = new Map<string, LevelOf<V>>();
  /** Everything up to here is in `#known`; none before the first snapshot is complete. */
  #cursor: Cursor | undefined;
  /** What was told since `subscribed`, while its snapshot is not complete. */
  #told: Map<string, LevelOf<V>> | undefined;
  /** Whether the snapshot holds all keys: what is known and not in it is gone, and versions may begin anew. */
  #isFull = false;
  #view: View | undefined;

  constructor(host: FeedHost, options: SubscribeOptions<V>) {
    super(host, options, options);
    this.#options = options;
  }

  get levels(): ReadonlyMap<string, LevelOf<V>> {
    return this.#known;
  }

  get view(): View | undefined {
    return this.#view;
  }

  level(sku: string, location: string): LevelOf<V> | undefined {
    return this.#known.get(keyOf(sku, location));
  }

  update(selection: Selection): void {
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

  protected override beginning(): Pick<SubscribeFrame, 'mode' | 'view' | 'cursor'> {
    this.#told = new Map();
    this.#isFull = this.#cursor === undefined;
    const { view } = this.#options;
    return {
      mode: 'levels',
      ...(view !== undefined && { view }),
      ...(this.#cursor !== undefined && { cursor: this.#cursor }),
    };
  }

  override received(message: FeedMessage): void {
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

  protected override stoodAt(cursor: Cursor): void {
    if (!this.#told && this.#cursor !== undefined) {
      this.#cursor = cursor;
    }
  }

  /** A view other than before (the settings changed while the connection was away) makes the known levels useless. */
  #stands(view: View): void {
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

  #page(page: Snapshot): void {
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

  #complete(cursor: Cursor): void {
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
  #take(levels: readonly AnyLevel[]): boolean {
    const { id } = this;
    for (const any of levels) {
      const level = any as LevelOf<V>;
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

  #keep(key: string, level: LevelOf<V>): void {
    const known = this.#known.get(key);
    if (known && !this.#replaces(level, known)) {
      return;
    }
    this.#known.set(key, level);
    tell(this.#options.onLevel, level);
  }

  /** In a full snapshot another time of the same or a lower version tells another journal, which is now the truth. */
  #replaces(level: LevelOf<V>, known: LevelOf<V>): boolean {
    return this.#isFull
      ? level.version !== known.version || level.as_of !== known.as_of
      : level.version > known.version;
  }

  #drop(isGone: (key: string, level: LevelOf<V>) => boolean): void {
    for (const [key, level] of this.#known) {
      if (isGone(key, level)) {
        this.#known.delete(key);
        tell(this.#options.onGone, { sku: level.sku, location: level.location });
      }
    }
  }
}
