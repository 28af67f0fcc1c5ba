//! One case: what happens to a subject happens to the model, and after every step both stand where the other does.

use std::collections::BTreeSet;

use saldo::actor::call::{Call, CallResult, Outcome};
use saldo_ledger::{ReservationId, StockKey};

use super::movements::judge;
use super::{Act, Model, Subject, Told};

/// A wall clock that runs ahead by more than this is an outage, in microseconds.
const OUTAGE_US_MIN: u64 = 60 * 1_000_000;

/// A case under way.
pub struct Case {
    /// What should be.
    pub model: Model,
    /// The keys that it began with.
    pub keys: Vec<StockKey>,
    /// Calls so far, each with its key.
    calls: Vec<(Call, Option<String>)>,
    /// Keys under which a reserve was recognised by its id: what else they stand for is nobody's promise.
    spent: BTreeSet<String>,
    /// When the engine started before it started last, in microseconds.
    resumed_before: u64,
    fresh_ids: u128,
    /// Answers to the last call, or to the last ones made together.
    last: Vec<CallResult>,
    /// Whether what the last crash was in the middle of had come to its end.
    pub was_finished_before_crash: bool,
}

impl Case {
    /// A case that has not begun.
    #[must_use]
    pub fn new(keys: Vec<StockKey>) -> Self {
        Self {
            model: Model::default(),
            keys,
            calls: Vec::new(),
            spent: BTreeSet::new(),
            resumed_before: 0,
            fresh_ids: 0,
            last: Vec::new(),
            was_finished_before_crash: false,
        }
    }

    /// The call that an act asks for, with its key; none where it asks for none.
    #[must_use]
    pub fn call_of(&self, act: &Act) -> Option<(Call, Option<String>)> {
        let (call, key) = match act {
            Act::Call(call, key) => (call.clone(), key.clone()),
            Act::Repeat(back, keyless) => {
                let (call, key) = self.calls.iter().rev().nth(*back)?.clone();
                (call, key.filter(|_| !keyless))
            }
            _ => return None,
        };
        Some((call, key.filter(|key| !self.spent.contains(key))))
    }

    /// Does an act to both, and compares what is told.
    ///
    /// # Errors
    /// Where they differ, as sentences.
    pub async fn step(&mut self, subject: &mut impl Subject, act: &Act) -> Result<(), String> {
        if let Some((call, key)) = self.call_of(act) {
            return self.call(subject, call, key).await;
        }
        match act {
            Act::Tick(by_us) => subject.advance(*by_us),
            Act::Wall(by_us) => self.move_wall(subject, *by_us)?,
            Act::Sweep => {
                let now = subject.now();
                subject.sweep().await;
                self.model.sweep(now);
                self.compare_touched(subject).await?;
            }
            Act::Passivate => subject.passivate().await,
            Act::Checkpoint => subject.checkpoint().await,
            Act::TidyUp => subject.tidy_up().await,
            Act::TickTo(id, before_us) => self.tick_to(subject, *id, *before_us)?,
            Act::InOrder(calls) => self.together(subject, calls, false).await?,
            Act::Together(calls) => self.together(subject, calls, true).await?,
            Act::Expect(expect) => expect.check(subject, &self.last).await?,
            Act::Call(..) | Act::Repeat(..) | Act::Crash(_) => {}
        }
        Ok(())
    }

    /// Makes a call to both.
    ///
    /// # Errors
    /// Where they differ, as sentences.
    pub async fn call(
        &mut self,
        subject: &mut impl Subject,
        call: Call,
        key: Option<String>,
    ) -> Result<(), String> {
        let told = subject.call(&call, key.as_deref()).await;
        self.settle(&call, key.as_deref(), &told.result, told.from, told.until)
            .map_err(|wrong| format!("{call:?} under {key:?}: {wrong}"))?;
        self.calls.push((call, key));
        self.last = vec![told.result];
        self.compare_touched(subject).await
    }

    /// Makes calls to both at once, and finds the order in which the model would have answered as the subject did.
    async fn together(
        &mut self,
        subject: &mut impl Subject,
        calls: &[(Call, Option<String>)],
        in_any_order: bool,
    ) -> Result<(), String> {
        let told = subject.call_all(calls).await;
        let given: Vec<usize> = (0..calls.len()).collect();
        let orders = if in_any_order { orders_of(&given) } else { vec![given] };
        let before = self.model.clone();
        let mut wrong = String::new();
        for order in orders {
            self.model = before.clone();
            let mut touched = BTreeSet::new();
            let settled = order.iter().try_for_each(|place| {
                let ((call, key), told) = (&calls[*place], &told[*place]);
                let settled = self.settle_unseen(call, key.as_deref(), told);
                touched.append(&mut self.model.touched);
                settled
            });
            self.model.touched = touched;
            match settled {
                Ok(()) => {
                    self.last = told.into_iter().map(|told| told.result).collect();
                    return self.compare_touched(subject).await;
                }
                Err(why) => wrong = why,
            }
        }
        Err(format!("no order of these calls gives these answers; in the last one {wrong}"))
    }

    /// As [`Case::settle`], where others were decided between the call and its answer: only whether it was accepted
    /// counts, and what the model says it did is compared afterwards.
    fn settle_unseen(&mut self, call: &Call, key: Option<&str>, told: &Told) -> Result<(), String> {
        match (self.model.apply(call, key, told.from, made_id(&told.result)), &told.result) {
            (Ok(done), Ok(answer)) if done.replayed == answer.replayed => {
                if let Outcome::Reservation(view) = &answer.outcome {
                    self.model.learn_when_made(view, told.until);
                }
                Ok(())
            }
            (Err(no), Err(refusal)) if no.code == refusal.code => Ok(()),
            (expected, told) => Err(format!("{call:?}: told {told:?}, expected {expected:?}")),
        }
    }

    fn tick_to(
        &mut self,
        subject: &mut impl Subject,
        id: ReservationId,
        before_us: u64,
    ) -> Result<(), String> {
        let order = self.model.orders.get(&id).ok_or("there is no such reservation")?;
        let deadline = order.deadline(&self.model.rules, self.model.resumed_at);
        // The next reading is one microsecond before the call's own.
        let until = deadline - before_us - 1;
        let now = subject.now();
        subject.advance(until.checked_sub(now).ok_or("its deadline is past")?);
        Ok(())
    }

    /// Does a call that was answered to the model, and compares the answers.
    ///
    /// # Errors
    /// Where they differ, as sentences.
    pub fn settle(
        &mut self,
        call: &Call,
        key: Option<&str>,
        told: &CallResult,
        from: u64,
        until: u64,
    ) -> Result<(), String> {
        let is_new = key.is_some_and(|key| !self.model.remembers(key));
        let expected = self.model.apply(call, key, from, made_id(told));
        if let (true, Ok(done), Some(key)) = (is_new, &expected, key)
            && done.replayed
        {
            self.spent.insert(key.to_owned());
        }
        self.model.compare_answer(&expected, told, until)
    }

    /// Does a call to the model whose answer nobody heard.
    pub fn carry_out_unheard(&mut self, call: &Call, key: Option<&str>, at: u64) {
        let resumed_at = self.model.resumed_at;
        // It was decided before the start that everything is compared after.
        self.model.resume(self.resumed_before);
        // A refusal leaves no trace, and nobody heard of it.
        let _ = self.model.apply(call, key, at, nobodys_id());
        self.model.resume(resumed_at);
    }

    /// A call that was begun and not carried out may have left events behind that move nothing in the end.
    pub fn leave_traces(&mut self, call: &Call) {
        let mut keys: BTreeSet<StockKey> = match call {
            Call::Reserve { lines, .. } | Call::AddLines { lines, .. } => {
                lines.iter().map(|(key, _)| key.clone()).collect()
            }
            _ => BTreeSet::new(),
        };
        if let Call::AddLines { id, .. } = call {
            keys.extend(
                self.model.orders.get(id).into_iter().flat_map(|order| order.lines.keys().cloned()),
            );
        }
        for key in keys {
            if let Some(stock) = self.model.stocks.get_mut(&key) {
                stock.rise(0, 2);
            }
        }
    }

    /// Remembers a call for who makes it again.
    pub fn note_call(&mut self, call: &Call, key: Option<&String>) {
        self.calls.push((call.clone(), key.cloned()));
    }

    /// An id that no client gave before.
    pub fn fresh_id(&mut self) -> ReservationId {
        self.fresh_ids += 1;
        ReservationId::new(u128::MAX / 2 + self.fresh_ids).expect("an id that is not nil")
    }

    /// The engine started, in microseconds.
    pub fn resume(&mut self, at: u64) {
        self.resumed_before = self.model.resumed_at;
        self.model.resume(at);
    }

    fn move_wall(&mut self, subject: &mut impl Subject, by_us: i64) -> Result<(), String> {
        let before = subject.now();
        subject.move_wall(by_us);
        let after = subject.now();
        if after - before > OUTAGE_US_MIN + 1 {
            self.model.resume(after);
        }
        let told = subject.resumed_at();
        if told == self.model.resumed_at {
            Ok(())
        } else {
            Err(format!("the last outage ended at {told}, not at {}", self.model.resumed_at))
        }
    }

    async fn compare_touched(&mut self, subject: &mut impl Subject) -> Result<(), String> {
        for key in self.model.touched.clone() {
            self.compare_key(subject, &key).await?;
        }
        Ok(())
    }

    async fn compare_key(
        &mut self,
        subject: &mut impl Subject,
        key: &StockKey,
    ) -> Result<(), String> {
        match subject.level(key).await {
            Some(level) => {
                let compared = self.model.compare_level(&level);
                if compared.is_ok() {
                    return compared;
                }
                // Units past their deadline may come back at any time.
                let mut swept = self.model.clone();
                swept.expire_alone_at(key, subject.now());
                swept.compare_level(&level).map(|()| self.model = swept).or(compared)
            }
            None if self.model.stocks.contains_key(key) => Err(format!("{key:?} is gone")),
            None => Ok(()),
        }
    }

    /// Compares everything: every key, its history, every reservation.
    ///
    /// # Errors
    /// Where they differ, as sentences.
    pub async fn compare_all(&mut self, subject: &mut impl Subject) -> Result<(), String> {
        let keys: BTreeSet<StockKey> =
            self.model.stocks.keys().chain(&self.keys).cloned().collect();
        for key in keys {
            self.compare_key(subject, &key).await?;
            if let Some(movements) = subject.movements(&key).await {
                judge(&self.model, &key, &movements)?;
            }
        }
        let now = subject.now();
        for id in self.model.orders.keys().copied().collect::<Vec<ReservationId>>() {
            match subject.order(id).await {
                Some(view) => self.model.compare_order(&view, now)?,
                None if self.model.order(id, now).is_some() => {
                    return Err(format!("reservation {id:?} is gone"));
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// All orders of a few things.
fn orders_of(things: &[usize]) -> Vec<Vec<usize>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for (place, first) in things.iter().enumerate() {
        let rest: Vec<usize> = [&things[..place], &things[place + 1..]].concat();
        orders.extend(orders_of(&rest).into_iter().map(|mut order| {
            order.insert(0, *first);
            order
        }));
    }
    orders
}

/// The id of the reservation that an answer tells of, or one that nobody has.
fn made_id(told: &CallResult) -> ReservationId {
    match told {
        Ok(answer) => match &answer.outcome {
            Outcome::Reservation(view) => view.id,
            Outcome::Level(_) | Outcome::Levels(_) => nobodys_id(),
        },
        Err(_) => nobodys_id(),
    }
}

fn nobodys_id() -> ReservationId {
    ReservationId::new(u128::MAX).expect("an id that is not nil")
}
