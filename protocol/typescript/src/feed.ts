// What subscriptions of both modes have in common: their names on the wire, how they begin, end and begin again.

import { Backoff, type BackoffOptions } from './backoff.js';
import { isTransient } from './code.js';
import { Refused } from './error.js';
import { tell } from './handler.js';
import type { ClientFrame, ErrorMessage, FeedMessage, SubscribeFrame } from './message.js';
import type { Cursor } from './movement.js';
import { copyOf, selectionFields, type Selection } from './selection.js';
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

export abstract class Feed {
  readonly #host: FeedHost;
  readonly #handlers: FeedHandlers;
  readonly #backoff: Backoff;
  #selection: Selection;
  #state: SubscriptionState = 'waiting';
  /** A name is used once, also across connections, so that no late message is taken for a new one. */
  #id: string | undefined;
  #timer: unknown;

  constructor(host: FeedHost, selection: Selection, handlers: FeedHandlers) {
    this.#host = host;
    this.#handlers = handlers;
    this.#backoff = new Backoff(host.backoff, host.random);
    this.#selection = copyOf(selection);
  }

  get state(): SubscriptionState {
    return this.#state;
  }

  get selection(): Selection {
    return this.#selection;
  }

  /** Ends the subscription: nothing of it is told from now on. */
  unsubscribe(): void {
    if (this.#state !== 'ended') {
      this.#leave();
      this.end();
    }
  }

  /** Begins on the connection that is open, where there is one and this does not stand on it already. */
  begin(): void {
    if (this.#state === 'ended' || this.#id !== undefined) {
      return;
    }
    this.#host.timers.clearTimeout(this.#timer);
    const id = this.#host.admit(this);
    if (id === undefined) {
      return;
    }
    this.#id = id;
    const selected = selectionFields(this.#selection);
    this.#host.send({ type: 'subscribe', id, ...selected, ...this.beginning() });
    // Told last: what is told may call back, and finds the subscription standing.
    this.say('loading');
  }

  /** The connection is lost. The cursor is the engine's word where this feed stood; only where it is the only one. */
  lost(cursor: Cursor | undefined): void {
    if (this.#state === 'ended') {
      return;
    }
    this.#host.timers.clearTimeout(this.#timer);
    this.#id = undefined;
    if (cursor !== undefined) {
      this.stoodAt(cursor);
    }
    this.say('waiting');
  }

  /** The engine refused the subscription, or gave it up. */
  failed(error: ErrorMessage): void {
    this.dismiss();
    if (isTransient(error.code)) {
      this.#timer = this.#host.timers.setTimeout(() => this.begin(), this.#backoff.next());
      this.say('loading');
      return;
    }
    this.end();
    tell(this.#handlers.onError, new Refused(error.code, error.detail));
  }

  /** Another selection: what it needs to hear comes under a new name, with nothing missed in between. */
  protected reselect(selection: Selection): void {
    this.#selection = copyOf(selection);
    this.restart();
  }

  /** Ends what stands on the wire, and begins anew. */
  protected restart(): void {
    if (this.#state !== 'ended') {
      this.#leave();
      this.begin();
    }
  }

  /** Its name on the wire; another, or none, after what was told called back and changed it. */
  protected get id(): string | undefined {
    return this.#id;
  }

  /** The engine has ended it: its name is no longer heard under. */
  protected dismiss(): void {
    if (this.#id !== undefined) {
      this.#host.dismiss(this.#id);
      this.#id = undefined;
    }
  }

  protected end(): void {
    this.#host.timers.clearTimeout(this.#timer);
    this.#host.release(this);
    this.say('ended');
  }

  protected say(state: SubscriptionState): void {
    if (state === 'live') {
      this.#backoff.reset();
    }
    if (this.#state !== state) {
      this.#state = state;
      tell(this.#handlers.onState, state);
    }
  }

  /** The fields of a `subscribe` frame besides name and keys; a new beginning. */
  protected abstract beginning(): Pick<SubscribeFrame, 'mode' | 'view' | 'cursor'>;

  /** A message under the present name. */
  abstract received(message: FeedMessage): void;

  /** The engine's word of how far this feed was told. */
  protected abstract stoodAt(cursor: Cursor): void;

  #leave(): void {
    this.#host.timers.clearTimeout(this.#timer);
    if (this.#id !== undefined) {
      this.#host.send({ type: 'unsubscribe', id: this.#id });
    }
    this.dismiss();
  }
}
