//! How many reserves a second does a hot SKU take alone, with readers of other keys, and with readers of it?
//! All of them in one run, in an order that changes from run to run; the ratio is that of one run.

use std::time::{Duration, Instant};

use saldo_benches::{
    BenchError, Group, Rates, Readers, Report, Selection, What, Window, check_level, count,
    has_room_for, sell,
};

use super::{Asked, filled};

const NS_OF_SECOND: f64 = 1e9;
const NS_OF_MS: f64 = 1e6;
/// One in so many of some readers never reads.
const SILENT_ONE_IN: u64 = 10;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Audience {
    readers: u64,
    selection: Selection,
    /// Of these so many never read.
    silent: u64,
}

/// What became of one load.
struct Outcome {
    name: String,
    rate: f64,
    /// Of the engine, for one reserve.
    cpu_us: f64,
    rates: Rates,
    audience: Audience,
}

pub(super) async fn run(asked: &Asked, number: u32, report: &mut Report) -> Result<(), BenchError> {
    let some = asked.common.size(asked.some, 1_000, 10);
    let (hot, own) = (Selection::Hot, Selection::Own);
    let mut audiences = vec![
        Audience { readers: 0, selection: hot, silent: 0 },
        Audience { readers: asked.many(), selection: own, silent: 0 },
        Audience { readers: some, selection: hot, silent: some / SILENT_ONE_IN },
        Audience { readers: asked.many(), selection: hot, silent: 0 },
    ];
    audiences.retain(|it| has_room_for(it.readers, &it.name(), report));
    if number % 2 == 1 {
        audiences.reverse();
    }
    let mut outcomes = Vec::new();
    for audience in audiences {
        outcomes.push(one(asked, audience, report).await?);
    }
    if number % 2 == 1 {
        outcomes.reverse();
    }
    let alone = outcomes.first().map_or(f64::NAN, |outcome| outcome.rate);
    for outcome in &outcomes {
        outcome.tell(alone, report);
    }
    Ok(())
}

impl Audience {
    fn name(self) -> String {
        let Self { readers, selection, silent } = self;
        match selection {
            _ if readers == 0 => "sales alone".to_owned(),
            Selection::Hot if silent > 0 => {
                format!("sales, {readers} of the key, {silent} silent")
            }
            Selection::Hot => format!("sales, {readers} of the key"),
            Selection::Own | Selection::All => format!("sales, {readers} of other keys"),
        }
    }
}

impl Outcome {
    fn tell(&self, alone: f64, report: &mut Report) {
        let Self { name, rate, cpu_us, rates, audience } = self;
        report.add(&format!("{name}: reserves"), "/s", *rate);
        report.add(&format!("{name}: engine's cores a reserve"), "us", *cpu_us);
        if audience.readers == 0 {
            return;
        }
        report.add(&format!("{name}: against alone"), "times", rate / alone);
        if audience.selection == Selection::Hot {
            let seconds = count(rates.took_ns) / NS_OF_SECOND;
            report.add(&format!("{name}: deltas"), "/s", count(rates.frames) / seconds);
            report.add(&format!("{name}: age p50"), "ms", count(rates.age_p50_ns) / NS_OF_MS);
            report.add(&format!("{name}: age p99"), "ms", count(rates.age_p99_ns) / NS_OF_MS);
        }
        let lost = &rates.lost;
        report.check(lost.readers == 0, format!("{name}: {lost:?}"));
    }
}

async fn one(
    asked: &Asked,
    audience: Audience,
    report: &mut Report,
) -> Result<Outcome, BenchError> {
    let name = audience.name();
    // The same keys in all of them, read or not.
    let engine = filled(asked, asked.many(), &[]).await?;
    let mut readers = Readers::start()?;
    let Audience { readers: all, selection, silent } = audience;
    for (count, reads_on) in [(all - silent, true), (silent, false)] {
        let authority = engine.authority().to_owned();
        let group = Group { authority, readers: count, selection, is_bare: false, reads_on };
        readers.open(group).await?;
    }
    let counts_from = Instant::now() + Duration::from_secs_f64(asked.warm_up_seconds());
    let seconds = asked.seconds();
    let until = counts_from + Duration::from_secs_f64(seconds);
    let clients = asked.common.size(asked.clients, 64, 4);
    let window = Window { counts_from, until };
    let selling = tokio::spawn(sell(engine.authority().to_owned(), clients, window));
    tokio::time::sleep_until(counts_from.into()).await;
    readers.mark(What::Rates).await?;
    let cpu_before = engine.cpu_seconds()?;
    tokio::time::sleep_until(until.into()).await;
    let cpu_seconds = engine.cpu_seconds()? - cpu_before;
    let rates = readers.rates().await?;
    let sold = selling.await.map_err(|error| BenchError::Answer(error.to_string()))??;
    check_level(&engine, sold.granted, &name, report).await?;
    readers.close().await?;
    engine.stop().await?;
    let cpu_us = cpu_seconds * 1e6 / count(sold.counted.max(1));
    Ok(Outcome { name, rate: count(sold.counted) / seconds, cpu_us, rates, audience })
}
