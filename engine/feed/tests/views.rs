//! Bands: what a level is worth, and that a reader is told of a band when it changes and at no other time.

use std::sync::Arc;

use Band::{InStock, LowStock, OutOfStock};
use Step::{Comes, Delta, Page};

use super::super::newest::Newest;
use super::super::{Band, Hub, Outbox, Selection, SharedLevel, Thresholds, View};
use super::{ALL, ROOM, Random, key, level, publish, take};

/// A level of this version in this band.
fn banded(sku: &str, version: u64, band: Band) -> Arc<SharedLevel> {
    Arc::new(SharedLevel::new(level(sku, "OSLO", version), band))
}

#[test]
fn the_threshold_of_the_longest_prefix_counts() {
    let by_prefix = [("TEE-", 20), ("TEE-BLACK-", 2), ("räv", 1), ("X", 0)];
    let thresholds = Thresholds::new(5, by_prefix.map(|(prefix, units)| (prefix.into(), units)));
    for (sku, low) in [
        ("A", 5),
        ("TEE", 5),
        ("TEE-", 20),
        ("TEE-WHITE-M", 20),
        ("TEE-BLACK", 20),
        ("TEE-BLACK-M", 2),
        ("tee-black-m", 5),
        ("räv-1", 1),
        ("rä", 5),
        ("X1", 0),
    ] {
        for (units, band) in [
            (-1, OutOfStock),
            (0, OutOfStock),
            (1, if low < 1 { InStock } else { LowStock }),
            (low.max(1), if low < 1 { InStock } else { LowStock }),
            (low + 1, InStock),
            (i64::MAX, InStock),
        ] {
            let mut level = level(sku, "OSLO", 1);
            level.balances.on_hand = units;
            assert_eq!(thresholds.band(&level), band, "{units} of {sku}");
        }
    }
}

#[test]
fn what_may_be_oversold_can_be_promised() {
    let thresholds = Thresholds::new(5, []);
    for (available, oversell_limit, band) in
        [(0, 5, LowStock), (-5, 5, OutOfStock), (-5, 6, LowStock), (0, 6, InStock)]
    {
        let mut level = level("A", "OSLO", 1);
        level.balances.on_hand = available;
        level.balances.oversell_limit = oversell_limit;
        assert_eq!(thresholds.band(&level), band, "{available} and {oversell_limit}");
    }
}

/// What happens to a subscription, in order.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A level of this version and band comes.
    Comes(u64, Band),
    /// A page of the snapshot tells this version, read in this band: what it tells.
    Page(u64, Band, Band),
    /// A delta is taken: what it tells.
    Delta(Option<u64>),
}

const CONVERSATIONS: &[(&str, View, &[Step])] = &[
    (
        "the same band again",
        View::Banded,
        &[Comes(1, InStock), Delta(Some(1)), Comes(2, InStock), Delta(None)],
    ),
    (
        "each change",
        View::Banded,
        &[
            Comes(1, InStock),
            Delta(Some(1)),
            Comes(2, LowStock),
            Delta(Some(2)),
            Comes(3, OutOfStock),
            Delta(Some(3)),
        ],
    ),
    (
        "to yes or no low and in stock are the same",
        View::Boolean,
        &[
            Comes(1, InStock),
            Delta(Some(1)),
            Comes(2, LowStock),
            Delta(None),
            Comes(3, OutOfStock),
            Delta(Some(3)),
            Comes(4, LowStock),
            Delta(Some(4)),
        ],
    ),
    (
        "there and back before it was taken",
        View::Banded,
        &[
            Comes(1, InStock),
            Delta(Some(1)),
            Comes(2, LowStock),
            Comes(3, InStock),
            Delta(None),
            Comes(4, LowStock),
            Comes(5, InStock),
            Comes(6, OutOfStock),
            Delta(Some(6)),
        ],
    ),
    (
        "behind the snapshot",
        View::Banded,
        &[
            Page(3, InStock, InStock),
            Comes(4, InStock),
            Delta(None),
            Comes(5, LowStock),
            Delta(Some(5)),
        ],
    ),
    (
        "a level that the snapshot has overtaken",
        View::Banded,
        &[Comes(1, LowStock), Page(2, InStock, InStock), Delta(None)],
    ),
    (
        "a page that was overtaken while it waited",
        View::Banded,
        &[Comes(2, LowStock), Delta(Some(2)), Page(1, InStock, InStock), Delta(None)],
    ),
    (
        "there and back around a page: the reader must not be left with what was in between",
        View::Banded,
        &[
            Comes(1, InStock),
            Delta(Some(1)),
            // The page is read here, at version 2.
            Comes(3, InStock),
            Page(2, LowStock, InStock),
            Delta(None),
        ],
    ),
    (
        "the same with the change still waiting",
        View::Banded,
        &[
            Comes(1, InStock),
            Delta(Some(1)),
            Comes(3, OutOfStock),
            Page(2, LowStock, OutOfStock),
            Delta(None),
            Comes(4, InStock),
            Delta(Some(4)),
        ],
    ),
    (
        "a page that is older than what was told changes nothing of what waits",
        View::Banded,
        &[
            Comes(2, LowStock),
            Delta(Some(2)),
            Comes(3, InStock),
            Page(1, InStock, InStock),
            Delta(Some(3)),
        ],
    ),
    (
        "an older level that comes late",
        View::Banded,
        &[
            Comes(1, InStock),
            Delta(Some(1)),
            Comes(3, InStock),
            Comes(2, LowStock),
            Delta(None),
            Comes(5, LowStock),
            Comes(4, InStock),
            Delta(Some(5)),
        ],
    ),
    (
        "exactly, everything is told",
        View::Exact,
        &[
            Comes(1, InStock),
            Delta(Some(1)),
            Page(2, LowStock, LowStock),
            Comes(2, LowStock),
            Delta(Some(2)),
            Comes(4, LowStock),
            Comes(3, OutOfStock),
            Delta(Some(4)),
        ],
    ),
];

#[test]
fn a_band_is_told_when_it_changes() {
    for (what, view, steps) in CONVERSATIONS {
        let mut newest = Newest::new(*view);
        for step in *steps {
            match *step {
                Comes(version, band) => {
                    newest.put(&banded("A", version, band));
                }
                Page(version, read, told) => {
                    let found = newest.told(&key("A", "OSLO"), version, read);
                    assert_eq!(found, told, "{what}: {step:?}");
                }
                Delta(told) => {
                    let taken = newest.take(ALL);
                    let found = taken.first().map(|level| level.level().version);
                    assert_eq!(found, told, "{what}: {step:?}");
                    assert_eq!(newest.len(), 0, "{what}");
                }
            }
        }
    }
}

/// What a reader knows of each key: it keeps the highest version.
type Reader = std::collections::HashMap<String, (u64, Band)>;

const SKUS: [&str; 3] = ["A", "B", "C"];

/// Deltas, each of which must be news.
fn hear(newest: &mut Newest, limit: usize, view: View, reader: &mut Reader) {
    for level in newest.take(limit) {
        let (name, version) = (level.level().key.sku().to_owned(), level.level().version);
        let shade = level.band().shade(view).unwrap();
        let before = reader.insert(name.clone(), (version, shade));
        if let Some((known, band)) = before {
            assert!(known < version, "{name}: {version} after {known}");
            assert_ne!(band, shade, "{name} {version}: the band had not changed");
        }
    }
}

#[test]
fn a_reader_ends_with_the_band_that_is_and_hears_of_none_twice() {
    for seed in 1..=2_000_u64 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let view = [View::Banded, View::Boolean][random.below(2)];
        let mut newest = Newest::new(view);
        let mut reader = Reader::new();
        // The engine: every version of each key, and how much of it has come out of the dispatcher.
        let mut history: [Vec<Band>; 3] = std::array::from_fn(|_| Vec::new());
        let mut came = [0; 3];
        // Pages that are read and not yet told.
        let mut pages: Vec<(usize, usize)> = Vec::new();
        let bands = [OutOfStock, LowStock, InStock];
        for step in 0..120 {
            let at = random.below(3);
            match random.below(if step < 100 { 7 } else { 3 }) {
                // The dispatcher passes on the newest, and skips those before it.
                0 if history[at].len() > came[at] => {
                    came[at] = history[at].len();
                    let version = came[at].try_into().unwrap();
                    newest.put(&banded(SKUS[at], version, history[at][came[at] - 1]));
                }
                1 if !pages.is_empty() => {
                    let (at, version) = pages.remove(0);
                    let band = history[at][version - 1];
                    let number = version.try_into().unwrap();
                    let told = newest.told(&key(SKUS[at], "OSLO"), number, band);
                    let known = reader.entry(SKUS[at].to_owned()).or_insert((0, told));
                    if known.0 < number {
                        *known = (number, told.shade(view).unwrap());
                    }
                }
                2 => hear(&mut newest, 1 + random.below(3), view, &mut reader),
                3 if !history[at].is_empty() => pages.push((at, history[at].len())),
                4..=6 => history[at].push(bands[random.below(3)]),
                _ => {}
            }
        }
        for at in 0..3 {
            if let Some(band) = history[at].last() {
                newest.put(&banded(SKUS[at], history[at].len().try_into().unwrap(), *band));
            }
        }
        hear(&mut newest, ALL, view, &mut reader);
        for at in 0..3 {
            let band = history[at].last().map(|band| band.shade(view).unwrap());
            assert_eq!(reader.get(SKUS[at]).map(|known| known.1), band, "{}", SKUS[at]);
        }
    }
}

#[test]
fn what_is_no_news_wakes_nobody_and_takes_no_room() {
    let hub = Hub::by_hand(ALL);
    let outbox = Outbox::new(super::Room { levels_max: 1, ..ROOM });
    let subscription = hub.subscribe(&outbox, Selection::all(), View::Boolean);
    publish(&hub, [level("A", "OSLO", 1)], 1);
    assert_eq!(hub.round().wakes, 1);
    assert_eq!(take(&outbox, 1).unwrap().levels.len(), 1);
    publish(&hub, [level("A", "OSLO", 2)], 2);
    assert_eq!(hub.round().wakes, 0);
    // There and back: it waits to be taken and turns out to be nothing.
    for (version, units) in [(3, 0), (4, 4)] {
        let mut level = level("A", "OSLO", version);
        level.balances.on_hand = units;
        publish(&hub, [level], version);
        hub.round();
    }
    let delta = take(&outbox, 1).unwrap();
    assert_eq!((delta.levels.len(), delta.drained), (0, true));
    assert!(take(&outbox, 1).is_none());
    drop(subscription);
}
