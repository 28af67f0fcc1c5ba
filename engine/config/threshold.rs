//! At how many units the stock of some SKUs is low, by the beginning of their names.

use std::fmt;
use std::str::FromStr;

use super::value::Entry;
use crate::limits::LOW_STOCK_THRESHOLD;

/// The threshold of all SKUs that begin with a text, written `TEE-=20`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowStockThreshold {
    /// What the SKU begins with.
    pub sku_prefix: String,
    /// Stock is low where at most this many units can be promised.
    pub units: u64,
}

impl fmt::Display for LowStockThreshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.sku_prefix, self.units)
    }
}

impl FromStr for LowStockThreshold {
    /// What is wrong with the text, for a sentence that begins with "an entry".
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A SKU may hold `=`, a number does not.
        let (sku_prefix, units) = text.rsplit_once('=').ok_or("has no `=`")?;
        saldo_protocol::Sku::new(sku_prefix)
            .map_err(|_| "has a beginning that no SKU has: 1 to 64 bytes, no control characters")?;
        let digits = units.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        let number = units.replace('_', "").parse().ok();
        let units = number.filter(|units| digits && LOW_STOCK_THRESHOLD.allows(*units));
        let units = units.ok_or_else(|| {
            format!(
                "has a threshold other than a number of {} from {} to {}",
                LOW_STOCK_THRESHOLD.unit, LOW_STOCK_THRESHOLD.min, LOW_STOCK_THRESHOLD.max
            )
        })?;
        Ok(Self { sku_prefix: sku_prefix.to_owned(), units })
    }
}

impl Entry for LowStockThreshold {
    const EXPECTED: &'static str =
        "a list of texts, each the beginning of a SKU, `=` and a number of units, such as TEE-=20";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stands_behind_the_last_equals_sign() {
        for (text, sku_prefix, units) in
            [("TEE-=20", "TEE-", 20), ("A=B=1_000", "A=B", 1_000), ("\u{c5}=0", "\u{c5}", 0)]
        {
            let threshold = text.parse::<LowStockThreshold>().expect(text);
            assert_eq!((threshold.sku_prefix.as_str(), threshold.units), (sku_prefix, units));
        }
    }

    #[test]
    fn what_is_no_threshold_is_refused() {
        for (text, fault) in [
            ("TEE-", "no `=`"),
            ("=5", "beginning"),
            ("T\tE=5", "beginning"),
            ("TEE-=", "threshold"),
            ("TEE-=-1", "threshold"),
            ("TEE-=+1", "threshold"),
            ("TEE-=2147483648", "from 0 to 2147483647"),
        ] {
            let found = text.parse::<LowStockThreshold>().expect_err(text);
            assert!(found.contains(fault), "{text}: {found}");
        }
    }
}
