//! The balances of one key.

/// The largest whole number of the protocol: 2^53 − 1.
const WHOLE_MAX: i64 = (1 << 53) - 1;

/// The balances of one key and its policy, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the protocol, which explains them")]
pub struct Figures {
    pub on_hand: i64,
    pub reserved: i64,
    pub committed: i64,
    pub damaged: i64,
    pub quality_control: i64,
    pub safety_stock: i64,
    pub incoming: i64,
    pub oversell_limit: i64,
}

impl Figures {
    /// What may be promised, before the oversell limit is looked at.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.on_hand
            - self.damaged
            - self.quality_control
            - self.safety_stock
            - self.reserved
            - self.committed
    }

    /// Whether `units` more may be promised.
    #[must_use]
    pub fn may_promise(&self, units: u64) -> bool {
        i64::try_from(units).is_ok_and(|units| self.available() - units >= -self.oversell_limit)
    }

    /// The most units that may be promised.
    #[must_use]
    pub fn promisable(&self) -> u64 {
        u64::try_from(self.available() + self.oversell_limit).unwrap_or(0)
    }

    /// Whether no balance is past its limit, and none but `on_hand` and `available` below zero.
    #[must_use]
    pub fn are_allowed(&self) -> bool {
        let never_negative = [
            self.reserved,
            self.committed,
            self.damaged,
            self.quality_control,
            self.safety_stock,
            self.incoming,
            self.oversell_limit,
        ];
        never_negative.iter().all(|figure| (0..=WHOLE_MAX).contains(figure))
            && [self.on_hand, self.available()]
                .iter()
                .all(|figure| (-WHOLE_MAX..=WHOLE_MAX).contains(figure))
    }
}
