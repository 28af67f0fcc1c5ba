//! A server that is set beside Saldo: started on a temporary directory and a free port, and stopped at the end however
//! the run ends. The directory goes with it. No server that runs already is touched.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Long enough to write a last checkpoint; then it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a drop waits for the end before it kills.
const DROP_TIMEOUT: Duration = Duration::from_secs(5);
/// How many lines of its log are kept for an error.
const LOG_LINES_KEPT: usize = 20;

/// Why a store is of no use.
#[derive(Debug, Error)]
pub enum PeerError {
    /// It is not installed.
    #[error("{what} is not there. Install it: sudo apt-get install {package}")]
    Missing {
        /// The program.
        what: &'static str,
        /// Debian's package.
        package: &'static str,
    },
    /// The system would not.
    #[error("starting {what}: {reason}")]
    Start {
        /// The program.
        what: &'static str,
        /// What the system says.
        reason: String,
    },
    /// It started, but did not come to serve.
    #[error("{what} did not come to serve ({reason}). It said:\n{log}")]
    NotServing {
        /// The program.
        what: &'static str,
        /// How it ended, or how long it was waited for.
        reason: String,
        /// The end of its log.
        log: String,
    },
    /// It did not do what it was asked for.
    #[error("{what} failed at {doing}: {reason}")]
    Failed {
        /// The program.
        what: &'static str,
        /// What it was asked for.
        doing: &'static str,
        /// What it says.
        reason: String,
    },
    /// It did not end well.
    #[error("{what} did not stop cleanly: {reason}")]
    Stop {
        /// The program.
        what: &'static str,
        /// How it ended.
        reason: String,
    },
}

/// How a program is started and stopped.
#[derive(Debug)]
pub(super) struct Manner {
    /// Its name.
    pub what: &'static str,
    /// What a line of its log has in it once it serves.
    pub ready: &'static str,
    /// Whether it logs to standard error; otherwise to standard output.
    pub logs_to_stderr: bool,
    /// What ends it in good order.
    pub stop: Signal,
    /// What ends it at once.
    pub quit: Signal,
}

/// A running server.
#[derive(Debug)]
pub(super) struct PeerProcess {
    manner: &'static Manner,
    child: Child,
    log: Arc<Mutex<VecDeque<String>>>,
    /// Removed when the process is gone.
    _folder: TempDir,
}

impl PeerProcess {
    /// Starts it and waits until it serves.
    ///
    /// # Errors
    /// [`PeerError`] where it does not come to serve within 30 s.
    pub(super) async fn start(
        manner: &'static Manner,
        mut command: Command,
        folder: TempDir,
    ) -> Result<Self, PeerError> {
        let failed = |reason: std::io::Error| PeerError::Start {
            what: manner.what,
            reason: reason.to_string(),
        };
        // Ctrl-C is for this program: it decides what becomes of the server.
        command.current_dir(folder.path()).stdin(Stdio::null()).process_group(0);
        if manner.logs_to_stderr {
            command.stdout(Stdio::null()).stderr(Stdio::piped());
        } else {
            command.stdout(Stdio::piped()).stderr(Stdio::null());
        }
        let mut child = command.spawn().map_err(failed)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let log = Arc::default();
        let mut process = Self { manner, child, log, _folder: folder };
        let log = Arc::clone(&process.log);
        let ready = async {
            match (stdout, stderr) {
                (Some(output), _) => follow(output, manner.ready, log).await,
                (None, Some(output)) => follow(output, manner.ready, log).await,
                (None, None) => false,
            }
        };
        match tokio::time::timeout(START_TIMEOUT, ready).await {
            Ok(true) => Ok(process),
            Ok(false) => Err(process.not_serving("it closed its log")),
            Err(_) => Err(process.not_serving("30 s have passed")),
        }
    }

    /// The number of the process, for those who measure what it takes.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it in good order and waits for that.
    ///
    /// # Errors
    /// [`PeerError::Stop`] where it ended otherwise than well.
    pub(super) async fn stop(mut self) -> Result<(), PeerError> {
        self.signal(self.manner.stop);
        let reason = match tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => return Ok(()),
            Ok(Ok(status)) => format!("{status}. It said:\n{}", self.shown_log()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("still there after {} s; killed", STOP_TIMEOUT.as_secs()),
        };
        Err(PeerError::Stop { what: self.manner.what, reason })
    }

    /// None once it has ended and was waited for.
    fn pid(&self) -> Option<Pid> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw)
    }

    /// Nothing to do where it is gone already.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            tell(pid, signal);
        }
    }

    fn not_serving(&mut self, reason: &str) -> PeerError {
        let ended = self.child.try_wait().ok().flatten();
        PeerError::NotServing {
            what: self.manner.what,
            reason: ended.map_or_else(|| reason.to_owned(), |status| status.to_string()),
            log: self.shown_log(),
        }
    }

    fn shown_log(&self) -> String {
        Vec::from(self.log.lock().clone()).join("\n")
    }
}

impl Drop for PeerProcess {
    /// Waits for the end, so that nobody writes into the directory any more when it is removed.
    fn drop(&mut self) {
        let Some(pid) = self.pid() else { return };
        tell(pid, self.manner.quit);
        let (ended, ending) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let kill_if_late = move || {
                if ending.recv_timeout(DROP_TIMEOUT) == Err(mpsc::RecvTimeoutError::Timeout) {
                    tell(pid, Signal::KILL);
                }
            };
            if thread::Builder::new().spawn_scoped(scope, kill_if_late).is_err() {
                // Without a thread that watches the time there is no time to give.
                tell(pid, Signal::KILL);
            }
            // Takes nothing from the system: its number stays its own until nobody tells it anything any more. An
            // error means that there is nothing to wait for.
            let is_over = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            retry_on_intr(|| waitid(WaitId::Pid(pid), is_over)).unwrap_or_default();
            drop(ended);
        });
        // It has ended; this only takes it from the system's list.
        self.child.try_wait().unwrap_or_default();
    }
}

/// It may end by itself at this moment; then there is nobody to tell.
fn tell(pid: Pid, signal: Signal) {
    kill_process(pid, signal).unwrap_or_default();
}

/// Waits for the line that says it serves, then reads on in the background so that the server never blocks on its
/// log. False where the log ends first.
async fn follow(
    output: impl AsyncRead + Unpin + Send + 'static,
    ready: &str,
    log: Arc<Mutex<VecDeque<String>>>,
) -> bool {
    let mut lines = BufReader::new(output).lines();
    let keep = move |line: String| {
        let mut log = log.lock();
        if log.len() == LOG_LINES_KEPT {
            log.pop_front();
        }
        log.push_back(line);
    };
    while let Ok(Some(line)) = lines.next_line().await {
        let serves = line.contains(ready);
        keep(line);
        if serves {
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    keep(line);
                }
            });
            return true;
        }
    }
    false
}

/// A port of the loopback that nobody listens on. Somebody may before the server does; then it says so and ends.
pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Where a program lies on the `PATH`.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
#[path = "peer_process_tests.rs"]
mod tests;
