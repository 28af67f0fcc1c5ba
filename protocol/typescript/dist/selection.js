// Which keys a subscription hears of.
/** The fields of a `subscribe` frame that name the keys. */
export function selectionFields(selection) {
    const { skus, skuPrefixes, locations } = selection;
    return {
        ...(skus && { skus }),
        ...(skuPrefixes && { sku_prefixes: skuPrefixes }),
        ...(locations && { locations }),
    };
}
/** Tells selected keys from others, as the engine does. */
export function matcher(selection) {
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
export function copyOf(selection) {
    const { skus, skuPrefixes, locations } = selection;
    return {
        ...(skus && { skus: [...skus] }),
        ...(skuPrefixes && { skuPrefixes: [...skuPrefixes] }),
        ...(locations && { locations: [...locations] }),
    };
}
