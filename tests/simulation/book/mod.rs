//! The journal as it was read, event by event, folded independently of the engine: what answers are held against.
//!
//! Every event is taken in once, as soon as it is durable, over all lives of the engine, and the promises that an event
//! alone can break are checked there: never oversold (P1), balances that add up (P5), sequences and versions without a
//! gap (P6), deadlines (P8), baskets (P9), one effect a key (P4).

pub mod cart;
pub mod fold;

use std::collections::{BTreeMap, BTreeSet};

use saldo::journal::group::{Tale, Told};
use saldo_ledger::{Balances, Change, Event, ReservationId, StockKey, Timestamp};

use self::cart::Cart;
use super::broken::{Broken, Held};

/// The settings that the book's checks depend on.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub grace_seconds: u64,
    pub lifetime_seconds: u64,
    pub window_seconds: u64,
    /// Logged times at which the engine started or noticed an outage.
    pub resumed: BTreeSet<u64>,
}

impl Rules {
    /// The deadline of a hold, made and set so, as it is at a time.
    pub fn deadline(
        &self,
        (created_at, set_at, hold_seconds): (Timestamp, Timestamp, u32),
        at: Timestamp,
    ) -> Timestamp {
        let agreed = set_at.plus_seconds(u64::from(hold_seconds));
        let resumed = self.resumed.range(..=at.as_micros()).next_back();
        match resumed.map(|micros| Timestamp::from_micros(*micros)) {
            Some(resumed) if set_at < resumed => {
                let end = created_at.plus_seconds(self.lifetime_seconds);
                agreed.max(resumed.plus_seconds(self.grace_seconds).min(end))
            }
            _ => agreed,
        }
    }
}

/// One row of the journal.
#[derive(Clone, Debug)]
pub enum Row {
    /// The engine resumed.
    Resumed(Timestamp),
    /// A key changed.
    Event(Box<Happened>),
}

/// One change of one key.
#[derive(Clone, Debug)]
pub struct Happened {
    pub key: StockKey,
    pub version: u64,
    pub event: Event,
    pub after: Balances,
    /// The event at a reservation's home that this one is a step of.
    pub cause: Option<u64>,
}

/// A key's states by version, from version 1 on.
#[derive(Clone, Debug, Default)]
pub struct KeyBook {
    /// Sequence of each version, and the balances after it.
    pub versions: Vec<(u64, Balances)>,
}

impl KeyBook {
    /// The version, 0 for a key that does not exist.
    pub fn version(&self) -> u64 {
        self.versions.len() as u64
    }

    /// Sequence and balances of a version; of version 0 nothing was there.
    pub fn at(&self, version: u64) -> Option<(u64, Balances)> {
        match version.checked_sub(1) {
            None => Some((0, Balances::default())),
            Some(place) => self.versions.get(usize::try_from(place).ok()?).copied(),
        }
    }

    fn last(&self) -> (u64, Balances) {
        self.versions.last().copied().unwrap_or_default()
    }
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Book {
    /// From sequence 1 on.
    pub rows: Vec<Row>,
    pub keys: BTreeMap<StockKey, KeyBook>,
    pub carts: BTreeMap<ReservationId, Cart>,
    /// Operations of returns without an order that are still on the way to other keys.
    loose: BTreeMap<ReservationId, Vec<(StockKey, saldo_ledger::Arrivals, u64)>>,
    /// When each idempotency key last had its effect.
    once: BTreeMap<u128, Timestamp>,
    pub rules: Rules,
}

impl Book {
    /// An outage that a life noticed and did not journal counts no longer behind that life's events: in the next one
    /// its time may still come.
    pub fn forget_unjournalled_outages(&mut self) {
        let journalled = self.rows.iter().filter_map(|row| match row {
            Row::Resumed(at) => Some(at.as_micros()),
            Row::Event(_) => None,
        });
        self.rules.resumed = journalled.collect();
    }

    /// The highest sequence that was read.
    pub fn last(&self) -> u64 {
        self.rows.len() as u64
    }

    /// An event.
    pub fn event(&self, sequence: u64) -> Option<&Happened> {
        let place = usize::try_from(sequence.checked_sub(1)?).ok()?;
        match self.rows.get(place)? {
            Row::Event(happened) => Some(happened),
            Row::Resumed(_) => None,
        }
    }

    /// Takes in a row: the next one is folded, one that was read before must be as it was.
    pub fn read(&mut self, sequence: u64, tale: &Tale<'_>) -> Held {
        if sequence <= self.last() {
            return self.read_again(sequence, tale);
        }
        if sequence != self.last() + 1 {
            return Err(Broken::new(
                "P6",
                format!("event {sequence} follows event {}", self.last()),
            ));
        }
        let row = match tale {
            Tale::Resumed(at) => {
                self.rules.resumed.insert(at.as_micros());
                Row::Resumed(*at)
            }
            Tale::Event(told) => Row::Event(Box::new(self.fold(told)?)),
        };
        self.rows.push(row);
        Ok(())
    }

    fn read_again(&self, sequence: u64, tale: &Tale<'_>) -> Held {
        let place = usize::try_from(sequence - 1).unwrap_or(usize::MAX);
        let same = match (self.rows.get(place), tale) {
            (Some(Row::Resumed(before)), Tale::Resumed(at)) => before == at,
            (Some(Row::Event(before)), Tale::Event(told)) => {
                (&before.key, before.version, &before.event)
                    == (told.key, told.version, &told.event)
                    && before.after == fold::after(&told.before, &told.event.change)
            }
            _ => false,
        };
        if same {
            return Ok(());
        }
        let before = self.rows.get(place);
        Err(Broken::new("P2", format!("event {sequence} was {before:?} and now is {tale:?}")))
    }

    fn fold(&mut self, told: &Told<'_>) -> Held<Happened> {
        let Told { sequence, key, place_before, version, before, event } = told;
        let book = self.keys.entry((*key).clone()).or_default();
        let (last, balances) = book.last();
        let here = || format!("event {sequence} of {key}, version {version}: {event:?}");
        if *version != book.version() + 1 || *place_before != last {
            let known = book.version();
            return Err(Broken::new("P6", format!("{} follows version {known} at {last}", here())));
        }
        if *before != balances {
            return Err(Broken::new(
                "P5",
                format!("{} begins with {before:?}, and there were {balances:?}", here()),
            ));
        }
        let after = fold::after(&balances, &event.change);
        let short = fold::available(&after) < -after.oversell_limit;
        if fold::promised(&event.change) > 0 && short {
            return Err(Broken::new("P1", format!("{} leaves {after:?}", here())));
        }
        let negative = [after.reserved, after.committed, after.damaged, after.quality_control];
        if negative.iter().any(|balance| *balance < 0)
            || after.safety_stock < 0
            || after.incoming < 0
        {
            return Err(Broken::new("P5", format!("{} leaves {after:?}", here())));
        }
        book.versions.push((*sequence, after));
        self.once(*sequence, event)?;
        let cause = self.reservations(*sequence, key, event)?;
        let (key, event) = ((*key).clone(), event.clone());
        Ok(Happened { key, version: *version, event, after, cause })
    }

    /// One effect for one idempotency key, as long as it is remembered.
    fn once(&mut self, sequence: u64, event: &Event) -> Held {
        let Some(once) = event.once else { return Ok(()) };
        let before = self.once.insert(once.key, event.at);
        if let Some(before) =
            before.filter(|at| at.plus_seconds(self.rules.window_seconds) > event.at)
        {
            let what = format!("event {sequence}, {event:?}: its key had its effect at {before:?}");
            return Err(Broken::new("P4", what));
        }
        Ok(())
    }

    fn reservations(&mut self, sequence: u64, key: &StockKey, event: &Event) -> Held<Option<u64>> {
        let (id, makes, hold_seconds) = match &event.change {
            Change::Reserved { id, hold_seconds, .. } => (*id, true, *hold_seconds),
            Change::Planned { id, adding, hold_seconds, .. } => {
                (*id, !adding, hold_seconds.unwrap_or_default())
            }
            Change::Added { id, .. }
            | Change::Granted { id, .. }
            | Change::Withdrawn { id, .. }
            | Change::Pended { id, .. }
            | Change::Unpended { id, .. }
            | Change::Extended { id, .. }
            | Change::Settled { id, .. }
            | Change::Carried { id, .. }
            | Change::Returned { id, of_order: true, .. } => (*id, false, 0),
            Change::Returned { id, here, others, .. } => {
                return self.loose(*id, sequence, key, *here, others);
            }
            _ => return Ok(None),
        };
        if makes {
            self.make(id, sequence, key, event, hold_seconds)?;
        }
        let Some(cart) = self.carts.get_mut(&id) else {
            let what =
                format!("event {sequence} of {key} is about {id:?}, which is not there: {event:?}");
            return Err(Broken::new("P9", what));
        };
        let cause = cart.take(id, key, sequence, event, &self.rules)?;
        if !cart.granted && !cart.is_under_way() {
            // A plan that came to nothing leaves what there was before.
            let former = self.carts.remove(&id).and_then(|cart| cart.former);
            self.carts.extend(former.map(|former| (id, *former)));
        }
        Ok(cause)
    }

    /// A reservation's id has one effect, too: as long as it is open, and for the window.
    fn make(
        &mut self,
        id: ReservationId,
        sequence: u64,
        key: &StockKey,
        event: &Event,
        hold_seconds: u32,
    ) -> Held {
        if let Some(cart) = self.carts.get(&id) {
            let remembered = cart.created_at.plus_seconds(self.rules.window_seconds) > event.at;
            if cart.is_open() || cart.is_under_way() || remembered {
                let what = format!("event {sequence} makes {id:?} again, which is {cart:?}");
                return Err(Broken::new("P4", what));
            }
        }
        let former = self.carts.remove(&id).map(Box::new);
        self.carts.insert(id, Cart::new(key, event.at, hold_seconds, former));
        Ok(())
    }

    fn loose(
        &mut self,
        id: ReservationId,
        sequence: u64,
        key: &StockKey,
        here: saldo_ledger::Arrivals,
        others: &[saldo_ledger::ArrivalAt],
    ) -> Held<Option<u64>> {
        let Some(waiting) = self.loose.get_mut(&id) else {
            let waiting: Vec<_> =
                others.iter().map(|it| (it.key.clone(), it.arrivals, sequence)).collect();
            if !waiting.is_empty() {
                self.loose.insert(id, waiting);
            }
            return Ok(None);
        };
        let Some(place) = waiting.iter().position(|(to, units, _)| (to, *units) == (key, here))
        else {
            return Err(Broken::new(
                "P5",
                format!(
                    "event {sequence}: {here:?} arrived at {key}, and {waiting:?} was on the way"
                ),
            ));
        };
        let (_, _, cause) = waiting.remove(place);
        if waiting.is_empty() {
            self.loose.remove(&id);
        }
        Ok(Some(cause))
    }

    /// With nothing under way, what is reserved and committed is what reservations hold, and nothing is left over.
    pub fn check_rest(&self) -> Held {
        if let Some((id, cart)) = self.carts.iter().find(|(_, cart)| cart.is_under_way()) {
            return Err(Broken::new("P9", format!("left over at rest, {id:?}: {cart:?}")));
        }
        if let Some((id, waiting)) = self.loose.iter().next() {
            return Err(Broken::new("P5", format!("return {id:?} never arrived: {waiting:?}")));
        }
        for (key, book) in &self.keys {
            let (_, balances) = book.last();
            let sum = |part: &dyn Fn(&Cart) -> u64| -> u64 { self.carts.values().map(part).sum() };
            let held = sum(&|cart| cart.held_at(key));
            let committed = sum(&|cart| cart.committed_at(key));
            let told = (balances.reserved, balances.committed);
            if (i64::try_from(held), i64::try_from(committed)) != (Ok(told.0), Ok(told.1)) {
                return Err(Broken::new(
                    "P5",
                    format!(
                        "{key}: reserved and committed are {told:?}, its reservations hold {held} and {committed}"
                    ),
                ));
            }
        }
        Ok(())
    }
}
