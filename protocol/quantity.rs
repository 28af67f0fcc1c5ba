//! The numbers of requests: quantities, changes, figures of a count, policies and holds, each with its range.

use crate::number::whole_number;

/// The largest quantity of one message: 2^31 − 1 units.
const UNITS_MAX: i64 = (1 << 31) - 1;

whole_number! {
    /// Whole units of one line or message: 1 to 2,147,483,647.
    Quantity: u32, "quantity", 1, UNITS_MAX, zero_allowed: true, example: 2
}

whole_number! {
    /// A signed change of one balance in whole units: −(2^53 − 1) to 2^53 − 1, not 0.
    Delta: i64, "delta", -crate::INTEGER_MAX, crate::INTEGER_MAX, zero_allowed: false, example: -3
}

whole_number! {
    /// The figure of a stock take, sellable or not, in whole units: 0 to 2^53 − 1.
    Counted: i64, "counted", 0, crate::INTEGER_MAX, zero_allowed: true, example: 41
}

whole_number! {
    /// The version of the key at the moment when its shelf was counted: 0 to 2^53 − 1.
    AtVersion: u64, "at_version", 0, crate::INTEGER_MAX, zero_allowed: true, example: 17
}

whole_number! {
    /// Whole units that policy keeps back from sale: 0 to 2^53 − 1.
    SafetyStock: i64, "safety_stock", 0, crate::INTEGER_MAX, zero_allowed: true, example: 5
}

whole_number! {
    /// How many whole units may be promised beyond what is there: 0 to 2^53 − 1.
    OversellLimit: i64, "oversell_limit", 0, crate::INTEGER_MAX, zero_allowed: true, example: 0
}

whole_number! {
    /// How long a hold lasts from now, in seconds: 1 to 2,147,483,647. The engine's setting `hold_seconds_max`
    /// (604,800 unless configured) is lower; past it the call is refused with `limit_exceeded`.
    HoldSeconds: u32, "hold_seconds", 1, UNITS_MAX, zero_allowed: true, example: 900
}
