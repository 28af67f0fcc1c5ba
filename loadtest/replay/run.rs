//! A replay from the file to the report: survey, opening stock, invoices, audit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use parking_lot::Mutex;
use saldo_protocol::Location;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::replay::audit::audit;
use crate::replay::carry_on::CarryOn;
use crate::replay::error::ReplayError;
use crate::replay::invoices::in_order_of_time;
use crate::replay::model::Model;
use crate::replay::queue::{InvoiceQueue, Speed};
use crate::replay::report::{Pace, Report};
use crate::replay::run_ids::RunIds;
use crate::replay::runner::{Shared, open_stock, run};
use crate::replay::share::OpeningShare;
use crate::replay::sold_lines::SoldLines;
use crate::replay::survey::{Survey, survey};
use crate::replay::transport::Transport;

/// What to replay, and how.
#[derive(Clone, Debug)]
pub struct ReplayPlan {
    /// The file of sales.
    pub file: PathBuf,
    /// The opening stock as a share of what the file sells.
    pub opening_stock: OpeningShare,
    /// Where all of it happens.
    pub location: Location,
    /// Invoices in flight, at least 1.
    pub concurrency: usize,
    /// How fast the file's time passes.
    pub speed: Speed,
    /// Distinguishes runs that are otherwise the same.
    pub seed: u64,
    /// Where refusals are kept, so that the run can be carried on by another process.
    pub carry_on: Option<PathBuf>,
}

/// Replays the file against an engine and audits it. The bar counts rows.
///
/// # Errors
/// [`ReplayError`] where the run could not be carried through. An audit that fails is a report that does not
/// agree, not an error.
pub async fn replay<T: Transport>(
    plan: &ReplayPlan,
    transport: T,
    bar: ProgressBar,
) -> Result<Report, ReplayError> {
    let survey = survey(&plan.file)?;
    bar.set_length(survey.rows);
    let queue = InvoiceQueue::new(in_order_of_time(&plan.file, &survey)?, plan.speed);
    let stock = opening_stock(&survey, plan.opening_stock);
    let location = plan.location.as_str();
    let ids = RunIds::new(survey.identity, location, plan.opening_stock, plan.seed);
    let shared = Arc::new(Shared {
        transport,
        ids,
        location: plan.location.clone(),
        model: Mutex::new(Model::new(location, plan.concurrency == 1)),
        sold: Mutex::new(SoldLines::new(survey.returned)),
        settled: Notify::new(),
        carry_on: Mutex::new(CarryOn::open(plan.carry_on.as_deref(), ids.run())?),
        seen_before: AtomicBool::new(false),
        bar,
    });
    let concurrency = plan.concurrency.max(1);

    shared.bar.set_message("opening stock");
    let begun = Instant::now();
    let opened = open_stock(&shared, stock, concurrency).await?;
    let seen_before = shared.seen_before.load(Ordering::Relaxed);
    shared.carry_on.lock().begin(seen_before)?;
    let opening = Pace::new(opened.latencies.count(), begun.elapsed());

    shared.bar.set_message("invoices");
    let begun = Instant::now();
    let mut work = run(&shared, queue, concurrency).await?;
    let replayed = Pace::new(work.latencies.count(), begun.elapsed());
    work.tally.merge(opened.tally);

    shared.bar.set_message("audit");
    let durability = shared.transport.durability().await;
    let model = std::mem::replace(&mut *shared.model.lock(), Model::new(location, false));
    let sent_again = shared.transport.sent_again();
    let disturbed = sent_again > 0 || seen_before;
    let verdict = audit(&shared.transport, &plan.location, model, disturbed).await?;
    shared.bar.finish_and_clear();
    Ok(Report {
        file: name_of(&plan.file),
        opening_stock: plan.opening_stock.to_string(),
        location: location.to_owned(),
        concurrency,
        speed: plan.speed.to_string(),
        durability: durability.unwrap_or_else(|| "unknown".to_owned()),
        agrees: verdict.agrees(),
        tally: work.tally,
        audit: verdict,
        opening,
        replay: replayed,
        sent_again,
        latency: work.latencies.summary(),
    })
}

fn opening_stock(survey: &Survey, share: OpeningShare) -> BTreeMap<String, u64> {
    survey
        .sold
        .iter()
        .map(|(code, &units)| (code.clone(), share.of(units)))
        .filter(|&(_, units)| units > 0)
        .collect()
}

/// Reports travel; the folders of the machine that made them do not.
fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
