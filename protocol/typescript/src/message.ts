// The frames of the feed as they are on the wire, subprotocol `saldo.v1.json`.

import type { Code } from './code.js';
import type { Command, Reply } from './command.js';
import type { AnyLevel, View } from './level.js';
import type { Cursor, Movement } from './movement.js';

/** Begins a subscription. */
export interface SubscribeFrame {
  readonly type: 'subscribe';
  readonly id: string;
  readonly skus?: readonly string[];
  readonly sku_prefixes?: readonly string[];
  readonly locations?: readonly string[];
  readonly mode: 'levels' | 'events';
  readonly view?: View;
  readonly cursor?: Cursor;
}

/** A frame of the client. */
export type ClientFrame =
  | SubscribeFrame
  | { readonly type: 'unsubscribe'; readonly id: string }
  | { readonly type: 'commands'; readonly id: string; readonly commands: readonly Command[] }
  | { readonly type: 'ping' };

/** The subscription stands. */
export interface Subscribed {
  readonly type: 'subscribed';
  readonly id: string;
  readonly cursor: Cursor;
  /** Left out: `exact`. */
  readonly view?: View;
}

/** A page of the levels as they were when the subscription began. */
export interface Snapshot {
  readonly type: 'snapshot';
  readonly id: string;
  readonly levels: readonly AnyLevel[];
  readonly done: boolean;
  readonly cursor: Cursor;
  /** A cursor was given that cannot be gone on from: all levels are told. */
  readonly full?: boolean;
}

/** Levels that changed. */
export interface Delta {
  readonly type: 'delta';
  readonly id: string;
  readonly levels: readonly AnyLevel[];
  readonly cursor: Cursor;
}

/** Movements, in the journal's order. */
export interface Events {
  readonly type: 'events';
  readonly id: string;
  readonly events: readonly Movement[];
}

/** The cursor cannot be gone on from, and the subscription has ended. */
export interface Gap {
  readonly type: 'gap';
  readonly id: string;
  readonly earliest: Cursor;
}

/** A frame that was not understood or not allowed. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly id?: string;
  readonly code: Code;
  readonly detail: string;
}

/** What a subscription hears. */
export type FeedMessage = Subscribed | Snapshot | Delta | Events | Gap;

/** A frame of the engine. Types that are not known here are passed over. */
export type ServerMessage =
  | FeedMessage
  | ErrorMessage
  | { readonly type: 'unsubscribed'; readonly id: string }
  | { readonly type: 'pong' }
  | { readonly type: 'replies'; readonly id: string; readonly replies: readonly Reply[] };
