//! What the engine tells about itself on standard error.

use std::{
    env,
    io::{self, IsTerminal},
};

use saldo::config::LogLevel;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// The start of the names of everything that is the engine's own.
const OWN_TARGETS: &str = "saldo";

/// Starts the log. A second start in one process changes nothing.
pub fn start(level: LogLevel) {
    // Colours are for people: https://no-color.org.
    let is_coloured =
        io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let layer = fmt::layer()
        .compact()
        .with_ansi(is_coloured)
        .with_writer(io::stderr)
        .with_filter(filter(level));
    // The only error is that there is a log already, which is as good.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

/// The libraries underneath are heard only when they warn: their details would bury the engine's own.
fn filter(level: LogLevel) -> Targets {
    let own = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(own.min(LevelFilter::WARN)).with_target(OWN_TARGETS, own)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_are_heard_only_when_they_warn() {
        let filter = filter(LogLevel::Debug);
        assert!(filter.would_enable("saldo::journal", &Level::DEBUG));
        assert!(!filter.would_enable("saldo::journal", &Level::TRACE));
        assert!(filter.would_enable("hyper::proto", &Level::WARN));
        assert!(!filter.would_enable("hyper::proto", &Level::INFO));
    }

    #[test]
    fn off_is_silent() {
        let filter = filter(LogLevel::Off);
        assert!(!filter.would_enable("saldo::server", &Level::ERROR));
        assert!(!filter.would_enable("hyper::proto", &Level::ERROR));
    }
}
