//! The reading half: one frame after the other, commands started in the order of arrival.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::allowed::Allowed;
use super::closing::Ending;
use super::form::Form;
use super::incoming::{CommandFrame, Incoming, Misunderstood};
use super::limits::SocketLimits;
use super::source::Source;
use super::writer::Answer;
use crate::blocking::off_thread;

/// From here on a frame is read, handed over and answered aside.
const LONG_FRAME_BYTES: usize = 16 << 10;
const LONG_FRAME_COMMANDS: usize = 512;

/// Reads until the connection ends.
pub(super) struct Reader<E> {
    source: E,
    form: Form,
    allowed: Allowed,
    limits: SocketLimits,
    answers: mpsc::Sender<Answer>,
    stopping: watch::Receiver<bool>,
    /// Frames of commands that may still begin. With none left reading pauses: the client's own sends then block.
    in_flight: Arc<Semaphore>,
}

impl<E: Source> Reader<E> {
    pub(super) fn new(
        source: E,
        form: Form,
        allowed: Allowed,
        limits: SocketLimits,
        answers: mpsc::Sender<Answer>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let permits = limits.frames_in_flight_max.clamp(1, Semaphore::MAX_PERMITS);
        let in_flight = Arc::new(Semaphore::new(permits));
        Self { source, form, allowed, limits, answers, stopping, in_flight }
    }

    /// Why reading ended. The channel to the writer closes with it, once no frame is in flight.
    pub(super) async fn run<S>(mut self, stream: &mut S) -> Ending
    where
        S: Stream<Item = Result<Message, Error>> + Unpin,
    {
        loop {
            let message = tokio::select! {
                biased;
                // Without a sender the gateway is gone, which is a stop too.
                _ = self.stopping.wait_for(|stopping| *stopping) => return Ending::Stopping,
                message = timeout(self.limits.idle, stream.next()) => message,
            };
            let Ok(message) = message else {
                let seconds = self.limits.idle.as_secs();
                return Ending::fault(CloseCode::Policy, format!("no frame for {seconds} seconds"));
            };
            let went_on = match message {
                None | Some(Ok(Message::Close(_))) => return Ending::Gone,
                Some(Err(error)) => return Ending::of_read(&error),
                Some(Ok(Message::Text(text))) => self.take_text(text).await,
                Some(Ok(Message::Binary(bytes))) => self.take_bytes(bytes).await,
                // Pings are answered by the protocol's own code.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            };
            if let Err(ending) = went_on {
                return ending;
            }
        }
    }

    async fn take_text(&self, text: Utf8Bytes) -> Result<(), Ending> {
        if self.form == Form::Binary {
            return self.refuse(wrong_form("text", "saldo.v1.bin, which is binary")).await;
        }
        let commands_max = self.limits.frame_commands_max;
        let is_long = text.len() >= LONG_FRAME_BYTES;
        self.take(aside(is_long, move || Incoming::read_text(&text, commands_max)).await?).await
    }

    async fn take_bytes(&self, bytes: Bytes) -> Result<(), Ending> {
        if self.form == Form::Json {
            return self.refuse(wrong_form("binary", "saldo.v1.json, which is text")).await;
        }
        let commands_max = self.limits.frame_commands_max;
        let is_long = bytes.len() >= LONG_FRAME_BYTES;
        self.take(aside(is_long, move || Incoming::read_bytes(&bytes, commands_max)).await?).await
    }

    async fn take(&self, read: Result<Incoming, Misunderstood>) -> Result<(), Ending> {
        match read {
            Ok(Incoming::Commands(frame)) if self.allowed.sell => self.start(frame).await,
            Ok(Incoming::Commands(frame)) => {
                let detail = "commands need a token with the role `sell` or `admin`";
                self.refuse(Misunderstood::forbidden(frame.id, detail)).await
            }
            Ok(Incoming::Subscribe(subscribe)) => {
                self.answer(Answer::Subscribe(Box::new(subscribe))).await
            }
            Ok(Incoming::Unsubscribe(id)) => self.answer(Answer::Unsubscribe(id)).await,
            Ok(Incoming::Ping) => self.answer(Answer::Pong).await,
            Err(misunderstood) => self.refuse(misunderstood).await,
        }
    }

    /// Hands a frame of commands to the engine, at once and in order; the answer comes by its own task, which
    /// outlives the connection, so that a client that goes away stops nothing.
    async fn start(&self, frame: CommandFrame) -> Result<(), Ending> {
        let Ok(permit) = Arc::clone(&self.in_flight).acquire_owned().await else {
            return Err(Ending::Gone);
        };
        let CommandFrame { id, commands, malformed } = frame;
        let (source, is_long) = (self.source.clone(), commands.len() >= LONG_FRAME_COMMANDS);
        let replies = aside(is_long, move || source.commands(commands)).await?;
        let (form, answers) = (self.form, self.answers.clone());
        tokio::spawn(async move {
            let replies = replies.await;
            let in_words = move || Box::new(form.replies(id, replies, &malformed));
            if let Ok(message) = aside(is_long, in_words).await {
                // The writer may have gone with the client; the commands are done all the same.
                let _ = answers.send(Answer::Replies { message, permit }).await;
            }
        });
        Ok(())
    }

    async fn refuse(&self, misunderstood: Misunderstood) -> Result<(), Ending> {
        self.answer(Answer::Error(Box::new(misunderstood))).await
    }

    /// Waits while the writer has enough to do.
    async fn answer(&self, answer: Answer) -> Result<(), Ending> {
        self.answers.send(answer).await.map_err(|_| Ending::Gone)
    }
}

/// Long work goes to a thread that no actor runs on: a hot key's thread is busy enough.
async fn aside<T: Send + 'static>(
    is_long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Ending> {
    if !is_long {
        return Ok(work());
    }
    off_thread(work).await.map_err(|panic| {
        tracing::error!(%panic, "a frame could not be read or answered");
        Ending::Gone
    })
}

fn wrong_form(found: &str, spoken: &str) -> Misunderstood {
    let detail = format!("a {found} frame: this connection speaks {spoken} frames");
    Misunderstood::malformed(None, &detail)
}
