//! How times and rates are written in settings and on the command line.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// The highest rate, in operations a second: far above what a machine does.
const RATE_MAX: f64 = 1e9;
const TIME_SECONDS_MAX: f64 = 31_536_000.0;
/// Units of time, with the seconds that each has. A longer suffix stands before one that it ends with.
const TIME_UNITS: [(&str, f64); 5] =
    [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)];

/// A time such as `500ms`, `5s` or `1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub Duration);

/// A time, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthOrNone(pub Option<Duration>);

/// When operations begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RateSetting {
    /// `closed`: when an answer has made room.
    Closed,
    /// So many a second.
    Fixed(f64),
    /// From one to the other.
    Span {
        /// At the beginning.
        from: f64,
        /// At the end.
        to: f64,
    },
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("a time is written such as 500ms, 5s or 1m, not {text:?}");
        let (digits, seconds) = TIME_UNITS
            .iter()
            .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
            .ok_or_else(wrong)?;
        let number = number(digits).ok_or_else(wrong)? * seconds;
        if number > TIME_SECONDS_MAX {
            return Err(format!("{text:?} is longer than a year"));
        }
        Duration::try_from_secs_f64(number).map(Self).map_err(|_| wrong())
    }
}

impl FromStr for LengthOrNone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let length: Length = text.parse().map_err(|wrong| format!("{wrong}; or \"none\""))?;
        Ok(Self(Some(length.0)))
    }
}

impl FromStr for RateSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "a rate is written such as 5000, 5k or 1k..50k, in operations a second, or is \
                 \"closed\"; not {text:?}"
            )
        };
        if text == "closed" {
            return Ok(Self::Closed);
        }
        match text.split_once("..") {
            None => rate(text).map(Self::Fixed).ok_or_else(wrong),
            Some((from, to)) => {
                let (from, to) = (rate(from).ok_or_else(wrong)?, rate(to).ok_or_else(wrong)?);
                Ok(Self::Span { from, to })
            }
        }
    }
}

/// A positive number with an optional `k`.
fn rate(text: &str) -> Option<f64> {
    let (digits, times) = text.strip_suffix('k').map_or((text, 1.0), |digits| (digits, 1e3));
    let rate = number(&digits.replace('_', ""))? * times;
    (rate > 0.0 && rate <= RATE_MAX).then_some(rate)
}

/// Digits with an optional decimal point: no sign, no exponent, no `inf`.
fn number(digits: &str) -> Option<f64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| digits.parse().ok()).flatten()
}

fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = String>,
{
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl<'de> Deserialize<'de> for LengthOrNone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl<'de> Deserialize<'de> for RateSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, ms) in [("500ms", 500), ("5s", 5_000), ("1m", 60_000), ("1.5s", 1_500)] {
            assert_eq!(text.parse(), Ok(Length(Duration::from_millis(ms))), "{text}");
        }
        for wrong in ["", "5", "s", "-1s", "soon", "1e3s", "9999999h"] {
            assert!(wrong.parse::<Length>().is_err(), "{wrong}");
        }
        assert_eq!("none".parse(), Ok(LengthOrNone(None)));
    }

    #[test]
    fn rates_are_read() {
        assert_eq!("closed".parse(), Ok(RateSetting::Closed));
        assert_eq!("5k".parse(), Ok(RateSetting::Fixed(5_000.0)));
        let span = RateSetting::Span { from: 1_000.0, to: 50_000.0 };
        assert_eq!("1000..50_000".parse(), Ok(span));
        for wrong in ["0", "-5", "..", "5..", "fast", "inf"] {
            assert!(wrong.parse::<RateSetting>().is_err(), "{wrong}");
        }
    }
}
