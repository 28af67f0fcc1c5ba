//! All files that the process may have open are in use: who is connected is served on, who comes waits without the
//! engine spinning, and is served when there is room again.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;
use tokio::net::TcpStream;

use super::{Failure, Shown};
use crate::real::kept::Kept;
use crate::real::process::{open_files, processor_ticks};
use crate::{Engine, Http, Told, eventually, within};

/// Files beyond those that are open when the limit falls.
const SPARE: u64 = 24;
/// Connections that use them up, and wait.
const CONNECTIONS: usize = 120;
/// Changes meanwhile: few enough that who waits does so for less than a client's patience, on a slow machine too.
const CHANGES: usize = 60;
/// The most processor time that an engine may use in a second in which nobody is served, in hundredths.
const IDLE_TICKS_MAX: u64 = 40;

async fn receive(known: &mut Kept, sku: &str, quantity: i64) -> Result<Told, String> {
    known.post(&format!("/v1/stock/{sku}/X/receive"), &json!({"quantity": quantity})).await
}

pub async fn are_used_up() -> Shown {
    // The crowd says nothing, and has to stay for as long as a slow machine takes.
    let engine = Engine::with(&[
        ("checkpoint_seconds", "1"),
        ("segment_bytes", "1048576"),
        ("header_timeout_ms", "300000"),
    ])
    .await;
    let mut known = Kept::connect(engine.url()).await?;
    receive(&mut known, "A", 1).await?;
    let limit = Some(open_files(engine.pid())? + SPARE);
    let limits = Rlimit { current: limit, maximum: limit };
    prlimit(Some(engine.pid()), Resource::Nofile, limits)
        .map_err(|error| Failure::Broken(format!("no limit: {error}")))?;
    let address = engine.url().trim_start_matches("http://").to_owned();
    let mut crowd = Vec::new();
    for _ in 0..CONNECTIONS {
        crowd.push(TcpStream::connect(&address).await.map_err(|error| error.to_string())?);
    }
    let url = engine.url().to_owned();
    let late = tokio::spawn(async move { Http::new(&url).get("/v1/stock/A/X").await.status });
    // Who is connected is served on: with changes for as long as the journal has a segment in store, for a new one
    // is a file, then with reads and refusals.
    let mut acknowledged = 1;
    for _ in 0..CHANGES {
        let told = receive(&mut known, "A", 1).await?;
        match (told.status, told.code().as_str()) {
            (200, _) => acknowledged += 1,
            (503, "read_only") => {}
            _ => return Err(Failure::Broken(format!("a change was answered {}", told.text()))),
        }
        let level = known.get("/v1/stock/A/X").await?.json();
        if level["on_hand"] != acknowledged {
            return Err(Failure::Broken(format!("{acknowledged} acknowledged, told {level:?}")));
        }
    }
    let before = processor_ticks(engine.pid())?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ticks = processor_ticks(engine.pid())? - before;
    if ticks > IDLE_TICKS_MAX {
        return Err(Failure::Broken(format!("{ticks} % of a core, and nobody could be served")));
    }
    if late.is_finished() {
        return Err(Failure::Broken("the limit was not reached".to_owned()));
    }
    drop(crowd);
    let status = within("who came late to be served", late).await;
    let status = status.map_err(|error| error.to_string())?;
    if status != 200 {
        return Err(Failure::Broken(format!("who came late was answered {status}")));
    }
    // Files are closed and a segment is made ahead in the background: nothing announces it but a change's answer.
    let newcomer = engine.http();
    eventually("changes to come back", async || {
        let told = newcomer.change("B", "X", "receive", json!({"quantity": 7})).await;
        (told.status == 200).then_some(())
    })
    .await;
    let stopped = engine.kill().await;
    stopped.verify().await;
    let engine = stopped.start().await;
    let (one, other) = (engine.http().level("A", "X").await, engine.http().level("B", "X").await);
    if (one.on_hand, other.on_hand) != (acknowledged, 7) {
        return Err(Failure::Broken(format!("acknowledged, and not found: {one:?}, {other:?}")));
    }
    let changes = acknowledged - 1;
    Ok(format!(
        "{changes} of {CHANGES} changes carried out, {ticks} % of a core while full, and who waited was served"
    ))
}
