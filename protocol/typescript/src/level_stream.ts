// Levels as an asynchronous iteration. A loop slower than the changes gets the newest level of each key, so what
// waits for it is bounded by the number of keys.

import type { Refused } from './error.js';
import { keyOf } from './key.js';
import type { LevelOf, View } from './level.js';
import type { SubscribeOptions, Subscription } from './level_feed.js';
import type { Selection } from './selection.js';

/** What to iterate over. */
export interface LevelsOptions<V extends View = View> extends Selection {
  /** Left out: the most exact view that this connection may see. */
  readonly view?: V;
}

/** Subscribes with the first step, and unsubscribes when the loop is left; throws where the engine refuses. */
export async function* levelStream<V extends View>(
  subscribe: (options: SubscribeOptions<V>) => Subscription<V>,
  options: LevelsOptions<V>,
): AsyncGenerator<LevelOf<V>, void, undefined> {
  const waiting = new Map<string, LevelOf<V>>();
  let refused: Refused | undefined;
  let wake = (): void => undefined;
  const subscription = subscribe({
    ...options,
    onLevel: (level) => {
      waiting.set(keyOf(level.sku, level.location), level);
      wake();
    },
    onGone: ({ sku, location }) => void waiting.delete(keyOf(sku, location)),
    onState: () => wake(),
    onError: (error) => {
      refused = error;
    },
  });
  try {
    for (;;) {
      for (const [key, level] of waiting) {
        waiting.delete(key);
        yield level;
      }
      if (refused) {
        throw refused;
      }
      if (subscription.state === 'ended') {
        return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    subscription.unsubscribe();
  }
}
