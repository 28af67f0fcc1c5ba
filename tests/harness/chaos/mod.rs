//! A feed under attack: hundreds of readers whose sockets are cut, who stop reading and go on, an engine that is
//! killed and started again, and changes all the while. At the end every reader must know what the engine knows.
//!
//! Everything that is chosen is chosen from a seed. Which of two things happens first is the machine's choice, so a
//! seed repeats the schedule, not the interleaving: a failure names its seed and what was wrong, whichever run shows
//! it.

mod events;
mod levels;
mod load;
mod random;
mod reader;
mod stock;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{Engine, within};
use load::Load;
use random::Random;
use reader::{Mode, Reader, Tally};
use stock::Truth;

/// How long readers may take at the end to know everything.
const SETTLING_MAX: Duration = Duration::from_secs(60);

/// What is attacked, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Chaos {
    /// From which everything is chosen.
    pub seed: u64,
    /// Readers of each mode in each form.
    pub readers_of_each: usize,
    /// How long the load and the attacks last.
    pub time: Duration,
    /// How often the engine is killed and started again meanwhile.
    pub kills: u32,
    /// Changes a second, over all keys.
    pub changes_per_second: u64,
}

/// What happened in a run in which nothing was wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Survived {
    /// Readers.
    pub readers: usize,
    /// Events in the engine's journal, over all keys.
    pub events: u64,
    /// What the readers were told and went through.
    pub tally: Tally,
    /// How long the last reader took to know everything, once nothing changed any more.
    pub settled: Duration,
}

impl std::fmt::Display for Survived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally { connections, cuts, stalls, resubscriptions, levels, events } = self.tally;
        write!(
            f,
            "{} readers agree with {} events: {levels} levels and {events} events told over {connections} \
             connections, {cuts} cut, {stalls} stalls, {resubscriptions} subscribed again; settled in {} ms",
            self.readers,
            self.events,
            self.settled.as_millis()
        )
    }
}

/// Where the readers and the load stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    /// The engine's address; none while it is down.
    url: Option<String>,
    /// Whether the attacks are over.
    calm: bool,
    /// What there is to be known, once nothing changes any more.
    truth: Option<Arc<Truth>>,
}

impl Chaos {
    /// Runs it.
    ///
    /// # Errors
    /// What a reader knew that was wrong, with the seed.
    ///
    /// # Panics
    /// Where the engine does not start, or its load finds no way in.
    pub async fn run(self) -> Result<Survived, String> {
        let mut random = Random::new(self.seed);
        let mut engine = Engine::with(&[("segment_bytes", "16777216")]).await;
        let (stage, watching) = watch::channel(Stage::default());
        stage.send_modify(|stage| stage.url = Some(engine.url().to_owned()));
        let load = Load::start(random.fork(), watching.clone(), self.changes_per_second);
        let mut readers = JoinSet::new();
        for number in 0..4 * self.readers_of_each {
            let mode = if number % 2 == 0 { Mode::Levels } else { Mode::Events };
            let is_binary = number % 4 >= 2;
            let reader = Reader::new(number, mode, is_binary, random.fork(), watching.clone());
            readers.spawn(reader.run());
        }
        let lives = self.kills + 1;
        for life in 1..=lives {
            // Not quite evenly, so that no attack falls into step with a checkpoint.
            let share = self.time / lives;
            tokio::time::sleep(share.mul_f64(random.between(70, 130) / 100.0)).await;
            if let Some(failed) = first_failure(&mut readers) {
                return Err(format!("seed {}: {failed}", self.seed));
            }
            if life < lives {
                stage.send_modify(|stage| stage.url = None);
                engine = engine.kill().await.start().await;
                stage.send_modify(|stage| stage.url = Some(engine.url().to_owned()));
            }
        }
        stage.send_modify(|stage| stage.calm = true);
        within("the load to end", load.ended()).await;
        let truth = Arc::new(Truth::of(&engine).await);
        let (events, count) = (truth.events(), readers.len());
        let began = tokio::time::Instant::now();
        stage.send_modify(|stage| stage.truth = Some(truth));
        let tally = tokio::time::timeout(SETTLING_MAX, all_told(readers)).await;
        let tally = tally
            .map_err(|_| format!("not settled within {} s", SETTLING_MAX.as_secs()))
            .and_then(|told| told)
            .map_err(|failed| format!("seed {}: {failed}", self.seed))?;
        Ok(Survived { readers: count, events, tally, settled: began.elapsed() })
    }
}

fn first_failure(readers: &mut JoinSet<Result<Tally, String>>) -> Option<String> {
    match readers.try_join_next()? {
        Ok(Ok(_)) => Some("a reader ended before it was told to".to_owned()),
        Ok(Err(failed)) => Some(failed),
        Err(error) => Some(error.to_string()),
    }
}

async fn all_told(mut readers: JoinSet<Result<Tally, String>>) -> Result<Tally, String> {
    let mut all = Tally::default();
    while let Some(ended) = readers.join_next().await {
        all.add(ended.map_err(|error| error.to_string())??);
    }
    Ok(all)
}
