// A level: how much there is of one SKU at one location, in one of the three views that a shop may show.

/** What a subscription shows of a level. */
export type View = 'exact' | 'banded' | 'boolean';

/** What every view of a level holds. */
export interface LevelCommon {
  /** What is sold. */
  readonly sku: string;
  /** Where it is. */
  readonly location: string;
  /** The number of the key's last event that is told here; only rises. */
  readonly version: number;
  /** The time of that event: RFC 3339, UTC, six decimals. */
  readonly as_of: string;
}

/** All balances, in whole units. */
export interface ExactLevel extends LevelCommon {
  /** Physically there, sellable or not; negative only by facts. */
  readonly on_hand: number;
  /** Units of open holds. */
  readonly reserved: number;
  /** Units promised to an order, not yet handed over. */
  readonly committed: number;
  /** The part of `on_hand` that is damaged. */
  readonly damaged: number;
  /** The part of `on_hand` that is being checked. */
  readonly quality_control: number;
  /** Kept back by policy. */
  readonly safety_stock: number;
  /** Announced, not there yet. */
  readonly incoming: number;
  /** What can be promised; negative only by facts and by `oversell_limit`. */
  readonly available: number;
  /** How far below zero promises may take `available`. */
  readonly oversell_limit: number;
}

/** How much there is, in words. */
export type Availability = 'in_stock' | 'low_stock' | 'out_of_stock';

/** A level in words; told anew when the word changes. */
export interface BandedLevel extends LevelCommon {
  readonly availability: Availability;
}

/** A level as yes or no; told anew when that changes. */
export interface BooleanLevel extends LevelCommon {
  readonly is_available: boolean;
}

/** The level that a view shows. */
export type LevelOf<V extends View> = V extends 'exact'
  ? ExactLevel
  : V extends 'banded'
    ? BandedLevel
    : BooleanLevel;

/** A level in any view. */
export type AnyLevel = LevelOf<View>;

/** Whether a level holds all balances. */
export function isExact(level: AnyLevel): level is ExactLevel {
  return 'available' in level;
}

/** Whether a level is told in words. */
export function isBanded(level: AnyLevel): level is BandedLevel {
  return 'availability' in level;
}

/** Whether a level is told as yes or no. */
export function isBoolean(level: AnyLevel): level is BooleanLevel {
  return 'is_available' in level;
}
