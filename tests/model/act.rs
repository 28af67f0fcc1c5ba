//! What can happen in a case, drawn from bytes: a draft becomes a call only when it is its turn, so that it can speak of
//! reservations and versions that were told before.

use proptest::prelude::*;
use saldo::actor::call::{Call, ReturnLine};
use saldo_ledger::{Bucket, Condition, Mode, Note, References, ReservationId, StockKey, Verb};

use super::Model;
use super::movements::HANDED_OVER;

/// Ids that clients give.
const CLIENT_IDS: u8 = 5;

/// Bytes of one act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Which act.
    pub what: u8,
    /// Its figures.
    pub bytes: [u8; 8],
}

/// One act of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A call, perhaps under an idempotency key.
    Call(Call, Option<String>),
    /// The same call again, so many calls back: under the same key, or (`true`) under none.
    Repeat(usize, bool),
    /// Time passes, in microseconds.
    Tick(u64),
    /// The wall clock alone is moved, in microseconds.
    Wall(i64),
    /// Due holds come back.
    Sweep,
    /// Idle keys leave memory.
    Passivate,
    /// States are written down.
    Checkpoint,
    /// What is not needed any more goes.
    TidyUp,
    /// Time passes up to a reservation's deadline, so that the next call is decided so many microseconds before it.
    TickTo(ReservationId, u64),
    /// Calls at once, to be decided in this order because they are about one key.
    InOrder(Vec<(Call, Option<String>)>),
    /// Calls at once, to be decided in some order.
    Together(Vec<(Call, Option<String>)>),
    /// Something must be so.
    Expect(super::expect::Expect),
    /// The engine dies while nothing is in flight, or so many steps into a call.
    Crash(Crash),
}

/// How an engine dies and comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// A call under way, and how many steps of the scheduler it had.
    pub during: Option<(Box<Act>, u32)>,
    /// Whether the machine loses power; else the process is killed.
    pub power_cut: bool,
    /// Draws what of the unsynced survives a power cut.
    pub survivors: u64,
    /// How long until the next start, in microseconds of the wall clock.
    pub outage_us: u64,
    /// Whether the store is lost too.
    pub loses_store: bool,
}

/// Cases of up to `most` acts.
pub fn drafts(most: usize) -> impl Strategy<Value = Vec<Draft>> {
    let draft = (0_u8..100, any::<[u8; 8]>()).prop_map(|(what, bytes)| Draft { what, bytes });
    proptest::collection::vec(draft, 1..=most)
}

/// The keys of a case, in key order; the last one is rarely created.
#[must_use]
pub fn keys() -> Vec<StockKey> {
    [("shirt", "berlin"), ("shirt", "paris"), ("shoe", "berlin"), ("shoe", "paris")]
        .iter()
        .map(|(sku, location)| StockKey::new(sku, location).expect("a valid key"))
        .collect()
}

fn client_id(number: u8) -> ReservationId {
    let bits = 0x0194_0000_0000_7000_8000_0000_0000_0001_u128 + u128::from(number);
    ReservationId::new(bits).expect("an id that is not nil")
}

impl Draft {
    /// The act, as things stand.
    #[must_use]
    pub fn act(&self, keys: &[StockKey], model: &Model) -> Act {
        let [a, b, c, d, ..] = self.bytes;
        match self.what {
            0..=84 => self.call(keys, model),
            85..=90 => Act::Tick(tick_us(a, b)),
            91 => Act::Wall(if a.is_multiple_of(2) { 1 } else { -1 } * wall_us(b)),
            92 | 93 => Act::Sweep,
            94 => Act::Passivate,
            95 => {
                if a.is_multiple_of(3) {
                    Act::TidyUp
                } else {
                    Act::Checkpoint
                }
            }
            96 | 97 => Act::Repeat(usize::from(a % 8), b.is_multiple_of(4)),
            98 | 99 => Act::Crash(Crash {
                during: (self.what == 99).then(|| {
                    let what = 20 + self.bytes[5] % 65;
                    let call = Self { what, bytes: self.bytes }.call(keys, model);
                    (Box::new(call), u32::from(self.bytes[6] % 24))
                }),
                power_cut: a.is_multiple_of(2),
                survivors: u64::from_le_bytes(self.bytes),
                outage_us: u64::from(b) * [1_000, 1_000_000, 60_000_000][usize::from(c % 3)],
                loses_store: d.is_multiple_of(4),
            }),
            _ => Act::Sweep,
        }
    }

    fn call(&self, keys: &[StockKey], model: &Model) -> Act {
        let [a, b, c, d, e, ..] = self.bytes;
        let key = keys[usize::from(a) % keys.len()].clone();
        let call = match self.what {
            0..=8 => Call::Receive {
                key,
                quantity: units(b),
                from_incoming: c.is_multiple_of(8),
                note: note(d),
            },
            9..=13 => {
                // On a balance near its limit returns are refused a little early: only `on_hand` gets there.
                let bucket = if b < 2 { Bucket::OnHand } else { bucket(c) };
                Call::Adjust { key, delta: delta(b), bucket, note: note(d) }
            }
            14..=16 => Call::Count {
                at_version: at_version(model, &key, c),
                key,
                counted: i64::from(b % 20),
                // A count has no reason, on no path.
                note: Note { reason: None, reference: note(d).reason },
            },
            17 | 18 => Call::SetPolicy {
                key,
                safety_stock: (b % 3 > 0).then_some(i64::from(c % 4)),
                oversell_limit: (b % 3 < 2).then_some(i64::from(d % 4)),
            },
            19..=24 => Call::Sell {
                key,
                quantity: units(b),
                handed_over: c.is_multiple_of(5),
                note: Note {
                    reason: None,
                    reference: c.is_multiple_of(5).then(|| HANDED_OVER.into()),
                },
            },
            25..=45 => Call::Reserve {
                id: (b % 3 > 0).then(|| client_id(b % CLIENT_IDS)),
                lines: lines(keys, a, c, d),
                hold_seconds: hold_seconds(e),
                mode: mode(self.bytes[5]),
                references: References {
                    order: self.bytes[6].is_multiple_of(4).then(|| "O-1".into()),
                    customer: self.bytes[6].is_multiple_of(5).then(|| "C-1".into()),
                    channel: None,
                },
            },
            _ => return self.call_of_order(keys, model),
        };
        Act::Call(call, self.key())
    }

    fn call_of_order(&self, keys: &[StockKey], model: &Model) -> Act {
        let [a, b, c, d, e, ..] = self.bytes;
        let id = known_id(model, b);
        let call = match self.what {
            46..=52 => Call::AddLines {
                id,
                lines: lines(keys, a, c, d),
                hold_seconds: e.is_multiple_of(2).then(|| hold_seconds(e / 2)).flatten(),
                mode: mode(self.bytes[5]),
            },
            53..=56 => Call::Extend { id, hold_seconds: hold_seconds(e).unwrap_or(900) },
            57..=79 => Call::Settle {
                id,
                verb: [Verb::Commit, Verb::Commit, Verb::Fulfil, Verb::Release, Verb::Cancel]
                    [usize::from(a % 5)],
                lines: c.is_multiple_of(3).then(|| lines(keys, d, e, self.bytes[5])),
            },
            80..=82 => Call::Return { id, lines: returned(keys, a, c, d) },
            _ => Call::ReturnWithoutOrder {
                lines: lines(keys, a, c, d)
                    .into_iter()
                    .map(|(key, quantity)| (key, quantity, condition(e)))
                    .collect(),
                reason: "found".to_owned(),
            },
        };
        Act::Call(call, self.key())
    }

    fn key(&self) -> Option<String> {
        let last = self.bytes[7];
        last.is_multiple_of(3).then(|| format!("key-{}", last / 3 % 16))
    }
}

/// A reservation that was made, or an id that a client may give.
fn known_id(model: &Model, byte: u8) -> ReservationId {
    let known: Vec<ReservationId> = model.orders.keys().copied().collect();
    match usize::from(byte) {
        byte if byte % 16 > 0 && !known.is_empty() => known[byte % known.len()],
        _ => client_id(byte % CLIENT_IDS),
    }
}

fn lines(keys: &[StockKey], first: u8, count: u8, quantities: u8) -> Vec<(StockKey, u32)> {
    let count = [1, 1, 2, 3][usize::from(count % 4)];
    (0..count)
        .map(|line: u8| {
            let key = usize::from(first.wrapping_add(line.wrapping_mul(1 + first / 64)));
            let quantity = 1 + u32::from(quantities.rotate_left(2 * u32::from(line)) % 6);
            (keys[key % keys.len()].clone(), quantity)
        })
        .collect()
}

fn returned(keys: &[StockKey], first: u8, count: u8, quantities: u8) -> Vec<ReturnLine> {
    let to_location = |key: &StockKey| {
        let location = ["berlin", "paris", "returns"][usize::from(quantities / 64 % 3)];
        StockKey::new(key.sku(), location).expect("a valid key")
    };
    lines(keys, first, count, quantities)
        .into_iter()
        .map(|(key, quantity)| ReturnLine {
            to: to_location(&key),
            key,
            quantity: 1 + quantity % 3,
            condition: condition(first),
        })
        .collect()
}

fn units(byte: u8) -> u32 {
    match byte {
        0 => (1 << 31) - 1,
        byte => 1 + u32::from(byte % 8),
    }
}

fn delta(byte: u8) -> i64 {
    match byte {
        0 => (1 << 53) - 1,
        1 => 1 - (1 << 53),
        byte => [-3, -2, -1, 1, 2, 5][usize::from(byte % 6)],
    }
}

fn bucket(byte: u8) -> Bucket {
    [Bucket::OnHand, Bucket::Damaged, Bucket::QualityControl, Bucket::Incoming]
        [usize::from(byte % 4)]
}

fn condition(byte: u8) -> Condition {
    [Condition::Sellable, Condition::Damaged, Condition::QualityControl][usize::from(byte % 3)]
}

fn mode(byte: u8) -> Mode {
    if byte.is_multiple_of(3) { Mode::Partial } else { Mode::AllOrNothing }
}

fn note(byte: u8) -> Note {
    Note { reason: byte.is_multiple_of(2).then(|| "stock take".into()), reference: None }
}

fn hold_seconds(byte: u8) -> Option<u32> {
    [None, Some(1), Some(60), Some(300), Some(900), Some(604_800), Some(604_801)]
        .get(usize::from(byte % 16))
        .copied()
        .flatten()
}

fn at_version(model: &Model, key: &StockKey, byte: u8) -> Option<u64> {
    let stock = model.stocks.get(key)?;
    let told: Vec<u64> = stock.told_versions().collect();
    match usize::from(byte) {
        byte if byte.is_multiple_of(2) || told.is_empty() => None,
        1 => Some(stock.version + stock.version_slack + 1),
        3 => Some(0),
        byte => Some(told[byte / 2 % told.len()]),
    }
}

fn tick_us(a: u8, b: u8) -> u64 {
    let steps = [1, 1_000, 1_000_000, 60_000_000, 900_000_000, 3_600_000_000];
    steps[usize::from(a) % steps.len()] * u64::from(1 + b % 4)
}

fn wall_us(byte: u8) -> i64 {
    [1, 30_000_000, 61_000_000, 3_600_000_000][usize::from(byte % 4)]
}
