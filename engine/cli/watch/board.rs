//! The newest level of each key as rows of a table. Pure: the time is an argument.

use std::collections::BTreeMap;

use saldo_protocol::{LevelView, StockBand, View};

use super::table::{Align, printable};

/// How long a change stands out, in microseconds.
const FRESH_US: u64 = 3_000_000;

/// Names of a key: SKU, then location.
type Key = (String, String);

/// The newest level of each key: as many as the selection has.
#[derive(Debug, Default)]
pub struct Board {
    rows: BTreeMap<Key, Row>,
    /// Keys by the number of their last change.
    by_change: BTreeMap<u64, Key>,
    changes: u64,
    /// Whether all levels have been told, so that further ones are changes.
    is_complete: bool,
}

#[derive(Debug)]
struct Row {
    level: LevelView,
    change: u64,
    /// When the change was heard, in microseconds of the caller's clock; none for the levels of a snapshot.
    heard_us: Option<u64>,
}

/// A row to be drawn.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    /// One text a column.
    pub cells: Vec<String>,
    /// How much it stands out.
    pub mark: Mark,
}

/// How much a row stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not.
    None,
    /// It changed within the last seconds.
    Fresh,
    /// It is the newest of them.
    Newest,
}

impl Board {
    /// Takes a level in, heard at this moment.
    pub fn take(&mut self, level: LevelView, now_us: u64) {
        let key = (level.sku().to_owned(), level.location().to_owned());
        self.changes += 1;
        let heard_us = self.is_complete.then_some(now_us);
        let row = Row { level, change: self.changes, heard_us };
        if let Some(before) = self.rows.insert(key.clone(), row) {
            self.by_change.remove(&before.change);
        }
        self.by_change.insert(self.changes, key);
    }

    /// All levels have been told.
    pub fn complete(&mut self) {
        self.is_complete = true;
    }

    /// Levels from here on are what the engine holds, not changes.
    pub fn connected(&mut self) {
        self.is_complete = false;
    }

    /// Forgets all levels.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.by_change.clear();
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// At most so many rows: all in the order of their keys where they fit, otherwise those that changed last.
    pub fn shown(&self, rows_max: usize, now_us: u64, wall_us: u64) -> Vec<Shown> {
        let newest = self.by_change.keys().next_back().copied();
        let show = |row: &Row| {
            let age_us = row.heard_us.map(|heard| now_us.saturating_sub(heard));
            let mark = match age_us {
                Some(age) if age < FRESH_US && Some(row.change) == newest => Mark::Newest,
                Some(age) if age < FRESH_US => Mark::Fresh,
                _ => Mark::None,
            };
            Shown { cells: cells(&row.level, wall_us), mark }
        };
        if self.rows.len() <= rows_max {
            return self.rows.values().map(show).collect();
        }
        let latest = self.by_change.values().rev().take(rows_max);
        latest.filter_map(|key| self.rows.get(key)).map(show).collect()
    }
}

/// The heads of the columns of a view.
pub const fn heads(view: View) -> &'static [(&'static str, Align)] {
    const L: Align = Align::Left;
    const R: Align = Align::Right;
    match view {
        View::Exact => &[
            ("SKU", L),
            ("LOCATION", L),
            ("AVAILABLE", R),
            ("ON HAND", R),
            ("RESERVED", R),
            ("COMMITTED", R),
            ("VERSION", R),
            ("CHANGED", R),
        ],
        View::Banded | View::Boolean => {
            &[("SKU", L), ("LOCATION", L), ("AVAILABILITY", L), ("VERSION", R), ("CHANGED", R)]
        }
    }
}

fn cells(level: &LevelView, wall_us: u64) -> Vec<String> {
    let told = match level {
        LevelView::Exact(level) => {
            [level.available, level.on_hand, level.reserved, level.committed]
                .map(|units| units.to_string())
                .to_vec()
        }
        LevelView::Banded(level) => vec![band_name(level.availability).replace('_', " ")],
        LevelView::Boolean(level) => {
            vec![if level.is_available { "available" } else { "not available" }.to_owned()]
        }
    };
    let mut cells = vec![printable(level.sku()), printable(level.location())];
    cells.extend(told);
    cells.push(level.version().to_string());
    cells.push(ago(wall_us.saturating_sub(level.as_of().as_micros())));
    cells
}

/// A band as JSON has it.
pub const fn band_name(band: StockBand) -> &'static str {
    match band {
        StockBand::OutOfStock => "out_of_stock",
        StockBand::LowStock => "low_stock",
        StockBand::InStock => "in_stock",
    }
}

/// A length of time in its greatest whole unit.
pub fn ago(age_us: u64) -> String {
    let seconds = age_us / 1_000_000;
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}
