// What the client and a subscription say of themselves.
export {};
