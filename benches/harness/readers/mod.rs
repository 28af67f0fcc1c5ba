//! Thousands of readers of the feed, in a process of their own: this program, started once more.
//!
//! One thread waits for all sockets (epoll) and looks at a few bytes of each frame. The same readers, byte for byte of
//! work, read what a bare loop of writes sends them, so that the two can be compared.

mod bare;
mod connection;
mod crowd;
mod heard;
mod orders;
mod serve;

use std::env;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

pub use bare::{Bare, BareChange};
pub use orders::{Answer, Change, Group, Order, Rates, Selection, Times, What};

use crate::BenchError;

/// The one argument of the process that reads.
const ARGUMENT: &str = "serve-readers";
/// The longest wait for an answer: opening 10,000 connections takes a few seconds.
const ANSWER_MAX: Duration = Duration::from_secs(180);

/// Where this process was started to be the readers: is them until its standard input ends. To be called first.
#[must_use]
pub fn serve_readers_if_asked() -> Option<ExitCode> {
    if env::args().nth(1).as_deref() != Some(ARGUMENT) {
        return None;
    }
    Some(match serve::serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the readers: {error}");
            ExitCode::FAILURE
        }
    })
}

/// The process that reads, as the one that drives sees it; dropping it kills it.
#[derive(Debug)]
pub struct Readers {
    _child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Readers {
    /// Starts it, without a reader yet.
    ///
    /// # Errors
    /// [`BenchError::Io`].
    pub fn start() -> Result<Self, BenchError> {
        let starting = || BenchError::io("starting the process of the readers");
        let own = env::current_exe().map_err(starting())?;
        let mut command = Command::new(own);
        command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(starting())?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(orders), Some(answers)) => {
                Ok(Self { _child: child, orders, answers: BufReader::new(answers).lines() })
            }
            _ => Err(starting()(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Opens connections, each subscribed and with the whole of its snapshot read.
    ///
    /// # Errors
    /// Where the readers do not answer as they were asked, or not in time.
    pub async fn open(&mut self, group: Group) -> Result<(), BenchError> {
        self.order(&Order::Open(group)).await.map(drop)
    }

    /// Begins to count anew.
    ///
    /// # Errors
    /// Where the readers do not answer as they were asked, or not in time.
    pub async fn mark(&mut self, what: What) -> Result<(), BenchError> {
        self.order(&Order::Mark(what)).await.map(drop)
    }

    /// How long after each change those who listen heard of it; waits for the last of them.
    ///
    /// # Errors
    /// Where the readers do not answer as they were asked, or not in time.
    pub async fn times(&mut self, changes: Vec<Change>) -> Result<Times, BenchError> {
        match self.order(&Order::Times { changes }).await? {
            Answer::Times(times) => Ok(times),
            other => Err(unexpected(&other)),
        }
    }

    /// What was heard since the mark.
    ///
    /// # Errors
    /// Where the readers do not answer as they were asked, or not in time.
    pub async fn rates(&mut self) -> Result<Rates, BenchError> {
        match self.order(&Order::Rates).await? {
            Answer::Rates(rates) => Ok(rates),
            other => Err(unexpected(&other)),
        }
    }

    /// Closes all connections.
    ///
    /// # Errors
    /// Where the readers do not answer as they were asked, or not in time.
    pub async fn close(&mut self) -> Result<(), BenchError> {
        self.order(&Order::Close).await.map(drop)
    }

    /// Gives an order and waits for its answer.
    ///
    /// # Errors
    /// [`BenchError::Late`]: none came; [`BenchError::Answer`]: the process ended, or could not do it.
    async fn order(&mut self, order: &Order) -> Result<Answer, BenchError> {
        let mut line = serde_json::to_vec(order).map_err(unreadable)?;
        line.push(b'\n');
        self.orders
            .write_all(&line)
            .await
            .map_err(BenchError::io("giving the readers an order"))?;
        let answer = timeout(ANSWER_MAX, self.answers.next_line()).await.map_err(|_| {
            BenchError::Late { what: "the readers".to_owned(), seconds: ANSWER_MAX.as_secs() }
        })?;
        let line = answer.map_err(BenchError::io("an answer of the readers"))?;
        let line = line.ok_or_else(|| BenchError::Answer("the readers ended".to_owned()))?;
        match serde_json::from_str(&line).map_err(unreadable)? {
            Answer::Failed(why) => Err(BenchError::Answer(why)),
            answer => Ok(answer),
        }
    }
}

fn unexpected(answer: &Answer) -> BenchError {
    BenchError::Answer(format!("another answer of the readers: {answer:?}"))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(error: serde_json::Error) -> BenchError {
    BenchError::Answer(error.to_string())
}
