//! The rules of stock as the trade would tell them: tables of steps and what is expected after.

use alloc::{boxed::Box, vec, vec::Vec};

use crate::*;

const MINUTE: u64 = 60;

/// A ledger with a clock moved by hand.
struct Shop {
    ledger: StockLedger,
    terms: Terms,
    now: Timestamp,
}

impl Shop {
    fn new() -> Self {
        let key = StockKey::new("chair", "oslo").unwrap();
        Self {
            ledger: StockLedger::new(key),
            terms: Terms::default(),
            now: Timestamp::from_micros(1_000_000),
        }
    }

    fn with(quantity: u32) -> Self {
        let mut shop = Self::new();
        shop.receive(quantity);
        shop
    }

    fn ask(&mut self, command: &Command) -> Result<Event, RefusalCode> {
        let before = format_of(&self.ledger);
        self.now = Timestamp::from_micros(self.now.as_micros() + 1);
        match self.ledger.decide(command, &self.terms, self.now) {
            Ok(event) => {
                self.ledger.apply(&event);
                self.check_sums();
                Ok(event)
            }
            Err(refusal) => {
                assert_eq!(before, format_of(&self.ledger), "a refusal leaves no trace");
                Err(refusal.code)
            }
        }
    }

    /// The balances must be the sums of the slots: P5 at any moment.
    fn check_sums(&self) {
        let sum = |part: fn(&Units) -> u32| -> i64 {
            self.ledger.slots().map(|(_, slot)| i64::from(part(&slot.units))).sum()
        };
        assert_eq!(sum(|units| units.held), self.ledger.balances().reserved);
        assert_eq!(sum(|units| units.committed), self.ledger.balances().committed);
    }

    fn receive(&mut self, quantity: u32) {
        let command = Command::Receive { quantity, from_incoming: false, note: None };
        self.ask(&command).unwrap();
    }

    fn reserve(&mut self, id: u128, quantity: u32) -> Result<Event, RefusalCode> {
        self.reserve_as(id, quantity, 900, Mode::AllOrNothing)
    }

    fn reserve_as(
        &mut self,
        id: u128,
        quantity: u32,
        hold_seconds: u32,
        mode: Mode,
    ) -> Result<Event, RefusalCode> {
        self.ask(&Command::ReserveOne { id: rid(id), fingerprint: 7, quantity, hold_seconds, mode })
    }

    fn settle(&mut self, id: u128, verb: Verb) -> Result<Event, RefusalCode> {
        self.ask(&Command::Settle { id: rid(id), verb, selection: Selection::All })
    }

    fn settle_part(&mut self, id: u128, verb: Verb, quantity: u64) -> Result<Event, RefusalCode> {
        let key = self.ledger.key().clone();
        let selection = Selection::Lines(vec![Take { key, quantity }]);
        self.ask(&Command::Settle { id: rid(id), verb, selection })
    }

    fn tick(&mut self, seconds: u64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// (on_hand, reserved, committed, available)
    fn figures(&self) -> (i64, i64, i64, i64) {
        let balances = self.ledger.balances();
        (balances.on_hand, balances.reserved, balances.committed, balances.available())
    }

    fn status(&self, id: u128) -> Status {
        self.ledger.view(rid(id), &self.terms).expect("a known reservation").status()
    }
}

fn format_of(ledger: &StockLedger) -> alloc::string::String {
    alloc::format!("{:?} {:?}", ledger.head(), ledger.slots().collect::<Vec<_>>())
}

fn rid(id: u128) -> ReservationId {
    ReservationId::new(id).unwrap()
}

#[test]
fn a_unit_goes_from_the_shelf_to_the_customer_and_back() {
    let mut shop = Shop::with(10);
    shop.reserve(1, 4).unwrap();
    assert_eq!(shop.figures(), (10, 4, 0, 6));
    shop.settle_part(1, Verb::Commit, 3).unwrap();
    assert_eq!((shop.figures(), shop.status(1)), ((10, 1, 3, 6), Status::Mixed));
    shop.settle(1, Verb::Release).unwrap();
    assert_eq!((shop.figures(), shop.status(1)), ((10, 0, 3, 7), Status::Committed));
    shop.settle(1, Verb::Fulfil).unwrap();
    assert_eq!((shop.figures(), shop.status(1)), ((7, 0, 0, 7), Status::Fulfilled));
    let key = shop.ledger.key().clone();
    let back = |quantity: u32| Command::Return {
        id: rid(1),
        lines: vec![Take { key: key.clone(), quantity: u64::from(quantity) }],
        arrivals: vec![ArrivalAt {
            key: key.clone(),
            arrivals: Arrivals { damaged: quantity, ..Arrivals::default() },
        }],
    };
    assert_eq!(shop.ask(&back(4)).unwrap_err(), RefusalCode::QuantityExceedsFulfilled);
    shop.ask(&back(2)).unwrap();
    assert_eq!((shop.figures(), shop.status(1)), ((9, 0, 0, 7), Status::Fulfilled));
    assert_eq!(shop.ask(&back(2)).unwrap_err(), RefusalCode::QuantityExceedsFulfilled);
}

#[test]
fn nothing_is_promised_that_is_not_there() {
    let mut shop = Shop::with(5);
    assert_eq!(shop.reserve(1, 6).unwrap_err(), RefusalCode::InsufficientStock);
    shop.reserve_as(2, 9, 900, Mode::Partial).unwrap();
    assert_eq!(shop.figures(), (5, 5, 0, 0));
    assert_eq!(
        shop.reserve_as(3, 1, 900, Mode::Partial).unwrap_err(),
        RefusalCode::InsufficientStock
    );
    shop.ask(&Command::SetPolicy { safety_stock: None, oversell_limit: Some(2) }).unwrap();
    assert_eq!(shop.reserve(3, 3).unwrap_err(), RefusalCode::InsufficientStock);
    shop.reserve(3, 2).unwrap();
    assert_eq!(shop.figures(), (5, 7, 0, -2));
}

#[test]
fn facts_are_accepted_whatever_is_available() {
    let mut shop = Shop::with(2);
    let sell = |handed_over| Command::Sell { quantity: 5, handed_over, note: None };
    assert_eq!(shop.ask(&sell(false)).unwrap_err(), RefusalCode::InsufficientStock);
    shop.ask(&sell(true)).unwrap();
    assert_eq!(shop.figures(), (-3, 0, 0, -3));
    let adjust = |delta, bucket| Command::Adjust { delta, bucket, note: None };
    assert_eq!(shop.ask(&adjust(-1, Bucket::Damaged)).unwrap_err(), RefusalCode::LimitExceeded);
    shop.ask(&adjust(WHOLE_MAX, Bucket::OnHand)).unwrap();
    assert_eq!(shop.ask(&adjust(4, Bucket::OnHand)).unwrap_err(), RefusalCode::LimitExceeded);
}

#[test]
fn a_count_keeps_what_was_sold_while_it_was_taken() {
    let mut shop = Shop::with(10);
    let then = shop.ledger.balances().on_hand;
    shop.ask(&Command::Sell { quantity: 2, handed_over: false, note: None }).unwrap();
    let count = Command::Count { counted: 9, on_hand_then: Some(then), note: None };
    shop.ask(&count).unwrap();
    assert_eq!(shop.figures().0, 7);
}

#[test]
fn an_unknown_key_has_nothing_to_give() {
    let mut shop = Shop::new();
    assert_eq!(shop.reserve(1, 1).unwrap_err(), RefusalCode::UnknownStock);
    let sell = Command::Sell { quantity: 1, handed_over: true, note: None };
    assert_eq!(shop.ask(&sell).unwrap_err(), RefusalCode::UnknownStock);
}

#[test]
fn a_hold_ends_at_its_deadline_swept_or_not() {
    let mut shop = Shop::with(10);
    shop.reserve(1, 4).unwrap();
    shop.tick(15 * MINUTE);
    for verb in [Verb::Commit, Verb::Release] {
        assert_eq!(shop.settle(1, verb).unwrap_err(), RefusalCode::ReservationExpired);
    }
    let extend = Command::Extend { id: rid(1), hold_seconds: 60 };
    assert_eq!(shop.ask(&extend).unwrap_err(), RefusalCode::ReservationExpired);
    assert_eq!(shop.ledger.due(&shop.terms, shop.now, 10), [rid(1)]);
    shop.settle(1, Verb::Expire).unwrap();
    assert_eq!((shop.figures(), shop.status(1)), ((10, 0, 0, 10), Status::Expired));
    assert_eq!(shop.settle(1, Verb::Commit).unwrap_err(), RefusalCode::ReservationExpired);
}

#[test]
fn an_expiry_is_never_early_and_follows_extensions() {
    let mut shop = Shop::with(10);
    shop.reserve_as(1, 1, 60, Mode::AllOrNothing).unwrap();
    shop.reserve_as(2, 1, 60, Mode::AllOrNothing).unwrap();
    shop.tick(30);
    assert_eq!(shop.settle(1, Verb::Expire).unwrap_err(), RefusalCode::QuantityExceedsHeld);
    shop.ask(&Command::Extend { id: rid(1), hold_seconds: 60 }).unwrap();
    shop.tick(31);
    assert_eq!(shop.ledger.due(&shop.terms, shop.now, 10), [rid(2)]);
    shop.settle(2, Verb::Expire).unwrap();
    shop.tick(30);
    assert_eq!(shop.ledger.due(&shop.terms, shop.now, 10), [rid(1)]);
    assert!(shop.ledger.earliest_deadline(&shop.terms) <= Some(shop.now));
}

#[test]
fn an_outage_gives_grace_but_no_second_life() {
    let mut shop = Shop::with(10);
    shop.terms.hold_lifetime_seconds_max = 100;
    shop.reserve_as(1, 1, 50, Mode::AllOrNothing).unwrap();
    shop.tick(60);
    shop.terms.resumed_at = shop.now;
    let deadline = shop.ledger.slot(rid(1)).unwrap().deadline(&shop.terms);
    let created = shop.ledger.slot(rid(1)).unwrap().created_at;
    assert_eq!(deadline, created.plus_seconds(100), "grace of 60 s would pass the lifetime");
    shop.settle(1, Verb::Commit).unwrap();
    assert_eq!(shop.status(1), Status::Committed);
}

#[test]
fn closed_reservations_say_why() {
    let mut shop = Shop::with(10);
    shop.reserve(1, 2).unwrap();
    shop.settle(1, Verb::Release).unwrap();
    assert_eq!(shop.settle(1, Verb::Commit).unwrap_err(), RefusalCode::ReservationClosed);
    shop.reserve(2, 2).unwrap();
    assert_eq!(shop.settle_part(2, Verb::Commit, 3).unwrap_err(), RefusalCode::QuantityExceedsHeld);
    shop.settle(2, Verb::Commit).unwrap();
    assert_eq!(shop.settle(2, Verb::Commit).unwrap_err(), RefusalCode::QuantityExceedsHeld);
    assert_eq!(
        shop.settle_part(2, Verb::Fulfil, 3).unwrap_err(),
        RefusalCode::QuantityExceedsCommitted
    );
    shop.settle(2, Verb::Cancel).unwrap();
    assert_eq!((shop.figures(), shop.status(2)), ((10, 0, 0, 10), Status::Released));
    assert_eq!(shop.settle(9, Verb::Commit).unwrap_err(), RefusalCode::UnknownReservation);
}

/// A plan over two keys: its home's own units are reserved at once, the rest when it closes.
fn plan(
    shop: &mut Shop,
    id: u128,
    own: u32,
    other: u32,
    adding: bool,
) -> Result<Event, RefusalCode> {
    let table = StockKey::new("table", "oslo").unwrap();
    shop.ask(&Command::Reserve(Box::new(Reserve {
        id: rid(id),
        fingerprint: 0,
        adding,
        own,
        others: vec![PlanLine { key: table, requested: other }],
        hold_seconds: if adding { None } else { Some(900) },
        mode: Mode::AllOrNothing,
        references: None,
    })))
}

#[test]
fn a_basket_is_granted_when_its_home_closes_the_plan() {
    let mut shop = Shop::with(10);
    plan(&mut shop, 1, 2, 3, false).unwrap();
    assert_eq!(shop.figures(), (10, 2, 0, 8));
    assert!(
        shop.ledger.view(rid(1), &shop.terms).is_none(),
        "only the closing event makes it real"
    );
    assert_eq!(shop.ledger.earliest_deadline(&shop.terms), None);
    shop.ask(&Command::Close { id: rid(1), grants: Some(vec![3]) }).unwrap();
    let view = shop.ledger.view(rid(1), &shop.terms).unwrap();
    assert_eq!(view.lines.iter().map(|line| line.units.held).collect::<Vec<_>>(), [2, 3]);
    plan(&mut shop, 1, 1, 4, true).unwrap();
    shop.ask(&Command::Close { id: rid(1), grants: None }).unwrap();
    assert_eq!(shop.ledger.view(rid(1), &shop.terms).unwrap().lines, view.lines);
    plan(&mut shop, 1, 1, 4, true).unwrap();
    shop.ask(&Command::Close { id: rid(1), grants: Some(vec![4]) }).unwrap();
    let commit = shop.settle(1, Verb::Commit).unwrap();
    let Change::Settled { own, others, .. } = commit.change else { panic!("not settled") };
    assert_eq!((own, others), (3, vec![SettledPart { line: 0, quantity: 7 }]));
}

#[test]
fn a_withdrawn_plan_leaves_no_trace() {
    let mut shop = Shop::with(10);
    plan(&mut shop, 1, 2, 3, false).unwrap();
    shop.ask(&Command::Close { id: rid(1), grants: None }).unwrap();
    assert_eq!((shop.figures(), shop.ledger.open_lines()), ((10, 0, 0, 10), 0));
    assert!(!shop.ledger.knows(rid(1)));
}

#[test]
fn a_ledger_taken_apart_and_put_together_decides_the_same() {
    let mut shop = Shop::with(1_000);
    for id in 1..=200 {
        shop.reserve_as(id, 1, u32::try_from(id).unwrap(), Mode::AllOrNothing).unwrap();
    }
    for id in (1..=200).step_by(3) {
        shop.settle(id, Verb::Commit).unwrap();
    }
    for id in (2..=200).step_by(3) {
        shop.settle(id, Verb::Release).unwrap();
    }
    plan(&mut shop, 300, 1, 1, false).unwrap();
    let changes = shop.ledger.take_changes();
    assert_eq!(changes.closed.len(), 67);
    let slots = changes.pages.iter().flat_map(PageImage::slots);
    let slots =
        slots.map(|(place, slot, timed)| StoredSlot { place, timed, slot: slot.clone() }).collect();
    let mut again = StockLedger::restore(shop.ledger.key().clone(), shop.ledger.head(), slots);
    assert_eq!(again.open_lines(), shop.ledger.open_lines());
    shop.tick(150);
    let due = again.due(&shop.terms, shop.now, 1_000);
    assert_eq!(due, shop.ledger.due(&shop.terms, shop.now, 1_000));
    assert!(!due.is_empty());
    assert!(shop.ledger.take_changes().pages.is_empty(), "told once");
}

#[test]
fn a_basket_that_a_hold_gets_later_is_told_as_changed() {
    let mut shop = Shop::with(10);
    shop.reserve_as(1, 1, 7, Mode::AllOrNothing).unwrap();
    assert!(shop.ledger.take_changes().baskets.is_empty(), "one line needs none");
    plan(&mut shop, 1, 0, 1, true).unwrap();
    assert_eq!(shop.ledger.take_changes().baskets.len(), 1);
    assert!(shop.ledger.take_changes().baskets.is_empty(), "told once");
}

#[test]
fn released_holds_do_not_pile_up_in_the_rings() {
    let mut shop = Shop::with(10);
    for id in 1..=10_000 {
        shop.reserve(id, 1).unwrap();
        shop.settle(id, Verb::Release).unwrap();
        shop.ledger.take_changes();
    }
    assert!(shop.ledger.deadlines.entries() < 100, "{} entries", shop.ledger.deadlines.entries());
    assert_eq!(shop.ledger.earliest_deadline(&shop.terms), None);
}

#[test]
fn a_reused_place_is_not_taken_for_what_was_there_before() {
    let mut shop = Shop::with(10);
    shop.reserve_as(1, 1, 60, Mode::AllOrNothing).unwrap();
    for _ in 0..4 {
        shop.ask(&Command::Extend { id: rid(1), hold_seconds: 60 }).unwrap();
    }
    shop.settle(1, Verb::Release).unwrap();
    shop.tick(10);
    shop.reserve_as(2, 1, 60, Mode::AllOrNothing).unwrap();
    shop.tick(10);
    shop.reserve_as(3, 1, 60, Mode::AllOrNothing).unwrap();
    shop.tick(51);
    assert_eq!(shop.ledger.due(&shop.terms, shop.now, 10), [rid(2)]);
}
