//! What a bug is exposed to. Every attack lives on one thread, as a planted bug is awake on its own thread only.

use std::panic::{AssertUnwindSafe, catch_unwind};

use saldo::planted::{Bug, wake};

use crate::model::run::{Against, try_out};
use crate::model::steps::{run_file, tables};
use crate::{disk, simulation};

/// Cases and seeds that an attack may take until it has found the bug.
const CASES: u32 = 300;
const MODEL_SEED: u64 = 1;
const SEEDS: u64 = 100;

/// An attack on the promises, in its short form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Tables of steps.
    NamedCases,
    /// Whole engines beside the model.
    Model,
    /// Whole engines on a simulated clock, scheduler and disk.
    Simulation,
    /// Every operation on the disk failing.
    FailingOperations,
    /// Every state that a crash can leave.
    CrashStates,
    /// Bits flipped, files cut, records of another history.
    Damage,
}

impl Attack {
    /// All of them, the quick ones first.
    pub const ALL: [Self; 6] = [
        Self::NamedCases,
        Self::Model,
        Self::Damage,
        Self::Simulation,
        Self::CrashStates,
        Self::FailingOperations,
    ];

    /// Its name, as in `docs/promises.md`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NamedCases => "named cases",
            Self::Model => "model",
            Self::Simulation => "simulation",
            Self::FailingOperations => "failing operations",
            Self::CrashStates => "crash states",
            Self::Damage => "damage",
        }
    }

    /// Makes the attack on engines with this bug: what it found, in a line, or nothing.
    #[must_use]
    pub fn finds(self, bug: Option<Bug>) -> Option<String> {
        wake(bug);
        let made = catch_unwind(AssertUnwindSafe(|| self.make()));
        wake(None);
        let found = match made {
            Ok(outcome) => outcome.err()?,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                format!("panic: {}", text.unwrap_or("without words"))
            }
        };
        // The last line says what is wrong; those before it tell the way there.
        Some(found.lines().last().unwrap_or_default().to_owned())
    }

    fn make(self) -> Result<(), String> {
        match self {
            Self::NamedCases => tables().iter().try_for_each(|table| run_file(table).map(drop)),
            Self::Model => try_out(Against::Engine, CASES, MODEL_SEED),
            Self::Simulation => (1..=SEEDS).try_for_each(|seed| {
                let told = simulation::run(seed, &simulation::Options::default());
                told.failure.map_or(Ok(()), |failure| Err(failure.to_string()))
            }),
            Self::FailingOperations => {
                disk::errors(false).map(drop).map_err(|broken| broken.to_string())
            }
            Self::CrashStates => disk::states(false).map(drop).map_err(|broken| broken.to_string()),
            Self::Damage => disk::damage(false).map(drop).map_err(|broken| broken.to_string()),
        }
    }
}
