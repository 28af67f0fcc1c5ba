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
export declare function selectionFields(selection: Selection): Pick<SubscribeFrame, 'skus' | 'sku_prefixes' | 'locations'>;
/** Tells selected keys from others, as the engine does. */
export declare function matcher(selection: Selection): (sku: string, location: string) => boolean;
/** A copy that the caller's later changes of the lists do not reach. */
export declare function copyOf(selection: Selection): Selection;
