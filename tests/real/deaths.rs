//! The ends of an engine's lives: kills, cuts, syncs that fail, memory that runs out; and of its starts.

use std::time::Duration;

use rand::RngExt as _;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::harm::harm_store;
use super::lives::{Death, Run};
use super::process::mapped_bytes;
use crate::{Engine, Stopped};

impl Run {
    /// Ends a life. Where power is cut, one life of four ends by a kill all the same, so that the cut that follows
    /// finds what a kill has left.
    pub(super) async fn strike(&mut self, engine: Engine) -> Result<Stopped, String> {
        match (self.plan.death, &self.image) {
            (Death::Cut(_), Some(image)) if self.random.random_ratio(3, 4) => {
                self.survived.cuts += 1;
                image.cut()?;
                let stopped = engine.kill().await;
                image.mount_again()?;
                Ok(stopped)
            }
            (Death::FailedSync, _) => {
                // The sync that fails is some way off: the clients bring it about.
                let (stopped, status) = engine.ended().await;
                self.survived.stops += 1;
                if status.success() {
                    return Err("a sync failed, and the engine ended well".to_owned());
                }
                Ok(stopped)
            }
            (Death::NoMemory, _) => {
                let allowed = self.random.random_range(0..4 << 20);
                starve(engine.pid(), allowed)?;
                let (engine, stops) = engine.ended_within(STARVED_FOR).await;
                if stops {
                    self.survived.stops += 1
                } else {
                    self.survived.kills += 1
                }
                Ok(engine)
            }
            _ => {
                self.survived.kills += 1;
                Ok(engine.kill().await)
            }
        }
    }

    /// Sometimes ends the next starts, too, wherever they are, or damages the store before them.
    pub(super) async fn strike_in_starts(
        &mut self,
        mut stopped: Stopped,
    ) -> Result<Stopped, String> {
        if matches!(self.plan.death, Death::FailedSync | Death::NoMemory) {
            stopped.setup().under.clear();
            return Ok(stopped);
        }
        if self.plan.death == Death::KillAndHarmStore {
            let which = self.random.random_range(0..3);
            harm_store(&stopped.data_dir().join("store"), which, &mut self.random)?;
        }
        while self.random.random_ratio(1, 3) {
            let after = Duration::from_micros(self.random.random_range(500..60_000));
            stopped = stopped.start_and_kill(after).await;
            self.survived.kills += 1;
            if let Some(image) = &self.image {
                image.cut()?;
                image.mount_again()?;
                self.survived.cuts += 1;
            }
        }
        Ok(stopped)
    }
}

/// Runs the engine so that in each of its threads the sync of this number fails, and all after it. The tracer is no
/// parent of the engine, and ends with it.
pub(super) fn failing_sync(number: u32) -> Vec<String> {
    let inject = format!("inject=fdatasync:error=EIO:when={number}+");
    [
        "strace",
        "-D",
        "-qq",
        "-f",
        "--seccomp-bpf",
        "-o",
        "/dev/null",
        "-e",
        "trace=fdatasync",
        "-e",
        &inject,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// How long an engine without memory goes on at most before it is killed.
const STARVED_FOR: Duration = Duration::from_millis(1_500);

/// Lets a process map no more than so many bytes beyond what it has mapped.
fn starve(pid: Pid, allowed: u64) -> Result<(), String> {
    let limit = Some(mapped_bytes(pid)? + allowed);
    let limits = Rlimit { current: limit, maximum: limit };
    prlimit(Some(pid), Resource::As, limits).map(drop).map_err(|error| format!("no limit: {error}"))
}
