// Frames of commands that are under way on the present connection.
import { OutcomeUnknown, Refused } from './error.js';
export class Commands {
    #waiting = new Map();
    /** Frames that wait for their replies. */
    get count() {
        return this.#waiting.size;
    }
    /** The replies of a frame that goes out under this name. */
    expect(id, commands) {
        return new Promise((resolve, reject) => {
            this.#waiting.set(id, { commands, resolve, reject });
        });
    }
    replied(id, replies) {
        this.#take(id)?.resolve(replies);
    }
    /** The engine refused the frame whole; whether one of this name was under way. */
    refused(id, code, detail) {
        const waiting = this.#take(id);
        waiting?.reject(code === 'outcome_unknown'
            ? new OutcomeUnknown(waiting.commands, detail)
            : new Refused(code, detail));
        return waiting !== undefined;
    }
    /** The connection is lost, and the replies with it. */
    lost(reason) {
        const lost = [...this.#waiting.values()];
        this.#waiting.clear();
        for (const { commands, reject } of lost) {
            reject(new OutcomeUnknown(commands, reason));
        }
    }
    #take(id) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        return waiting;
    }
}
