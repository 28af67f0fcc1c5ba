//! Carries a workload out: as many runs as asked for, then the report in every form.

use std::fs::OpenOptions;
use std::path::Path;

use saldo_protocol::client::FeedForm;

use crate::cli::target_args::{ReportArgs, TargetArgs};
use crate::cli::{FeedArgs, WorkloadArgs};
use crate::feed;
use crate::measure::figures::RunFigures;
use crate::report::hdr_log::{self, LogInterval};
use crate::report::require::{self, Requirement};
use crate::report::{Report, html, json};
use crate::run::engine::Engine;
use crate::run::error::RunError;
use crate::run::one::{Finished, OneRun};
use crate::run::say::say;
use crate::run::{interrupt, setting, warnings};
use crate::targets::saldo::{About, Saldo};
use crate::workload::feed_settings::Form;
use crate::workload::kind::Kind;
use crate::workload::settings::WorkloadSettings;

/// Said of a run that a signal ended.
pub(crate) const INTERRUPTED: &str = "INTERRUPTED by a signal: the figures are of what was done until then, and runs that were to come are left out";

/// Sentences of the audit that a report shows.
const SHOWN_MAX: usize = 20;

/// Runs a workload and tells what came of it. True where the audit found nothing and every requirement is met.
///
/// # Errors
/// [`RunError`]: nothing was measured.
pub async fn run(kind: Kind, arguments: &WorkloadArgs) -> Result<bool, RunError> {
    let settings = arguments.settings(kind)?;
    let requirements = requirements(&arguments.report)?;
    writable(&arguments.report)?;
    let mut measured = measure(&settings, &arguments.target, &arguments.report, None).await?;
    measured.report.warnings.sort();
    tell(measured, &requirements, &arguments.report)
}

/// The same with subscribers.
///
/// # Errors
/// [`RunError`]: nothing was measured.
pub async fn run_feed(arguments: &FeedArgs) -> Result<bool, RunError> {
    let (subscribers, settings) = arguments.settings()?;
    let workload = &arguments.arguments;
    let requirements = requirements(&workload.report)?;
    writable(&workload.report)?;
    let fleet = feed::FeedSettings {
        subscribers: subscribers.subscribers + subscribers.slow + subscribers.paced,
        stalled: subscribers.slow,
        paced: subscribers.paced,
        pace: subscribers.pace.0,
        form: match subscribers.form {
            Form::Json => FeedForm::Json,
            Form::Binary => FeedForm::Binary,
        },
        ..feed::FeedSettings::default()
    };
    let subscribers = Some(fleet.clone());
    let mut measured = measure(&settings, &workload.target, &workload.report, subscribers).await?;
    setting::add_subscribers(&mut measured.report.setting, &fleet);
    if workload.target.url.is_some() {
        measured.report.warnings.push(feed::fleet::DELAY_NOTE.to_owned());
    }
    tell(measured, &requirements, &workload.report)
}

/// Parsed before anything is sent.
fn requirements(arguments: &ReportArgs) -> Result<Vec<Requirement>, RunError> {
    let parsed = arguments.require.iter().map(|text| text.parse());
    parsed
        .collect::<Result<_, _>>()
        .map_err(|error: require::RequireError| RunError::Usage(error.to_string()))
}

/// Before anything is measured: what cannot be written afterwards is told now.
fn writable(arguments: &ReportArgs) -> Result<(), RunError> {
    let ReportArgs { json, html, hdr_log, .. } = arguments;
    [json, html, hdr_log].into_iter().flatten().try_for_each(|path| can_write(path))
}

/// Whether a report can be written there; makes an empty file where there is none.
///
/// # Errors
/// [`RunError::Usage`].
pub(crate) fn can_write(path: &Path) -> Result<(), RunError> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    let failed = |error| RunError::Usage(format!("{}: cannot be written: {error}", path.display()));
    opened.map(drop).map_err(failed)
}

/// What came of all runs.
struct Measured {
    report: Report,
    intervals: Vec<LogInterval>,
    began: std::time::SystemTime,
}

async fn measure(
    settings: &WorkloadSettings,
    target: &TargetArgs,
    report: &ReportArgs,
    subscribers: Option<feed::FeedSettings>,
) -> Result<Measured, RunError> {
    let mut runs: Vec<RunFigures> = Vec::new();
    let (mut about, mut last) = (About::default(), None);
    let mut prefixes = Vec::new();
    for number in 1..=report.runs {
        let (engine, saldo) = Engine::start(target, settings.transport()).await?;
        about = known(&saldo, settings).await?;
        let name = match report.runs {
            1 => settings.kind.name().to_owned(),
            runs => format!("{} {number}/{runs}", settings.kind.name()),
        };
        let one = OneRun {
            settings,
            engine: &engine,
            saldo: &saldo,
            no_audit: report.no_audit,
            is_quiet: report.quiet,
            subscribers: subscribers.clone(),
            name,
        };
        // The figures first: an engine that does not stop well must not take them along.
        let finished = one.run().await;
        let stopped = engine.stop().await;
        let mut finished = finished?;
        stopped?;
        let shown = std::mem::take(&mut finished.shown);
        let audit = &mut finished.figures.audit.shown;
        audit.extend(shown);
        audit.truncate(SHOWN_MAX);
        runs.push(finished.figures.clone());
        prefixes.push(std::mem::take(&mut finished.sku_prefix));
        last = Some(finished);
        if interrupt::has_come() {
            break;
        }
    }
    let mut all = warnings::of_builds(&about);
    all.extend(warnings::of_runs(&runs, &settings.load()));
    if interrupt::has_come() {
        all.push(INTERRUPTED.to_owned());
    }
    let Some(Finished { intervals, began, .. }) = last else {
        return Err(RunError::Usage("--runs must be 1 or more".to_owned()));
    };
    let mut setting = setting::of(settings, &about);
    setting.settings.insert("SKUs begin with".to_owned(), prefixes.join(" "));
    let report = Report { setting, warnings: all, runs, unmet: Vec::new() };
    Ok(Measured { report, intervals, began })
}

/// What the engine says of itself, asked for as long as patience lasts.
async fn known(saldo: &Saldo, settings: &WorkloadSettings) -> Result<About, RunError> {
    let patience = settings.load().patience;
    let about = tokio::time::timeout(patience, saldo.about()).await.map_err(|_| {
        RunError::Usage(format!("{} did not answer within {} s", saldo.url, patience.as_secs_f64()))
    })??;
    if about == About::default() {
        return Err(RunError::Usage(format!(
            "{} answers, but not as a Saldo engine does",
            saldo.url
        )));
    }
    Ok(about)
}

/// Prints and writes.
fn tell(
    measured: Measured,
    requirements: &[Requirement],
    arguments: &ReportArgs,
) -> Result<bool, RunError> {
    let Measured { mut report, intervals, began } = measured;
    report.unmet = require::check(requirements, &report);
    say(&report);
    if let Some(path) = &arguments.json {
        json::write(path, std::slice::from_ref(&report))?;
    }
    if let Some(path) = &arguments.html {
        let title = format!("saldo-loadtest {}", report.setting.workload);
        html::write(path, &title, std::slice::from_ref(&report))?;
    }
    if let Some(path) = &arguments.hdr_log {
        let about = format!("saldo-loadtest {}, the last run", report.setting.workload);
        hdr_log::write(path, &about, began, &intervals)?;
    }
    let is_good =
        |run: &RunFigures| run.operations > 0 && (arguments.no_audit || run.audit.is_clean());
    let is_whole = !interrupt::has_come();
    Ok(is_whole && report.unmet.is_empty() && report.runs.iter().all(is_good))
}
