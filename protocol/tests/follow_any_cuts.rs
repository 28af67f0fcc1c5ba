//! Cuts at random places, pages out of order with deltas, repeats, and engines that begin anew: at the end the
//! follower holds what the engine holds.
//!
//! Each run prints its seed; `SALDO_FUZZ_SEED=<seed>` repeats it, `SALDO_FUZZ_CASES=<number>` sets the cases (100).
#![cfg(feature = "client")]

mod fake_engine;

use fake_engine::{Engine, Peer, config, engine, level, name};
use futures_util::StreamExt;
use saldo_protocol::client::{FeedForm, LevelStream, LevelUpdate, ReconnectPolicy};
use saldo_protocol::*;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

/// Connections of one case; all but the last are cut.
const CONNECTIONS: u32 = 30;
/// Changes that one connection tells at most.
const CHANGES_MAX: u32 = 20;

/// Knuth's MMIX generator; its high bits are good enough to choose by.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What the engine holds: versions by SKU, and the place in the journal of each key's last change.
#[derive(Default)]
struct Truth {
    journal: u64,
    place: u64,
    keys: BTreeMap<String, (u64, u64)>,
}

impl Truth {
    fn cursor(&self) -> String {
        format!("{}-{}", self.journal, self.place)
    }

    fn change(&mut self, random: &mut Random) -> LevelView {
        self.place += 1;
        let sku = format!("S{}", random.below(9));
        let key = self.keys.entry(sku.clone()).or_default();
        *key = (key.0 + 1 + random.below(2), self.place);
        level(&sku, key.0)
    }

    /// Another journal, which knows fewer keys, with lower versions.
    fn begin_anew(&mut self, random: &mut Random) {
        self.journal += 1;
        self.keys.retain(|_, _| random.below(3) > 0);
        self.keys.values_mut().for_each(|(version, _)| *version = 1);
    }

    /// The keys that changed since the cursor, and whether they are all because it is of another journal.
    fn since(&self, cursor: Option<&str>) -> (Vec<LevelView>, bool) {
        let parts = cursor.and_then(|cursor| cursor.split_once('-'));
        let of_this = parts.filter(|(journal, _)| *journal == self.journal.to_string());
        let from: u64 = of_this.map_or(0, |(_, place)| place.parse().expect("a place"));
        let changed = self.keys.iter().filter(|(_, (_, place))| *place > from || of_this.is_none());
        let levels = changed.map(|(sku, (version, _))| level(sku, *version)).collect();
        (levels, parts.is_some() && of_this.is_none())
    }
}

/// One connection: pages and deltas in any order, cut after some steps unless it is the last.
async fn serve(engine: &mut Engine, truth: &mut Truth, random: &mut Random, last: bool) -> Peer {
    let (mut peer, subscribe) = engine.subscribed(&truth.cursor()).await;
    let begun = truth.cursor();
    let (mut rest, full) = truth.since(subscribe.cursor.as_ref().map(Cursor::as_str));
    let mut steps = if last { u64::MAX } else { random.below(16) };
    let (mut changes, mut is_paging) = (CHANGES_MAX, true);
    while steps > 0 && (is_paging || changes > 0) {
        steps -= 1;
        if is_paging && (changes == 0 || random.below(2) == 0) {
            let next =
                rest.split_off(rest.len().min(usize::try_from(random.below(4)).expect("small")));
            let levels = std::mem::replace(&mut rest, next);
            is_paging = !rest.is_empty();
            let (id, cursor, done) = ("a".to_owned(), begun.clone(), !is_paging);
            peer.say(&ServerMessage::Snapshot { id, levels, done, cursor, full }).await;
        } else if changes > 0 {
            changes -= 1;
            let changed = truth.change(random);
            if last || random.below(5) > 0 {
                peer.delta(vec![changed], &truth.cursor()).await;
            } else {
                // Cut with a change that was not told.
                steps = 0;
            }
        }
    }
    peer
}

async fn play(mut engine: Engine, mut random: Random) -> (BTreeMap<String, u64>, Peer) {
    let mut truth = Truth::default();
    for _ in 1..CONNECTIONS {
        drop(serve(&mut engine, &mut truth, &mut random, false).await);
        if random.below(6) == 0 {
            truth.begin_anew(&mut random);
        }
    }
    let mut peer = serve(&mut engine, &mut truth, &mut random, true).await;
    peer.delta(vec![level("END", 1)], "end").await;
    let keys = truth.keys.into_iter().map(|(sku, (version, _))| (sku, version));
    (keys.collect(), peer)
}

/// Keeps what it is told, as the stream's documentation says, until the engine has told all.
async fn keep(mut stream: LevelStream) -> BTreeMap<String, u64> {
    let mut levels = BTreeMap::new();
    loop {
        match stream.next().await.expect("an update").expect("no error") {
            LevelUpdate::Full => levels.clear(),
            LevelUpdate::Level(level) if level.sku() == "END" => return levels,
            LevelUpdate::Level(level) => {
                let before = levels.insert(level.sku().to_owned(), level.version());
                assert!(before < Some(level.version()), "{level:?} after {before:?}");
            }
            LevelUpdate::Connected { .. }
            | LevelUpdate::Complete { .. }
            | LevelUpdate::Lost { .. } => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ends_with_the_engines_state_after_any_cuts() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = setting("SALDO_FUZZ_SEED").unwrap_or_else(|| RandomState::new().hash_one("levels"));
    let cases = setting("SALDO_FUZZ_CASES").unwrap_or(100);
    println!("SALDO_FUZZ_SEED={seed} SALDO_FUZZ_CASES={cases}");
    for case in 0..cases {
        let (engine, connect) = engine(config(FeedForm::Binary));
        let subscribe = Subscribe::all(name("a"));
        let stream = LevelStream::follow_over(connect, ReconnectPolicy::default(), subscribe);
        let played = play(engine, Random(seed.wrapping_add(case)));
        let ((truth, _peer), levels) = tokio::join!(played, keep(stream));
        assert_eq!(levels, truth, "case {case}");
    }
}
