import { Feed, type FeedHandlers, type FeedHost } from './feed.js';
import type { FeedMessage, SubscribeFrame } from './message.js';
import type { Cursor, Movement } from './movement.js';
import type { Selection } from './selection.js';
import type { SubscriptionState } from './state.js';
/** How to go on after a gap: from the oldest movement that is kept, from now, or not at all. */
export type GapContinue = 'earliest' | 'now' | 'stop';
/** The movements after the cursor are not there, or not all of them. */
export interface GapTold {
    /** The cursor that was asked for. */
    readonly after: Cursor | undefined;
    /** The oldest place that can be gone on from. */
    readonly earliest: Cursor;
    readonly continues: GapContinue;
}
/** What to hear of, from where, and who is told. */
export interface FollowOptions extends Selection, FeedHandlers {
    /** After this place, or `earliest` for all that is kept; left out: from now. */
    readonly from?: Cursor;
    /** Every movement, once, in the journal's order. */
    readonly onEvent?: (movement: Movement) => void;
    /** Movements are missing: read the levels if they matter. */
    readonly onGap?: (gap: GapTold) => void;
    /** What is done after `onGap`. Default `stop`. */
    readonly onGapContinue?: GapContinue;
}
/** A subscription of events. */
export interface Follower {
    readonly state: SubscriptionState;
    readonly selection: Selection;
    /** The place of the last movement that was told; keep it to go on from there another day. */
    readonly cursor: Cursor | undefined;
    /**
     * Selects other keys in place of all that were selected, without connecting again. Of newly selected keys,
     * movements are told from `cursor` on.
     */
    update(selection: Selection): void;
    unsubscribe(): void;
}
export declare class EventFeed extends Feed implements Follower {
    #private;
    constructor(host: FeedHost, options: FollowOptions);
    get cursor(): Cursor | undefined;
    update(selection: Selection): void;
    protected beginning(): Pick<SubscribeFrame, 'mode' | 'cursor'>;
    received(message: FeedMessage): void;
    protected stoodAt(cursor: Cursor): void;
}
