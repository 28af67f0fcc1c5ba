/** One SKU at one location, both compared as given. */
export interface StockKey {
    readonly sku: string;
    readonly location: string;
}
/** The key of `subscription.levels`. */
export declare function keyOf(sku: string, location: string): string;
