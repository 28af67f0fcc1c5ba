//! The key that makes a change happen once however often it is sent, and the headers that carry it.

use crate::text::bounded_text;

/// The request header that carries an [`IdempotencyKey`].
pub const IDEMPOTENCY_KEY_HEADER: &str = "idempotency-key";

/// The answer's header, with the value `true`, where the call is a repeat of one that was carried out before.
pub const IDEMPOTENT_REPLAYED_HEADER: &str = "idempotent-replayed";

bounded_text! {
    /// A name of one change, global to the engine: 1 to 255 visible ASCII characters (0x21 to 0x7E).
    IdempotencyKey, "idempotency_key", bytes_max: 255,
    takes: |c| c.is_ascii_graphic(), allowed: "visible ASCII characters only", path_segment: false,
    example: "checkout-5521-reserve"
}
