//! All subscribers together: started, waited for, and held against the engine's levels at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use saldo_protocol::Level;
use tokio::sync::{oneshot, watch};

use crate::feed::held::Final;
use crate::feed::keys::Keys;
use crate::feed::open_files;
use crate::feed::settings::{FeedSettings, FleetFault};
use crate::feed::socket::Dial;
use crate::feed::tally::{Heard, Tally};
use crate::feed::thread::{self, Plan, Wanted};
use crate::measure::numbers::{float, ratio};
use crate::workload::names::Names;

/// What whoever believes the delays must know.
pub const DELAY_NOTE: &str = "Delays of the feed run from a level's `as_of`, the engine's wall clock at the decision, \
     to the reader's wall clock at the arrival: believable only where both run on one machine.";

const NS_PER_MS: f64 = 1e6;
const US_PER_MS: f64 = 1e3;
const US_PER_S: f64 = 1e6;

/// A running fleet. Dropping it ends it.
#[derive(Debug)]
pub struct Fleet {
    settings: FeedSettings,
    wanted: watch::Sender<Wanted>,
    ready: Vec<oneshot::Receiver<Result<(), FleetFault>>>,
    threads: Vec<std::thread::JoinHandle<Tally>>,
}

/// What the fleet heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FleetFigures {
    /// By name, with the unit in it. What did not occur has none.
    pub figures: BTreeMap<String, f64>,
    /// Versions that did not rise, connections that were lost, and keys that a reading subscriber held otherwise than
    /// the engine at the end.
    pub disagreements: u64,
    /// Sentences on the first of them.
    pub shown: Vec<String>,
}

impl Fleet {
    /// Begins to connect and subscribe, on threads of its own.
    ///
    /// # Errors
    /// [`FleetFault`]: settings that do not go together, too few open files, no thread.
    pub fn start(
        settings: &FeedSettings,
        url: &str,
        token: Option<&str>,
        names: &Arc<Names>,
    ) -> Result<Self, FleetFault> {
        let FeedSettings { subscribers, stalled, paced, .. } = *settings;
        if stalled.saturating_add(paced) > subscribers {
            return Err(FleetFault::Settings { stalled, paced, subscribers });
        }
        open_files::make_room(u64::from(subscribers)).map_err(FleetFault::Files)?;
        let dial = Dial::new(url, token, settings.form, settings.selection);
        let dial = dial.map_err(FleetFault::Address)?;
        let keys = Keys::new(Arc::clone(names));
        let threads = settings.threads.clamp(1, subscribers.max(1));
        let (sender, wanted) = watch::channel(None);
        let mut fleet = Self {
            settings: settings.clone(),
            wanted: sender,
            ready: Vec::new(),
            threads: Vec::new(),
        };
        for thread in 0..threads {
            let (ready, is_ready) = oneshot::channel();
            let plan = Plan {
                settings: settings.clone(),
                dial: dial.clone(),
                keys: keys.clone(),
                // Evenly, whatever their manner.
                numbers: (0..subscribers).filter(|number| number % threads == thread).collect(),
                wanted: wanted.clone(),
                ready,
            };
            let builder = std::thread::Builder::new().name(format!("subscribers-{thread}"));
            fleet.threads.push(builder.spawn(move || thread::run(plan))?);
            fleet.ready.push(is_ready);
        }
        Ok(fleet)
    }

    /// Waits until all are subscribed and those that read have their whole snapshot.
    ///
    /// # Errors
    /// [`FleetFault`]: one could not, or patience ended. The fleet is of no more use.
    pub async fn ready(&mut self) -> Result<(), FleetFault> {
        for is_ready in self.ready.drain(..) {
            is_ready.await.map_err(|_| FleetFault::Panicked)??;
        }
        Ok(())
    }

    /// Waits until every subscriber that reads holds these levels or newer ones (in order of the run's keys, none of
    /// a key that does not exist; asked of the engine after all load ended), and ends the fleet.
    ///
    /// # Errors
    /// [`FleetFault::Panicked`].
    pub async fn finish(self, expected: &[Option<Level>]) -> Result<FleetFigures, FleetFault> {
        let level = |level: &Option<Level>| level.as_ref().map_or_else(Final::default, Final::from);
        self.wanted.send_replace(Some(expected.iter().map(level).collect()));
        let threads = self.threads;
        let join = move || -> Option<Tally> {
            let mut all = Tally::default();
            for thread in threads {
                all.merge(&mut thread.join().ok()?);
            }
            Some(all)
        };
        let joined = tokio::task::spawn_blocking(join).await;
        let tally = joined.ok().flatten().ok_or(FleetFault::Panicked)?;
        Ok(figures(&self.settings, tally))
    }
}

fn figures(settings: &FeedSettings, tally: Tally) -> FleetFigures {
    let FeedSettings { subscribers, stalled, paced, .. } = *settings;
    let mut figures = BTreeMap::new();
    let mut put = |name: &str, value: f64| {
        figures.insert(name.to_owned(), value);
    };
    put("subscribers", f64::from(subscribers));
    put("subscribers_reading", f64::from(subscribers.saturating_sub(stalled + paced)));
    put("subscribers_paced", f64::from(paced));
    put("subscribers_stalled", f64::from(stalled));
    put("subscribers_lost", float(tally.lost));
    put("version_faults", float(tally.version_faults));
    put("keys_compared", float(tally.compared.keys));
    put("keys_older", float(tally.compared.older));
    put("keys_different", float(tally.compared.different));
    put("keys_newer", float(tally.compared.newer));
    put("caught_up_ms", float(tally.caught_up_us) / US_PER_MS);
    put("reader_busiest_thread_share", tally.busy);
    tell("", &tally.reads, &mut put);
    if paced > 0 {
        tell("paced_", &tally.paced, &mut put);
        put("paced_messages_at_end", float(tally.paced.messages_at_end));
        put("paced_levels_at_end", float(tally.paced.levels_at_end));
    }
    FleetFigures { figures, disagreements: tally.disagreements(), shown: tally.shown }
}

/// The figures of those that read in one manner.
fn tell(manner: &str, heard: &Heard, put: &mut impl FnMut(&str, f64)) {
    let mut put = |name: &str, value: f64| put(&format!("{manner}{name}"), value);
    put("messages", float(heard.messages));
    put("levels", float(heard.levels));
    put("bytes", float(heard.bytes));
    if let Some((first, last)) = heard.span_us.filter(|(first, last)| last > first) {
        // From the first delta to the last one, so that waiting for the load does not count, nor catching up.
        let seconds = float(last - first) / US_PER_S;
        let messages = float(heard.messages.saturating_sub(heard.messages_at_end));
        let levels = float(heard.levels.saturating_sub(heard.levels_at_end));
        put("heard_s", seconds);
        put("messages_per_second", ratio(messages, seconds));
        put("levels_per_second", ratio(levels, seconds));
        put("levels_per_message", ratio(levels, messages));
    }
    if !heard.delays.is_empty() {
        let at = |quantile| float(heard.delays.value_at_quantile(quantile)) / NS_PER_MS;
        put("delay_p50_ms", at(0.5));
        put("delay_p90_ms", at(0.9));
        put("delay_p99_ms", at(0.99));
        put("delay_p99_9_ms", at(0.999));
        put("delay_max_ms", float(heard.delays.max()) / NS_PER_MS);
    }
}
