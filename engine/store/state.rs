//! The stored form of a key's state and of closed reservations, in twins of their own.
//!
//! Structs and enums here never change; a new form is a new variant at the end of `Stored`.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{Decode, Encode};
use saldo_ledger::{
    Balances, Basket, ClosedReservation, Head, Line, PageImage, References, ReservationId, Role,
    Slot, StockKey, StoredSlot, Timestamp, Units,
};

/// Most bytes that one stored value may decode to.
const VALUE_BYTES_MAX: usize = 1 << 20;

const fn config() -> Configuration<LittleEndian, Varint, Limit<VALUE_BYTES_MAX>> {
    bincode::config::standard().with_limit::<VALUE_BYTES_MAX>()
}

/// Why bytes are not a stored state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// bincode could not read them.
    #[error("a stored state cannot be decoded: {0}")]
    Decode(#[from] bincode::error::DecodeError),
    /// Bytes were left over.
    #[error("a stored state has {0} bytes too many")]
    Trailing(usize),
    /// A key or an id in it is not one.
    #[error("a stored state names a key or a reservation that cannot be")]
    Name,
    /// A slot stands outside its page, or behind one that it should stand before.
    #[error("a stored page of holds has a slot at place {0}, which is not its own")]
    Place(u32),
    /// A chunk of idempotency keys begins past any that was ever counted.
    #[error("a stored chunk of idempotency keys begins at {0}")]
    Index(u64),
}

#[derive(Encode, Decode)]
struct HeadTwin {
    balances: [i64; 8],
    version: u64,
    as_of: u64,
    place: u64,
}

#[derive(Encode, Decode)]
enum RoleTwin {
    Alone,
    /// The basket stands under a name of its own, for it can be a thousand lines.
    Home,
    Member {
        home: String,
    },
}

#[derive(Encode, Decode)]
struct SlotTwin {
    place: u32,
    timed: bool,
    id: [u8; 16],
    fingerprint: [u8; 8],
    created_at: u64,
    set_at: u64,
    hold_seconds: u32,
    units: [u32; 7],
    role: RoleTwin,
}

#[derive(Encode, Decode)]
struct LineTwin {
    key: String,
    units: [u32; 7],
}

#[derive(Encode, Decode)]
struct PlanTwin {
    adding: bool,
    own_requested: u32,
    own_pending: u32,
    hold_seconds: Option<u32>,
    others: Vec<(String, u32)>,
}

#[derive(Encode, Decode)]
struct BasketTwin {
    others: Vec<LineTwin>,
    references: [Option<String>; 3],
    plan: Option<PlanTwin>,
}

#[derive(Encode, Decode)]
struct ClosedTwin {
    id: [u8; 16],
    fingerprint: [u8; 8],
    created_at: u64,
    closed_at: u64,
    lines: Vec<LineTwin>,
    references: [Option<String>; 3],
}

/// What an idempotency key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OnceEntry {
    /// 128-bit hash of the key, little-endian.
    pub key: [u8; 16],
    /// 64-bit hash of the call.
    pub fingerprint: u64,
    /// The reservation that the call made or acted on; all zero where it was about stock alone.
    pub reservation: [u8; 16],
    /// Logged time of its event, in microseconds.
    pub at: u64,
}

/// What opens a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BaselineOpening {
    /// The last event that it holds.
    pub sequence: u64,
    /// The journal that the event is in, little-endian.
    pub journal_id: [u8; 16],
    /// Logged time of the checkpoint, in microseconds.
    pub logged_time: u64,
}

/// What opens a backup.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BackupOpening {
    /// The version of the program that wrote it.
    pub engine_version: String,
    /// The journal that it was made of, little-endian.
    pub journal_id: [u8; 16],
    /// The place of its states, as of a checkpoint: the events behind it follow the states.
    pub sequence: u64,
    /// Logged time of that place, in microseconds.
    pub logged_time: u64,
    /// The last event that it holds.
    pub last_sequence: u64,
    /// Logged time of that event, in microseconds.
    pub last_logged_time: u64,
}

/// What closes a backup: how much it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct BackupTotals {
    /// Entries of states.
    pub entries: u64,
    /// Keys.
    pub keys: u64,
    /// Open reservations.
    pub reservations: u64,
    /// Events behind the states' place.
    pub events: u64,
    /// Bytes of the longest record of events.
    pub record_bytes_max: u64,
}

/// A chunk of idempotency keys, the first of which has the index `start`.
#[must_use]
pub fn encode_once(start: u64, entries: Vec<OnceEntry>) -> Vec<u8> {
    put(&(start, entries))
}

/// A chunk of idempotency keys and the index of its first.
///
/// # Errors
/// [`StateError`] where the bytes are not one.
pub fn decode_once(bytes: &[u8]) -> Result<(u64, Vec<OnceEntry>), StateError> {
    take(bytes)
}

/// A key's head in its stored form.
#[must_use]
pub fn encode_head(head: &Head) -> Vec<u8> {
    put(&HeadTwin {
        balances: head.balances.to_figures(),
        version: head.version,
        as_of: head.as_of.as_micros(),
        place: head.place,
    })
}

/// A key's head.
///
/// # Errors
/// [`StateError`] where the bytes are not one.
pub fn decode_head(bytes: &[u8]) -> Result<Head, StateError> {
    let twin: HeadTwin = take(bytes)?;
    Ok(Head {
        balances: Balances::from_figures(twin.balances),
        version: twin.version,
        as_of: Timestamp::from_micros(twin.as_of),
        place: twin.place,
    })
}

/// A page of a ledger's hold table in its stored form; none where it has no slots.
#[must_use]
pub fn encode_page(page: &PageImage) -> Option<Vec<u8>> {
    let slots: Vec<SlotTwin> = page
        .slots()
        .map(|(place, slot, timed)| SlotTwin {
            place,
            timed,
            id: slot.id.bits().to_le_bytes(),
            fingerprint: slot.fingerprint.to_le_bytes(),
            created_at: slot.created_at.as_micros(),
            set_at: slot.set_at.as_micros(),
            hold_seconds: slot.hold_seconds,
            units: units_of(&slot.units),
            role: match &slot.role {
                Role::Alone => RoleTwin::Alone,
                Role::Home(_) => RoleTwin::Home,
                Role::Member(home) => RoleTwin::Member { home: home.as_str().to_owned() },
            },
        })
        .collect();
    (!slots.is_empty()).then(|| put(&slots))
}

/// The slots of a page. A home's basket is empty until [`decode_basket`] fills it.
///
/// # Errors
/// [`StateError`] where the bytes are not a page.
pub fn decode_page(bytes: &[u8]) -> Result<Vec<StoredSlot>, StateError> {
    let twins: Vec<SlotTwin> = take(bytes)?;
    twins
        .into_iter()
        .map(|twin| {
            let role = match twin.role {
                RoleTwin::Alone => Role::Alone,
                RoleTwin::Home => Role::Home(Box::default()),
                RoleTwin::Member { home } => Role::Member(key_from(&home)?),
            };
            let at = Timestamp::from_micros(twin.created_at);
            let mut slot = Slot::new(id_from(twin.id)?, at, twin.hold_seconds, role);
            slot.fingerprint = u64::from_le_bytes(twin.fingerprint);
            slot.set_at = Timestamp::from_micros(twin.set_at);
            slot.units = units_from(twin.units);
            Ok(StoredSlot { place: twin.place, timed: twin.timed, slot })
        })
        .collect()
}

/// A basket in its stored form.
#[must_use]
pub fn encode_basket(basket: &Basket) -> Vec<u8> {
    put(&BasketTwin {
        others: basket.others.iter().map(line_of).collect(),
        references: texts_of(&basket.references),
        plan: basket.plan.as_deref().map(|plan| PlanTwin {
            adding: plan.adding,
            own_requested: plan.own_requested,
            own_pending: plan.own_pending,
            hold_seconds: plan.hold_seconds,
            others: plan
                .others
                .iter()
                .map(|line| (line.key.as_str().to_owned(), line.requested))
                .collect(),
        }),
    })
}

/// A basket.
///
/// # Errors
/// [`StateError`] where the bytes are not one.
pub fn decode_basket(bytes: &[u8]) -> Result<Basket, StateError> {
    let twin: BasketTwin = take(bytes)?;
    let plan = twin.plan.map(|plan| {
        let others = plan
            .others
            .iter()
            .map(|(key, requested)| {
                Ok(saldo_ledger::PlanLine { key: key_from(key)?, requested: *requested })
            })
            .collect::<Result<_, StateError>>()?;
        Ok::<_, StateError>(Box::new(saldo_ledger::Plan {
            adding: plan.adding,
            own_requested: plan.own_requested,
            own_pending: plan.own_pending,
            hold_seconds: plan.hold_seconds,
            others,
        }))
    });
    let others = twin.others.into_iter().map(line_from).collect::<Result<_, _>>()?;
    Ok(Basket::restored(others, references_from(twin.references), plan.transpose()?))
}

/// A closed reservation in its stored form.
#[must_use]
pub fn encode_closed(closed: &ClosedReservation) -> Vec<u8> {
    put(&ClosedTwin {
        id: closed.id.bits().to_le_bytes(),
        fingerprint: closed.fingerprint.to_le_bytes(),
        created_at: closed.created_at.as_micros(),
        closed_at: closed.closed_at.as_micros(),
        lines: closed.lines.iter().map(line_of).collect(),
        references: texts_of(&closed.references),
    })
}

/// A closed reservation. Its first line is its home's.
///
/// # Errors
/// [`StateError`] where the bytes are not one.
pub fn decode_closed(bytes: &[u8]) -> Result<ClosedReservation, StateError> {
    let twin: ClosedTwin = take(bytes)?;
    Ok(ClosedReservation {
        id: id_from(twin.id)?,
        fingerprint: u64::from_le_bytes(twin.fingerprint),
        created_at: Timestamp::from_micros(twin.created_at),
        closed_at: Timestamp::from_micros(twin.closed_at),
        lines: twin.lines.into_iter().map(line_from).collect::<Result<_, _>>()?,
        references: references_from(twin.references),
    })
}

/// Any value with bincode's derive in its stored form: what the engine keeps besides keys.
#[must_use]
pub fn put(value: &impl Encode) -> Vec<u8> {
    match bincode::encode_to_vec(value, config()) {
        Ok(bytes) => bytes,
        // Writing into memory cannot fail, and no type here has a form that bincode refuses.
        Err(error) => unreachable!("a state does not encode: {error}"),
    }
}

/// The value of which these are all the bytes.
///
/// # Errors
/// [`StateError`] where they are not, or some are left over.
pub fn take<T: Decode<()>>(bytes: &[u8]) -> Result<T, StateError> {
    let (value, used) = bincode::decode_from_slice(bytes, config())?;
    if used == bytes.len() { Ok(value) } else { Err(StateError::Trailing(bytes.len() - used)) }
}

fn units_of(units: &Units) -> [u32; 7] {
    let Units { requested, held, committed, fulfilled, released, expired, returned } = *units;
    [requested, held, committed, fulfilled, released, expired, returned]
}

fn units_from(units: [u32; 7]) -> Units {
    let [requested, held, committed, fulfilled, released, expired, returned] = units;
    Units { requested, held, committed, fulfilled, released, expired, returned }
}

fn line_of(line: &Line) -> LineTwin {
    LineTwin { key: line.key.as_str().to_owned(), units: units_of(&line.units) }
}

fn line_from(twin: LineTwin) -> Result<Line, StateError> {
    Ok(Line { key: key_from(&twin.key)?, units: units_from(twin.units) })
}

fn texts_of(references: &References) -> [Option<String>; 3] {
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    [text(&references.order), text(&references.customer), text(&references.channel)]
}

fn references_from([order, customer, channel]: [Option<String>; 3]) -> References {
    let text = |text: Option<String>| text.map(String::into_boxed_str);
    References { order: text(order), customer: text(customer), channel: text(channel) }
}

fn key_from(text: &str) -> Result<StockKey, StateError> {
    StockKey::parse(text).ok_or(StateError::Name)
}

fn id_from(bytes: [u8; 16]) -> Result<ReservationId, StateError> {
    ReservationId::new(u128::from_le_bytes(bytes)).ok_or(StateError::Name)
}
