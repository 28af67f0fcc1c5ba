//! When a change goes out: at once while little happens; under load a key that many listen to rests, and no level
//! that is kept back is lost or passed over in what is told of the journal's place.

use std::sync::Arc;

use super::super::round::{Rounds, round};
use super::super::{Hub, Outbox, Selection, Subscription};
use super::{ALL, ROOM, Random, level, listen, publish, selection, told};

/// Readers of the hot key: enough that it rests.
const READERS: usize = 200;

/// A feed with readers of `HOT`, and one more reader of everything.
struct Feed {
    hub: Arc<Hub>,
    rounds: Rounds,
    readers: Vec<(Arc<Outbox>, Subscription)>,
    everything: Arc<Outbox>,
    _all: Subscription,
    now_us: u64,
    sequence: u64,
    hot: u64,
}

impl Feed {
    fn new() -> Self {
        let hub = Hub::by_hand(ALL);
        let readers = (0..READERS)
            .map(|_| {
                let outbox = Outbox::new(ROOM);
                let subscription = listen(&hub, &outbox, selection(&["HOT"], &[], &[]));
                (outbox, subscription)
            })
            .collect();
        let everything = Outbox::new(ROOM);
        let all = listen(&hub, &everything, Selection::all());
        let now_us = 1_000_000;
        Self {
            hub,
            rounds: Rounds::default(),
            readers,
            everything,
            _all: all,
            now_us,
            sequence: 0,
            hot: 0,
        }
    }

    /// So many events of the hot key, of which the last one's level is published.
    fn change_hot(&mut self, events: u64) {
        self.hot += events;
        self.sequence += events;
        publish(&self.hub, [level("HOT", "OSLO", self.hot)], self.sequence);
    }

    /// A round after so much time: what the reader of everything was told.
    fn round_after(&mut self, passed_us: u64) -> Vec<String> {
        self.now_us += passed_us;
        round(&self.hub.shared, &mut self.rounds, self.now_us);
        // The others read as well, so that telling them costs.
        self.readers.iter().for_each(|(outbox, _)| drop(told(outbox)));
        let mut told = told(&self.everything);
        told.sort_unstable();
        told
    }

    /// Some seconds of many events a second.
    fn get_busy(&mut self) {
        for _ in 0..4 {
            self.change_hot(10_000);
            self.round_after(100_000);
        }
    }
}

#[test]
fn idle_every_change_goes_out_at_once() {
    let mut feed = Feed::new();
    for change in 1..=20 {
        feed.change_hot(1);
        assert_eq!(feed.round_after(500_000), [format!("HOT@OSLO {change}")]);
        assert_eq!(feed.hub.dispatched(), change);
    }
}

#[test]
fn busy_a_key_with_many_readers_rests_and_the_others_do_not() {
    let mut feed = Feed::new();
    feed.get_busy();
    let dispatched = feed.hub.dispatched();
    let before = feed.hot;
    // It was told just now; what comes is kept back.
    feed.change_hot(10);
    assert_eq!(feed.round_after(100), [""; 0]);
    feed.sequence += 1;
    publish(&feed.hub, [level("COLD", "OSLO", 1)], feed.sequence);
    assert_eq!(feed.round_after(100), ["COLD@OSLO 1"]);
    assert_eq!(feed.hub.dispatched(), dispatched, "it passed a level that is kept back");
    // Of what comes meanwhile the newest is kept, and told when the key has rested.
    feed.change_hot(5);
    assert_eq!(feed.round_after(100), [""; 0]);
    assert_eq!(feed.round_after(1_000_000), [format!("HOT@OSLO {}", before + 15)]);
    assert_eq!(feed.hub.dispatched(), feed.sequence, "nothing is kept back any more");
}

#[test]
fn the_end_of_a_burst_is_told_although_nothing_comes_after_it() {
    let mut feed = Feed::new();
    feed.get_busy();
    feed.change_hot(7);
    assert_eq!(feed.round_after(1), [""; 0]);
    // The dispatcher is woken by its own patience: nothing was published.
    let newest = format!("HOT@OSLO {}", feed.hot);
    let mut rounds = 0;
    while feed.round_after(1_000) != [newest.as_str()] {
        rounds += 1;
        assert!(rounds < 1_000, "a second has passed");
    }
    assert_eq!(feed.hub.dispatched(), feed.sequence);
    // Empty rounds are no sign of load: when it is quiet again, a change goes out at once.
    feed.round_after(1_000_000);
    for _ in 0..3 {
        feed.change_hot(1);
        let newest = format!("HOT@OSLO {}", feed.hot);
        assert_eq!(feed.round_after(500_000), [newest]);
    }
}

#[test]
fn nothing_that_is_kept_back_is_lost_or_passed() {
    for seed in 1..=200 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut feed = Feed::new();
        // Of each cold key: its version, and the place of its last event.
        let mut cold = [(0, 0); 4];
        let (mut hot_place, mut hot_told) = (0, 0);
        let mut cold_told = [0; 4];
        for step in 0..60 {
            let busy = step < 50;
            if busy && random.below(3) > 0 {
                feed.change_hot(1 + u64::try_from(random.below(2_000)).unwrap());
                hot_place = feed.sequence;
            }
            if busy && random.below(2) == 0 {
                let at = random.below(4);
                feed.sequence += 1;
                cold[at] = (cold[at].0 + 1, feed.sequence);
                publish(&feed.hub, [level(&format!("C{at}"), "OSLO", cold[at].0)], feed.sequence);
            }
            let passed_us = [100, 3_000, 60_000][random.below(3)];
            for text in feed.round_after(if busy { passed_us } else { 1_000_000 }) {
                let (key, version) = text.split_once(' ').unwrap();
                let version = version.parse().unwrap();
                let known = match key.strip_suffix("@OSLO").unwrap() {
                    "HOT" => &mut hot_told,
                    sku => &mut cold_told[sku[1..].parse::<usize>().unwrap()],
                };
                assert!(version > *known, "{key}: {version} after {known}");
                *known = version;
            }
            let dispatched = feed.hub.dispatched();
            assert!(hot_told == feed.hot || dispatched < hot_place, "HOT was passed");
            for (told, (version, place)) in cold_told.iter().zip(cold) {
                assert!(*told == version || dispatched < place, "a cold key was passed");
            }
        }
        assert_eq!((hot_told, cold_told), (feed.hot, cold.map(|cold| cold.0)));
        assert_eq!(feed.hub.dispatched(), feed.sequence);
    }
}
