//! How many levels a second reach a few readers of all keys, while every key changes as fast as the engine takes it?

use std::time::Duration;

use saldo_benches::{
    BenchError, ChangeLoad, Group, LOCATION, LoadShape, Readers, Report, Selection, What, count,
    sku_of,
};

use super::{Asked, filled};

const NS_OF_SECOND: f64 = 1e9;
const NS_OF_MS: f64 = 1e6;

pub(super) async fn run(asked: &Asked, report: &mut Report) -> Result<(), BenchError> {
    for readers in &asked.readers {
        one(asked, *readers, report).await?;
    }
    Ok(())
}

async fn one(asked: &Asked, subscribers: u64, report: &mut Report) -> Result<(), BenchError> {
    let keys = asked.common.size(asked.keys, 10_000, 50);
    let engine = filled(asked, keys, &[]).await?;
    let mut readers = Readers::start()?;
    let authority = engine.authority().to_owned();
    let selection = Selection::All;
    let group =
        Group { authority, readers: subscribers, selection, is_bare: false, reads_on: true };
    readers.open(group).await?;
    let skus: Vec<String> = (0..keys).map(sku_of).collect();
    let shape = LoadShape { connections: 2, frame_commands: asked.frame, in_flight: 4 };
    let load = ChangeLoad::start(engine.authority(), &skus, LOCATION, shape).await?;
    tokio::time::sleep(Duration::from_secs_f64(asked.warm_up_seconds())).await;
    readers.mark(What::Rates).await?;
    let (before, cpu_before) = (load.changes(), engine.cpu_seconds()?);
    tokio::time::sleep(Duration::from_secs_f64(asked.seconds())).await;
    let cpu_seconds = engine.cpu_seconds()? - cpu_before;
    let rates = readers.rates().await?;
    let changes = load.changes() - before;
    load.stop().await?;
    let name = format!("levels, {subscribers} of all {keys} keys");
    let seconds = count(rates.took_ns) / NS_OF_SECOND;
    report.add(&format!("{name}: levels"), "/s", count(rates.levels) / seconds);
    report.add(&format!("{name}: bytes"), "MB/s", count(rates.bytes) / seconds / 1e6);
    let frames = count(rates.frames.max(1));
    report.add(&format!("{name}: levels a frame"), "levels", count(rates.levels) / frames);
    report.add(&format!("{name}: changes"), "/s", count(changes) / seconds);
    report.add(&format!("{name}: engine's cores"), "cores", cpu_seconds / seconds);
    report.add(&format!("{name}: age p50"), "ms", count(rates.age_p50_ns) / NS_OF_MS);
    report.add(&format!("{name}: age p99"), "ms", count(rates.age_p99_ns) / NS_OF_MS);
    let lost = &rates.lost;
    report.check(lost.readers == 0, format!("{name}: {lost:?}"));
    readers.close().await?;
    engine.stop().await?;
    Ok(())
}
