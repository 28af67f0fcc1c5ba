//! A process that only echoes: this program, started once more with `echo`.

use std::path::{Path, PathBuf};

use crate::targets::engine_process::{EngineError, EngineProcess};

/// A running echo. Dropping it kills it.
#[derive(Debug)]
pub struct EchoProcess(EngineProcess);

impl EchoProcess {
    /// Starts the program that runs once more, and waits until it serves.
    ///
    /// # Errors
    /// As [`EngineProcess::start`].
    pub async fn start() -> Result<Self, EngineError> {
        let own = std::env::current_exe().map_err(|source| EngineError::Start {
            path: PathBuf::from("saldo-loadtest"),
            source,
        })?;
        Self::start_program(&own).await
    }

    /// The same with the load tester's binary at `program`, for callers that are another program.
    ///
    /// # Errors
    /// As [`EngineProcess::start`].
    pub async fn start_program(program: &Path) -> Result<Self, EngineError> {
        let arguments = |command: &mut tokio::process::Command, _: &Path| {
            command.args(["echo", "--listen", "127.0.0.1:0"]);
        };
        EngineProcess::start_command(program, arguments).await.map(Self)
    }

    /// Its address: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Its process; none once it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.0.pid()
    }

    /// Stops it and waits for its end.
    ///
    /// # Errors
    /// [`EngineError::Stop`] where it ended otherwise than well.
    pub async fn stop(self) -> Result<(), EngineError> {
        self.0.stop().await
    }
}
