//! One life of the engine: at each step chance picks who goes on, until it stops, fails or is killed.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use saldo::journal::medium::Operation;
use saldo::simulation::Simulated;
use saldo_ledger::Timestamp;

use super::broken::{Broken, Held};
use super::story::{End, Story};

/// Rounds in which an engine must begin to serve.
const BEGIN_POLLS_MAX: u32 = 3_000;

/// What explains refusals in this life.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    pub full: bool,
    pub was_full: bool,
    pub faulty: bool,
    pub stopping: bool,
}

/// What can be next.
#[derive(Clone, Copy, Debug)]
enum Next {
    Ask,
    Yield,
    Journal,
    Wake,
    Prepare,
    Sweep,
    Passivate,
    Checkpoint,
    Retain,
    Forget,
    Follow,
    Clock,
    Wall,
    Round,
    Fault,
    Fill,
    End,
}

/// Polls a future so often at the most; none where it was not ready then.
async fn within<T>(polls: u32, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

impl Story {
    /// Lives until the life ends.
    pub async fn live(&mut self) -> Held<End> {
        let recovered = Simulated::recover(&self.world.settings, self.disk.data_dir(), self.wall);
        let sim = match recovered {
            Ok(sim) => sim,
            Err(_) if self.disk_fails => {
                self.figures.deaths_in_recovery += 1;
                return Ok(self.some_crash());
            }
            Err(error) => {
                return Err(Broken::new("P2", format!("the engine does not start: {error}")));
            }
        };
        sim.count_ids_from((self.seed << 16) + self.life);
        let mut standing = Standing { faulty: self.disk_fails, ..Standing::default() };
        // Before it has begun, everything is `not_ready`.
        self.ask(&sim);
        sim.yield_once().await;
        standing.stopping = true;
        self.hear(&sim, standing)?;
        standing.stopping = false;
        let begun = within(BEGIN_POLLS_MAX, sim.begin()).await;
        self.hear(&sim, standing)?;
        if begun.is_none() && !self.disk_fails {
            return Err(Broken::new("P7", "the engine never begins to serve"));
        }
        if begun.is_none() {
            self.figures.deaths_in_recovery += 1;
            return Ok(self.some_crash());
        }
        if sim.is_failed() {
            if !self.disk_fails {
                return Err(Broken::new("P7", "the journal failed on a disk without a fault"));
            }
            self.figures.deaths_in_recovery += 1;
            return Ok(self.some_crash());
        }
        if self.disk_fails {
            self.disk.faults.heal();
            self.disk_fails = false;
        }
        self.book.check_rest()?;
        let end = self.steps(&sim, &mut standing).await?;
        match end {
            End::Stopped => {
                self.drain(&sim, standing).await?;
                sim.stop().await;
            }
            End::Done => self.rest(&sim, standing).await?,
            _ => self.forget_letters(),
        }
        Ok(end)
    }

    fn some_crash(&mut self) -> End {
        self.forget_letters();
        if self.dice.disk.one_in(2) { End::PowerCut } else { End::Killed }
    }

    /// Nobody hears the answers that were on their way.
    fn forget_letters(&mut self) {
        self.post.letters.borrow_mut().clear();
        for call in 0..self.judge.calls.asked.len() {
            let asked = &mut self.judge.calls.asked[call];
            if std::mem::take(&mut asked.under_way) > 0 {
                asked.may_have += 1;
                self.unsettled.push(call);
            }
        }
    }

    async fn steps(&mut self, sim: &Simulated, standing: &mut Standing) -> Held<End> {
        loop {
            if self.step >= self.options.steps {
                return Ok(End::Done);
            }
            self.step += 1;
            self.figures.steps += 1;
            let next = self.next();
            if let ControlFlow::Break(end) = self.take(sim, next, standing).await? {
                return Ok(end);
            }
            self.hear(sim, *standing)?;
            if sim.is_failed() {
                return match standing.faulty {
                    true => Ok(End::Failed),
                    false => Err(Broken::new("P7", "the journal failed on a disk without a fault")),
                };
            }
        }
    }

    fn next(&mut self) -> Next {
        let world = &self.world;
        let die = &mut self.dice.schedule;
        if die.one_in(world.life_steps) {
            return Next::End;
        }
        if die.one_in(world.fault_steps) {
            return if die.one_in(2) { Next::Fault } else { Next::Fill };
        }
        let (clock, store) = (world.clock_weight, world.store_weight);
        die.weighted(&[
            (Next::Ask, 26),
            (Next::Yield, 26),
            (Next::Journal, 26),
            (Next::Wake, 9),
            (Next::Prepare, 3),
            (Next::Sweep, 4),
            (Next::Passivate, 2),
            (Next::Checkpoint, 2 * store),
            (Next::Retain, store),
            (Next::Forget, 1),
            (Next::Follow, 2),
            (Next::Clock, 5 * clock),
            (Next::Wall, 1),
            (Next::Round, 4),
        ])
    }

    async fn take(
        &mut self,
        sim: &Simulated,
        next: Next,
        standing: &mut Standing,
    ) -> Held<ControlFlow<End>> {
        match next {
            Next::Ask => self.ask(sim),
            Next::Yield => sim.yield_once().await,
            Next::Journal => {
                let phase = sim.step_journal();
                self.trace(|| format!("journal: {phase:?}"));
            }
            Next::Wake => {
                let woken = sim.wake_next();
                self.figures.woken += u64::from(woken);
            }
            Next::Prepare => sim.prepare_segment(),
            Next::Sweep => sim.sweep(),
            Next::Passivate => {
                let left = self.dice.schedule.place(self.world.keys.len());
                let asked = sim.passivate(left);
                self.figures.passivations += asked as u64;
                self.trace(|| format!("all but {left} actors are asked to leave: {asked}"));
            }
            Next::Checkpoint => self.checkpoint(sim),
            Next::Retain => {
                self.figures.retains += 1;
                tokio::task::spawn_local(sim.retain());
            }
            Next::Forget => {
                tokio::task::spawn_local(sim.forget());
            }
            Next::Follow => self.follow(sim).await?,
            Next::Clock => {
                let time = self.some_time();
                sim.clock().advance(time);
                let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                self.wall = Timestamp::from_micros(self.wall.as_micros() + micros);
                self.trace(|| format!("{time:?} pass"));
            }
            Next::Wall => self.move_wall(sim),
            Next::Round => sim.round().await,
            Next::Fault => {
                self.fault();
                standing.faulty = true;
            }
            Next::Fill => {
                standing.full = !standing.full;
                standing.was_full = true;
                if standing.full {
                    self.disk.fill()
                } else {
                    self.disk.make_room()
                }
                self.figures.disks_full += u64::from(standing.full);
                self.trace(|| format!("the disk is full: {}", standing.full));
            }
            Next::End => return Ok(ControlFlow::Break(self.end(standing))),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, standing: &mut Standing) -> End {
        let end = match self.dice.schedule.below(8) {
            0..=3 => End::Killed,
            4..=6 => End::PowerCut,
            _ if standing.faulty => End::Killed,
            _ => End::Stopped,
        };
        if end == End::Stopped && standing.full {
            self.disk.make_room();
            standing.full = false;
        }
        end
    }

    fn checkpoint(&mut self, sim: &Simulated) {
        let (made, checkpoint) = (Rc::clone(&self.checkpoints), sim.checkpoint());
        tokio::task::spawn_local(async move {
            let is_made = checkpoint.await.is_ok();
            made.set(made.get() + u64::from(is_made));
        });
    }

    fn move_wall(&mut self, sim: &Simulated) {
        let die = &mut self.dice.time;
        let by = if die.one_in(3) { die.below(8_000_000_000) } else { die.below(50_000_000) };
        let wall = self.wall.as_micros();
        let wall = if die.one_in(2) { wall + by } else { wall.saturating_sub(by) };
        self.wall = Timestamp::from_micros(wall);
        sim.clock().set_wall(self.wall);
        self.trace(|| format!("the wall clock shows {wall}"));
    }

    fn fault(&mut self) {
        let die = &mut self.dice.disk;
        let kinds = [
            Operation::Write,
            Operation::Sync,
            Operation::Allocate,
            Operation::Rename,
            Operation::Remove,
            Operation::SyncDir,
            Operation::Apply,
            Operation::SyncTree,
            Operation::Change,
        ];
        let (kind, after, for_ever) = (*die.pick(&kinds), die.below(4), die.one_in(2));
        self.disk.fails(kind, after, for_ever, die);
        self.figures.faults += 1;
        self.trace(|| format!("{kind:?} fails after {after}, for ever: {for_ever}"));
    }
}
