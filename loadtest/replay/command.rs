//! Carries `replay` out: finds or starts the engine, draws the progress, writes the report, stops the engine.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use crate::replay::args::ReplayArgs;
use crate::replay::error::ReplayError;
use crate::replay::http::HttpTransport;
use crate::replay::report::Report;
use crate::replay::run::replay;
use crate::targets::engine_process::{EngineProcess, beside_this_program};

const BAR: &str = "{msg:<14} {wide_bar} {human_pos}/{human_len} rows, {per_sec}, {eta} left";

/// Replays and prints. True when everything agrees.
///
/// # Errors
/// [`ReplayError`] where the run could not be finished; an engine of its own is stopped all the same.
pub async fn run_replay(arguments: &ReplayArgs) -> Result<bool, ReplayError> {
    if let Some(url) = &arguments.url {
        return tell(arguments, &against(arguments, url).await?);
    }
    let binary = match &arguments.engine {
        Some(path) => path.clone(),
        None => beside_this_program()?,
    };
    let engine = tokio::select! {
        engine = EngineProcess::start(&binary) => engine?,
        () = asked_to_end() => return Err(ReplayError::Interrupted),
    };
    let ended = tokio::select! {
        report = against(arguments, engine.url()) => report,
        () = asked_to_end() => Err(ReplayError::Interrupted),
    };
    // The report first: an engine that does not stop well must not take it along.
    let told = ended.and_then(|report| tell(arguments, &report));
    let stopped = engine.stop().await;
    let agrees = told?;
    stopped?;
    Ok(agrees)
}

fn tell(arguments: &ReplayArgs, report: &Report) -> Result<bool, ReplayError> {
    println!("{report}");
    if let Some(path) = &arguments.json {
        write_json(path, report)?;
    }
    Ok(report.agrees)
}

/// Waits for `SIGINT` or `SIGTERM`: whoever ends this program does not know of the engine that it started.
async fn asked_to_end() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            // Without a handler SIGTERM ends this program at once; Ctrl-C is still heard.
            tokio::signal::ctrl_c().await.unwrap_or_default();
        }
    }
}

async fn against(arguments: &ReplayArgs, url: &str) -> Result<Report, ReplayError> {
    let connections = usize::from(arguments.concurrency);
    let transport =
        HttpTransport::new(url, arguments.token.clone(), arguments.patience, connections)
            .map_err(ReplayError::Usage)?;
    // Draws on standard error, and only where that is a terminal.
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    replay(&arguments.plan(), transport, bar).await
}

fn write_json(path: &Path, report: &Report) -> Result<(), ReplayError> {
    let failed = |reason: String| {
        ReplayError::Usage(format!("the report cannot be written to {}: {reason}", path.display()))
    };
    let mut text = serde_json::to_string_pretty(report).map_err(|e| failed(e.to_string()))?;
    text.push('\n');
    std::fs::write(path, text).map_err(|e| failed(e.to_string()))
}
