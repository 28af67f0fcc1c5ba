/** Calls a function of the user's, where there is one. */
export declare function tell<T extends unknown[]>(handler: ((...values: T) => void) | undefined, ...values: T): void;
