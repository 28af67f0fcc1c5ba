//! One line a change on standard output, and the connection's state on standard error.

use std::io::{self, Write};

use saldo_protocol::{LevelView, Movement};
use serde_json::json;

use super::{
    news::{News, why},
    table::printable,
};

/// Writes lines, for people or for programs.
pub struct Lines {
    url: String,
    is_json: bool,
}

impl Lines {
    /// For what the engine at this address tells.
    pub fn new(url: &str, is_json: bool) -> Self {
        Self { url: url.to_owned(), is_json }
    }

    /// Writes what there is to say.
    ///
    /// # Errors
    /// When standard output takes nothing; [`io::ErrorKind::BrokenPipe`] when its reader has gone away.
    pub fn tell(&self, news: &News) -> io::Result<()> {
        if let Some(line) = self.line(news)? {
            let mut out = io::stdout().lock();
            writeln!(out, "{line}")?;
            out.flush()?;
        }
        if let Some(state) = self.state(news) {
            // With standard error closed there is nobody to tell.
            let _ = writeln!(io::stderr().lock(), "{state}");
        }
        Ok(())
    }

    /// What standard output hears.
    pub(super) fn line(&self, news: &News) -> io::Result<Option<String>> {
        Ok(match news {
            News::Level(level) if self.is_json => Some(serde_json::to_string(level)?),
            News::Event(event) if self.is_json => Some(serde_json::to_string(event)?),
            News::Full if self.is_json => Some(json!({"type": "full"}).to_string()),
            News::Gap { earliest } if self.is_json => {
                Some(json!({"type": "gap", "earliest": earliest}).to_string())
            }
            News::Level(level) => Some(level_line(level)),
            News::Event(event) => Some(event_line(event)),
            _ => None,
        })
    }

    /// What standard error hears.
    pub(super) fn state(&self, news: &News) -> Option<String> {
        match news {
            News::Connected { .. } => Some(format!("connected to {}", self.url)),
            News::Lost { reason, again_in } => {
                Some(format!("{} (trying again in {:.1} s)", why(reason), again_in.as_secs_f64()))
            }
            News::Full => Some("all levels are told anew; what was told before is void".to_owned()),
            News::Gap { earliest } => {
                Some(format!("events are missing before cursor {earliest}; going on from there"))
            }
            News::Level(_) | News::Event(_) | News::Complete => None,
        }
    }
}

fn level_line(level: &LevelView) -> String {
    let names =
        format!("{} {} {}", level.as_of(), printable(level.sku()), printable(level.location()));
    let told = match level {
        LevelView::Exact(level) => format!(
            "available={} on_hand={} reserved={} committed={}",
            level.available, level.on_hand, level.reserved, level.committed
        ),
        LevelView::Banded(level) => {
            format!("availability={}", super::board::band_name(level.availability))
        }
        LevelView::Boolean(level) => format!("is_available={}", level.is_available),
    };
    format!("{names} {told} version={}", level.version())
}

fn event_line(event: &Movement) -> String {
    let cause = super::tape::cause_of(event);
    let separator = if cause.is_empty() { "" } else { " " };
    format!(
        "{} {} {} {} {} available={}->{} version={}{separator}{cause}",
        event.at,
        printable(&event.sku),
        printable(&event.location),
        super::tape::kind_name(event.kind),
        event.quantity,
        event.before.available,
        event.after.available,
        event.version,
    )
}
