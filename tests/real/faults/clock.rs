//! The wall clock is stepped by an hour while the engine runs (`libfaketime`, which leaves the monotonic clock alone).

use std::path::{Path, PathBuf};
use std::{fs, io};

use saldo_protocol::{Movement, MovementKind};
use serde_json::json;

use super::{Failure, Shown};
use crate::{Engine, Http, Setup, eventually};

/// Where Debian's package `libfaketime` has its library.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// A wall clock that can be stepped.
struct Clock {
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Clock {
    fn step(&self, by: &str) -> io::Result<()> {
        // Written aside and renamed: who reads it meanwhile finds one or the other.
        let aside = self.file.with_extension("new");
        fs::write(&aside, format!("{by}\n"))?;
        fs::rename(aside, &self.file)
    }
}

async fn engine() -> Result<(Engine, Clock), Failure> {
    let library = LIBRARIES.into_iter().find(|path| Path::new(path).exists());
    let missing =
        || Failure::LeftOut("libfaketime is missing: apt-get install libfaketime".to_owned());
    let library = library.ok_or_else(missing)?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let clock = Clock { file: folder.path().join("clock"), _folder: folder };
    clock.step("+0").map_err(|error| error.to_string())?;
    let environment = [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", clock.file.to_str().unwrap_or_default()),
        ("FAKETIME_NO_CACHE", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let engine = Engine::set_up(Setup {
        environment: environment.into_iter().map(owned).collect(),
        settings: vec![owned(("segment_bytes", "4194304")), owned(("checkpoint_seconds", "1"))],
        ..Setup::default()
    })
    .await;
    Ok((engine, clock))
}

/// A cart that lasts so many seconds.
async fn cart(http: &Http, hold_seconds: u32) -> Result<String, Failure> {
    let lines = json!([{"sku": "A", "location": "X", "quantity": 1}]);
    let body = json!({"lines": lines, "hold_seconds": hold_seconds});
    let told = http.post("/v1/reservations", body).await;
    match told.json()["id"].as_str() {
        Some(id) if told.status == 201 => Ok(id.to_owned()),
        _ => Err(Failure::Broken(format!("no cart: {}", told.text()))),
    }
}

async fn commit(http: &Http, id: &str) -> Result<(), Failure> {
    let told = http.post(&format!("/v1/reservations/{id}/commit"), json!({})).await;
    if told.status == 200 {
        return Ok(());
    }
    Err(Failure::Broken(format!("a cart that had time left was answered {}", told.text())))
}

/// Versions and times rise.
fn rises(movements: &[Movement]) -> Result<(), Failure> {
    for pair in movements.windows(2) {
        if pair[1].version != pair[0].version + 1 || pair[1].at <= pair[0].at {
            return Err(Failure::Broken(format!("{:?} is followed by {:?}", pair[0], pair[1])));
        }
    }
    Ok(())
}

/// A short hold ends while the clock is what it is now, and a long one stands.
async fn holds_end(http: &Http) -> Result<(), Failure> {
    let (short, long) = (cart(http, 1).await?, cart(http, 900).await?);
    eventually("a short hold to end", async || {
        let told = http.get(&format!("/v1/reservations/{short}")).await.json();
        (told["status"] == "expired").then_some(())
    })
    .await;
    commit(http, &long).await
}

async fn steps(by: &str) -> Result<(Vec<Movement>, usize), Failure> {
    let (engine, clock) = engine().await?;
    let http = engine.http();
    http.receive("A", "X", 1_000).await;
    let mut carts = Vec::new();
    for _ in 0..20 {
        carts.push(cart(&http, 900).await?);
    }
    holds_end(&http).await?;
    clock.step(by).map_err(|error| error.to_string())?;
    http.receive("A", "X", 1).await;
    holds_end(&http).await?;
    for id in carts.drain(..10) {
        commit(&http, &id).await?;
    }
    // Killed in the other time, and started in it.
    let engine = engine.kill().await.start().await;
    let http = engine.http();
    for id in carts.drain(..5) {
        commit(&http, &id).await?;
    }
    clock.step("+0").map_err(|error| error.to_string())?;
    http.receive("A", "X", 1).await;
    holds_end(&http).await?;
    for id in carts.drain(..) {
        commit(&http, &id).await?;
    }
    let movements = http.movements("A", "X").await;
    rises(&movements)?;
    let expired = movements.iter().filter(|it| it.kind == MovementKind::Expired).count();
    if expired != 3 {
        return Err(Failure::Broken(format!("3 short holds, and {expired} ended")));
    }
    let log = engine.log();
    engine.kill().await.verify().await;
    Ok((movements, log.matches("clock").count()))
}

/// An hour ahead is an outage, after which every open cart has its grace.
pub async fn steps_forward() -> Shown {
    let (movements, said) = steps("+1h").await?;
    let first = movements.first().map(|movement| movement.at);
    let last = movements.last().map(|movement| movement.at);
    Ok(format!(
        "no cart expired by it; logged from {first:?} to {last:?}, clock named {said} times in the log"
    ))
}

/// An hour back: time does not run backwards.
pub async fn steps_back() -> Shown {
    let (movements, _) = steps("-1h").await?;
    Ok(format!("{} events, each later than the one before", movements.len()))
}
