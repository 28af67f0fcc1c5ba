// A subscription of events: every movement of the selected keys after a cursor, in the journal's order, with no
// gap and no repeat, through lost connections and restarts of the engine.

import { Feed, type FeedHandlers, type FeedHost } from './feed.js';
import { tell } from './handler.js';
import type { FeedMessage, Gap, SubscribeFrame } from './message.js';
import type { Cursor, Movement } from './movement.js';
import type { Selection } from './selection.js';
import type { SubscriptionState } from './state.js';

/** The cursor that stands for the oldest movement that is kept. */
const EARLIEST = 'earliest';

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

export class EventFeed extends Feed implements Follower {
  readonly #options: FollowOptions;
  #cursor: Cursor | undefined;

  constructor(host: FeedHost, options: FollowOptions) {
    super(host, options, options);
    this.#options = options;
    this.#cursor = options.from;
  }

  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  update(selection: Selection): void {
    this.reselect(selection);
  }

  protected override beginning(): Pick<SubscribeFrame, 'mode' | 'cursor'> {
    return { mode: 'events', ...(this.#cursor !== undefined && { cursor: this.#cursor }) };
  }

  override received(message: FeedMessage): void {
    switch (message.type) {
      case 'subscribed':
        // "Now" and "earliest" become a place, so that what comes while a connection is away is not missed. A
        // place that was asked for stays: a gap may follow, and must be found again if the connection breaks first.
        if (this.#cursor === undefined || this.#cursor === EARLIEST) {
          this.#cursor = message.cursor;
        }
        this.say('live');
        break;
      case 'events':
        this.#take(message.events);
        break;
      case 'gap':
        this.#gap(message);
        break;
      default:
    }
  }

  protected override stoodAt(cursor: Cursor): void {
    if (this.state === 'live') {
      this.#cursor = cursor;
    }
  }

  #take(movements: readonly Movement[]): void {
    const { id } = this;
    for (const movement of movements) {
      this.#cursor = movement.cursor;
      tell(this.#options.onEvent, movement);
      // What was told may have ended this, or selected other keys: the rest comes again, or is not wanted.
      if (this.id !== id) {
        return;
      }
    }
  }

  #gap({ earliest }: Gap): void {
    const continues = this.#options.onGapContinue ?? 'stop';
    const after = this.#cursor;
    this.dismiss();
    if (continues === 'stop') {
      this.end();
    } else {
      // The word rather than the cursor: the oldest place may have moved on by the time the engine reads it.
      this.#cursor = continues === 'earliest' ? EARLIEST : undefined;
    }
    tell(this.#options.onGap, { after, earliest, continues });
    this.begin();
  }
}
