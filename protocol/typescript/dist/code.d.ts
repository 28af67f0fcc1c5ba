/** A slug that this version of the package knows. */
export type KnownCode = 'malformed' | 'unauthorized' | 'forbidden' | 'limit_exceeded' | 'idempotency_key_reused' | 'unknown_stock' | 'unknown_reservation' | 'version_mismatch' | 'reservation_expired' | 'reservation_closed' | 'quantity_exceeds_held' | 'quantity_exceeds_committed' | 'quantity_exceeds_fulfilled' | 'hold_limit' | 'insufficient_stock' | 'overloaded' | 'read_only' | 'not_ready' | 'not_found' | 'method_not_allowed' | 'payload_too_large' | 'unsupported_media_type' | 'outcome_unknown';
/** A slug; a newer engine may say one that is not known here. */
export type Code = KnownCode | (string & {});
/** Whether nothing happened and the same request may well succeed a little later. */
export declare function isTransient(code: Code): boolean;
