// A movement: one event of one key, with its balances before and after.

/** A place in the engine's journal: an opaque string of at most 64 characters. */
export type Cursor = string;

/** All balances of a key at one moment, in whole units; as in a level. */
export interface Balances {
  readonly on_hand: number;
  readonly reserved: number;
  readonly committed: number;
  readonly damaged: number;
  readonly quality_control: number;
  readonly safety_stock: number;
  readonly incoming: number;
  readonly available: number;
}

/** What an event did. */
export type MovementKind =
  | 'received'
  | 'adjusted'
  | 'counted'
  | 'policy_set'
  | 'reserved'
  | 'extended'
  | 'committed'
  | 'fulfilled'
  | 'released'
  | 'expired'
  | 'returned'
  | 'sold'
  | 'opening';

/** One event of one key. */
export interface Movement {
  /** The event's place in the journal; to go on after it, follow from here. */
  readonly cursor: Cursor;
  readonly sku: string;
  readonly location: string;
  /** The key's version after the event; one more than that of the key's event before. */
  readonly version: number;
  /** A newer engine may say one that is not known here. */
  readonly kind: MovementKind | (string & {});
  /** Units; signed for `adjusted` and `counted`, 0 for `policy_set` and `opening`. */
  readonly quantity: number;
  readonly before: Balances;
  readonly after: Balances;
  /** The reservation that it belongs to. */
  readonly reservation_id?: string;
  readonly reason?: string;
  readonly reference?: string;
  /** When: RFC 3339, UTC, six decimals. */
  readonly at: string;
}
