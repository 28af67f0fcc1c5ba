//! How many bytes of the engine's memory is a subscriber that hears nothing, and how many are left of one that heard?

use std::time::Duration;

use saldo_benches::{
    BenchError, Change, Engine, Filler, Group, HOT_LOCATION, HOT_SKU, HttpClient, LOCATION,
    Readers, Report, Selection, What, count, has_room_for, level, monotonic_ns, request, sku_of,
};

use super::{Asked, filled};

/// How long an engine is left alone before its memory is looked at.
const SETTLES: Duration = Duration::from_secs(2);
const SETTLES_QUICK: Duration = Duration::from_millis(100);

pub(super) async fn run(asked: &Asked, report: &mut Report) -> Result<(), BenchError> {
    let subscribers = asked.many();
    for selection in [Selection::Hot, Selection::Own] {
        let keys = if selection == Selection::Hot { "one key" } else { "own keys" };
        let name = format!("idle, {subscribers} of {keys}");
        if has_room_for(subscribers, &name, report) {
            one(asked, selection, &name, report).await?;
        }
    }
    Ok(())
}

async fn one(
    asked: &Asked,
    selection: Selection,
    name: &str,
    report: &mut Report,
) -> Result<(), BenchError> {
    let subscribers = asked.many();
    // The same keys in both, and all of them awake before and after. Each look waits for a checkpoint.
    let settings = [("checkpoint_seconds", "1".to_owned())];
    let engine = filled(asked, subscribers, &settings).await?;
    let mut readers = Readers::start()?;
    let before = settled(asked, &engine).await?;
    let authority = engine.authority().to_owned();
    let group =
        Group { authority, readers: subscribers, selection, is_bare: false, reads_on: true };
    readers.open(group).await?;
    let idle = settled(asked, &engine).await?;
    readers.mark(What::Arrivals).await?;
    let changes = match selection {
        Selection::Own => all_changed(&engine, subscribers).await?,
        Selection::Hot | Selection::All => vec![hot_changed(&engine).await?],
    };
    let told = readers.times(changes).await?;
    let (heard, lost) = (told.heard, &told.lost);
    report.check(heard == subscribers, format!("{name}: {heard} were told; {lost:?}"));
    let after = settled(asked, &engine).await?;
    readers.close().await?;
    let left = settled(asked, &engine).await?;
    let each = |bytes: u64| count(bytes.saturating_sub(before)) / count(subscribers.max(1));
    report.add(&format!("{name}: each"), "bytes", each(idle));
    report.add(&format!("{name}: each, one delta later"), "bytes", each(after));
    report.add(&format!("{name}: each, once they have gone"), "bytes", each(left));
    engine.stop().await?;
    Ok(())
}

/// The memory once what was changed is in the store.
async fn settled(asked: &Asked, engine: &Engine) -> Result<u64, BenchError> {
    engine.checkpointed().await?;
    let settles = if asked.common.quick { SETTLES_QUICK } else { SETTLES };
    tokio::time::sleep(settles).await;
    engine.resident_bytes()
}

async fn hot_changed(engine: &Engine) -> Result<Change, BenchError> {
    let mut http = HttpClient::connect(engine.authority()).await?;
    let version = level(&mut http, HOT_SKU, HOT_LOCATION).await?.version + 1;
    let path = format!("/v1/stock/{HOT_SKU}/{HOT_LOCATION}/receive");
    http.send(&request("POST", &path, r#"{"quantity":1}"#)).await?.text()?;
    Ok(Change { key: 0, version, at_ns: monotonic_ns() })
}

async fn all_changed(engine: &Engine, keys: u64) -> Result<Vec<Change>, BenchError> {
    let mut http = HttpClient::connect(engine.authority()).await?;
    let version = level(&mut http, &sku_of(0), LOCATION).await?.version + 1;
    Filler::connect(engine).await?.receive(0..keys, 1).await?;
    let at_ns = monotonic_ns();
    Ok((0..keys).map(|key| Change { key, version, at_ns }).collect())
}
