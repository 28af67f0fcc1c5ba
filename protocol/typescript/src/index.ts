// The package's public face.

export type { BackoffOptions } from './backoff.js';
export type { SaldoClient } from './client.js';
export type { Code, KnownCode } from './code.js';
export type {
  Command,
  CommitOrFulfil,
  Done,
  Extend,
  NotDone,
  Release,
  Reply,
  Reserve,
  SellOrReceive,
} from './command.js';
export { connect, type ConnectOptions } from './connect.js';
export { NotLive, OutcomeUnknown, Refused, SaldoError } from './error.js';
export type { FollowOptions, Follower, GapContinue, GapTold } from './event_feed.js';
export { keyOf, type StockKey } from './key.js';
export {
  isBanded,
  isBoolean,
  isExact,
  type AnyLevel,
  type Availability,
  type BandedLevel,
  type BooleanLevel,
  type ExactLevel,
  type LevelOf,
  type View,
} from './level.js';
export type { SnapshotTold, SubscribeOptions, Subscription } from './level_feed.js';
export type { LevelsOptions } from './level_stream.js';
export type { NetworkEvents } from './link.js';
export type { Balances, Cursor, Movement, MovementKind } from './movement.js';
export type { Selection } from './selection.js';
export type { WebSocketClass } from './socket.js';
export type { ClientState, ClientStatus, SubscriptionState } from './state.js';
export type { Timers } from './timers.js';
