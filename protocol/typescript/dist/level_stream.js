// Levels as an asynchronous iteration. A loop slower than the changes gets the newest level of each key, so what
// waits for it is bounded by the number of keys.
import { keyOf } from './key.js';
/** Subscribes with the first step, and unsubscribes when the loop is left; throws where the engine refuses. */
export async function* levelStream(subscribe, options) {
    const waiting = new Map();
    let refused;
    let wake = () => undefined;
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
            await new Promise((resolve) => {
                wake = resolve;
            });
        }
    }
    finally {
        subscription.unsubscribe();
    }
}
