// A key of stock: one SKU at one location, and its form as a key of a Map.
// Neither SKUs nor locations hold control characters, so no two keys have the same form.
const SEPARATOR = '\n';
/** The key of `subscription.levels`. */
export function keyOf(sku, location) {
    return sku + SEPARATOR + location;
}
