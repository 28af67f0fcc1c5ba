//! Faults of the machine under a running engine, each with a name: what it does then, and that nothing is lost.

mod clock;
mod disk_full;
mod open_files;

use std::future::Future;
use std::pin::Pin;

use super::able::has_program;
use super::lives::{Death, Lives};

/// What a fault showed, in a few words; where the attack cannot be made here, why not.
pub type Shown = Result<String, Failure>;

/// Why there is nothing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It cannot be tried here: said, and counted as left out.
    LeftOut(String),
    /// A promise was broken.
    Broken(String),
}

impl From<String> for Failure {
    fn from(wrong: String) -> Self {
        Self::Broken(wrong)
    }
}

/// A fault that can be asked for by its name.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// Brings it about.
    run: fn(u64) -> Pin<Box<dyn Future<Output = Shown> + Send>>,
}

/// All faults.
pub const FAULTS: [Fault; 8] = [
    Fault { name: "failed-sync", run: |seed| Box::pin(failed_sync(seed)) },
    Fault { name: "no-memory", run: |seed| Box::pin(no_memory(seed)) },
    Fault { name: "store-harmed", run: |seed| Box::pin(store_harmed(seed)) },
    Fault { name: "disk-low", run: |_| Box::pin(disk_full::runs_low()) },
    Fault { name: "disk-full", run: |_| Box::pin(disk_full::is_filled_at_once()) },
    Fault { name: "open-files", run: |_| Box::pin(open_files::are_used_up()) },
    Fault { name: "clock-forward", run: |_| Box::pin(clock::steps_forward()) },
    Fault { name: "clock-back", run: |_| Box::pin(clock::steps_back()) },
];

impl Fault {
    /// Brings it about and tells what it showed.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn run(&self, seed: u64) -> Shown {
        (self.run)(seed).await
    }

    /// The fault of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FAULTS.into_iter().find(|fault| fault.name == name)
    }
}

async fn lives(death: Death, deaths: u32, seed: u64) -> Shown {
    let lives = Lives { deaths, seed, death, life_ms_max: 800 };
    Ok(lives.run(|_, _| ()).await?.to_string())
}

async fn failed_sync(seed: u64) -> Shown {
    if !has_program("strace") {
        return Err(Failure::LeftOut("strace is missing: apt-get install strace".to_owned()));
    }
    lives(Death::FailedSync, 6, seed).await
}

async fn no_memory(seed: u64) -> Shown {
    lives(Death::NoMemory, 4, seed).await
}

async fn store_harmed(seed: u64) -> Shown {
    lives(Death::KillAndHarmStore, 6, seed).await
}
