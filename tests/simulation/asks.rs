//! Sending: what a client asks next, of an engine that may or may not answer.

use saldo::engine::Engine;
use saldo::simulation::Simulated;

use super::asked::{Answered, Attempt, Read, What};
use super::story::{Letter, Story};

/// Items of a page; no world has more keys or reservations than clients would see of them.
const PAGE: usize = 100;

impl Story {
    /// A client asks something new, or again what it does not know the outcome of.
    pub fn ask(&mut self, sim: &Simulated) {
        let under_way = self.judge.calls.asked.iter().rev().take(400);
        if under_way.map(|asked| asked.under_way as usize).sum::<usize>()
            >= self.world.in_flight_max
        {
            return;
        }
        if !self.unsettled.is_empty() && self.dice.calls.one_in(3) {
            let place = self.dice.calls.place(self.unsettled.len());
            let call = self.unsettled.swap_remove(place);
            // Some clients never come back.
            if !self.dice.calls.one_in(8) {
                self.figures.retries += 1;
                self.send_again(sim, call);
            }
            return;
        }
        if self.dice.calls.one_in(8) {
            return self.ask_frame(sim);
        }
        let what = self.clients.next(&self.world, &self.book, &mut self.dice.calls);
        let (once, is_shared) = self.once_for(&what);
        let attempt = self.attempt_of_new(what, once);
        self.judge.calls.asked[attempt.call].is_shared = is_shared;
        self.send(sim, attempt);
        if self.dice.calls.one_in(30) {
            // The same at the same time.
            self.send_again(sim, attempt.call);
        }
    }

    /// An idempotency key, and whether it is another call's.
    fn once_for(&mut self, what: &What) -> (Option<String>, bool) {
        let die = &mut self.dice.calls;
        let What::Call(call) = what else { return (None, false) };
        let may_lack = !matches!(call, saldo::actor::call::Call::AddLines { .. });
        if may_lack && die.one_in(4) {
            return (None, false);
        }
        let asked = &self.judge.calls.asked;
        if !asked.is_empty() && die.one_in(50) {
            let recent = asked.len().saturating_sub(30);
            let place = recent + die.place(asked.len() - recent);
            let other = &mut self.judge.calls.asked[place];
            if let (Some(once), What::Call(_), false) =
                (&other.once, &other.what, other.effects.is_empty())
            {
                other.is_shared = true;
                return (Some(once.clone()), true);
            }
        }
        (Some(self.clients.once()), false)
    }

    fn attempt_of_new(&mut self, what: What, once: Option<String>) -> Attempt {
        let sent = self.post.tick();
        let call = self.judge.calls.add(what, once, sent);
        self.attempt(call, sent)
    }

    fn attempt(&mut self, call: usize, sent: u64) -> Attempt {
        let asked = &mut self.judge.calls.asked[call];
        asked.under_way += 1;
        self.figures.calls += 1;
        Attempt {
            call,
            sent,
            known: self.book.last(),
            had_effect: asked.is_named() && !asked.effects.is_empty(),
        }
    }

    fn send_again(&mut self, sim: &Simulated, call: usize) {
        let sent = self.post.tick();
        let attempt = self.attempt(call, sent);
        self.send(sim, attempt);
    }

    fn send(&mut self, sim: &Simulated, attempt: Attempt) {
        let asked = &self.judge.calls.asked[attempt.call];
        self.trace(|| format!("ask {}: {:?} {:?}", attempt.call, asked.what, asked.once));
        let (what, once) = (asked.what.clone(), asked.once.clone());
        let (engine, post) = (sim.engine().clone(), self.post.clone());
        let frame = match &what {
            What::Command(command) => Some(engine.commands(vec![command.clone()])),
            What::Call(_) | What::Read(_) => None,
        };
        tokio::task::spawn_local(async move {
            let answer = match (what, frame) {
                (What::Call(call), _) => Answered::Call(engine.call(call, once.as_deref()).await),
                (What::Read(read), _) => answer(&engine, read).await,
                (What::Command(_), Some(frame)) => {
                    let replies = frame.await;
                    Answered::Command(replies[0])
                }
                (What::Command(_), None) => unreachable!("a command is a frame"),
            };
            let letter =
                Letter { attempts: vec![attempt], tick: post.tick(), answers: vec![answer] };
            post.letters.borrow_mut().push(letter);
        });
    }

    fn ask_frame(&mut self, sim: &Simulated) {
        let frame = self.clients.frame(&self.world, &self.book, &mut self.dice.calls);
        self.trace(|| format!("ask {} and on: {frame:?}", self.judge.calls.asked.len()));
        let attempts: Vec<Attempt> = frame
            .iter()
            .map(|command| {
                let once = command.once.as_deref().map(str::to_owned);
                self.attempt_of_new(What::Command(command.clone()), once)
            })
            .collect();
        let (replies, post) = (sim.engine().commands(frame), self.post.clone());
        tokio::task::spawn_local(async move {
            let replies = replies.await;
            let answers = replies.into_iter().map(Answered::Command).collect();
            let letter = Letter { attempts, tick: post.tick(), answers };
            post.letters.borrow_mut().push(letter);
        });
    }
}

async fn answer(engine: &Engine, read: Read) -> Answered {
    match read {
        Read::Level(key) => Answered::Level(engine.level(&key).await),
        Read::Sku(sku) => Answered::Placed(engine.placed_of_sku(&sku).await),
        Read::All => Answered::Placed(engine.levels(None, "", PAGE).await),
        Read::Reservation(id) => Answered::Reservation(engine.reservation(id).await),
        Read::On(key) => Answered::Reservations(engine.reservations_on(&key, None, PAGE).await),
        Read::By(kind, text) => {
            Answered::Reservations(engine.reservations_by(kind, &text, None, PAGE).await)
        }
        Read::Movements(key, limit) => {
            Answered::Movements(engine.movements(&key, None, limit).await)
        }
    }
}
