//! What clients ask next: all kinds of calls about few keys and about the reservations that there are.

use saldo::actor::call::{Call, ReferenceKind, ReturnLine};
use saldo::engine::{FrameCommand, FrameOp};
use saldo_ledger::{Bucket, Condition, Mode, Note, References, ReservationId, StockKey, Verb};

use super::asked::{Read, What};
use super::book::Book;
use super::dice::Die;
use super::plan::World;

/// Newest reservations among which clients choose.
const RECENT: usize = 24;

/// Makes calls.
pub struct Clients {
    /// Reservations that were asked for, newest last.
    ids: Vec<ReservationId>,
    next_id: u128,
    next_key: u64,
}

#[derive(Clone, Copy)]
enum Kind {
    Receive,
    Adjust,
    Count,
    Policy,
    Sell,
    Reserve,
    Basket,
    Add,
    Settle(Verb),
    Extend,
    Return,
    ReturnLoose,
    Read,
}

const KINDS: &[(Kind, u32)] = &[
    (Kind::Receive, 7),
    (Kind::Adjust, 4),
    (Kind::Count, 4),
    (Kind::Policy, 2),
    (Kind::Sell, 5),
    (Kind::Reserve, 14),
    (Kind::Basket, 11),
    (Kind::Add, 7),
    (Kind::Settle(Verb::Commit), 11),
    (Kind::Settle(Verb::Fulfil), 7),
    (Kind::Settle(Verb::Release), 5),
    (Kind::Settle(Verb::Cancel), 3),
    (Kind::Extend, 4),
    (Kind::Return, 5),
    (Kind::ReturnLoose, 2),
    (Kind::Read, 15),
];

impl Clients {
    /// Clients that have asked nothing yet.
    pub fn new() -> Self {
        Self { ids: Vec::new(), next_id: 1, next_key: 0 }
    }

    /// An idempotency key that nobody had.
    pub fn once(&mut self) -> String {
        self.next_key += 1;
        format!("k{}", self.next_key)
    }

    fn new_id(&mut self) -> ReservationId {
        self.next_id += 1;
        let id = ReservationId::new((0x5a1d_0000 << 96) | self.next_id);
        let id = id.expect("it is not nil");
        self.ids.push(id);
        id
    }

    /// Takes in a reservation that the engine named.
    pub fn knows(&mut self, id: ReservationId) {
        if !self.ids.contains(&id) {
            self.ids.push(id);
        }
    }

    fn some_id(&self, die: &mut Die) -> ReservationId {
        if self.ids.is_empty() || die.one_in(40) {
            return ReservationId::new(u128::from(die.within(1, 9))).expect("it is not nil");
        }
        let recent = self.ids.len().saturating_sub(RECENT);
        let from = if die.one_in(10) { 0 } else { recent };
        self.ids[from + die.place(self.ids.len() - from)]
    }

    /// The next call.
    pub fn next(&mut self, world: &World, book: &Book, die: &mut Die) -> What {
        let kind = die.weighted(KINDS);
        if let Kind::Read = kind {
            return What::Read(self.read(world, die));
        }
        What::Call(self.call(kind, world, book, die))
    }

    fn call(&mut self, kind: Kind, world: &World, book: &Book, die: &mut Die) -> Call {
        let key = world.key(die);
        let note = Note::default();
        match kind {
            Kind::Receive => {
                let (quantity, from_incoming) = (die.units(1, 8), die.one_in(6));
                let from_incoming = from_incoming && incoming(book, &key) >= i64::from(quantity);
                Call::Receive { key, quantity, from_incoming, note }
            }
            Kind::Adjust => {
                let buckets = [
                    Bucket::OnHand,
                    Bucket::OnHand,
                    Bucket::Damaged,
                    Bucket::QualityControl,
                    Bucket::Incoming,
                ];
                let units = i64::from(die.units(1, 4));
                let delta = if die.one_in(3) { -units } else { units };
                Call::Adjust { key, delta, bucket: *die.pick(&buckets), note }
            }
            Kind::Count => {
                let version = book.keys.get(&key).map_or(0, super::book::KeyBook::version);
                let at_version = match die.below(5) {
                    0 => Some(version + die.below(3)),
                    1 | 2 => Some(version.saturating_sub(die.below(6))),
                    _ => None,
                };
                Call::Count { key, counted: i64::from(die.units(0, 12)), at_version, note }
            }
            Kind::Policy => {
                let safety_stock = die.one_in(2).then(|| i64::from(die.units(0, 3)));
                let oversell_limit =
                    (world.oversells && die.one_in(2)).then(|| i64::from(die.units(0, 3)));
                Call::SetPolicy { key, safety_stock, oversell_limit }
            }
            Kind::Sell => {
                Call::Sell { key, quantity: die.units(1, 3), handed_over: die.one_in(4), note }
            }
            Kind::Reserve => {
                let lines = vec![(key, die.units(1, 4))];
                self.reserve(lines, world, die)
            }
            Kind::Basket => {
                let lines = world.lines(die);
                self.reserve(lines, world, die)
            }
            Kind::Add => Call::AddLines {
                id: self.some_id(die),
                lines: world.lines(die),
                hold_seconds: die.one_in(2).then(|| world.hold_seconds(die)),
                mode: mode(die),
            },
            Kind::Extend => {
                Call::Extend { id: self.some_id(die), hold_seconds: world.hold_seconds(die) }
            }
            Kind::Settle(verb) => {
                let id = self.some_id(die);
                Call::Settle { id, verb, lines: parts(book, id, world, die) }
            }
            Kind::Return => {
                let id = self.some_id(die);
                Call::Return { id, lines: self.returned(book, id, world, die) }
            }
            Kind::ReturnLoose | Kind::Read => {
                let lines = world.lines(die).into_iter();
                let lines = lines.map(|(key, units)| (key, units, condition(die))).collect();
                Call::ReturnWithoutOrder { lines, reason: "found".to_owned() }
            }
        }
    }

    fn reserve(&mut self, lines: Vec<(StockKey, u32)>, world: &World, die: &mut Die) -> Call {
        let id = (!die.one_in(4)).then(|| self.new_id());
        let customer = die.one_in(3).then(|| format!("c{}", die.below(3)).into_boxed_str());
        let order = die.one_in(5).then(|| format!("o{}", die.below(5)).into_boxed_str());
        let references = References { order, customer, channel: None };
        let hold_seconds = (!die.one_in(5)).then(|| world.hold_seconds(die));
        Call::Reserve { id, lines, hold_seconds, mode: mode(die), references }
    }

    fn returned(
        &self,
        book: &Book,
        id: ReservationId,
        world: &World,
        die: &mut Die,
    ) -> Vec<ReturnLine> {
        let lines = book.carts.get(&id).map(|cart| cart.lines.clone()).unwrap_or_default();
        let mut returned: Vec<ReturnLine> = Vec::new();
        for (key, units) in lines {
            let most = units.fulfilled.max(u32::from(die.one_in(6)));
            if most == 0 {
                continue;
            }
            let to = if die.one_in(2) { key.clone() } else { world.elsewhere(&key, die) };
            let quantity = die.units(1, most);
            returned.push(ReturnLine { key, quantity, to, condition: condition(die) });
        }
        if returned.is_empty() {
            let key = world.key(die);
            returned.push(ReturnLine {
                to: key.clone(),
                key,
                quantity: 1,
                condition: Condition::Sellable,
            });
        }
        returned
    }

    /// A frame of commands, of one line each.
    pub fn frame(&mut self, world: &World, book: &Book, die: &mut Die) -> Vec<FrameCommand> {
        let many = 1 + die.place(8);
        (0..many).map(|_| self.command(world, book, die)).collect()
    }

    fn command(&mut self, world: &World, book: &Book, die: &mut Die) -> FrameCommand {
        let op = *die.pick(&[
            FrameOp::Reserve,
            FrameOp::Reserve,
            FrameOp::Reserve,
            FrameOp::Extend,
            FrameOp::Commit,
            FrameOp::Commit,
            FrameOp::Fulfil,
            FrameOp::Release,
            FrameOp::Cancel,
            FrameOp::Sell,
            FrameOp::Receive,
        ]);
        let (id, key) = match op {
            FrameOp::Reserve => (Some(self.new_id()), world.key(die)),
            FrameOp::Sell | FrameOp::Receive => (None, world.key(die)),
            _ => {
                let id = self.some_id(die);
                let home = book.carts.get(&id).map(|cart| cart.home.clone());
                (Some(id), home.unwrap_or_else(|| world.key(die)))
            }
        };
        let needs = matches!(op, FrameOp::Reserve | FrameOp::Sell | FrameOp::Receive);
        let quantity = (needs || die.one_in(3)).then(|| die.units(1, 3));
        let hold_seconds =
            matches!(op, FrameOp::Reserve | FrameOp::Extend).then(|| world.hold_seconds(die));
        let once = (quantity.is_some() || die.one_in(2)).then(|| self.once().into_boxed_str());
        FrameCommand { op, key, id, quantity, hold_seconds, once }
    }

    fn read(&self, world: &World, die: &mut Die) -> Read {
        match die.below(10) {
            0..=3 => Read::Level(world.key(die)),
            4 => Read::Sku(world.key(die).sku().to_owned()),
            5 => Read::All,
            6 | 7 => Read::Reservation(self.some_id(die)),
            8 if die.one_in(2) => Read::On(world.key(die)),
            8 => Read::By(ReferenceKind::Customer, format!("c{}", die.below(3))),
            _ => Read::Movements(world.key(die), 1 + die.place(12)),
        }
    }
}

fn mode(die: &mut Die) -> Mode {
    if die.one_in(3) { Mode::Partial } else { Mode::AllOrNothing }
}

fn condition(die: &mut Die) -> Condition {
    *die.pick(&[
        Condition::Sellable,
        Condition::Sellable,
        Condition::Damaged,
        Condition::QualityControl,
    ])
}

fn incoming(book: &Book, key: &StockKey) -> i64 {
    book.keys.get(key).and_then(|it| it.versions.last()).map_or(0, |(_, after)| after.incoming)
}

/// Parts of a reservation's lines, or none for all of it.
fn parts(
    book: &Book,
    id: ReservationId,
    world: &World,
    die: &mut Die,
) -> Option<Vec<(StockKey, u32)>> {
    if die.one_in(2) {
        return None;
    }
    let lines = book.carts.get(&id).map(|cart| cart.lines.clone()).unwrap_or_default();
    let mut parts = Vec::new();
    for (key, units) in lines {
        if units.requested > 0 && !die.one_in(3) {
            parts.push((key, die.units(1, units.requested.max(2) - 1)));
        }
    }
    if parts.is_empty() {
        parts.push((world.key(die), 1));
    }
    Some(parts)
}
