//! The workloads acted out against a small model of the rules of stock, in a time of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use saldo_protocol::Code;

use crate::measure::numbers::float;
use crate::workload::kind::Kind;
use crate::workload::names::Ticket;
use crate::workload::op::{Line, Op, Verb};
use crate::workload::outcome::{Outcome, Verdict};
use crate::workload::script::{Next, Script, Workload};
use crate::workload::settings::WorkloadSettings;
use crate::workload::settings_tests::settings;

/// How long an operation takes here.
const STEP: Duration = Duration::from_micros(20);
/// The engine's default hold.
const HOLD: u64 = 900;

/// Where the units of a reservation are.
#[derive(Clone, Copy, Debug, Default)]
struct Units {
    held: u32,
    committed: u32,
    fulfilled: u32,
    deadline: Duration,
}

/// The rules of stock, as far as the workloads need them.
struct Shop {
    available: Vec<i64>,
    reservations: HashMap<Ticket, (Vec<Line>, Units)>,
    /// Holds by their deadline.
    holds: BTreeSet<(Duration, Ticket)>,
    expired: u64,
}

impl Shop {
    fn new(workload: &dyn Workload) -> Self {
        Self {
            available: workload.opening().iter().map(|units| i64::from(*units)).collect(),
            reservations: HashMap::new(),
            holds: BTreeSet::new(),
            expired: 0,
        }
    }

    fn expire(&mut self, now: Duration) {
        while self.holds.first().is_some_and(|(deadline, _)| *deadline <= now) {
            let hold = self.holds.pop_first().and_then(|hold| self.reservations.get_mut(&hold.1));
            let Some((lines, units)) = hold.filter(|(_, units)| units.held > 0) else { continue };
            for line in lines.iter() {
                self.available[line.key as usize] += i64::from(line.quantity);
            }
            self.expired += u64::from(units.held);
            units.held = 0;
        }
    }

    fn reserve(&mut self, op: &Op, now: Duration) -> Verdict {
        let lines: Vec<Line> = op.each_line().collect();
        let short = |line: &Line| self.available[line.key as usize] < i64::from(line.quantity);
        if lines.iter().any(short) {
            self.expire(now);
        }
        let short = |line: &Line| self.available[line.key as usize] < i64::from(line.quantity);
        if lines.iter().any(short) {
            return Verdict::Refused(Code::InsufficientStock);
        }
        for line in &lines {
            self.available[line.key as usize] -= i64::from(line.quantity);
        }
        let hold = if op.hold_seconds == 0 { HOLD } else { u64::from(op.hold_seconds) };
        let deadline = now + Duration::from_secs(hold);
        let units = Units { held: op.quantity, deadline, ..Units::default() };
        assert!(self.reservations.insert(op.reservation, (lines, units)).is_none());
        self.holds.insert((deadline, op.reservation));
        Verdict::Done
    }

    /// What a verb of a reservation takes from and gives to; a workload that asks for more than there is has a fault.
    fn move_units(&mut self, op: &Op, now: Duration) -> Verdict {
        let Some((lines, units)) = self.reservations.get_mut(&op.reservation) else {
            panic!("{op:?} names a reservation that was never granted");
        };
        let take = |from: &mut u32| {
            assert!(op.quantity > 0 && op.quantity <= *from, "{op:?} of {from}");
            assert!(!op.is_whole || op.quantity == *from, "{op:?} is not whole of {from}");
            *from -= op.quantity;
        };
        if units.deadline <= now && units.held > 0 {
            return Verdict::Refused(Code::ReservationExpired);
        }
        match op.verb {
            Verb::Extend => assert!(op.hold_seconds > 0 && units.held > 0),
            Verb::Commit => {
                take(&mut units.held);
                units.committed += op.quantity;
            }
            Verb::Fulfil => {
                take(&mut units.committed);
                units.fulfilled += op.quantity;
            }
            Verb::Release => take(&mut units.held),
            Verb::Cancel => take(&mut units.committed),
            Verb::Return => take(&mut units.fulfilled),
            verb => panic!("{verb:?} has no reservation"),
        }
        if matches!(op.verb, Verb::Release | Verb::Cancel | Verb::Return) {
            let one = [Line { key: op.key, quantity: op.quantity }];
            let back = if op.lines.is_some() { &lines[..] } else { &one };
            for line in back {
                self.available[line.key as usize] += i64::from(line.quantity);
            }
        }
        Verdict::Done
    }

    fn answer(&mut self, op: &Op, now: Duration) -> Outcome {
        let units = i64::from(op.quantity);
        Outcome::plain(match op.verb {
            Verb::Reserve => self.reserve(op, now),
            Verb::Read => Verdict::Done,
            Verb::Sell if self.available[op.key as usize] < units => {
                Verdict::Refused(Code::InsufficientStock)
            }
            Verb::Sell => {
                self.available[op.key as usize] -= units;
                Verdict::Done
            }
            Verb::Receive => {
                self.available[op.key as usize] += units;
                Verdict::Done
            }
            _ => self.move_units(op, now),
        })
    }

    fn open_units(&self) -> u64 {
        let open = |(_, units): &(Vec<Line>, Units)| u64::from(units.held + units.committed);
        self.reservations.values().map(open).sum()
    }
}

/// What came of a run.
struct Run {
    shop: Shop,
    done: Vec<(Op, Outcome)>,
    /// Whether every client said that it is done.
    is_over: bool,
}

impl Run {
    fn count(&self, verb: Verb) -> f64 {
        float(self.done.iter().filter(|(op, _)| op.verb == verb).count().try_into().unwrap())
    }

    fn granted(&self) -> u64 {
        let grants = self
            .done
            .iter()
            .filter(|(op, outcome)| op.verb == Verb::Reserve && outcome.verdict == Verdict::Done);
        grants.map(|(op, _)| u64::from(op.quantity)).sum()
    }

    fn refused(&self) -> u64 {
        let refused = self.done.iter().filter(|(_, outcome)| outcome.verdict.is_sold_out());
        refused.count().try_into().unwrap()
    }
}

struct Client {
    script: Box<dyn Script>,
    in_flight: Vec<Op>,
    until: Duration,
    is_done: bool,
}

/// Acts all clients out in turn, each with up to `frame` operations in flight, until the workload ends or so many
/// operations are done.
fn act(settings: &WorkloadSettings, frame: usize, most: u64) -> Run {
    let workload = settings.prepare(1);
    let mut run = Run { shop: Shop::new(&*workload), done: Vec::new(), is_over: false };
    let mut clients: Vec<Client> = (0..settings.load().clients)
        .map(|client| Client {
            script: workload.script(client),
            in_flight: Vec::new(),
            until: Duration::ZERO,
            is_done: false,
        })
        .collect();
    let limit = workload.operations().unwrap_or(u64::MAX).min(most);
    let (mut now, mut begun, mut names) = (Duration::ZERO, 0, HashSet::new());
    while begun < limit && !clients.iter().all(|client| client.is_done) {
        let before = begun;
        for client in clients.iter_mut().filter(|client| !client.is_done) {
            while client.in_flight.len() < frame && begun < limit && client.until <= now {
                match client.script.next(now) {
                    Next::Op(op) => {
                        assert!(names.insert(op.name), "a name occurs twice: {op:?}");
                        client.in_flight.push(op);
                        begun += 1;
                    }
                    Next::Answer => {
                        assert!(!client.in_flight.is_empty(), "it waits for nothing");
                        break;
                    }
                    Next::Until(time) => client.until = time,
                    Next::Done => {
                        client.is_done = client.in_flight.is_empty();
                        break;
                    }
                }
            }
            for op in client.in_flight.drain(..) {
                now += STEP;
                let outcome = run.shop.answer(&op, now);
                client.script.answered(&op, &outcome, now);
                run.done.push((op, outcome));
            }
        }
        if before == begun {
            let waiting = clients.iter().filter(|client| !client.is_done);
            now = waiting.map(|client| client.until).min().unwrap_or(now).max(now + STEP);
        }
    }
    run.is_over = clients.iter().all(|client| client.is_done);
    run
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, not {expected} ± {tolerance}");
}

/// The first operations of a client, all answered well.
fn asks(settings: &WorkloadSettings, client: u32) -> Vec<Op> {
    let workload = settings.prepare(1);
    let mut script = workload.script(client);
    let mut asked = Vec::new();
    while asked.len() < 300 {
        let Next::Op(op) = script.next(Duration::ZERO) else { break };
        script.answered(&op, &Outcome::plain(Verdict::Done), Duration::ZERO);
        asked.push(op);
    }
    asked
}

#[test]
fn the_same_client_of_the_same_seed_asks_the_same() {
    for kind in Kind::ALL {
        let [one, other] = [settings(kind, &[]), settings(kind, &["seed=1"])];
        assert_eq!(asks(&one, 3), asks(&one, 3), "{kind}");
        if kind != Kind::Hot && kind != Kind::FlashSale {
            assert_ne!(asks(&one, 3), asks(&other, 3), "{kind}");
        }
    }
    let keys = |client| -> Vec<u32> {
        asks(&settings(Kind::Zipf, &[]), client).iter().map(|op| op.key).collect()
    };
    assert_ne!(keys(0), keys(1));
}

#[test]
fn hot_goes_on_until_all_is_gone_and_beyond() {
    let hot = settings(Kind::Hot, &["stock=1000", "clients=7"]);
    assert!(hot.prepare(1).expected().sells_out);
    let run = act(&hot, 1, u64::MAX);
    assert_eq!((run.granted(), run.refused(), run.done.len()), (1_000, 200, 1_200));
    for (given, sells_out) in [
        (&["stock=1000", "quantity=3"][..], false),
        (&["stock=999", "quantity=3"], true),
        (&["duration=10s"], false),
        (&["operations=100"], false),
        (&["operations=200000"], true),
    ] {
        assert_eq!(settings(Kind::Hot, given).prepare(1).expected().sells_out, sells_out);
    }
}

#[test]
fn a_flash_sale_sells_what_came_back_and_nothing_twice() {
    for given in [
        &["clients=64"][..],
        &["clients=1"],
        &["clients=5", "skus=3", "stock=700"],
        &["clients=64", "skus=64", "stock=50", "demand=5"],
        &["clients=40", "stock=10", "demand=1", "second_demand=1"],
    ] {
        let sale = settings(Kind::FlashSale, given);
        for frame in [1, 100] {
            let run = act(&sale, frame, u64::MAX);
            assert!(run.is_over && sale.prepare(1).expected().sells_out);
            let stock: u64 = sale.prepare(1).opening().iter().map(|units| u64::from(*units)).sum();
            assert_eq!(run.shop.open_units(), stock, "{given:?}");
            assert!(run.shop.available.iter().all(|units| *units == 0), "{given:?}");
            assert_eq!(run.granted(), stock + run.shop.expired);
        }
    }
    let run = act(&settings(Kind::FlashSale, &[]), 1, u64::MAX);
    near(float(run.shop.expired), 2_000.0, 150.0);
    near(run.count(Verb::Reserve), 110_000.0, 0.0);
    near(run.count(Verb::Commit) / float(run.granted()), 0.6, 0.02);
}

#[test]
fn a_flash_sale_does_not_wait_for_a_client_that_is_gone() {
    let sale = settings(Kind::FlashSale, &["clients=2", "stock=10", "demand=1"]).prepare(1);
    let (gone, mut stays) = (sale.script(0), sale.script(1));
    let mut now = Duration::ZERO;
    let mut reserves = 0;
    for _ in 0..2 {
        while let Next::Op(op) = stays.next(now) {
            reserves += 1;
            stays.answered(&op, &Outcome::refused(Code::InsufficientStock), now);
        }
        assert!(matches!(stays.next(now), Next::Until(_)) || reserves > 5);
    }
    drop(gone);
    now += Duration::from_secs(10);
    assert!(matches!(stays.next(now), Next::Op(_)));
}

#[test]
fn uniform_and_zipf_reserve_until_operations_end_them() {
    for kind in [Kind::Uniform, Kind::Zipf] {
        let given = ["operations=20000", "duration=none", "skus=50", "locations=2", "clients=9"];
        let run = act(&settings(kind, &given), 10, u64::MAX);
        assert_eq!((run.done.len(), run.count(Verb::Reserve)), (20_000, 20_000.0));
        let mut counts = [0_u32; 100];
        run.done.iter().for_each(|(op, _)| counts[op.key as usize] += 1);
        let expected = if kind == Kind::Uniform { 0.01 } else { 1.0 / 5.187_377_517_6 };
        near(f64::from(counts[0]) / 20_000.0, expected, 0.01);
        assert!(counts.iter().all(|count| *count > 0));
    }
}

#[test]
fn baskets_are_as_large_as_in_the_shop_and_overlap() {
    let run = act(&settings(Kind::Basket, &["clients=4", "skus=2000"]), 1, 12_000);
    let (mut lines, mut seen, mut ones) = (0_usize, BTreeMap::new(), 0.0);
    let orders = run.done.iter().filter(|(op, _)| op.verb == Verb::Reserve);
    for (op, _) in orders {
        let keys: HashSet<u32> = op.each_line().map(|line| line.key).collect();
        assert_eq!(keys.len(), op.each_line().count(), "a key stands twice in {op:?}");
        assert_eq!(op.quantity, op.each_line().map(|line| line.quantity).sum::<u32>());
        lines += keys.len();
        ones += if keys.len() == 1 { 1.0 } else { 0.0 };
        keys.into_iter().for_each(|key| *seen.entry(key).or_insert(0) += 1);
    }
    let orders = run.count(Verb::Reserve);
    near(float(lines.try_into().unwrap()) / orders, 26.8, 2.5);
    near(ones / orders, 0.13, 0.02);
    assert!(seen[&0] > 500);
    near(run.count(Verb::Commit) / orders, 0.7, 0.02);
    near(run.count(Verb::Release) / orders, 0.2, 0.02);
}

#[test]
fn a_lifecycle_has_its_shares_and_never_asks_for_what_is_not_there() {
    // `Shop` panics where a step asks for more than there is.
    let run = act(&settings(Kind::Lifecycle, &["clients=8"]), 10, 60_000);
    let part = |verb| run.done.iter().any(|(op, _)| op.verb == verb && !op.is_whole);
    let courses = |verb| {
        let of = run.done.iter().filter(|(op, _)| op.verb == verb);
        let courses: HashSet<Ticket> = of.map(|(op, _)| op.reservation).collect();
        float(courses.len().try_into().unwrap())
    };
    let reserves = run.count(Verb::Reserve);
    near(courses(Verb::Commit) / reserves, 0.7, 0.02);
    near(courses(Verb::Release) / reserves, 0.15, 0.02);
    near(courses(Verb::Extend) / reserves, 0.085, 0.01);
    near(courses(Verb::Fulfil) / courses(Verb::Commit), 0.8, 0.02);
    near(courses(Verb::Cancel) / courses(Verb::Commit), 0.15, 0.02);
    near(courses(Verb::Return) / courses(Verb::Fulfil), 0.1, 0.02);
    for verb in [Verb::Commit, Verb::Release, Verb::Fulfil, Verb::Cancel, Verb::Return] {
        assert!(part(verb), "{verb:?} never takes a part");
    }
    let short = run.done.iter().filter(|(op, _)| op.verb == Verb::Reserve && op.hold_seconds == 2);
    near(float(short.count().try_into().unwrap()) / reserves, 0.15, 0.02);
}

#[test]
fn mixed_has_its_shares() {
    let run = act(&settings(Kind::Mixed, &["clients=8"]), 4, 50_000);
    for (verb, share) in [
        (Verb::Read, 0.5),
        (Verb::Reserve, 0.2),
        (Verb::Commit, 0.12),
        (Verb::Release, 0.05),
        (Verb::Sell, 0.1),
        (Verb::Receive, 0.03),
    ] {
        near(run.count(verb) / 50_000.0, share, 0.01);
    }
    let run = act(&settings(Kind::Mixed, &["read_share=0", "transport=inproc"]), 4, 10_000);
    near(run.count(Verb::Read), 0.0, 0.0);
    near(run.count(Verb::Reserve) / 10_000.0, 0.4, 0.02);
}
