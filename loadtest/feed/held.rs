//! What one subscriber holds: of each of its keys the newest level that it heard of. Versions of a key only rise from
//! delta to delta; a snapshot's page may be older than a delta that came before it.

use std::ops::Range;

use saldo_protocol::Level;

use crate::feed::message::Kind;

/// A key's level as the engine holds it at the end; version 0 where the key does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Final {
    /// The number of its last event.
    pub version: u64,
    /// What can be promised.
    pub available: i64,
}

impl From<&Level> for Final {
    fn from(level: &Level) -> Self {
        Self { version: level.version, available: level.available }
    }
}

/// What is held of one key.
#[derive(Clone, Copy, Debug, Default)]
struct Newest {
    held: Final,
    /// The version of the newest delta.
    delta_version: u64,
}

/// What one subscriber holds.
#[derive(Clone, Debug)]
pub struct Held {
    first: usize,
    levels: Vec<Newest>,
    /// Keys that are older than they should be, once that is known.
    behind: usize,
}

/// How a subscriber's levels compare with the engine's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Keys compared.
    pub keys: u64,
    /// Keys of which an older level is held.
    pub older: u64,
    /// Keys of which the same version is held with another `available`.
    pub different: u64,
    /// Keys that went on after the engine was asked: not compared.
    pub newer: u64,
    /// The first key that disagrees, what is held of it, and what should be.
    pub first: Option<(usize, Final, Final)>,
}

impl Held {
    /// Nothing yet of these keys.
    #[must_use]
    pub fn new(keys: Range<usize>) -> Self {
        Self { first: keys.start, levels: vec![Newest::default(); keys.len()], behind: 0 }
    }

    /// Takes a level in. False where it cannot be: a delta's version that does not rise, or a key that was not asked
    /// for.
    pub fn hear(&mut self, kind: Kind, key: usize, told: Final, wanted: Option<&[Final]>) -> bool {
        let Some(newest) = key.checked_sub(self.first).and_then(|place| self.levels.get_mut(place))
        else {
            return false;
        };
        if kind == Kind::Delta {
            if told.version <= newest.delta_version {
                return false;
            }
            newest.delta_version = told.version;
        }
        if told.version > newest.held.version {
            if let Some(wanted) = wanted.and_then(|wanted| wanted.get(key)) {
                let caught_up =
                    newest.held.version < wanted.version && told.version >= wanted.version;
                self.behind -= usize::from(caught_up);
            }
            newest.held = told;
        }
        true
    }

    /// Aims at these levels of all the run's keys, and tells how many keys are behind them.
    pub fn aim(&mut self, wanted: &[Final]) -> usize {
        let pairs = self.pairs(wanted);
        self.behind = pairs.filter(|(_, held, wanted)| held.version < wanted.version).count();
        self.behind
    }

    /// Keys that are behind what was aimed at.
    #[must_use]
    pub const fn behind(&self) -> usize {
        self.behind
    }

    /// Compares with the engine's levels.
    #[must_use]
    pub fn compared(&self, wanted: &[Final]) -> Compared {
        let mut compared = Compared::default();
        for (key, held, wanted) in self.pairs(wanted) {
            compared.keys += 1;
            let is_older = held.version < wanted.version;
            let is_different = held.version == wanted.version && held != wanted;
            compared.older += u64::from(is_older);
            compared.different += u64::from(is_different);
            compared.newer += u64::from(held.version > wanted.version);
            if is_older || is_different {
                compared.first = compared.first.or(Some((key, held, wanted)));
            }
        }
        compared
    }

    fn pairs<'a>(&'a self, wanted: &'a [Final]) -> impl Iterator<Item = (usize, Final, Final)> {
        let wanted = wanted.get(self.first..).unwrap_or_default();
        let keyed = (self.first..).zip(self.levels.iter().zip(wanted));
        keyed.map(|(key, (newest, wanted))| (key, newest.held, *wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn level(version: u64, available: i64) -> Final {
        Final { version, available }
    }

    #[test]
    fn versions_of_deltas_only_rise() {
        let mut held = Held::new(2..4);
        let snapshot = Kind::Snapshot { done: false };
        assert!(held.hear(Kind::Delta, 2, level(5, 1), None));
        assert!(held.hear(snapshot, 2, level(4, 9), None), "an older page is no fault");
        assert!(held.hear(snapshot, 3, level(8, 9), None));
        assert!(held.hear(Kind::Delta, 3, level(7, 9), None), "read before the page");
        assert!(!held.hear(Kind::Delta, 3, level(7, 9), None));
        assert!(!held.hear(Kind::Delta, 2, level(3, 9), None));
        assert!(!held.hear(Kind::Delta, 1, level(9, 9), None), "not asked for");
        let wanted = [level(0, 0), level(0, 0), level(5, 1), level(8, 9)];
        assert_eq!(held.compared(&wanted), Compared { keys: 2, ..Compared::default() });
    }

    #[test]
    fn what_differs_at_the_end_is_told() {
        let mut held = Held::new(0..4);
        for (key, told) in [level(5, 1), level(6, 2), level(9, 0)].into_iter().enumerate() {
            held.hear(Kind::Delta, key, told, None);
        }
        let wanted = [level(5, 2), level(7, 2), level(8, 1), level(0, 0)];
        assert_eq!(held.aim(&wanted), 1);
        let compared = held.compared(&wanted);
        assert_eq!((compared.keys, compared.older), (4, 1));
        assert_eq!((compared.different, compared.newer), (1, 1));
        assert_eq!(compared.first, Some((0, level(5, 1), level(5, 2))));
        held.hear(Kind::Delta, 1, level(7, 2), Some(&wanted));
        assert_eq!(held.behind(), 0);
    }
}
