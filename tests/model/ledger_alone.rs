//! The pure ledger of one key as a subject: no actor, journal or store. A crash is a replay of its events.

use std::collections::HashMap;

use saldo::actor::call::{Answer, Call, CallResult, Movement, Outcome};
use saldo_ledger::{
    ArrivalAt, Arrivals, Change, Command, Event, Level, Mode, Note, Refusal, RefusalCode,
    ReservationId, ReservationView, Reserve, Selection, StockKey, StockLedger, Take, Terms,
    Timestamp, Verb, WHOLE_MAX,
};

use super::once::spelt_out;
use super::rules::{Rules, SECOND_US};
use super::{Subject, Told};

/// A ledger, its events, and what its actor would do around it.
pub struct LedgerAlone {
    ledger: StockLedger,
    events: Vec<Event>,
    on_hand_after: Vec<i64>,
    made_with: HashMap<ReservationId, Call>,
    now_us: u64,
    wall_us: u64,
    resumed_us: u64,
    made: u128,
    rules: Rules,
}

impl LedgerAlone {
    /// The ledger of a key of which nothing was heard, at a time in microseconds.
    #[must_use]
    pub fn new(key: StockKey, now_us: u64) -> Self {
        Self {
            ledger: StockLedger::new(key),
            events: Vec::new(),
            on_hand_after: Vec::new(),
            made_with: HashMap::new(),
            now_us,
            wall_us: now_us,
            resumed_us: now_us,
            made: 0,
            rules: Rules::default(),
        }
    }

    /// Loses the ledger and replays its events into a new one; the clock goes on behind the outage.
    pub fn crash(&mut self, outage_us: u64) {
        let mut ledger = StockLedger::new(self.ledger.key().clone());
        for event in &self.events {
            ledger.apply(event);
        }
        self.ledger = ledger;
        self.wall_us += outage_us;
        self.now_us = (self.now_us + 1).max(self.wall_us);
        self.resumed_us = self.now_us;
    }

    fn terms(&self) -> Terms {
        Terms {
            hold_lifetime_seconds_max: self.rules.hold_lifetime_seconds_max,
            lines_max: self.rules.lines_max,
            resumed_at: Timestamp::from_micros(self.resumed_us),
            restart_grace_seconds: self.rules.restart_grace_seconds,
        }
    }

    fn decide(&mut self, command: &Command) -> Result<(), Refusal> {
        let now = Timestamp::from_micros(self.now_us);
        let event = self.ledger.decide(command, &self.terms(), now)?;
        self.ledger.apply(&event);
        self.events.push(event);
        self.on_hand_after.push(self.ledger.balances().on_hand);
        Ok(())
    }

    /// As its actor does: due holds make room for a promise that would fall short.
    fn decide_with_room(&mut self, command: &Command) -> Result<(), Refusal> {
        let now = Timestamp::from_micros(self.now_us);
        let falls_short = match self.ledger.decide(command, &self.terms(), now) {
            Ok(Event {
                change:
                    Change::Reserved { requested, quantity, .. }
                    | Change::Added { requested, quantity, .. },
                ..
            }) => quantity < requested,
            Ok(_) => false,
            Err(refusal) => refusal.code == RefusalCode::InsufficientStock,
        };
        if falls_short {
            self.expire_due();
        }
        self.decide(command)
    }

    fn expire_due(&mut self) {
        let now = Timestamp::from_micros(self.now_us);
        for id in self.ledger.due(&self.terms(), now, usize::MAX) {
            let (verb, selection) = (Verb::Expire, Selection::All);
            self.decide(&Command::Settle { id, verb, selection }).expect("a due hold expires");
        }
    }

    fn carry_out(&mut self, call: &Call) -> CallResult {
        let call = &spelt_out(call, &self.rules);
        let hold_seconds = match call {
            Call::Reserve { hold_seconds, .. } | Call::AddLines { hold_seconds, .. } => {
                *hold_seconds
            }
            Call::Extend { hold_seconds, .. } => Some(*hold_seconds),
            _ => None,
        };
        self.check_hold(hold_seconds)?;
        if let Some(known) = self.known(call) {
            return known;
        }
        if let Call::AddLines { id, .. } = call {
            // Lines are added to what is left: a refusal only says that nothing is due.
            let (id, verb, selection) = (*id, Verb::Expire, Selection::All);
            let _ = self.decide(&Command::Settle { id, verb, selection });
        }
        self.refuse_too_much(call)?;
        let command = self.command(call)?;
        self.decide_with_room(&command)?;
        let outcome = match command.reservation() {
            Some(id) => {
                if let Call::Reserve { id: Some(id), .. } = call {
                    self.made_with.insert(*id, call.clone());
                }
                Outcome::Reservation(self.view(id).ok_or_else(unknown)?)
            }
            None if matches!(call, Call::ReturnWithoutOrder { .. }) => {
                Outcome::Levels(vec![self.ledger.level()])
            }
            None => Outcome::Level(self.ledger.level()),
        };
        Ok(Answer { outcome, replayed: false })
    }

    /// A return that a balance could not hold is refused before it is asked whose it is.
    fn refuse_too_much(&self, call: &Call) -> Result<(), Refusal> {
        let Call::Return { lines, .. } = call else { return Ok(()) };
        let arriving: i64 = lines.iter().map(|line| i64::from(line.quantity)).sum();
        if self.ledger.balances().on_hand > WHOLE_MAX - arriving {
            return Err(Refusal::plain(RefusalCode::LimitExceeded));
        }
        Ok(())
    }

    fn known(&self, call: &Call) -> Option<CallResult> {
        let Call::Reserve { id: Some(id), .. } = call else { return None };
        let first = self.made_with.get(id)?;
        if first != call {
            return Some(Err(Refusal::plain(RefusalCode::IdempotencyKeyReused)));
        }
        let outcome = Outcome::Reservation(self.view(*id)?);
        Some(Ok(Answer { outcome, replayed: true }))
    }

    fn view(&self, id: ReservationId) -> Option<ReservationView> {
        let closed = || {
            let mut ledger = StockLedger::new(self.ledger.key().clone());
            for event in &self.events {
                ledger.apply(event);
            }
            ledger.take_changes().closed.into_iter().rfind(|closed| closed.id == id)
        };
        self.ledger.view(id, &self.terms()).or_else(|| closed().map(|closed| closed.view()))
    }

    fn sum(&self, lines: &[(StockKey, u32)]) -> u32 {
        let own = lines.iter().filter(|(key, _)| key == self.ledger.key());
        own.map(|(_, quantity)| quantity).sum()
    }

    fn command(&mut self, call: &Call) -> Result<Command, Refusal> {
        let boxed = |note: &Note| Some(Box::new(note.clone()));
        let key = self.ledger.key().clone();
        Ok(match call {
            Call::Receive { quantity, from_incoming, note, .. } => Command::Receive {
                quantity: *quantity,
                from_incoming: *from_incoming,
                note: boxed(note),
            },
            Call::Adjust { delta, bucket, note, .. } => {
                Command::Adjust { delta: *delta, bucket: *bucket, note: boxed(note) }
            }
            Call::Count { counted, at_version, note, .. } => Command::Count {
                counted: *counted,
                on_hand_then: at_version.map(|version| self.on_hand_at(version)).transpose()?,
                note: boxed(note),
            },
            Call::SetPolicy { safety_stock, oversell_limit, .. } => {
                Command::SetPolicy { safety_stock: *safety_stock, oversell_limit: *oversell_limit }
            }
            Call::Sell { quantity, handed_over, note, .. } => {
                Command::Sell { quantity: *quantity, handed_over: *handed_over, note: boxed(note) }
            }
            Call::Reserve { id, lines, hold_seconds, mode, references } => {
                self.made += 1;
                let made = ReservationId::new(self.made).expect("an id that is not nil");
                let hold_seconds = hold_seconds.unwrap_or(self.rules.hold_seconds_default);
                let mut reserve =
                    self.reserve(id.unwrap_or(made), lines, Some(hold_seconds), *mode);
                reserve.references = Some(Box::new(references.clone()));
                Command::Reserve(Box::new(reserve))
            }
            Call::AddLines { id, lines, hold_seconds, mode } => {
                let mut reserve = self.reserve(*id, lines, *hold_seconds, *mode);
                reserve.adding = true;
                Command::Reserve(Box::new(reserve))
            }
            Call::Extend { id, hold_seconds } => {
                Command::Extend { id: *id, hold_seconds: *hold_seconds }
            }
            Call::Settle { id, verb, lines } => Command::Settle {
                id: *id,
                verb: *verb,
                selection: lines.as_ref().map_or(Selection::All, |lines| {
                    Selection::Lines(vec![Take { key, quantity: u64::from(self.sum(lines)) }])
                }),
            },
            Call::Return { id, lines } => {
                let mut arrivals = Arrivals::default();
                for line in lines {
                    *arrivals.of_mut(line.condition) += line.quantity;
                }
                let lines = vec![Take { key: key.clone(), quantity: arrivals.total() }];
                let arrivals = vec![ArrivalAt { key, arrivals }];
                Command::Return { id: *id, lines, arrivals }
            }
            Call::ReturnWithoutOrder { lines, .. } => {
                let mut here = Arrivals::default();
                for (_, quantity, condition) in lines {
                    *here.of_mut(*condition) += quantity;
                }
                let id = ReservationId::new(u128::MAX).expect("an id that is not nil");
                Command::Arrive { id, of_order: false, here, others: Vec::new(), note: None }
            }
        })
    }

    fn reserve(
        &self,
        id: ReservationId,
        lines: &[(StockKey, u32)],
        hold_seconds: Option<u32>,
        mode: Mode,
    ) -> Reserve {
        Reserve {
            id,
            fingerprint: 1,
            adding: false,
            own: self.sum(lines),
            others: Vec::new(),
            hold_seconds,
            mode,
            references: None,
        }
    }

    fn check_hold(&self, hold_seconds: Option<u32>) -> Result<(), Refusal> {
        if hold_seconds.is_some_and(|seconds| seconds > self.rules.hold_seconds_max) {
            return Err(Refusal::plain(RefusalCode::LimitExceeded));
        }
        Ok(())
    }

    fn on_hand_at(&self, version: u64) -> Result<i64, Refusal> {
        if version == 0 {
            return Ok(0);
        }
        let place = usize::try_from(version - 1).ok();
        let on_hand = place.and_then(|place| self.on_hand_after.get(place)).copied();
        on_hand.ok_or_else(|| Refusal::plain(RefusalCode::VersionMismatch))
    }
}

fn unknown() -> Refusal {
    Refusal::plain(RefusalCode::UnknownReservation)
}

impl Subject for LedgerAlone {
    async fn call(&mut self, call: &Call, _key: Option<&str>) -> Told {
        let result = self.carry_out(call);
        Told { result, from: self.now_us, until: self.now_us }
    }

    async fn call_all(&mut self, calls: &[(Call, Option<String>)]) -> Vec<Told> {
        let from = self.now_us;
        calls
            .iter()
            .map(|(call, _)| Told { result: self.carry_out(call), from, until: from })
            .collect()
    }

    async fn level(&mut self, _key: &StockKey) -> Option<Level> {
        (self.ledger.version() > 0).then(|| self.ledger.level())
    }

    async fn order(&mut self, id: ReservationId) -> Option<ReservationView> {
        self.view(id)
    }

    async fn movements(&mut self, _key: &StockKey) -> Option<Vec<Movement>> {
        None
    }

    fn advance(&mut self, by_us: u64) {
        self.now_us += by_us;
        self.wall_us += by_us;
    }

    fn move_wall(&mut self, by_us: i64) {
        self.wall_us = self.wall_us.saturating_add_signed(by_us);
        if self.wall_us > self.now_us + 60 * SECOND_US + 1 {
            self.resumed_us = self.wall_us;
        }
        self.now_us = self.now_us.max(self.wall_us);
    }

    fn now(&mut self) -> u64 {
        self.now_us
    }

    fn resumed_at(&mut self) -> u64 {
        self.resumed_us
    }

    async fn sweep(&mut self) {
        self.expire_due();
    }

    async fn passivate(&mut self) {}

    /// Takes what changed, as a checkpoint does, and puts the ledger together again from what a checkpoint holds.
    async fn checkpoint(&mut self) {}

    async fn tidy_up(&mut self) {}
}
