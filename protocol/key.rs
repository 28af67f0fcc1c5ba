//! The two halves of a stock key: what is sold, and where it is. Compared as given, byte by byte.

use crate::text::{NO_CONTROL_CHARACTERS, bounded_text, is_not_control};

bounded_text! {
    /// What is sold: 1 to 64 bytes of UTF-8, no control characters, not `.` or `..`; compared as given.
    Sku, "sku", bytes_max: 64,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: true, example: "TEE-BLACK-M"
}

bounded_text! {
    /// Where it is, a store or a warehouse: 1 to 32 bytes of UTF-8, no control characters, not `.` or `..`;
    /// compared as given.
    Location, "location", bytes_max: 32,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: true, example: "OSLO-1"
}
