//! One key: its balances now, and what was on hand at each version that someone was told.

use super::Figures;

/// A key that exists.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    /// Balances now.
    pub figures: Figures,
    /// The version that it has at least.
    pub version: u64,
    /// By how much the version may be higher: how many events a step over several keys takes is the engine's choice.
    pub version_slack: u64,
    /// What was on hand at the versions told so far, oldest first.
    on_hand_at: Vec<(u64, i64)>,
}

impl Stock {
    /// One event, and perhaps up to `slack` more.
    pub fn rise(&mut self, events: u64, slack: u64) {
        self.version += events;
        self.version_slack += slack;
    }

    /// Takes note of the version that the engine tells.
    ///
    /// # Errors
    /// A sentence, where it cannot be that.
    pub fn learn(&mut self, version: u64) -> Result<(), String> {
        let most = self.version + self.version_slack;
        if !(self.version..=most).contains(&version) {
            return Err(format!("version {version}, but it must be {} to {most}", self.version));
        }
        self.version = version;
        self.version_slack = 0;
        if self.on_hand_at.last().is_none_or(|(last, _)| *last < version) {
            self.on_hand_at.push((version, self.figures.on_hand));
        }
        Ok(())
    }

    /// What was on hand at a version: nothing before the first event, none where it lies in the future.
    #[must_use]
    pub fn on_hand_at(&self, version: u64) -> Option<i64> {
        if version >= self.version {
            return (version == self.version).then_some(self.figures.on_hand);
        }
        Some(
            self.on_hand_at
                .iter()
                .rev()
                .find(|(at, _)| *at <= version)
                .map_or(0, |(_, on_hand)| *on_hand),
        )
    }

    /// Versions that someone was told.
    pub fn told_versions(&self) -> impl Iterator<Item = u64> + '_ {
        self.on_hand_at.iter().map(|(version, _)| *version)
    }
}
