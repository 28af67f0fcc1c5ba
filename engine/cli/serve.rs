//! `saldo serve`: runs the engine until it is told to stop.

use std::net::SocketAddr;

use clap::Args;
use saldo::{
    config::{self, Loaded, Sources},
    engine::Engine,
    server,
};
use tracing::info;

use super::{error::CliError, log, open_files, options::CommonOptions, output, signals};

/// Options of `saldo serve`.
#[derive(Args, Debug)]
pub struct ServeOptions {
    #[command(flatten)]
    common: CommonOptions,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:7700].
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// What an acknowledgement survives: `power_loss`, or `process_crash` without syncs [default: power_loss].
    #[arg(long, value_name = "WHAT")]
    durability: Option<String>,
}

impl ServeOptions {
    /// Adds these options to other sources.
    pub fn onto(self, sources: Sources) -> Sources {
        self.common.onto(sources, [("listen", self.listen), ("durability", self.durability)])
    }
}

/// Serves until SIGTERM or SIGINT, then until all that is under way is answered.
///
/// # Errors
/// Unusable settings; what kept the engine from starting or made it stop.
pub fn run(options: ServeOptions) -> Result<(), CliError> {
    let Loaded { settings, file } = config::load(&options.onto(Sources::of_process()))?;
    log::start(settings.log);
    match &file {
        Some(path) => info!(file = %path.display(), "settings read"),
        None => info!("no settings file: defaults, environment and options"),
    }
    open_files::raise(settings.connections_max);
    actix::System::new().block_on(async move {
        let stop = signals::stop().map_err(CliError::system("listen for SIGTERM and SIGINT"))?;
        Ok(server::serve(settings, announce, stop).await?)
    })
}

/// The one line by which scripts and tests learn that the engine is ready, and where.
fn announce(address: SocketAddr, _: &Engine) {
    if let Err(error) = output::tell(&format_args!("listening on http://{address}")) {
        // An engine that serves is worth more than its announcement.
        output::complain(&error);
    }
}
