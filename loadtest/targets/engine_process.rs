//! An engine of our own: the binary `saldo`, started on a temporary directory and a free port, and stopped at the
//! end however the run ends. The directory goes with it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// What the engine says on standard output once it serves; its address follows.
const READY: &str = "listening on ";
const BINARY: &str = "saldo";
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Longer than the engine drains by default (10 s); then it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How much of the engine's log an error shows, in bytes.
const LOG_SHOWN_BYTES: usize = 2_000;

/// Why there is no engine.
#[derive(Debug, Error)]
pub enum EngineError {
    /// No binary where it was looked for.
    #[error(
        "there is no engine at {}: build it with `cargo build --release -p saldo`, name one with --engine PATH, or \
         use one that runs with --url http://127.0.0.1:7700", path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The system would not.
    #[error("starting {}: {source}", path.display())]
    Start {
        /// The binary.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It started, but said nothing of an address.
    #[error("the engine did not come to serve ({reason}). It said:\n{log}")]
    NotServing {
        /// How it ended, or how long it was waited for.
        reason: String,
        /// The end of its log.
        log: String,
    },
    /// It did not end well.
    #[error("the engine did not stop cleanly: {reason}")]
    Stop {
        /// How it ended.
        reason: String,
    },
}

/// A running engine. Dropping it kills it; [`EngineProcess::stop`] lets it end in good order.
#[derive(Debug)]
pub struct EngineProcess {
    child: Child,
    url: String,
    /// Its working directory, data and log; removed when the process is gone.
    folder: TempDir,
}

/// The binary beside the one that runs.
///
/// # Errors
/// [`EngineError::Start`] where the system does not tell which one runs.
pub fn beside_this_program() -> Result<PathBuf, EngineError> {
    let own = std::env::current_exe()
        .map_err(|source| EngineError::Start { path: PathBuf::from(BINARY), source })?;
    Ok(own.with_file_name(BINARY))
}

impl EngineProcess {
    /// Starts the binary and waits until it serves.
    ///
    /// # Errors
    /// [`EngineError`] where there is none, or it does not come to serve within 30 s.
    pub async fn start(binary: &Path) -> Result<Self, EngineError> {
        Self::start_with(binary, &[]).await
    }

    /// The same with further arguments of `saldo serve`, such as `--durability process_crash`.
    ///
    /// # Errors
    /// As [`EngineProcess::start`].
    pub async fn start_with(binary: &Path, arguments: &[String]) -> Result<Self, EngineError> {
        Self::start_command(binary, |command, data| {
            command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
            command.args(arguments);
        })
        .await
    }

    /// Starts a program that says where it listens as the engine does; `arguments` gets its command and its data
    /// directory.
    pub(super) async fn start_command(
        binary: &Path,
        arguments: impl FnOnce(&mut Command, &Path),
    ) -> Result<Self, EngineError> {
        let failed = |source| EngineError::Start { path: binary.to_owned(), source };
        let binary =
            binary.canonicalize().map_err(|_| EngineError::Missing { path: binary.to_owned() })?;
        let folder = tempfile::tempdir().map_err(failed)?;
        let log = File::create(log_path(&folder)).map_err(failed)?;
        let mut command = Command::new(binary);
        arguments(&mut command, &folder.path().join("data"));
        let mut child = command
            // Away from any settings file that lies where this program was called.
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C is for this program: it decides what becomes of the engine.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let output = child.stdout.take();
        let mut engine = Self { child, url: String::new(), folder };
        let told = match output {
            Some(output) => tokio::time::timeout(START_TIMEOUT, address(output)).await,
            None => Ok(None),
        };
        match told {
            Ok(Some(url)) => {
                engine.url = url;
                Ok(engine)
            }
            Ok(None) => Err(engine.not_serving("it closed its standard output")),
            Err(_) => Err(engine.not_serving("30 s have passed")),
        }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process; none once it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends `SIGTERM` and waits for its end; an engine that does not end is killed.
    ///
    /// # Errors
    /// [`EngineError::Stop`] where it ended otherwise than well.
    pub async fn stop(mut self) -> Result<(), EngineError> {
        self.terminate();
        match tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => {
                Err(EngineError::Stop { reason: format!("{status}. It said:\n{}", self.log()) })
            }
            Ok(Err(error)) => Err(EngineError::Stop { reason: error.to_string() }),
            Err(_) => {
                let killed = self.child.kill().await;
                let how = killed.map_or_else(|error| error.to_string(), |()| "killed".to_owned());
                Err(EngineError::Stop {
                    reason: format!(
                        "still there {} s after SIGTERM; {how}",
                        STOP_TIMEOUT.as_secs()
                    ),
                })
            }
        }
    }

    /// Nothing to do where it is gone already.
    fn terminate(&self) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may end by itself at this moment; then there is nobody to tell.
            kill_process(pid, Signal::TERM).unwrap_or_default();
        }
    }

    fn not_serving(&mut self, reason: &str) -> EngineError {
        let ended = self.child.try_wait().ok().flatten();
        EngineError::NotServing {
            reason: ended.map_or_else(|| reason.to_owned(), |status| status.to_string()),
            log: self.log(),
        }
    }

    fn log(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(log_path(&self.folder)).and_then(|mut f| f.read_to_end(&mut bytes));
        if read.is_err() {
            return "(its log cannot be read)".to_owned();
        }
        let end = bytes.len().saturating_sub(LOG_SHOWN_BYTES);
        String::from_utf8_lossy(bytes.get(end..).unwrap_or_default()).into_owned()
    }
}

impl Drop for EngineProcess {
    /// Nobody wants what it has: it is killed, and waited for, so that nobody writes into the directory any more when it
    /// is removed.
    fn drop(&mut self) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else { return };
        kill_process(pid, Signal::KILL).unwrap_or_default();
        let is_over = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // An error means that there is nothing to wait for.
        retry_on_intr(|| waitid(WaitId::Pid(pid), is_over)).unwrap_or_default();
        // It has ended; this only takes it from the system's list.
        self.child.try_wait().unwrap_or_default();
    }
}

fn log_path(folder: &TempDir) -> PathBuf {
    folder.path().join("engine.log")
}

/// Waits for the line with the address, then reads on in the background so that the engine never blocks on its
/// output. None where the output ends first.
async fn address(output: ChildStdout) -> Option<String> {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, url)) = line.split_once(READY) {
            let url = url.trim().to_owned();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some(url);
        }
    }
    None
}
