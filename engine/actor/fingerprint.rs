//! Hashes that tell whether two calls are the same, stable across releases because they are journalled.
//!
//! SipHash-2-4 (Aumasson and Bernstein, 2012) with fixed keys over a canonical form of the parsed
//! call: defaults filled in, lines of a key summed and in key order, so that the order of members
//! and left-out defaults do not matter.

use std::hash::Hasher;

use saldo_ledger::{Command, Mode, Once, ReservationId, Selection, StockKey};
use siphasher::sip::SipHasher24;
use siphasher::sip128::{Hasher128, SipHasher24 as SipHasher128};

use super::call::{Call, ReturnLine};

/// The once-key of an `Idempotency-Key` header or a command's `key`.
#[must_use]
pub fn key_of(text: &str) -> u128 {
    hash128(b'k', text.as_bytes())
}

/// The once-key of a reservation id that a client gave.
#[must_use]
pub fn key_of_id(id: ReservationId) -> u128 {
    hash128(b'r', &id.bits().to_le_bytes())
}

fn hash128(kind: u8, bytes: &[u8]) -> u128 {
    let mut hasher = SipHasher128::new_with_keys(0x5341_4c44, 0x4f4f_4e43);
    hasher.write_u8(kind);
    hasher.write(bytes);
    let hash = hasher.finish128();
    (u128::from(hash.h1) << 64) | u128::from(hash.h2)
}

/// Binds a key to a call.
#[must_use]
pub fn once(key: &str, fingerprint: u64) -> Once {
    Once { key: key_of(key), fingerprint }
}

/// A canonical form, hashed as it is written. No text can run into the next: lengths come first.
struct Form(SipHasher24);

impl Form {
    fn new(call: u8) -> Self {
        let mut hasher = SipHasher24::new_with_keys(0x5341_4c44, 0x4f46_494e);
        hasher.write_u8(call);
        Self(hasher)
    }

    fn number(mut self, number: impl Into<i128>) -> Self {
        self.0.write(&number.into().to_le_bytes());
        self
    }

    fn text(mut self, text: &str) -> Self {
        self.0.write(&(text.len() as u64).to_le_bytes());
        self.0.write(text.as_bytes());
        self
    }

    fn option(self, text: Option<&str>) -> Self {
        match text {
            None => self.number(0),
            Some(text) => self.number(1).text(text),
        }
    }

    fn key(self, key: &StockKey) -> Self {
        self.text(key.as_str())
    }

    fn id(mut self, id: ReservationId) -> Self {
        self.0.write(&id.bits().to_le_bytes());
        self
    }

    /// Never 0, which stands for an id that the engine made.
    fn finish(self) -> u64 {
        self.0.finish().max(1)
    }
}

/// A key's share in the fingerprints of what most carts are: made once for all commands of a frame that name it.
#[derive(Clone, Copy, Debug)]
pub struct KeyHash(u64);

impl KeyHash {
    /// Of a key.
    #[must_use]
    pub fn of(key: &StockKey) -> Self {
        Self(Form::new(b'K').key(key).finish())
    }
}

/// The fingerprint of a reservation of one line without references, under an id that its client gave: what most carts
/// are, so it is short.
#[must_use]
pub fn of_reserve_one(
    id: ReservationId,
    key: KeyHash,
    quantity: u64,
    hold_seconds: u32,
    mode: Mode,
) -> u64 {
    let mut form = Form::new(b'o').id(id);
    form.0.write_u64(key.0);
    form.0.write_u64(quantity);
    form.0.write_u64(u64::from(hold_seconds) << 1 | u64::from(mode == Mode::Partial));
    form.finish()
}

/// The fingerprint of a frame's command under a key of its own.
#[must_use]
pub fn of_command(key: &StockKey, command: &Command) -> u64 {
    let form = |tag: u8| Form::new(tag).key(key);
    match command {
        Command::ReserveOne { fingerprint, .. } => *fingerprint,
        Command::Extend { id, hold_seconds } => form(b'E').id(*id).number(*hold_seconds).finish(),
        Command::Settle { id, verb, selection } => {
            let quantity = match selection {
                Selection::All => -1,
                Selection::Lines(takes) => takes.iter().map(|take| i128::from(take.quantity)).sum(),
            };
            form(b'V').id(*id).number(*verb as i32).number(quantity).finish()
        }
        Command::Sell { quantity, .. } => form(b'S').number(*quantity).finish(),
        Command::Receive { quantity, .. } => form(b'I').number(*quantity).finish(),
        _ => unreachable!("frames carry no other commands"),
    }
}

fn of_reserve(
    id: Option<ReservationId>,
    lines: &[(StockKey, u32)],
    hold_seconds: u32,
    mode: Mode,
    references: [Option<&str>; 3],
) -> u64 {
    if let (Some(id), [(key, _), ..], [None, None, None]) = (id, lines, references)
        && lines.iter().all(|(other, _)| other == key)
    {
        let quantity = lines.iter().map(|(_, quantity)| u64::from(*quantity)).sum();
        return of_reserve_one(id, KeyHash::of(key), quantity, hold_seconds, mode);
    }
    let form = id.map_or_else(|| Form::new(b'r').number(0), |id| Form::new(b'r').number(1).id(id));
    let mut form = lines_in(form, lines).number(hold_seconds).number(mode_number(mode));
    for text in references {
        form = form.option(text);
    }
    form.finish()
}

fn mode_number(mode: Mode) -> i128 {
    match mode {
        Mode::AllOrNothing => 0,
        Mode::Partial => 1,
    }
}

fn lines_in(mut form: Form, lines: &[(StockKey, u32)]) -> Form {
    let mut sums = std::collections::BTreeMap::new();
    for (key, quantity) in lines {
        *sums.entry(key).or_insert(0u64) += u64::from(*quantity);
    }
    form = form.number(sums.len() as u64);
    for (key, quantity) in sums {
        form = form.key(key).number(quantity);
    }
    form
}

/// The fingerprint of a call.
#[must_use]
pub fn of(call: &Call, hold_seconds_default: u32) -> u64 {
    match call {
        Call::Receive { key, quantity, from_incoming, note } => Form::new(b'i')
            .key(key)
            .number(*quantity)
            .number(i128::from(*from_incoming))
            .option(note.reason.as_deref())
            .option(note.reference.as_deref())
            .finish(),
        Call::Adjust { key, delta, bucket, note } => Form::new(b'a')
            .key(key)
            .number(*delta)
            .number(*bucket as i32)
            .option(note.reason.as_deref())
            .option(note.reference.as_deref())
            .finish(),
        Call::Count { key, counted, at_version, note } => Form::new(b'n')
            .key(key)
            .number(*counted)
            .number(at_version.map_or(-1, i128::from))
            .option(note.reference.as_deref())
            .finish(),
        Call::SetPolicy { key, safety_stock, oversell_limit } => Form::new(b'p')
            .key(key)
            .number(safety_stock.map_or(-1, i128::from))
            .number(oversell_limit.map_or(-1, i128::from))
            .finish(),
        Call::Sell { key, quantity, handed_over, note } => Form::new(b's')
            .key(key)
            .number(*quantity)
            .number(i128::from(*handed_over))
            .option(note.reference.as_deref())
            .finish(),
        of_reservation => of_lines(of_reservation, hold_seconds_default),
    }
}

/// The fingerprint of a call about lines of reservations and returns.
fn of_lines(call: &Call, hold_seconds_default: u32) -> u64 {
    match call {
        Call::Reserve { id, lines, hold_seconds, mode, references } => of_reserve(
            *id,
            lines,
            hold_seconds.unwrap_or(hold_seconds_default),
            *mode,
            [
                references.order.as_deref(),
                references.customer.as_deref(),
                references.channel.as_deref(),
            ],
        ),
        Call::AddLines { id, lines, hold_seconds, mode } => {
            lines_in(Form::new(b'l').id(*id), lines)
                .number(hold_seconds.map_or(-1, i128::from))
                .number(mode_number(*mode))
                .finish()
        }
        Call::Extend { id, hold_seconds } => Form::new(b'e').id(*id).number(*hold_seconds).finish(),
        Call::Settle { id, verb, lines } => {
            let form = Form::new(b'v').id(*id).number(*verb as i32);
            match lines {
                None => form.number(0).finish(),
                Some(lines) => lines_in(form.number(1), lines).finish(),
            }
        }
        Call::Return { id, lines } => {
            let mut lines: Vec<&ReturnLine> = lines.iter().collect();
            lines.sort_by_key(|line| {
                (line.key.clone(), line.to.clone(), line.condition, line.quantity)
            });
            let mut form = Form::new(b'b').id(*id).number(lines.len() as u64);
            for line in lines {
                form = form
                    .key(&line.key)
                    .key(&line.to)
                    .number(line.condition as i32)
                    .number(line.quantity);
            }
            form.finish()
        }
        Call::ReturnWithoutOrder { lines, reason } => {
            let mut lines: Vec<_> = lines.iter().collect();
            lines.sort();
            let mut form = Form::new(b'w').text(reason).number(lines.len() as u64);
            for (key, quantity, condition) in lines {
                form = form.key(key).number(*quantity).number(*condition as i32);
            }
            form.finish()
        }
        Call::Receive { .. }
        | Call::Adjust { .. }
        | Call::Count { .. }
        | Call::SetPolicy { .. }
        | Call::Sell { .. } => unreachable!("calls about stock are told apart before"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(sku: &str) -> StockKey {
        StockKey::new(sku, "oslo").unwrap()
    }

    fn reserve(lines: Vec<(StockKey, u32)>, hold_seconds: Option<u32>) -> Call {
        let references = Default::default();
        Call::Reserve { id: None, lines, hold_seconds, mode: Mode::AllOrNothing, references }
    }

    #[test]
    fn order_and_defaults_do_not_matter_but_everything_else_does() {
        let one = of(&reserve(vec![(key("a"), 1), (key("b"), 2), (key("a"), 1)], None), 900);
        let same = of(&reserve(vec![(key("b"), 2), (key("a"), 2)], Some(900)), 900);
        let other = of(&reserve(vec![(key("b"), 2), (key("a"), 3)], Some(900)), 900);
        assert_eq!(one, same);
        assert_ne!(one, other);
        let id = ReservationId::new(7).unwrap();
        let Call::Reserve { lines, mode, references, .. } = reserve(vec![(key("a"), 2)], None)
        else {
            panic!("not a reserve")
        };
        let single = Call::Reserve { id: Some(id), lines, hold_seconds: None, mode, references };
        let short = of_reserve_one(id, KeyHash::of(&key("a")), 2, 900, Mode::AllOrNothing);
        assert_eq!(of(&single, 900), short);
    }

    #[test]
    fn hashes_never_change_since_they_are_journalled() {
        let (id, key) = (ReservationId::new(7).unwrap(), KeyHash::of(&key("a")));
        assert_eq!(of_reserve_one(id, key, 2, 900, Mode::AllOrNothing), GOLDEN_RESERVE);
        assert_eq!(key_of("order-1"), GOLDEN_KEY);
    }

    const GOLDEN_RESERVE: u64 = 15_938_760_985_702_057_266;
    const GOLDEN_KEY: u128 = 149_209_378_783_983_805_044_730_541_575_571_515_113;
}
