import { type BackoffOptions } from './backoff.js';
import { Refused } from './error.js';
import type { ClientFrame, ErrorMessage, FeedMessage, SubscribeFrame } from './message.js';
import type { Cursor } from './movement.js';
import { type Selection } from './selection.js';
import type { SubscriptionState } from './state.js';
import type { Timers } from './timers.js';
/** What a subscription asks of its client. */
export interface FeedHost {
    readonly timers: Timers;
    readonly backoff: BackoffOptions;
    readonly random: () => number;
    /** Gives the feed a new name, under which it hears from now on; none where there is no connection. */
    admit(feed: Feed): string | undefined;
    /** Takes a name back: what still comes under it is passed over. */
    dismiss(id: string): void;
    /** Forgets the feed for good. */
    release(feed: Feed): void;
    send(frame: ClientFrame): void;
}
/** What the user is told by subscriptions of both modes. */
export interface FeedHandlers {
    readonly onState?: (state: SubscriptionState) => void;
    /** The engine refused the subscription: it has ended. */
    readonly onError?: (error: Refused) => void;
}
export declare abstract class Feed {
    #private;
    constructor(host: FeedHost, selection: Selection, handlers: FeedHandlers);
    get state(): SubscriptionState;
    get selection(): Selection;
    /** Ends the subscription: nothing of it is told from now on. */
    unsubscribe(): void;
    /** Begins on the connection that is open, where there is one and this does not stand on it already. */
    begin(): void;
    /** The connection is lost. The cursor is the engine's word where this feed stood; only where it is the only one. */
    lost(cursor: Cursor | undefined): void;
    /** The engine refused the subscription, or gave it up. */
    failed(error: ErrorMessage): void;
    /** Another selection: what it needs to hear comes under a new name, with nothing missed in between. */
    protected reselect(selection: Selection): void;
    /** Ends what stands on the wire, and begins anew. */
    protected restart(): void;
    /** Its name on the wire; another, or none, after what was told called back and changed it. */
    protected get id(): string | undefined;
    /** The engine has ended it: its name is no longer heard under. */
    protected dismiss(): void;
    protected end(): void;
    protected say(state: SubscriptionState): void;
    /** The fields of a `subscribe` frame besides name and keys; a new beginning. */
    protected abstract beginning(): Pick<SubscribeFrame, 'mode' | 'view' | 'cursor'>;
    /** A message under the present name. */
    abstract received(message: FeedMessage): void;
    /** The engine's word of how far this feed was told. */
    protected abstract stoodAt(cursor: Cursor): void;
}
