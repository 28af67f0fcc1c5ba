//! The engine that a run is against: a process of our own, one within this process, or one that runs already.

use saldo::config::{Durability as EngineDurability, Settings};

use crate::cli::target_args::{Durability, TargetArgs};
use crate::run::error::RunError;
use crate::targets::engine_process::{EngineProcess, beside_this_program};
use crate::targets::inproc::InProcess;
use crate::targets::saldo::Saldo;
use crate::workload::transport::Transport;

/// An engine.
#[derive(Debug)]
pub enum Engine {
    /// A process of our own, on a temporary directory.
    Own(EngineProcess),
    /// Within this process.
    Within(InProcess),
    /// One that runs already.
    Running,
}

impl Engine {
    /// Starts the engine that the arguments ask for, and tells how to speak to it.
    ///
    /// # Errors
    /// [`RunError::Engine`], [`RunError::Inproc`] or [`RunError::Saldo`].
    pub async fn start(
        arguments: &TargetArgs,
        transport: Transport,
    ) -> Result<(Self, Saldo), RunError> {
        let TargetArgs { url, engine, token, durability } = arguments;
        if let Some(url) = url {
            let saldo = Saldo::new(url, token.clone(), None);
            let saldo = saldo.map_err(|error| RunError::Usage(error.to_string()))?;
            return Ok((Self::Running, saldo));
        }
        if transport == Transport::Inproc {
            let mut settings = Settings::default();
            if *durability == Some(Durability::ProcessCrash) {
                settings.durability = EngineDurability::ProcessCrash;
            }
            let within = InProcess::start(settings).await?;
            let saldo = Saldo::new(within.url(), None, None)?;
            return Ok((Self::Within(within), saldo));
        }
        let binary = match engine {
            Some(path) => path.clone(),
            None => beside_this_program()?,
        };
        let durability = durability.unwrap_or(Durability::PowerLoss).name();
        let arguments = ["--durability".to_owned(), durability.to_owned()];
        let process = EngineProcess::start_with(&binary, &arguments).await?;
        let saldo = Saldo::new(process.url(), None, process.pid())?;
        Ok((Self::Own(process), saldo))
    }

    /// Stops it, if it is ours.
    ///
    /// # Errors
    /// Where it does not end well.
    pub async fn stop(self) -> Result<(), RunError> {
        match self {
            Self::Own(process) => process.stop().await?,
            Self::Within(within) => within.stop().await?,
            Self::Running => {}
        }
        Ok(())
    }
}
