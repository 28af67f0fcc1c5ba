import type { BackoffOptions } from './backoff.js';
import type { Command, Reply } from './command.js';
import { SaldoError } from './error.js';
import { type FollowOptions, type Follower } from './event_feed.js';
import type { FeedHost } from './feed.js';
import type { LevelOf, View } from './level.js';
import { type SubscribeOptions, type Subscription } from './level_feed.js';
import { type LevelsOptions } from './level_stream.js';
import { type LinkOptions } from './link.js';
import type { ClientState, ClientStatus } from './state.js';
/** What the client is made of. */
export interface ClientParts {
    readonly link: LinkOptions;
    readonly feeds: Pick<FeedHost, 'timers' | 'random'> & {
        readonly backoff: BackoffOptions;
    };
    readonly framesInFlightMax: number;
    readonly onState: ((status: ClientStatus) => void) | undefined;
    readonly onError: ((error: SaldoError) => void) | undefined;
}
export declare class SaldoClient {
    #private;
    /** Use `connect`. */
    constructor(parts: ClientParts);
    get state(): ClientState;
    /** The state, and why. */
    get status(): ClientStatus;
    /** Calls `listener` with each new state until the function that it returns is called. */
    onState(listener: (status: ClientStatus) => void): () => void;
    /** Waits until the connection is open; rejects with `NotLive` when the client is closed. */
    whenLive(): Promise<void>;
    /** Keeps the newest level of each selected key, from now until `unsubscribe`. */
    subscribe<V extends View = View>(options: SubscribeOptions<V>): Subscription<V>;
    /** The newest levels as an asynchronous iteration, until the loop is left or the client is closed. */
    levels<V extends View = View>(options?: LevelsOptions<V>): AsyncGenerator<LevelOf<V>, void, undefined>;
    /** Tells every movement of the selected keys, from `from` until `unsubscribe`; needs role `sell` or `admin`. */
    follow(options: FollowOptions): Follower;
    /**
     * Sends a frame of commands (8,192 at most) and waits for their replies: in the commands' order, all durable.
     * Rejects with `NotLive` where there is no connection and `Refused` where the frame was refused whole: nothing
     * happened. Rejects with `OutcomeUnknown` where the connection broke before the replies came.
     */
    commands(commands: readonly Command[]): Promise<readonly Reply[]>;
    /** Ends connection and subscriptions for good. */
    close(): void;
}
