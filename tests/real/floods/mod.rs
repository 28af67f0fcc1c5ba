//! Loads that mean harm, each with a name, while a well-behaved client goes on: its p99 before and meanwhile, and the
//! engine's memory.

mod bystander;
mod connections;
mod frames;
mod raw;
mod subscriptions;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinSet;

use super::process::resident_mebibytes;
use crate::{Engine, eventually, within};
use bystander::Bystander;

/// Connections that the attacked engine allows.
pub(crate) const CONNECTIONS_MAX: usize = 512;
/// The most memory by which the engine may have grown, in MiB.
const GROWTH_MEBIBYTES_MAX: u64 = 512;
/// How long a flood rises before the well-behaved client counts.
const RISE: Duration = Duration::from_millis(500);

/// One attacker of a flood: works until it is aborted.
type Attacker = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A flood that can be asked for by its name.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    /// Its name.
    pub name: &'static str,
    /// How many attackers.
    attackers: usize,
    /// Subscriptions that must stand before the well-behaved client counts.
    subscriptions: f64,
    /// The attacker of this number against the engine at this address.
    attack: fn(usize, String) -> Attacker,
}

/// All floods.
pub const FLOODS: [Flood; 11] = [
    Flood {
        name: "slow-headers",
        attackers: 200,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(connections::slow_headers(at)),
    },
    Flood {
        name: "slow-bodies",
        attackers: 200,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(connections::slow_bodies(at)),
    },
    Flood {
        name: "half-open",
        attackers: 300,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(connections::half_open(at)),
    },
    Flood {
        name: "too-many-connections",
        attackers: 1_000,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(connections::half_open(at)),
    },
    Flood {
        name: "reconnect-storm",
        attackers: 32,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(connections::reconnects(at)),
    },
    Flood {
        name: "endless-fragments",
        attackers: 8,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(frames::endless_fragments(at)),
    },
    Flood {
        name: "pings",
        attackers: 8,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(frames::pings(at)),
    },
    Flood {
        name: "invalid-utf8",
        attackers: 8,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(frames::invalid_utf8(at)),
    },
    Flood {
        name: "unread-answers",
        attackers: 16,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(frames::unread_answers(at)),
    },
    Flood {
        name: "idempotency-keys",
        attackers: 2,
        subscriptions: 0.0,
        attack: |_, at| Box::pin(frames::idempotency_keys(at)),
    },
    Flood {
        name: "100000-subscriptions",
        attackers: 4,
        subscriptions: 100_000.0,
        attack: |number, at| Box::pin(subscriptions::many(number, at)),
    },
];

/// What a flood did to the well-behaved client.
#[derive(Clone, Copy, Debug)]
pub struct Withstood {
    /// Its 99th percentile before, in microseconds.
    pub before_us: u64,
    /// The same meanwhile.
    pub meanwhile_us: u64,
    /// Its calls meanwhile.
    pub calls: usize,
    /// Resident memory before, in MiB.
    pub memory_before: u64,
    /// The same at the end.
    pub memory_after: u64,
}

impl fmt::Display for Withstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p99 {} us before, {} us meanwhile ({} calls); memory {} MiB before, {} MiB after",
            self.before_us, self.meanwhile_us, self.calls, self.memory_before, self.memory_after
        )
    }
}

impl Flood {
    /// The flood of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FLOODS.into_iter().find(|flood| flood.name == name)
    }

    /// Floods a new engine, and measures for so long before and meanwhile.
    ///
    /// # Errors
    /// What the well-behaved client was refused, or how far memory grew.
    ///
    /// # Panics
    /// Where the engine serves nobody any more.
    pub async fn run(&self, time: Duration) -> Result<Withstood, String> {
        let engine = Engine::with(&[
            ("connections_max", &CONNECTIONS_MAX.to_string()),
            ("feed_subscriptions_max", "32768"),
            ("idempotency_entries_max", "65536"),
            ("segment_bytes", "16777216"),
            ("header_timeout_ms", "2000"),
            ("body_timeout_ms", "2000"),
        ])
        .await;
        let mut bystander = Bystander::new(engine.url()).await?;
        let before = bystander.goes_on(time).await?;
        let memory_before = resident_mebibytes(engine.pid())?;
        let address = engine.url().trim_start_matches("http://").to_owned();
        let mut attackers = JoinSet::new();
        for number in 0..self.attackers {
            attackers.spawn((self.attack)(number, address.clone()));
        }
        bystander.goes_on(RISE).await?;
        within("the subscriptions to stand", async {
            let http = engine.http();
            while self.subscriptions > 0.0
                && http.metric("saldo_feed_subscriptions").await < self.subscriptions
            {
                bystander.goes_on(RISE).await?;
            }
            Ok::<(), String>(())
        })
        .await?;
        let meanwhile = bystander.goes_on(time).await?;
        let memory_after = resident_mebibytes(engine.pid())?;
        attackers.shutdown().await;
        // Who comes anew is served, as soon as the attackers' places are free.
        let newcomer = engine.http();
        eventually("a newcomer to be served", async || {
            let request = newcomer.request(hyper::Method::GET, "/readyz");
            let told = newcomer.try_send(request, bytes::Bytes::new()).await.ok()?;
            (told.status == 200).then_some(())
        })
        .await;
        if memory_after > memory_before + GROWTH_MEBIBYTES_MAX {
            return Err(format!("memory grew from {memory_before} to {memory_after} MiB"));
        }
        engine.kill().await.verify().await;
        Ok(Withstood {
            before_us: before.p99_us,
            meanwhile_us: meanwhile.p99_us,
            calls: meanwhile.calls,
            memory_before,
            memory_after,
        })
    }
}
