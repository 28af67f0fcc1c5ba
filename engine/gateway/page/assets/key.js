// The key of stock: one SKU at one location; and which keys a selection names.

/** A key as one string. No SKU holds a control character, so that the parts cannot run into each other. */
export const keyOf = ({ sku, location }) => `${sku}\u0000${location}`;

/** Whether a selection `{skus?, skuPrefixes?, locations?}` names the key; a list left out means all. */
export function selects({ skus, skuPrefixes, locations }, { sku, location }) {
  if (locations && !locations.includes(location)) return false;
  if (!skus && !skuPrefixes) return true;
  return Boolean(skus?.includes(sku) || skuPrefixes?.some((prefix) => sku.startsWith(prefix)));
}

/** The selection that names at least these keys, and little else. */
export function selectionOf(keys) {
  const skus = new Set();
  const locations = new Set();
  for (const { sku, location } of keys) {
    skus.add(sku);
    locations.add(location);
  }
  return { skus: [...skus], locations: [...locations] };
}
