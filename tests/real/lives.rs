//! One engine directory through many lives: each ends by `kill -9` or a power cut in the middle of live clients' calls,
//! sometimes in the middle of the next start, and after each all that clients were told is held against what is there.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use saldo_protocol::{Level, Movements, Reservation};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::audit::audit;
use super::call::{Call, Keys, Way};
use super::deaths::failing_sync;
use super::image::{FileSystem, Image};
use super::journal::Journal;
use super::standing::Standing;
use super::survived::Survived;
use super::worker::Worker;
use crate::{Engine, Http, Setup, eventually, within};

/// Four hot keys, and some that are asked for now and then.
const KEYS: Keys = Keys { hot: 4, all: 48 };
const OPENING_UNITS: i64 = 40;
const HTTP_CLIENTS: u64 = 6;
const FRAME_CLIENTS: u64 = 2;
/// Reservations that are asked for after each life, and at the end.
const LOOKED_UP_MAX: usize = 150;
const LOOKED_UP_AT_THE_END_MAX: usize = 5_000;
/// An image large enough for XFS, in MiB.
const IMAGE_MEBIBYTES: u64 = 320;

/// How lives end. None but cuts need root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// `kill -9`.
    Kill,
    /// The same, and the store's files are deleted, cut or damaged before the next life.
    KillAndHarmStore,
    /// The data is on an image whose power is cut; one life of four ends by a kill instead.
    Cut(FileSystem),
    /// A sync fails (`strace` injects the error) and the engine stops by itself.
    FailedSync,
    /// Its memory runs out: what is mapped may grow no further.
    NoMemory,
}

/// What is done to the engine, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    /// How many kills, cuts or lives, at least.
    pub deaths: u32,
    /// From which everything is chosen. Which of two things happens first is the machine's choice.
    pub seed: u64,
    /// How lives end.
    pub death: Death,
    /// The longest life, in milliseconds.
    pub life_ms_max: u64,
}

/// A run under way.
pub(super) struct Run {
    pub(super) plan: Lives,
    pub(super) random: ChaCha8Rng,
    pub(super) image: Option<Image>,
    stage: watch::Sender<Option<String>>,
    journal: Journal,
    workers: Vec<Worker>,
    /// Reservations whose holds may run out.
    brief: HashSet<Uuid>,
    /// How every reservation must stand.
    standings: HashMap<Uuid, Standing>,
    pub(super) survived: Survived,
}

impl Lives {
    /// Runs it; `say` hears of each life.
    ///
    /// # Errors
    /// The first broken promise, or why the attack could not be made.
    ///
    /// # Panics
    /// Where the engine does not come back or does not answer.
    pub async fn run(self, mut say: impl FnMut(u32, &Survived) + Send) -> Result<Survived, String> {
        let image = match self.death {
            Death::Cut(file_system) => Some(Image::new(file_system, IMAGE_MEBIBYTES)?),
            _ => None,
        };
        let mut engine = Engine::set_up(setup(image.as_ref())).await;
        let mut run = Run::opened(self, image, &engine).await;
        for life in 1.. {
            let survived = &run.survived;
            let deaths = match self.death {
                Death::Kill | Death::KillAndHarmStore => survived.kills,
                Death::Cut(_) => survived.cuts,
                Death::FailedSync | Death::NoMemory => life - 1,
            };
            if deaths >= self.deaths {
                break;
            }
            let lived = run.life(engine).await;
            engine = lived.map_err(|wrong| format!("life {life}, seed {}: {wrong}", self.seed))?;
            say(life, &run.survived);
        }
        run.end(engine).await.map_err(|wrong| format!("at the end, seed {}: {wrong}", self.seed))
    }
}

pub(super) fn setup(image: Option<&Image>) -> Setup {
    // Segments, checkpoints and baselines as small and frequent as can be, so that deaths fall into them.
    let settings = [
        ("segment_bytes", "1048576"),
        ("journal_bytes_max", "25165824"),
        ("checkpoint_seconds", "1"),
        ("disk_free_bytes_min", "8388608"),
        ("actor_idle_seconds", "1"),
        ("restart_grace_seconds", "1"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Setup {
        settings: settings.into_iter().map(owned).collect(),
        data_dir: image.map(|image| image.mount_point().join("data")),
        ..Setup::default()
    }
}

/// The movements of a reservation, wherever it has or had units.
async fn movements_of(http: &Http, standing: &Standing) -> String {
    let mut found = String::new();
    for line in &standing.lines {
        for key in [line.key, Keys::elsewhere(line.key)] {
            let movements = http.movements(&Keys::sku(key), Keys::location(key)).await;
            for it in movements.iter().filter(|it| it.reservation_id == Some(standing.id)) {
                let (kind, quantity, version) = (it.kind, it.quantity, it.version);
                found +=
                    &format!("\nkey {key} version {version} {kind:?} {quantity} at {:?}", it.at);
            }
        }
    }
    found
}

/// Opens every key.
async fn open(http: &Http) {
    for key in 0..KEYS.all {
        let body = json!({"quantity": OPENING_UNITS});
        http.post(&format!("{}/receive", Keys::path(key)), body).await.ok::<Level>();
    }
}

impl Run {
    /// Clients that are ready to begin, at an engine whose keys are open.
    pub(super) async fn opened(plan: Lives, image: Option<Image>, engine: &Engine) -> Self {
        let stage = watch::Sender::new(None);
        let journal = Journal::follow(KEYS, stage.subscribe());
        let workers = (0..HTTP_CLIENTS + FRAME_CLIENTS).map(|number| {
            let way = if number < HTTP_CLIENTS { Way::Http } else { Way::Frame };
            Worker::new(way, KEYS, plan.seed.wrapping_mul(1_000).wrapping_add(number))
        });
        let mut run = Self {
            plan,
            random: ChaCha8Rng::seed_from_u64(plan.seed),
            image,
            stage,
            journal,
            workers: workers.collect(),
            brief: HashSet::new(),
            standings: HashMap::new(),
            survived: Survived::default(),
        };
        open(&engine.http()).await;
        run.journal_opens(engine).await;
        run
    }

    /// A stretch of load in which nobody is harmed, checked at its end: the latency of each call, in nanoseconds.
    pub(super) async fn interval(
        &mut self,
        engine: &Engine,
        time: Duration,
    ) -> Result<Vec<u64>, String> {
        self.stage.send_replace(Some(engine.url().to_owned()));
        let clients = self.clients();
        tokio::time::sleep(time).await;
        self.stage.send_replace(None);
        self.workers = within("the clients' end", clients.join_all()).await;
        // The follower went on by the connection that it has.
        self.stage.send_replace(Some(engine.url().to_owned()));
        let calls = self.workers.iter().flat_map(|worker| &worker.calls);
        let latencies = calls.map(|call| call.span.answered_ns - call.span.sent_ns).collect();
        self.check(&engine.http()).await?;
        // What was granted is looked up while it is new; a list of all would grow for ever.
        self.standings.retain(|_, standing| !standing.is_over());
        Ok(latencies)
    }

    /// Sets the clients to work.
    fn clients(&mut self) -> JoinSet<Worker> {
        let mut clients = JoinSet::new();
        for worker in std::mem::take(&mut self.workers) {
            clients.spawn(worker.work(self.stage.subscribe()));
        }
        clients
    }

    /// Waits for the opening, from which the first audit goes on.
    async fn journal_opens(&mut self, engine: &Engine) {
        self.stage.send_replace(Some(engine.url().to_owned()));
        eventually("the opening to be followed", async || {
            let told = self.journal.told();
            told.stories.iter().all(|story| story.version == 1).then_some(())
        })
        .await;
        self.begin_anew();
    }

    /// Forgets the events that were audited.
    fn begin_anew(&mut self) {
        for story in &mut self.journal.told().stories {
            story.begins = (story.version, story.balances.available);
            story.events.clear();
        }
    }

    async fn life(&mut self, mut engine: Engine) -> Result<Engine, String> {
        if self.plan.death == Death::FailedSync {
            self.stage.send_replace(None);
            let mut stopped = engine.kill().await;
            stopped.setup().under = failing_sync(self.random.random_range(25..250));
            engine = stopped.start().await;
            self.stage.send_replace(Some(engine.url().to_owned()));
        }
        let clients = self.clients();
        let longest = self.plan.life_ms_max;
        let is_brief = self.random.random_ratio(1, 4);
        let range = if is_brief { 2..=80 } else { longest / 4..=longest };
        tokio::time::sleep(Duration::from_millis(self.random.random_range(range))).await;
        let stopped = self.strike(engine).await?;
        self.stage.send_replace(None);
        self.workers = within("the clients' end", clients.join_all()).await;
        let stopped = self.strike_in_starts(stopped).await?;
        let began = Instant::now();
        let engine = stopped.start().await;
        self.survived.start_ms_max = self.survived.start_ms_max.max(began.elapsed().as_millis());
        self.stage.send_replace(Some(engine.url().to_owned()));
        for worker in &mut self.workers {
            worker.settle(engine.url()).await;
        }
        self.check(&engine.http()).await?;
        Ok(engine)
    }

    /// Holds everything that was told since the last check against what is there.
    async fn check(&mut self, http: &Http) -> Result<(), String> {
        let mut calls: Vec<Call> = Vec::new();
        let mut touched = Vec::new();
        for worker in &mut self.workers {
            if let Some(wrong) = worker.wrong.first() {
                return Err(wrong.clone());
            }
            calls.append(&mut worker.calls);
            for (id, standing) in worker.touched.drain() {
                if standing.may_expire {
                    self.brief.insert(id);
                }
                touched.push(id);
                self.standings.insert(id, standing);
            }
            self.survived.unknown += std::mem::take(&mut worker.settled);
        }
        self.journal_catches_up(http).await?;
        self.check_movements(http).await?;
        let checked = {
            let told = self.journal.told();
            if let Some(wrong) = told.wrong.first() {
                return Err(wrong.clone());
            }
            self.survived.events = told.events;
            audit(&told.stories, &calls, &self.brief).map_err(|all| summary(&all))?
        };
        self.begin_anew();
        self.survived.checked.calls += checked.calls;
        self.survived.checked.observations += checked.observations;
        touched.truncate(LOOKED_UP_MAX);
        self.look_up(http, &touched).await
    }

    /// Waits until the follower stands where the levels do, which must be the same place.
    async fn journal_catches_up(&self, http: &Http) -> Result<(), String> {
        for key in 0..KEYS.all {
            let agreed = eventually("the follower to know all events", async || {
                let level: Level = http.get(&Keys::path(key)).await.ok();
                let told = self.journal.told();
                if let Some(wrong) = told.wrong.first() {
                    return Some(Err(wrong.clone()));
                }
                let story = &told.stories[key];
                let known =
                    (story.balances.on_hand, story.balances.reserved, story.balances.committed);
                let is_same = known == (level.on_hand, level.reserved, level.committed);
                (story.version == level.version).then(|| {
                    let wrong = || format!("the level is {level:?}, its events end at {story:?}");
                    if is_same { Ok(()) } else { Err(wrong()) }
                })
            });
            agreed.await?;
        }
        Ok(())
    }

    /// The newest movements of some keys are the events that the follower was told.
    async fn check_movements(&mut self, http: &Http) -> Result<(), String> {
        for key in [self.random.random_range(0..KEYS.hot), self.random.random_range(0..KEYS.all)] {
            let (sku, location) = (Keys::sku(key), Keys::location(key));
            let path = format!("/v1/movements?sku={sku}&location={location}&limit=300");
            let page: Movements = http.get(&path).await.ok();
            let told = self.journal.told();
            let story = &told.stories[key];
            for movement in &page.movements {
                let event = story.events.iter().rev().find(|it| it.version == movement.version);
                let differs = event.is_some_and(|event| {
                    (event.kind, event.quantity, event.available)
                        != (movement.kind, movement.quantity, movement.after.available)
                });
                if differs {
                    return Err(format!("{movement:?} was told to the follower as {event:?}"));
                }
            }
        }
        Ok(())
    }

    async fn look_up(&mut self, http: &Http, ids: &[Uuid]) -> Result<(), String> {
        for id in ids {
            let Some(standing) = self.standings.get(id) else { continue };
            let told = http.get(&format!("/v1/reservations/{id}")).await;
            if told.status != 200 {
                return Err(format!("{standing:?} was acknowledged, and is {}", told.text()));
            }
            if let Some(wrong) = standing.differs(&told.ok::<Reservation>()) {
                let movements = movements_of(http, standing).await;
                return Err(format!("reservation {id}: {wrong}; its movements: {movements}"));
            }
            self.survived.looked_up += 1;
        }
        Ok(())
    }

    /// Looks up what was granted over all lives, then verifies what the last death left.
    pub(super) async fn end(mut self, engine: Engine) -> Result<Survived, String> {
        let mut ids: Vec<Uuid> = self.standings.keys().copied().collect();
        ids.truncate(LOOKED_UP_AT_THE_END_MAX);
        self.look_up(&engine.http(), &ids).await?;
        let stopped = engine.kill().await;
        let report = stopped.verify().await;
        if !report.contains("drift     0") {
            return Err(format!("saldo verify found drift:\n{report}"));
        }
        Ok(self.survived)
    }
}

/// The first findings, and how many there are.
fn summary(wrong: &[String]) -> String {
    let shown: Vec<&str> = wrong.iter().take(5).map(String::as_str).collect();
    format!("{} findings, such as\n{}", wrong.len(), shown.join("\n"))
}
