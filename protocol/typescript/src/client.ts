// The client: subscriptions and commands over one link.

import type { BackoffOptions } from './backoff.js';
import type { Command, Reply } from './command.js';
import { Commands } from './commands.js';
import type { Ending } from './connection.js';
import { NotLive, Refused, SaldoError } from './error.js';
import { EventFeed, type FollowOptions, type Follower } from './event_feed.js';
import type { Feed, FeedHost } from './feed.js';
import { tell } from './handler.js';
import type { LevelOf, View } from './level.js';
import { LevelFeed, type SubscribeOptions, type Subscription } from './level_feed.js';
import { levelStream, type LevelsOptions } from './level_stream.js';
import { Link, type LinkOptions } from './link.js';
import type { ClientFrame, ServerMessage } from './message.js';
import type { ClientState, ClientStatus } from './state.js';

/** What the client is made of. */
export interface ClientParts {
  readonly link: LinkOptions;
  readonly feeds: Pick<FeedHost, 'timers' | 'random'> & { readonly backoff: BackoffOptions };
  readonly framesInFlightMax: number;
  readonly onState: ((status: ClientStatus) => void) | undefined;
  readonly onError: ((error: SaldoError) => void) | undefined;
}

export class SaldoClient {
  readonly #parts: ClientParts;
  readonly #link: Link;
  readonly #host: FeedHost;
  readonly #feeds = new Set<Feed>();
  readonly #feedsById = new Map<string, Feed>();
  readonly #commands = new Commands();
  readonly #listeners = new Set<(status: ClientStatus) => void>();
  #idsGiven = 0;

  /** Use `connect`. */
  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#host = {
      ...parts.feeds,
      admit: (feed) => this.#admit(feed),
      dismiss: (id) => void this.#feedsById.delete(id),
      release: (feed) => void this.#feeds.delete(feed),
      send: (frame) => this.#send(frame),
    };
    if (parts.onState) {
      this.#listeners.add(parts.onState);
    }
    this.#link = new Link(parts.link, {
      opened: () => this.#opened(),
      received: (message) => this.#received(message),
      lost: (ending) => this.#lost(ending),
      status: (status) => this.#said(status),
    });
  }

  get state(): ClientState {
    return this.#link.status.state;
  }

  /** The state, and why. */
  get status(): ClientStatus {
    return this.#link.status;
  }

  /** Calls `listener` with each new state until the function that it returns is called. */
  onState(listener: (status: ClientStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Waits until the connection is open; rejects with `NotLive` when the client is closed. */
  whenLive(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = ({ state, reason }: ClientStatus): void => {
        if (state === 'live') {
          resolve();
        } else if (state === 'closed') {
          reject(new NotLive(reason ?? 'the client is closed'));
        } else {
          return;
        }
        forget();
      };
      const forget = this.onState(settle);
      settle(this.status);
    });
  }

  /** Keeps the newest level of each selected key, from now until `unsubscribe`. */
  subscribe<V extends View = View>(options: SubscribeOptions<V>): Subscription<V> {
    return this.#start(new LevelFeed<V>(this.#host, options));
  }

  /** The newest levels as an asynchronous iteration, until the loop is left or the client is closed. */
  levels<V extends View = View>(
    options: LevelsOptions<V> = {},
  ): AsyncGenerator<LevelOf<V>, void, undefined> {
    return levelStream<V>((full) => this.subscribe(full), options);
  }

  /** Tells every movement of the selected keys, from `from` until `unsubscribe`; needs role `sell` or `admin`. */
  follow(options: FollowOptions): Follower {
    return this.#start(new EventFeed(this.#host, options));
  }

  /**
   * Sends a frame of commands (8,192 at most) and waits for their replies: in the commands' order, all durable.
   * Rejects with `NotLive` where there is no connection and `Refused` where the frame was refused whole: nothing
   * happened. Rejects with `OutcomeUnknown` where the connection broke before the replies came.
   */
  async commands(commands: readonly Command[]): Promise<readonly Reply[]> {
    if (this.state !== 'live') {
      throw new NotLive(`nothing was sent: the client is ${this.state}`);
    }
    const { framesInFlightMax } = this.#parts;
    if (this.#commands.count >= framesInFlightMax) {
      throw new Refused(
        'overloaded',
        `${framesInFlightMax} frames of commands wait for their replies already: nothing was sent`,
      );
    }
    const id = this.#newId('c');
    const replies = this.#commands.expect(id, commands);
    this.#send({ type: 'commands', id, commands });
    return replies;
  }

  /** Ends connection and subscriptions for good. */
  close(): void {
    const reason = 'this client closed it';
    for (const feed of [...this.#feeds]) {
      feed.unsubscribe();
    }
    this.#link.close(reason);
    this.#commands.lost(reason);
  }

  #start<F extends Feed>(feed: F): F {
    if (this.state === 'closed') {
      throw new NotLive('the client is closed: connect a new one');
    }
    this.#feeds.add(feed);
    feed.begin();
    return feed;
  }

  #admit(feed: Feed): string | undefined {
    if (this.state !== 'live') {
      return undefined;
    }
    const id = this.#newId('s');
    this.#feedsById.set(id, feed);
    return id;
  }

  #newId(kind: 's' | 'c'): string {
    this.#idsGiven += 1;
    return kind + this.#idsGiven;
  }

  #send(frame: ClientFrame): void {
    this.#link.send(frame);
  }

  #opened(): void {
    for (const feed of [...this.#feeds]) {
      feed.begin();
    }
  }

  #lost(ending: Ending): void {
    const feeds = [...this.#feeds];
    this.#feedsById.clear();
    this.#commands.lost(ending.reason);
    for (const feed of feeds) {
      // The engine names one cursor for the connection: of several subscriptions each knows its own better.
      feed.lost(feeds.length === 1 ? ending.cursor : undefined);
    }
  }

  #received(message: ServerMessage): void {
    switch (message.type) {
      case 'subscribed':
      case 'snapshot':
      case 'delta':
      case 'events':
      case 'gap':
        this.#feedsById.get(message.id)?.received(message);
        break;
      case 'replies':
        this.#commands.replied(message.id, message.replies);
        break;
      case 'error': {
        const { id, code, detail } = message;
        if (id === undefined) {
          tell(this.#parts.onError, new Refused(code, detail));
        } else if (!this.#commands.refused(id, code, detail)) {
          this.#feedsById.get(id)?.failed(message);
        }
        break;
      }
      default:
      // `pong`, `unsubscribed`, and what a newer engine may say.
    }
  }

  #said(status: ClientStatus): void {
    for (const listener of [...this.#listeners]) {
      tell(listener, status);
    }
    if (status.state === 'closed') {
      for (const feed of [...this.#feeds]) {
        feed.unsubscribe();
      }
    }
  }
}
