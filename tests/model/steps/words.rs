//! The words of one line, taken from the left; and the values that they stand for.

use saldo_ledger::{RefusalCode, ReservationId, StockKey};

/// What is left of a line.
pub struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    /// The words of a line.
    pub fn of(line: &'a str) -> Self {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.reverse();
        Self(words)
    }

    /// The next word, without taking it.
    pub fn peek(&self) -> Option<&'a str> {
        self.0.last().copied()
    }

    /// Takes the next word.
    pub fn next(&mut self) -> Result<&'a str, String> {
        self.0.pop().ok_or_else(|| "the line ends too early".to_owned())
    }

    /// Takes these words if they come next.
    pub fn take(&mut self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        let comes = self.0.iter().rev().take(wanted.len()).eq(wanted.iter());
        if comes {
            self.0.truncate(self.0.len() - wanted.len());
        }
        comes
    }

    /// Takes a whole number.
    pub fn number<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let word = self.next()?;
        word.parse().map_err(|_| format!("`{word}` is not a whole number that fits here"))
    }

    /// Takes a whole number if one comes next.
    pub fn number_if_any<T: std::str::FromStr>(&mut self) -> Option<T> {
        let number = self.peek()?.parse().ok()?;
        self.0.pop();
        Some(number)
    }

    /// Takes a key if one comes next: `sku@location` or `@location`.
    pub fn key_if_any(&mut self) -> Result<Option<StockKey>, String> {
        let Some((sku, location)) = self.peek().and_then(|word| word.split_once('@')) else {
            return Ok(None);
        };
        self.0.pop();
        let sku = if sku.is_empty() { SKU } else { sku };
        StockKey::new(sku, location)
            .map(Some)
            .map_err(|error| format!("{sku}@{location}: {error:?}"))
    }

    /// Takes a key, or the usual one.
    pub fn key(&mut self) -> Result<StockKey, String> {
        Ok(self.key_if_any()?.unwrap_or_else(usual_key))
    }

    /// Takes a time, in microseconds.
    pub fn time_us(&mut self) -> Result<u64, String> {
        let word = self.next()?;
        let digits =
            word.len() - word.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        let (number, unit) = word.split_at(digits);
        let unit_us = match unit {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            _ => return Err(format!("`{word}` is not a time such as 90s, 15m or 1h")),
        };
        let number: u64 = number.parse().map_err(|_| format!("`{word}` has no number"))?;
        Ok(number * unit_us)
    }

    /// Takes a time, in whole seconds.
    pub fn time_seconds(&mut self) -> Result<u32, String> {
        u32::try_from(self.time_us()? / 1_000_000).map_err(|_| "that is too long".to_owned())
    }

    /// Takes a reservation's name.
    pub fn reservation(&mut self) -> Result<ReservationId, String> {
        let name = self.next()?;
        let is_name = name.starts_with(|first: char| first.is_ascii_uppercase());
        if is_name {
            Ok(id_of(name))
        } else {
            Err(format!("`{name}` is no reservation: they begin with a capital"))
        }
    }

    /// Refuses what is left.
    pub fn end(&self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(format!("`{word}` is not understood here")),
        }
    }
}

/// The SKU where a step names none.
const SKU: &str = "shirt";

/// The key where a step names none.
pub fn usual_key() -> StockKey {
    StockKey::new(SKU, "berlin").expect("a valid key")
}

/// The id of a reservation: its name's bytes.
pub fn id_of(name: &str) -> ReservationId {
    let bits = name.bytes().take(15).fold(1_u128, |bits, byte| bits << 8 | u128::from(byte));
    ReservationId::new(bits).expect("an id that is not nil")
}

/// A refusal by its slug.
pub fn code_of(slug: &str) -> Result<RefusalCode, String> {
    Ok(match slug {
        "malformed" => RefusalCode::Malformed,
        "limit_exceeded" => RefusalCode::LimitExceeded,
        "idempotency_key_reused" => RefusalCode::IdempotencyKeyReused,
        "unknown_stock" => RefusalCode::UnknownStock,
        "unknown_reservation" => RefusalCode::UnknownReservation,
        "version_mismatch" => RefusalCode::VersionMismatch,
        "reservation_expired" => RefusalCode::ReservationExpired,
        "reservation_closed" => RefusalCode::ReservationClosed,
        "quantity_exceeds_held" => RefusalCode::QuantityExceedsHeld,
        "quantity_exceeds_committed" => RefusalCode::QuantityExceedsCommitted,
        "quantity_exceeds_fulfilled" => RefusalCode::QuantityExceedsFulfilled,
        "hold_limit" => RefusalCode::HoldLimit,
        "insufficient_stock" => RefusalCode::InsufficientStock,
        _ => return Err(format!("there is no refusal `{slug}`")),
    })
}
