import { Feed, type FeedHandlers, type FeedHost } from './feed.js';
import { type StockKey } from './key.js';
import type { LevelOf, View } from './level.js';
import type { FeedMessage, SubscribeFrame } from './message.js';
import type { Cursor } from './movement.js';
import { type Selection } from './selection.js';
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
export declare class LevelFeed<V extends View> extends Feed implements Subscription<V> {
    #private;
    constructor(host: FeedHost, options: SubscribeOptions<V>);
    get levels(): ReadonlyMap<string, LevelOf<V>>;
    get view(): View | undefined;
    level(sku: string, location: string): LevelOf<V> | undefined;
    update(selection: Selection): void;
    protected beginning(): Pick<SubscribeFrame, 'mode' | 'view' | 'cursor'>;
    received(message: FeedMessage): void;
    protected stoodAt(cursor: Cursor): void;
}
