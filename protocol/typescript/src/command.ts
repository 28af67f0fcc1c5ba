// Commands: changes of one key each, sent in frames over the feed, and their replies.

import type { Code } from './code.js';

interface CommandCommon {
  /** An idempotency key; without one only `reserve` and forms without `quantity` may be repeated safely. */
  readonly key?: string;
  readonly sku: string;
  readonly location: string;
}

/** Hold units. */
export interface Reserve extends CommandCommon {
  readonly op: 'reserve';
  /** A UUID of the caller's making (`crypto.randomUUID()`); the same one is a repeat. */
  readonly reservation_id: string;
  readonly quantity: number;
  /** The engine's default when left out. */
  readonly hold_seconds?: number;
}

/** Give a hold the deadline now + `hold_seconds`. */
export interface Extend extends CommandCommon {
  readonly op: 'extend';
  readonly reservation_id: string;
  readonly hold_seconds: number;
}

/** Promise held units to the order, or hand committed ones over. */
export interface CommitOrFulfil extends CommandCommon {
  readonly op: 'commit' | 'fulfil';
  readonly reservation_id: string;
  /** All when left out. */
  readonly quantity?: number;
}

/** Give units back. */
export interface Release extends CommandCommon {
  readonly op: 'release';
  readonly reservation_id: string;
  /** All when left out. */
  readonly quantity?: number;
  /** `held` when left out. */
  readonly from?: 'held' | 'committed';
}

/** Sell units at once, or take goods in. */
export interface SellOrReceive extends CommandCommon {
  readonly op: 'sell' | 'receive';
  readonly quantity: number;
}

/** A change of one key. */
export type Command = Reserve | Extend | CommitOrFulfil | Release | SellOrReceive;

/** The command was carried out, and is durable. */
export interface Done {
  readonly ok: true;
  /** The key's version after it. */
  readonly version: number;
  /** The key's `available` after it. */
  readonly available: number;
  /** The deadline of the reservation's open hold, where there is one. */
  readonly expires_at?: string;
  /** Whether the command is a repeat of one that was carried out before. */
  readonly replayed?: true;
}

/** The command was refused: nothing happened. */
export interface NotDone {
  readonly ok: false;
  readonly code: Code;
  /** What the command could have had, where that is why. */
  readonly available?: number;
}

/** What became of one command. */
export type Reply = Done | NotDone;
