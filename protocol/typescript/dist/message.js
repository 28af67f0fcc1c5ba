// The frames of the feed as they are on the wire, subprotocol `saldo.v1.json`.
export {};
