//! A real engine process on a temporary directory: started, killed, stopped, started again.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use saldo_protocol::client::{Client, ClientConfig, FeedClient};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::harness::wait::within;
use crate::harness::{Http, binary};

/// What the engine says on standard output once it serves; its address follows.
const READY: &str = "listening on ";
/// How much of an engine's log a failed test shows, in bytes.
const LOG_SHOWN_BYTES: usize = 8_000;
/// Settings of every engine here, before its own. Small segments: a test writes little, and each is zeroed first.
const SETTINGS: [(&str, &str); 1] = [("segment_bytes", "4194304")];

/// How an engine is started, beside its settings; by default as its user would.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Settings by name.
    pub settings: Vec<(String, String)>,
    /// Where its data is; in the engine's own temporary directory where this says nothing.
    pub data_dir: Option<PathBuf>,
    /// Further variables of its environment.
    pub environment: Vec<(String, String)>,
    /// A program and its arguments that the engine is run under, such as a tracer. It must leave the engine to be
    /// the direct child.
    pub under: Vec<String>,
}

/// A temporary directory with an engine's data and log; the log is shown when the test fails.
#[derive(Debug)]
struct Home {
    folder: TempDir,
    setup: Setup,
}

/// A running engine. Dropping it kills it.
#[derive(Debug)]
pub struct Engine {
    child: Child,
    url: String,
    /// What it said on standard output before it told its address.
    said: Vec<String>,
    home: Home,
}

/// An engine that has ended, and what it left behind.
#[derive(Debug)]
pub struct Stopped {
    home: Home,
}

impl Engine {
    /// Starts an engine on a new directory, with default settings.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts an engine on a new directory with these settings, by name.
    ///
    /// # Panics
    /// Where it does not come to serve.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut home = Home { folder, setup: Setup::default() };
        home.set(&SETTINGS);
        home.set(settings);
        home.start().await
    }

    /// Starts an engine as `setup` says, with nothing added to its settings.
    ///
    /// # Panics
    /// Where it does not come to serve.
    pub async fn set_up(setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        Home { folder, setup }.start().await
    }

    /// Starts an engine with this folder as its working directory, whose `saldo.toml` it reads if there is one.
    ///
    /// # Panics
    /// Where it does not come to serve.
    pub async fn in_folder(folder: TempDir) -> Self {
        let mut home = Home { folder, setup: Setup::default() };
        home.set(&SETTINGS);
        home.start().await
    }

    /// `http://ADDRESS:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The lines of standard output up to the one with the address.
    #[must_use]
    pub fn said(&self) -> &[String] {
        &self.said
    }

    /// Its data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.home.data_dir()
    }

    /// A client that sends each request once.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::new(&self.url)
    }

    /// The project's own client, with retries.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(ClientConfig::new(&self.url)).expect("a client")
    }

    /// A new feed connection of the project's own client.
    ///
    /// # Panics
    /// Where there is none to be had.
    pub async fn feed(&self) -> FeedClient {
        FeedClient::connect(&ClientConfig::new(&self.url)).await.expect("a feed connection")
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Panics
    /// Where the system refuses.
    pub async fn kill(mut self) -> Stopped {
        within("the killed engine's end", self.child.kill()).await.expect("a process to kill");
        Stopped { home: self.home }
    }

    /// Tells it to stop (`SIGTERM`), and does not wait.
    ///
    /// # Panics
    /// Where it has ended already.
    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).expect("a process to tell");
    }

    /// Its process.
    ///
    /// # Panics
    /// Where it has ended already.
    #[must_use]
    pub fn pid(&self) -> Pid {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        pid.expect("a process")
    }

    /// Waits for its end and tells how it ended.
    ///
    /// # Panics
    /// Where it does not end.
    pub async fn ended(mut self) -> (Stopped, ExitStatus) {
        let status = within("the engine's end", self.child.wait()).await.expect("a status");
        (Stopped { home: self.home }, status)
    }

    /// Waits for its end, and kills it where that does not come in time. Tells whether it ended by itself.
    ///
    /// # Panics
    /// Where the system refuses.
    pub async fn ended_within(mut self, time: Duration) -> (Stopped, bool) {
        match tokio::time::timeout(time, self.child.wait()).await {
            Ok(status) => {
                status.expect("a status");
                (Stopped { home: self.home }, true)
            }
            Err(_) => (self.kill().await, false),
        }
    }

    /// Stops it (`SIGTERM`) and sees it end well.
    ///
    /// # Panics
    /// Where it exits with anything but 0.
    pub async fn stop(self) -> Stopped {
        self.terminate();
        let (stopped, status) = self.ended().await;
        assert!(status.success(), "the engine ended with {status}");
        stopped
    }

    /// Everything that it has logged so far, with what engines before it on the same directory logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.home.log()
    }
}

impl Stopped {
    /// Starts an engine on the same directory, with the same settings.
    pub async fn start(self) -> Engine {
        self.home.start().await
    }

    /// Starts an engine on the same directory with further settings.
    pub async fn start_with(mut self, settings: &[(&str, &str)]) -> Engine {
        self.home.set(settings);
        self.home.start().await
    }

    /// How the next engine is started.
    pub fn setup(&mut self) -> &mut Setup {
        &mut self.home.setup
    }

    /// Starts an engine on the same directory and kills it after this time, wherever its start then is.
    ///
    /// # Panics
    /// Where there is no process to be had.
    pub async fn start_and_kill(self, after: Duration) -> Self {
        let mut child = self.home.spawn();
        let output = child.stdout.take();
        tokio::time::sleep(after).await;
        within("the killed engine's end", child.kill()).await.expect("a process to kill");
        drop(output);
        self
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.home.data_dir()
    }

    /// What all engines on this directory have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.home.log()
    }

    /// Runs `saldo verify` and gives its report.
    ///
    /// # Panics
    /// Where it finds anything or fails.
    pub async fn verify(&self) -> String {
        let mut command = self.home.command();
        command.arg("verify").arg("--data-dir").arg(self.data_dir());
        let output = within("saldo verify", command.output()).await.expect("a process");
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{report}\n{complaints}", output.status);
        report
    }
}

impl Home {
    fn set(&mut self, settings: &[(&str, &str)]) {
        for (name, value) in settings {
            self.setup.settings.retain(|(known, _)| known != name);
            self.setup.settings.push(((*name).to_owned(), (*value).to_owned()));
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.setup.data_dir.clone().unwrap_or_else(|| self.folder.path().join("data"))
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("engine.log")
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The binary with the settings as its environment, away from any settings file.
    fn command(&self) -> Command {
        self.with_settings(saldo(self.folder.path()))
    }

    fn with_settings(&self, mut command: Command) -> Command {
        for (name, value) in &self.setup.settings {
            command.env(format!("SALDO__{}", name.to_uppercase()), value);
        }
        command
    }

    /// A process that serves.
    fn spawn(&self) -> Child {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path());
        let command = match self.setup.under.split_first() {
            None => saldo(self.folder.path()),
            Some((program, arguments)) => {
                let mut command = of(program, self.folder.path());
                command.args(arguments).arg(binary::saldo());
                command
            }
        };
        self.with_settings(command)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(self.data_dir())
            .envs(self.setup.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(log.expect("a log"))
            .spawn()
            .expect("the engine's process")
    }

    async fn start(self) -> Engine {
        let mut child = self.spawn();
        let output = child.stdout.take().expect("its standard output");
        let mut engine = Engine { child, url: String::new(), said: Vec::new(), home: self };
        let mut lines = BufReader::new(output).lines();
        within("the engine to serve", engine.read_address(&mut lines)).await;
        // Read on, so that the engine never blocks on its output.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        engine
    }
}

impl Engine {
    async fn read_address(&mut self, lines: &mut Lines<BufReader<ChildStdout>>) {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, url)) = line.split_once(READY) {
                self.url = url.trim().to_owned();
                self.said.push(line);
                return;
            }
            self.said.push(line);
        }
        panic!("the engine ended before it served");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let mut start = log.len().saturating_sub(LOG_SHOWN_BYTES);
            while !log.is_char_boundary(start) {
                start += 1;
            }
            let shown = log.get(start..).unwrap_or_default();
            eprintln!("--- the engine's log, its last {LOG_SHOWN_BYTES} bytes ---\n{shown}---");
        }
    }
}

/// Runs `saldo` with these arguments and settings, sees it refuse to start, and gives its exit code and complaint.
///
/// # Panics
/// Where it does not end.
pub async fn refused_start(arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut command = saldo(folder.path());
    command.args(arguments);
    for (name, value) in settings {
        command.env(format!("SALDO__{}", name.to_uppercase()), value);
    }
    let output = within("an engine that refuses to start", command.output());
    let output = output.await.expect("a process");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Runs `saldo` with these arguments in a folder, and gives its exit code, standard output and standard error.
///
/// # Panics
/// Where it does not end.
pub async fn run_in(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = saldo(folder);
    let output = within("saldo's end", command.args(arguments).output()).await.expect("a process");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The binary, with nothing of this process's own settings. The process ends with its handle.
fn saldo(working_dir: &Path) -> Command {
    of(binary::saldo(), working_dir)
}

/// A program, likewise.
fn of(program: impl AsRef<OsStr>, working_dir: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SALDO__") {
            command.env_remove(name);
        }
    }
    command.current_dir(working_dir).stdin(Stdio::null()).kill_on_drop(true);
    command
}
