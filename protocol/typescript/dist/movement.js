// A movement: one event of one key, with its balances before and after.
export {};
