//! What happened how often.

use std::collections::BTreeMap;
use std::fmt;

use saldo_ledger::RefusalCode;

/// Counts of one seed, or of many.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Seeds run.
    pub seeds: u64,
    /// Steps of the scheduler.
    pub steps: u64,
    /// Lives of engines.
    pub lives: u64,
    /// Lives that ended by a kill of the process.
    pub kills: u64,
    /// Lives that ended by a loss of power.
    pub power_cuts: u64,
    /// Clean stops.
    pub stops: u64,
    /// Lives that ended while the engine recovered.
    pub deaths_in_recovery: u64,
    /// Stores that were lost between two lives.
    pub stores_lost: u64,
    /// Stores that were damaged between two lives.
    pub stores_damaged: u64,
    /// Operations of the disk that were made to fail.
    pub faults: u64,
    /// Times that the disk was full.
    pub disks_full: u64,
    /// Attempts of calls, questions among them.
    pub calls: u64,
    /// Attempts that were repeats.
    pub retries: u64,
    /// Answers that were no refusal.
    pub acknowledged: u64,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
    /// Events read from the journal.
    pub events: u64,
    /// Checkpoints made.
    pub checkpoints: u64,
    /// Baselines at the end.
    pub baselines: u64,
    /// Looks at whether a baseline is wanted.
    pub retains: u64,
    /// Actors asked to leave.
    pub passivations: u64,
    /// Keys woken.
    pub woken: u64,
    /// Reads and refusals that the witness checked.
    pub observations: u64,
}

impl Figures {
    /// Counts an answer.
    pub fn answered(&mut self, code: Option<RefusalCode>) {
        match code {
            None => self.acknowledged += 1,
            Some(code) => *self.refused.entry(format!("{code:?}")).or_default() += 1,
        }
    }

    /// Ends of lives that were no clean stop.
    #[must_use]
    pub const fn crashes(&self) -> u64 {
        self.kills + self.power_cuts
    }

    /// Adds those of another seed.
    pub fn add(&mut self, other: &Self) {
        for ((_, mine), (_, theirs)) in
            self.counts_mut().into_iter().zip(other.clone().counts_mut())
        {
            *mine += *theirs;
        }
        for (code, count) in &other.refused {
            *self.refused.entry(code.clone()).or_default() += count;
        }
    }

    fn counts_mut(&mut self) -> Vec<(&'static str, &mut u64)> {
        vec![
            ("seeds", &mut self.seeds),
            ("steps", &mut self.steps),
            ("lives", &mut self.lives),
            ("kills", &mut self.kills),
            ("power cuts", &mut self.power_cuts),
            ("clean stops", &mut self.stops),
            ("deaths while recovering", &mut self.deaths_in_recovery),
            ("stores lost", &mut self.stores_lost),
            ("stores damaged", &mut self.stores_damaged),
            ("disk faults", &mut self.faults),
            ("disks full", &mut self.disks_full),
            ("calls", &mut self.calls),
            ("retries", &mut self.retries),
            ("acknowledged", &mut self.acknowledged),
            ("events", &mut self.events),
            ("checkpoints", &mut self.checkpoints),
            ("baselines", &mut self.baselines),
            ("looks at retention", &mut self.retains),
            ("passivations", &mut self.passivations),
            ("keys woken", &mut self.woken),
            ("reads and refusals witnessed", &mut self.observations),
        ]
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.clone().counts_mut() {
            writeln!(f, "{name:<32} {count:>12}")?;
        }
        for (code, count) in &self.refused {
            writeln!(f, "refused {code:<24} {count:>12}")?;
        }
        Ok(())
    }
}
