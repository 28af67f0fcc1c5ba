//! Groups: consecutive events of one key as the journal stores them, and how they are told again.
//!
//! A group names its key, the place of the key's previous event and the balances before it once;
//! its events follow with what each changed. So every event's balances before and after, its
//! version and the event before it are told from the journal alone, at the price of a few bytes an
//! event. The layout is in `docs/journal_format.md`; golden bytes guard it.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{BorrowDecode, Encode};
use saldo_ledger::{Balances, Change, Event, StockKey, Timestamp};

use super::record_of::{ChangeRecord, OnceRecord, RecordError};

/// Most bytes that one group may decode to: a thousand lines with the longest keys, and room.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// No balance and no change of one is larger: far beyond what a ledger decides, and far from where sums overflow.
const UNITS_MAX: i64 = 1 << 58;

pub(crate) type Config = Configuration<LittleEndian, Varint, Limit<GROUP_BYTES_MAX>>;

pub(crate) const fn config() -> Config {
    bincode::config::standard().with_limit::<GROUP_BYTES_MAX>()
}

/// What opens a group.
#[derive(Encode, BorrowDecode, Debug, PartialEq, Eq)]
enum Opening<'a> {
    /// Events of one key.
    Stock { key: &'a str, place_before: u64, version_before: u64, before: [i64; 8], at: u64 },
    /// The engine resumed after a start or an outage, at this logged time: one event of no key.
    Resumed { at: u64 },
}

/// One event of a group. `later` is its distance from the event before it in microseconds.
#[derive(Encode, BorrowDecode, Debug, PartialEq)]
struct Entry<'a> {
    more: bool,
    later: u64,
    once: Option<OnceRecord>,
    change: ChangeRecord<'a>,
}

/// Writes events of one key, one group at a time, into a buffer that is kept.
#[derive(Debug, Default)]
pub struct GroupWriter {
    bytes: Vec<u8>,
    /// Where the newest event says whether another follows.
    more_at: usize,
    count: u32,
    last: Timestamp,
}

impl GroupWriter {
    /// Opens a group on a key as it is before the first event.
    pub fn open(
        &mut self,
        key: &StockKey,
        place: u64,
        version: u64,
        before: &Balances,
        at: Timestamp,
    ) {
        self.bytes.clear();
        self.count = 0;
        self.last = at;
        let opening = Opening::Stock {
            key: key.as_str(),
            place_before: place,
            version_before: version,
            before: before.to_figures(),
            at: at.as_micros(),
        };
        put(&opening, &mut self.bytes);
    }

    /// Adds an event. Its time is not before the time of the one before it.
    pub fn add(&mut self, event: &Event) {
        if self.count > 0 {
            self.bytes[self.more_at] = 1;
        }
        self.more_at = self.bytes.len();
        self.count += 1;
        let later = event.at.as_micros().saturating_sub(self.last.as_micros());
        self.last = event.at;
        let entry = Entry {
            more: false,
            later,
            once: event.once.map(OnceRecord::from),
            change: ChangeRecord::from(&event.change),
        };
        put(&entry, &mut self.bytes);
    }

    /// Throws the group away.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// The group so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of events so far.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Logged time of the newest event.
    #[must_use]
    pub fn last(&self) -> Timestamp {
        self.last
    }
}

/// The group that says that the engine resumed.
#[must_use]
pub fn resumed(at: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&Opening::Resumed { at: at.as_micros() }, &mut bytes);
    bytes
}

/// Most events are shorter: they are put together here and copied at once, for growing a vector field by field costs more.
const SHORT_BYTES: usize = 128;

/// Writing into memory cannot fail, and no type here has a form that bincode refuses.
fn put(value: &impl Encode, bytes: &mut Vec<u8>) {
    let mut short = [0; SHORT_BYTES];
    if let Ok(written) = bincode::encode_into_slice(value, &mut short, config()) {
        bytes.extend_from_slice(&short[..written]);
        return;
    }
    if let Err(error) = bincode::encode_into_std_write(value, bytes, config()) {
        unreachable!("a group does not encode: {error}");
    }
}

/// One event as the journal tells it.
#[derive(Debug)]
pub struct Told<'a> {
    /// Its sequence number.
    pub sequence: u64,
    /// Its key.
    pub key: &'a StockKey,
    /// Sequence number of the key's event before it; 0 for the first.
    pub place_before: u64,
    /// The key's version after it.
    pub version: u64,
    /// Balances before it.
    pub before: Balances,
    /// What happened.
    pub event: Event,
}

impl Told<'_> {
    /// Balances after it.
    #[must_use]
    pub fn after(&self) -> Balances {
        let mut after = self.before;
        after.apply(&self.event.change);
        after
    }
}

/// What a record's payload tells.
#[expect(clippy::large_enum_variant, reason = "told by reference, one at a time, never stored")]
#[derive(Debug)]
pub enum Tale<'a> {
    /// An event of a key.
    Event(Told<'a>),
    /// The engine resumed at this logged time.
    Resumed(Timestamp),
}

/// Tells every event of a record's payload in order, the first with `first_sequence`.
///
/// # Errors
/// `RecordError` where the bytes are not groups, or what `each` returns.
pub fn tell<E: From<RecordError>>(
    payload: &[u8],
    first_sequence: u64,
    mut each: impl FnMut(Tale<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = payload;
    let mut sequence = first_sequence;
    while !rest.is_empty() {
        match take::<Opening<'_>>(&mut rest)? {
            Opening::Resumed { at } => {
                let next = sequence.checked_add(1).ok_or(RecordError::Number)?;
                each(Tale::Resumed(Timestamp::from_micros(at)))?;
                sequence = next;
            }
            Opening::Stock { key, mut place_before, mut version_before, before, mut at } => {
                let key = StockKey::parse(key).ok_or(RecordError::Key)?;
                let mut before = Balances::from_figures(before);
                loop {
                    let Entry { more, later, once, change } = take(&mut rest)?;
                    at = at.checked_add(later).ok_or(RecordError::Time)?;
                    let event = Event {
                        at: Timestamp::from_micros(at),
                        once: once.map(Into::into),
                        change: change.try_into()?,
                    };
                    version_before = version_before.checked_add(1).ok_or(RecordError::Number)?;
                    let next = sequence.checked_add(1).ok_or(RecordError::Number)?;
                    check_units(&before, &event.change)?;
                    let told = Told {
                        sequence,
                        key: &key,
                        place_before,
                        version: version_before,
                        before,
                        event,
                    };
                    let after = told.after();
                    each(Tale::Event(told))?;
                    (before, place_before) = (after, sequence);
                    sequence = next;
                    if !more {
                        break;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Sees that adding a change to balances, and balances to each other, cannot overflow. The ledger keeps both within
/// ±2^53, so this refuses nothing that it ever decided.
fn check_units(before: &Balances, change: &Change) -> Result<(), RecordError> {
    let (first, second) = match change {
        Change::Adjusted { delta, .. } | Change::Counted { delta, .. } => (*delta, 0),
        Change::PolicySet { safety_stock, oversell_limit } => (*safety_stock, *oversell_limit),
        _ => (0, 0),
    };
    let mut figures = before.to_figures().into_iter().chain([first, second]);
    if figures.all(|figure| (-UNITS_MAX..=UNITS_MAX).contains(&figure)) {
        return Ok(());
    }
    Err(RecordError::Units)
}

fn take<'a, T: BorrowDecode<'a, ()>>(rest: &mut &'a [u8]) -> Result<T, RecordError> {
    let (value, used) =
        bincode::borrow_decode_from_slice(rest, config()).map_err(RecordError::Decode)?;
    *rest = &rest[used..];
    Ok(value)
}

#[cfg(test)]
mod tests {
    use saldo_ledger::{Once, ReservationId, Verb};

    use super::*;

    fn told(payload: &[u8], first: u64) -> Vec<(u64, u64, u64, Balances, Event)> {
        let mut all = Vec::new();
        tell(payload, first, |tale| {
            if let Tale::Event(told) = tale {
                all.push((told.sequence, told.place_before, told.version, told.before, told.event));
            }
            Ok::<_, RecordError>(())
        })
        .unwrap();
        all
    }

    fn events() -> Vec<Event> {
        let id = ReservationId::new(7).unwrap();
        let at = |micros: u64| Timestamp::from_micros(1_000_000 + micros);
        vec![
            Event {
                at: at(0),
                once: Some(Once { key: 1 << 100, fingerprint: 9 }),
                change: Change::Received { quantity: 10, from_incoming: false, note: None },
            },
            Event {
                at: at(5),
                once: None,
                change: Change::Reserved {
                    id,
                    fingerprint: 3,
                    requested: 4,
                    quantity: 4,
                    hold_seconds: 900,
                    references: None,
                },
            },
            Event {
                at: at(9),
                once: None,
                change: Change::Settled { id, verb: Verb::Commit, own: 4, others: Vec::new() },
            },
        ]
    }

    #[test]
    fn a_group_tells_its_events_with_balances_versions_and_chain() {
        let key = StockKey::new("chair", "oslo").unwrap();
        let mut writer = GroupWriter::default();
        let events = events();
        writer.open(&key, 40, 2, &Balances::default(), events[0].at);
        events.iter().for_each(|event| writer.add(event));
        let mut payload = writer.bytes().to_vec();
        payload.extend(resumed(Timestamp::from_micros(5)));
        payload.extend(writer.bytes());
        let all = told(&payload, 100);
        assert_eq!(all.iter().map(|it| it.0).collect::<Vec<_>>(), [100, 101, 102, 104, 105, 106]);
        assert_eq!(all.iter().map(|it| it.1).collect::<Vec<_>>(), [40, 100, 101, 40, 104, 105]);
        assert_eq!(all.iter().map(|it| it.2).collect::<Vec<_>>(), [3, 4, 5, 3, 4, 5]);
        assert_eq!(all[..3].iter().map(|it| it.4.clone()).collect::<Vec<_>>(), events);
        assert_eq!((all[2].3.on_hand, all[2].3.reserved), (10, 4));
    }

    #[test]
    fn the_stored_form_never_changes() {
        let key = StockKey::new("a", "b").unwrap();
        let mut writer = GroupWriter::default();
        let events = events();
        writer.open(&key, 40, 2, &Balances { on_hand: -3, ..Balances::default() }, events[0].at);
        events.iter().for_each(|event| writer.add(event));
        let hex: String = writer.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, GOLDEN);
    }

    const GOLDEN: &str = "000361006228020500000000000000fc40420f000100010000000000000000000000001000000009000a00000105000507000000000000000000000000000000030000000000000004fb84030004000e07000000000000000000000000000000000400";

    #[test]
    fn bytes_that_are_no_group_are_refused() {
        let key = StockKey::new("chair", "oslo").unwrap();
        let mut writer = GroupWriter::default();
        writer.open(&key, 0, 0, &Balances::default(), Timestamp::from_micros(1));
        events().iter().for_each(|event| writer.add(event));
        let whole = writer.bytes();
        for end in 1..whole.len() {
            let cut = tell(&whole[..end], 1, |_| Ok::<_, RecordError>(()));
            assert!(cut.is_err(), "cut after {end} bytes");
        }
    }
}
