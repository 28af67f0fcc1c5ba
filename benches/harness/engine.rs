//! An engine as a process of its own: started on a new directory, stopped, started again on the same one.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use saldo_protocol::client::ClientConfig;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::folder::Folder;
use crate::{BenchError, Common, HttpClient, Metrics, engine_binary, memory, request};

/// What the engine says on standard output once it serves; its address follows.
const READY: &str = "listening on ";
const START_MAX: Duration = Duration::from_secs(300);
/// Longer than the engine drains by default (10 s) and writes its last checkpoint (as long).
const STOP_MAX: Duration = Duration::from_secs(60);
/// How long a checkpoint of everything may take.
const CHECKPOINT_MAX: Duration = Duration::from_secs(300);
/// How often `/metrics` is asked for something that nothing announces.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The longest wait for an answer of the project's own client.
const ANSWER_MAX: Duration = Duration::from_secs(120);

/// Length of a segment at the smallest size: each is zeroed first, and little is written.
const SEGMENT_BYTES_QUICK: u64 = 4 << 20;

/// Settings of an engine by name, those of the question itself.
pub type Settings<'a> = &'a [(&'a str, String)];

/// What an engine is started with, again and again.
#[derive(Debug)]
struct Home {
    binary: PathBuf,
    settings: Vec<String>,
    folder: Folder,
}

/// A running engine; dropping it kills it.
#[derive(Debug)]
pub struct Engine {
    child: Child,
    pid: Pid,
    authority: String,
    ready_after: Duration,
    home: Home,
}

impl Engine {
    /// Starts an engine on a new directory and waits until it serves.
    ///
    /// # Errors
    /// [`BenchError`]: there is none, or it does not come to serve.
    pub async fn start(common: &Common, settings: Settings<'_>) -> Result<Self, BenchError> {
        let mut all = vec![format!("durability={}", common.durability.name())];
        if common.quick {
            all.push(format!("segment_bytes={SEGMENT_BYTES_QUICK}"));
        }
        all.extend(settings.iter().map(|(name, value)| format!("{name}={value}")));
        // The caller's own come last and win.
        all.extend(common.settings.iter().cloned());
        let binary = engine_binary::find(common.engine.as_deref())?;
        Home { binary, settings: all, folder: Folder::new(common)? }.start().await
    }

    /// Stops it (`SIGTERM`) and starts it again on the same directory.
    ///
    /// # Errors
    /// [`BenchError::Engine`]: it did not stop well, or did not come to serve again.
    pub async fn restart(self) -> Result<Self, BenchError> {
        let (home, _) = self.stopped().await?;
        home.start().await
    }

    /// Kills it (`SIGKILL`) and starts it again on the same directory.
    ///
    /// # Errors
    /// [`BenchError::Engine`]: it could not be killed, or did not come to serve again.
    pub async fn crash_and_restart(mut self) -> Result<Self, BenchError> {
        self.child.kill().await.map_err(BenchError::io("killing the engine"))?;
        self.home.start().await
    }

    /// Stops it (`SIGTERM`) and tells how long that took.
    ///
    /// # Errors
    /// [`BenchError::Engine`]: it did not stop well.
    pub async fn stop(self) -> Result<Duration, BenchError> {
        Ok(self.stopped().await?.1)
    }

    async fn stopped(mut self) -> Result<(Home, Duration), BenchError> {
        let began = Instant::now();
        kill_process(self.pid, Signal::TERM)
            .map_err(|error| BenchError::io("telling the engine to stop")(error.into()))?;
        let what = match timeout(STOP_MAX, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => return Ok((self.home, began.elapsed())),
            Ok(Ok(status)) => format!("ended with {status}"),
            Ok(Err(error)) => format!("cannot be waited for: {error}"),
            Err(_) => format!("had not ended {} s after SIGTERM", STOP_MAX.as_secs()),
        };
        Err(BenchError::Engine { what, log: self.home.folder.log_end() })
    }

    /// `ADDRESS:PORT`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Settings of the project's own client, patient.
    #[must_use]
    pub fn client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::new(format!("http://{}", self.authority));
        config.attempt_timeout = ANSWER_MAX;
        config
    }

    /// From the process's start to the line that tells its address.
    #[must_use]
    pub const fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Its resident memory in bytes.
    ///
    /// # Errors
    /// [`BenchError::Io`]: there is no `/proc`, or no such process.
    pub fn resident_bytes(&self) -> Result<u64, BenchError> {
        memory::resident_bytes(self.pid)
    }

    /// Time that it had of the cores so far, in seconds.
    ///
    /// # Errors
    /// [`BenchError::Io`]: there is no `/proc`, or no such process.
    pub fn cpu_seconds(&self) -> Result<f64, BenchError> {
        memory::cpu_seconds(self.pid)
    }

    /// All figures of `/metrics` as they are now.
    ///
    /// # Errors
    /// [`BenchError`]: there is no answer.
    pub async fn metrics(&self) -> Result<Metrics, BenchError> {
        let mut client = HttpClient::connect(&self.authority).await?;
        let answer = client.send(&request("GET", "/metrics", "")).await?;
        Ok(Metrics::read(&answer.text()?))
    }

    /// Waits until everything that is durable now is also in the store.
    ///
    /// # Errors
    /// [`BenchError::Late`]: no checkpoint came.
    pub async fn checkpointed(&self) -> Result<Metrics, BenchError> {
        let durable = self.metrics().await?.get("saldo_journal_durable_sequence")?;
        let reached = async {
            let mut looks = tokio::time::interval(LOOK_EVERY);
            loop {
                looks.tick().await;
                let now = self.metrics().await?;
                if now.get("saldo_store_checkpoint_sequence")? >= durable {
                    return Ok(now);
                }
            }
        };
        timeout(CHECKPOINT_MAX, reached).await.unwrap_or_else(|_| {
            let seconds = CHECKPOINT_MAX.as_secs();
            Err(BenchError::Late { what: "a checkpoint".to_owned(), seconds })
        })
    }
}

impl Home {
    async fn start(self) -> Result<Engine, BenchError> {
        let starting = || BenchError::io(format!("starting {}", self.binary.display()));
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SALDO__") {
                command.env_remove(name);
            }
        }
        command.args(["serve", "--log", "warn", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(self.folder.data_dir());
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        // Away from any settings file that lies where this program was called.
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(self.folder.log_file()?).kill_on_drop(true);
        let began = Instant::now();
        let mut child = command.spawn().map_err(starting())?;
        let authority = match child.stdout.take() {
            Some(output) => timeout(START_MAX, authority(output)).await.ok().flatten(),
            None => None,
        };
        let ready_after = began.elapsed();
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        match (authority, pid) {
            (Some(authority), Some(pid)) => {
                Ok(Engine { child, pid, authority, ready_after, home: self })
            }
            _ => Err(BenchError::Engine {
                what: "did not come to serve".to_owned(),
                log: self.folder.log_end(),
            }),
        }
    }
}

/// Waits for the line with the address, then reads on, so that the engine never blocks on its output.
async fn authority(output: ChildStdout) -> Option<String> {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, url)) = line.split_once(READY) {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return url.trim().strip_prefix("http://").map(str::to_owned);
        }
    }
    None
}
