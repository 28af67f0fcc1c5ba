//! The reading half: one frame after the other, commands started in the order of arrival.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::allowed::Allowed;
use super::closing::Ending;
use super::form::Form;
use super::incoming::{CommandFrame, Incoming, Misunderstood};
use super::limits::SocketLimits;
use super::source::Source;
use super::writer::Answer;

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
                Some(Ok(Message::Text(text))) => self.take_text(&text).await,
                Some(Ok(Message::Binary(bytes))) => self.take_bytes(&bytes).await,
                // Pings are answered by the protocol's own code.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            };
            if let Err(ending) = went_on {
                return ending;
            }
        }
    }

    async fn take_text(&self, text: &str) -> Result<(), Ending> {
        if self.form == Form::Binary {
            return self.refuse(wrong_form("text", "saldo.v1.bin, which is binary")).await;
        }
        self.take(Incoming::read_text(text, self.limits.frame_commands_max)).await
    }

    async fn take_bytes(&self, bytes: &[u8]) -> Result<(), Ending> {
        if self.form == Form::Json {
            return self.refuse(wrong_form("binary", "saldo.v1.json, which is text")).await;
        }
        self.take(Incoming::read_bytes(bytes, self.limits.frame_commands_max)).await
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
        let replies = self.source.commands(commands);
        let (form, answers) = (self.form, self.answers.clone());
        tokio::spawn(async move {
            let message = Box::new(form.replies(id, replies.await, &malformed));
            // The writer may have gone with the client; the commands are done all the same.
            let _ = answers.send(Answer::Replies { message, permit }).await;
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

fn wrong_form(found: &str, spoken: &str) -> Misunderstood {
    let detail = format!("a {found} frame: this connection speaks {spoken} frames");
    Misunderstood::malformed(None, &detail)
}
