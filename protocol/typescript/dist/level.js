// A level: how much there is of one SKU at one location, in one of the three views that a shop may show.
/** Whether a level holds all balances. */
export function isExact(level) {
    return 'available' in level;
}
/** Whether a level is told in words. */
export function isBanded(level) {
    return 'availability' in level;
}
/** Whether a level is told as yes or no. */
export function isBoolean(level) {
    return 'is_available' in level;
}
