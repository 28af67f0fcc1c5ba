//! The reading half: one frame after the other, commands started in the order of arrival.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::closing::Ending;
use super::incoming::{CommandFrame, Incoming, Misunderstood};
use super::limits::SocketLimits;
use super::messages;
use super::source::Source;
use super::writer::Answer;

/// Reads until the connection ends.
pub(super) struct Reader<E> {
    source: E,
    limits: SocketLimits,
    answers: mpsc::Sender<Answer>,
    stopping: watch::Receiver<bool>,
    /// Frames of commands that may still begin. With none left reading pauses: the client's own sends then block.
    in_flight: Arc<Semaphore>,
}

impl<E: Source> Reader<E> {
    pub(super) fn new(
        source: E,
        limits: SocketLimits,
        answers: mpsc::Sender<Answer>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let permits = limits.frames_in_flight_max.clamp(1, Semaphore::MAX_PERMITS);
        Self { source, limits, answers, stopping, in_flight: Arc::new(Semaphore::new(permits)) }
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
                Some(Ok(Message::Text(text))) => self.take(&text).await,
                Some(Ok(Message::Binary(_))) => self.answer(binary_refused()).await,
                // Pings are answered by the protocol's own code.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            };
            if let Err(ending) = went_on {
                return ending;
            }
        }
    }

    async fn take(&self, text: &str) -> Result<(), Ending> {
        match Incoming::read(text, self.limits.frame_commands_max) {
            Ok(Incoming::Commands(frame)) => self.start(frame).await,
            Ok(Incoming::Subscribe(subscribe)) => self.answer(Answer::Subscribe(subscribe)).await,
            Ok(Incoming::Unsubscribe(id)) => self.answer(Answer::Unsubscribe(id)).await,
            Ok(Incoming::Ping) => self.answer(Answer::Pong).await,
            Err(misunderstood) => self.answer(Answer::Error(misunderstood)).await,
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
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let text = messages::replies(id, replies.await, &malformed);
            // The writer may have gone with the client; the commands are done all the same.
            let _ = answers.send(Answer::Replies { text, permit }).await;
        });
        Ok(())
    }

    /// Waits while the writer has enough to do.
    async fn answer(&self, answer: Answer) -> Result<(), Ending> {
        self.answers.send(answer).await.map_err(|_| Ending::Gone)
    }
}

fn binary_refused() -> Answer {
    Answer::Error(Misunderstood::malformed(
        "a binary frame: this connection speaks saldo.v1.json, which is text frames".to_owned(),
    ))
}
