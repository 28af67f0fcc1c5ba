// Which keys a subscription hears of.

import type { SubscribeFrame } from './message.js';

/**
 * Keys whose SKU is listed or begins with a listed prefix, at one of the listed locations. A list left out means
 * all; an empty one is refused by the engine.
 */
export interface Selection {
  readonly skus?: readonly string[];
  readonly skuPrefixes?: readonly string[];
  readonly locations?: readonly string[];
}

/** The fields of a `subscribe` frame that name the keys. */
export function selectionFields(
  selection: Selection,
): Pick<SubscribeFrame, 'skus' | 'sku_prefixes' | 'locations'> {
  const { skus, skuPrefixes, locations } = selection;
  return {
    ...(skus && { skus }),
    ...(skuPrefixes && { sku_prefixes: skuPrefixes }),
    ...(locations && { locations }),
  };
}

/** Tells selected keys from others, as the engine does. */
export function matcher(selection: Selection): (sku: string, location: string) => boolean {
  const skus = selection.skus && new Set(selection.skus);
  const prefixes = selection.skuPrefixes;
  const locations = selection.locations && new Set(selection.locations);
  const allSkus = !skus && !prefixes;
  return (sku, location) => {
    if (locations && !locations.has(location)) {
      return false;
    }
    return allSkus || !!skus?.has(sku) || !!prefixes?.some((prefix) => sku.startsWith(prefix));
  };
}

/** A copy that the caller's later changes of the lists do not reach. */
export function copyOf(selection: Selection): Selection {
  const { skus, skuPrefixes, locations } = selection;
  return {
    ...(skus && { skus: [...skus] }),
    ...(skuPrefixes && { skuPrefixes: [...skuPrefixes] }),
    ...(locations && { locations: [...locations] }),
  };
}
