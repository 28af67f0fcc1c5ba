//! Times as JSON carries them: RFC 3339 in UTC with six decimals, exactly, as microseconds since 1970.
//! Formatting and parsing are integer arithmetic on a fixed layout of 27 bytes and allocate nothing.
//!
//! The calendar is Howard Hinnant's `days_from_civil` and `civil_from_days` (proleptic Gregorian).

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The length of every time in bytes: `2026-01-31T08:15:00.000000Z`.
const TEXT_BYTES: usize = 27;
const MICROS_PER_SECOND: u64 = 1_000_000;
const SECONDS_PER_DAY: u64 = 86_400;
/// Days in 400 Gregorian years, after which the calendar repeats.
const DAYS_PER_ERA: u64 = 146_097;
/// Days from 0000-03-01, where eras begin, to 1970-01-01.
const DAYS_TO_1970: u64 = 719_468;

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z, up to 9999-12-31T23:59:59.999999Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// Why a time is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimestampError {
    /// Not of the one form that is used.
    #[error(
        "a time must be RFC 3339 in UTC with six decimals, such as 2026-01-31T08:15:00.000000Z"
    )]
    Form,
    /// A month, day, hour, minute or second that does not exist, or a year before 1970.
    #[error("no such moment in the years 1970 to 9999: a part of the time is out of its range")]
    Range,
}

impl Timestamp {
    /// 9999-12-31T23:59:59.999999Z, the last moment that the form can carry.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The moment so many microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimestampError::Range`] past the year 9999.
    pub const fn from_micros(micros: u64) -> Result<Self, TimestampError> {
        if micros > Self::MAX.0 {
            return Err(TimestampError::Range);
        }
        Ok(Self(micros))
    }

    /// The same, with [`Timestamp::MAX`] for everything past it: for answers, which must tell something.
    #[must_use]
    pub const fn from_micros_clamped(micros: u64) -> Self {
        if micros > Self::MAX.0 {
            return Self::MAX;
        }
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The text, on the stack.
    #[must_use]
    pub fn text(self) -> TimestampText {
        let seconds = self.0 / MICROS_PER_SECOND;
        let second_of_day = seconds % SECONDS_PER_DAY;
        let (year, month, day) = civil_from_days(seconds / SECONDS_PER_DAY);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        write_digits(&mut text[0..4], year);
        write_digits(&mut text[5..7], month);
        write_digits(&mut text[8..10], day);
        write_digits(&mut text[11..13], second_of_day / 3600);
        write_digits(&mut text[14..16], second_of_day / 60 % 60);
        write_digits(&mut text[17..19], second_of_day % 60);
        write_digits(&mut text[20..26], self.0 % MICROS_PER_SECOND);
        TimestampText(text)
    }

    /// Reads the one form that [`Timestamp::text`] writes.
    ///
    /// # Errors
    /// [`TimestampError`], when the text has another form or names no moment.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let bytes: &[u8; TEXT_BYTES] =
            text.as_bytes().try_into().map_err(|_| TimestampError::Form)?;
        for (at, mark) in
            [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')]
        {
            if bytes[at] != mark {
                return Err(TimestampError::Form);
            }
        }
        let year = read_digits(&bytes[0..4])?;
        let month = read_digits(&bytes[5..7])?;
        let day = read_digits(&bytes[8..10])?;
        let hour = read_digits(&bytes[11..13])?;
        let minute = read_digits(&bytes[14..16])?;
        let second = read_digits(&bytes[17..19])?;
        let micros = read_digits(&bytes[20..26])?;
        let exists = year >= 1970
            && (1..=12).contains(&month)
            && (1..=days_of_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !exists {
            return Err(TimestampError::Range);
        }
        let days = days_from_civil(year, month, day);
        let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
        Ok(Self(seconds * MICROS_PER_SECOND + micros))
    }
}

/// The 27 ASCII bytes of a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimestampText([u8; TEXT_BYTES]);

impl TimestampText {
    /// As bytes, for a buffer that is written to a socket.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; TEXT_BYTES] {
        &self.0
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever written, so the fallback is never taken.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for TimestampText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Self::parse(text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rfc3339;

        impl Visitor<'_> for Rfc3339 {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in RFC 3339, UTC, with six decimals")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Rfc3339)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A time: RFC 3339, UTC, six decimals."))
            .min_length(Some(TEXT_BYTES))
            .max_length(Some(TEXT_BYTES))
            .examples([serde_json::json!("2026-01-31T08:15:00.000000Z")])
            .into()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Timestamp {}

/// Days since 1970-01-01 of a date in the years 1970 to 9999.
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    // Years begin in March here, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let year_of_era = year % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year / 400 * DAYS_PER_ERA + day_of_era - DAYS_TO_1970
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_1970;
    let day_of_era = days % DAYS_PER_ERA;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = days / DAYS_PER_ERA * 400 + year_of_era;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

fn days_of_month(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Writes the lowest digits of a number, as many as there is room for.
fn write_digits(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b"0123456789"[usize::try_from(number % 10).unwrap_or_default()];
        number /= 10;
    }
}

fn read_digits(text: &[u8]) -> Result<u64, TimestampError> {
    text.iter().try_fold(0, |number, digit| match digit {
        b'0'..=b'9' => Ok(number * 10 + u64::from(digit - b'0')),
        _ => Err(TimestampError::Form),
    })
}
