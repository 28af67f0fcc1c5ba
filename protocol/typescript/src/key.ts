// A key of stock: one SKU at one location, and its form as a key of a Map.

/** One SKU at one location, both compared as given. */
export interface StockKey {
  readonly sku: string;
  readonly location: string;
}

// Neither SKUs nor locations hold control characters, so no two keys have the same form.
const SEPARATOR = '\n';

/** The key of `subscription.levels`. */
export function keyOf(sku: string, location: string): string {
  return sku + SEPARATOR + location;
}
