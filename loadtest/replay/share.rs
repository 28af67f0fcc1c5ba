//! The opening stock as a share of what a file sells, in exact decimal arithmetic: `0.07` of 100 is 7, never 8.

use std::fmt;
use std::str::FromStr;

/// Decimal places that are taken.
const DECIMALS_MAX: usize = 9;
/// More than this many times the sold units is no opening stock but a slip of the keyboard.
const WHOLE_MAX: u64 = 1_000;

/// A share such as `0.6`, from 0 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningShare {
    numerator: u64,
    /// A power of ten.
    denominator: u64,
}

impl OpeningShare {
    /// That share of so many units, rounded up.
    #[must_use]
    pub fn of(self, units: u64) -> u64 {
        let exact = u128::from(units) * u128::from(self.numerator);
        // At most 1,000 times the units; a file that sells 2^54 of one article does not exist.
        u64::try_from(exact.div_ceil(u128::from(self.denominator))).unwrap_or(u64::MAX)
    }
}

impl FromStr for OpeningShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "a share is a decimal number from 0 to {WHOLE_MAX} with at most {DECIMALS_MAX} places, such as 0.6; found {text:?}"
            )
        };
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || places.len() > DECIMALS_MAX || !digits(whole) || !digits(places) {
            return Err(refused());
        }
        let denominator = places.bytes().fold(1_u64, |power, _| power * 10);
        let whole: u64 = whole.parse().map_err(|_| refused())?;
        let part: u64 =
            if places.is_empty() { 0 } else { places.parse().map_err(|_| refused())? };
        if whole > WHOLE_MAX || (whole == WHOLE_MAX && part > 0) {
            return Err(refused());
        }
        Ok(Self { numerator: whole * denominator + part, denominator })
    }
}

impl fmt::Display for OpeningShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut numerator, mut denominator) = (self.numerator, self.denominator);
        while denominator > 1 && numerator.is_multiple_of(10) {
            (numerator, denominator) = (numerator / 10, denominator / 10);
        }
        let whole = numerator / denominator;
        if denominator == 1 {
            return write!(f, "{whole}");
        }
        let places = denominator.to_string().len() - 1;
        write!(f, "{whole}.{:0places$}", numerator % denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> OpeningShare {
        text.parse().unwrap()
    }

    #[test]
    fn rounds_up_and_never_past_what_is_exact() {
        for (text, units, opening) in [
            ("0.6", 5, 3),
            ("0.6", 4, 3),
            ("0.6", 1, 1),
            ("0.07", 100, 7),
            ("1.0", 5195, 5195),
            ("1", 7, 7),
            ("0", 7, 0),
            ("2.5", 3, 8),
        ] {
            assert_eq!(share(text).of(units), opening, "{text} of {units}");
        }
    }

    #[test]
    fn one_share_has_one_spelling() {
        assert_eq!(share("0.60").to_string(), "0.6");
        assert_eq!(share("1.0").to_string(), share("1").to_string());
        assert_eq!(share("0.05").to_string(), "0.05");
    }

    #[test]
    fn refuses_what_is_no_share() {
        for text in ["", ".", "-1", "0,6", "1e3", "60%", "NaN", "1000.1", "0.1234567891", ".5"] {
            assert!(text.parse::<OpeningShare>().is_err(), "{text}");
        }
    }
}
