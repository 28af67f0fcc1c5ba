//! Listening: what has become durable and what was answered is judged at once, in its order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use saldo::feed::{CatchUpFault, Selection};
use saldo::journal::group::tell;
use saldo::simulation::Simulated;
use saldo_ledger::RefusalCode;

use super::asked::{Answered, What};
use super::broken::{Broken, Held};
use super::judge::Heard;
use super::life::Standing;
use super::matches::check_movement;
use super::refusals::Moment;
use super::story::Story;

/// Rounds in which everything that is under way must end.
const ROUNDS_MAX: u32 = 3_000;
/// Events that a follower reads at a time.
const FOLLOWED_MAX: usize = 40;

impl Story {
    /// Takes in what has become durable, then the answers, in their order.
    pub fn hear(&mut self, sim: &Simulated, standing: Standing) -> Held {
        let now = sim.shared().clock.now();
        self.latest = self.latest.max(now);
        self.read(sim)?;
        if sim.shared().stats.panics.load(Ordering::Relaxed) > 0 {
            return Err(Broken::new("P7", "an actor panicked"));
        }
        let letters = std::mem::take(&mut *self.post.letters.borrow_mut());
        let settings = &self.world.settings;
        let moment = Moment {
            now,
            latest: self.latest,
            earliest: sim.shared().journal.reader().earliest(),
            overloads: self.world.may_overload() || standing.faulty || standing.was_full,
            unready: standing.stopping || standing.faulty,
            full: standing.was_full || standing.faulty,
            failed: sim.is_failed() || standing.faulty,
            oversells: self.world.oversells,
            hold_limit: settings.open_holds_per_customer_max > 0,
            kept_seconds: settings.reservation_kept_hours * 3_600,
        };
        for letter in letters {
            for (attempt, answer) in letter.attempts.iter().zip(&letter.answers) {
                self.trace(|| format!("answer to {}: {answer:?}", attempt.call));
                self.crc = crc32c::crc32c_append(self.crc, format!("{answer:?}").as_bytes());
                let heard = Heard { book: &self.book, attempt, tick: letter.tick, moment: &moment };
                self.judge.answered(&heard, answer)?;
                self.settle(attempt.call, answer);
            }
        }
        Ok(())
    }

    /// What a client makes of an answer.
    fn settle(&mut self, call: usize, answer: &Answered) {
        let asked = &mut self.judge.calls.asked[call];
        asked.under_way = asked.under_way.saturating_sub(1);
        let code = answer.refused();
        self.figures.answered(code);
        match code {
            None => asked.may_have += 1,
            Some(RefusalCode::OutcomeUnknown) => {
                asked.may_have += 1;
                self.unsettled.push(call);
            }
            Some(code) if code.is_transient() => self.unsettled.push(call),
            Some(_) => {}
        }
        if let Some(id) = answer.made() {
            self.clients.knows(id);
        }
        if matches!(asked.what, What::Read(_)) {
            self.unsettled.retain(|it| *it != call);
        } else if self.dice.calls.one_in(12) {
            // A retry of what was answered.
            self.unsettled.push(call);
        }
    }

    /// Takes in the events that have become durable.
    fn read(&mut self, sim: &Simulated) -> Held {
        let resumed_at = sim.shared().clock.resumed_at().as_micros();
        let first_look = std::mem::replace(&mut self.looked_in, self.life) != self.life;
        if first_look {
            // What the life before did last is read only now, and had its outages; later than this start is none yet.
            self.book.rules.resumed.retain(|at| *at < resumed_at);
        }
        self.book.rules.resumed.insert(resumed_at);
        self.read_events(sim, first_look)?;
        if first_look {
            self.book.forget_unjournalled_outages();
            self.book.rules.resumed.insert(resumed_at);
        }
        Ok(())
    }

    fn read_events(&mut self, sim: &Simulated, first_look: bool) -> Held {
        let reader = sim.shared().journal.reader();
        let durable = reader.durable();
        if first_look && durable < self.book.last() {
            let last = self.book.last();
            let what = format!("event {last} was durable, and the journal now ends at {durable}");
            return Err(Broken::new("P2", what));
        }
        let from = if first_look { reader.earliest() } else { self.book.last() + 1 };
        if from > durable {
            return Ok(());
        }
        let last = self.book.last();
        for record in reader.records_from(from) {
            let record = record.map_err(|error| {
                Broken::new("P2", format!("the journal cannot be read: {error}"))
            })?;
            let mut sequence = record.first_sequence;
            let mut broken = None;
            let told = tell(&record.payload, record.first_sequence, |tale| {
                if sequence >= from && broken.is_none() {
                    broken = self.book.read(sequence, &tale).err();
                }
                sequence += 1;
                Ok::<_, CatchUpFault>(())
            });
            told.map_err(|error| Broken::new("P2", format!("an event cannot be read: {error}")))?;
            broken.map_or(Ok(()), Err)?;
        }
        for sequence in last + 1..=self.book.last() {
            self.figures.events += 1;
            self.judge.happened(&self.book, sequence)?;
        }
        Ok(())
    }

    /// A follower reads on from its cursor: every event once, in order.
    pub async fn follow(&mut self, sim: &Simulated) -> Held {
        if sim.engine().shared().is_none() {
            return Ok(());
        }
        let until = sim.engine().durable_sequence();
        let selection = Arc::new(Selection::all());
        let events = sim.engine().events(self.followed, until, selection, FOLLOWED_MAX);
        let page = match events.await {
            Ok(page) => page,
            Err(CatchUpFault::Gone { earliest, .. }) if earliest > self.followed + 1 => {
                self.followed = earliest - 1;
                return Ok(());
            }
            // A failing disk may fail to be read.
            Err(_) if self.figures.faults > 0 => return Ok(()),
            Err(fault) => {
                return Err(Broken::new("P6", format!("events behind {}: {fault}", self.followed)));
            }
        };
        self.read(sim)?;
        let mut told = BTreeSet::new();
        for movement in &page.events {
            check_movement(&self.book, movement)?;
            told.insert(movement.sequence);
        }
        let meant = (self.followed + 1..=page.read_to).filter(|it| self.book.event(*it).is_some());
        if !told.iter().copied().eq(meant) || told.len() != page.events.len() {
            return Err(Broken::new("P6", format!("events behind {}: {told:?}", self.followed)));
        }
        self.followed = page.read_to.max(self.followed);
        Ok(())
    }

    /// Everything under way ends.
    pub async fn drain(&mut self, sim: &Simulated, standing: Standing) -> Held {
        for _ in 0..ROUNDS_MAX {
            sim.round().await;
            self.hear(sim, standing)?;
            let waits = self.judge.calls.asked.iter().any(|asked| asked.under_way > 0);
            if !waits || sim.is_failed() {
                return Ok(());
            }
        }
        let waiting: Vec<_> = self.judge.calls.asked.iter().filter(|it| it.under_way > 0).collect();
        Err(Broken::new("P7", format!("calls that never end: {waiting:?}")))
    }

    /// The end: everything ends, all holds come back, and it adds up.
    pub async fn rest(&mut self, sim: &Simulated, standing: Standing) -> Held {
        self.disk.make_room();
        self.disk.faults.heal();
        self.drain(sim, standing).await?;
        if sim.is_failed() {
            return Ok(());
        }
        let long = Duration::from_secs(self.world.settings.hold_lifetime_seconds_max + 86_400);
        for _ in 0..4 {
            sim.clock().advance(long);
            sim.sweep();
            for _ in 0..20 {
                sim.round().await;
            }
            self.hear(sim, standing)?;
        }
        self.book.check_rest()?;
        for (key, versions) in &self.book.keys {
            let last = versions.versions.last();
            if let Some((_, after)) = last.filter(|(_, after)| after.reserved != 0) {
                return Err(Broken::new(
                    "P8",
                    format!("{key} long after all deadlines: {after:?}"),
                ));
            }
        }
        Ok(())
    }
}
