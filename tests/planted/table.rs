//! Which attack found which bug.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope};
use std::time::{Duration, Instant};

use saldo::planted::Bug;

use super::attack::Attack;

/// One attack on one bug.
#[derive(Clone, Debug)]
pub struct Row {
    /// The bug; none is a sound engine, in which nothing must be found.
    pub bug: Option<Bug>,
    /// The attack.
    pub attack: Attack,
    /// What it found.
    pub found: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// All rows, a bug's together, in the order of [`Bug::ALL`].
#[derive(Clone, Debug)]
pub struct Table(pub Vec<Row>);

impl Table {
    /// Bugs that no attack found.
    #[must_use]
    pub fn missed(&self) -> Vec<Bug> {
        let found = |bug: &Bug| {
            self.0.iter().any(|row| row.bug.as_ref() == Some(bug) && row.found.is_some())
        };
        Bug::ALL.into_iter().filter(|bug| !found(bug)).collect()
    }

    /// What was found in a sound engine.
    #[must_use]
    pub fn false_alarms(&self) -> Vec<&Row> {
        self.0.iter().filter(|row| row.bug.is_none() && row.found.is_some()).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| bug | attack | found | s |\n|---|---|---|---:|")?;
        for row in &self.0 {
            let bug = row.bug.map_or("none", Bug::name);
            let found = row.found.as_deref().unwrap_or("nothing").replace('|', "/");
            let shown: String = found.chars().take(160).collect();
            let seconds = row.took.as_secs_f32();
            writeln!(f, "| {bug} | {} | {shown} | {seconds:.1} |", row.attack.name())?;
        }
        Ok(())
    }
}

/// Exposes each bug to one attack after the other until one finds it.
#[must_use]
pub fn until_caught() -> Table {
    side_by_side(&Bug::ALL.map(Some), true)
}

/// Exposes each bug, and a sound engine, to every attack.
#[must_use]
pub fn with_every_attack() -> Table {
    let mut bugs = vec![None];
    bugs.extend(Bug::ALL.map(Some));
    side_by_side(&bugs, false)
}

/// One bug a thread.
fn side_by_side(bugs: &[Option<Bug>], is_enough: bool) -> Table {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
            for attack in Attack::ALL {
                let began = Instant::now();
                let found = attack.finds(*bug);
                let is_caught = found.is_some();
                done.push(Row { bug: *bug, attack, found, took: began.elapsed() });
                if is_caught && is_enough {
                    break;
                }
            }
        }
        done
    };
    let threads = available_parallelism().map_or(1, usize::from);
    let mut rows = scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let told = running.into_iter().map(|thread| thread.join().expect("attacks do not panic"));
        told.flatten().collect::<Vec<_>>()
    });
    rows.sort_by_key(|row| bugs.iter().position(|bug| *bug == row.bug));
    Table(rows)
}
