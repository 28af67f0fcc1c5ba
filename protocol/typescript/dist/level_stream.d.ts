import type { LevelOf, View } from './level.js';
import type { SubscribeOptions, Subscription } from './level_feed.js';
import type { Selection } from './selection.js';
/** What to iterate over. */
export interface LevelsOptions<V extends View = View> extends Selection {
    /** Left out: the most exact view that this connection may see. */
    readonly view?: V;
}
/** Subscribes with the first step, and unsubscribes when the loop is left; throws where the engine refuses. */
export declare function levelStream<V extends View>(subscribe: (options: SubscribeOptions<V>) => Subscription<V>, options: LevelsOptions<V>): AsyncGenerator<LevelOf<V>, void, undefined>;
