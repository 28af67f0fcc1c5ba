//! Who waits for which frame of the engine: shared by the callers and the task that reads the socket.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::FeedError;
use crate::{Reply, ServerMessage};

/// The outcome of a frame.
pub(super) type Outcome<T> = Result<T, FeedError>;

/// A frame of commands that awaits its replies; it gives its place back when it is dropped.
pub(super) struct WaitingFrame {
    pub(super) replies: oneshot::Sender<Outcome<Vec<Reply>>>,
    pub(super) _place: OwnedSemaphorePermit,
}

#[derive(Default)]
pub(super) struct Waiting {
    pub(super) frames: HashMap<String, WaitingFrame>,
    pub(super) subscriptions: HashMap<String, mpsc::Sender<Outcome<ServerMessage>>>,
    pub(super) pings: VecDeque<oneshot::Sender<Outcome<()>>>,
    /// Why the connection ended, once it has.
    ended: Option<FeedError>,
}

/// What the reader is to do after a frame.
pub(super) enum Step {
    /// Read the next one.
    Next,
    /// Hand a message to a subscription, waiting until it has room: that holds up the whole connection, and
    /// through it the engine, which then keeps only the newest level of each key.
    Hand(String, mpsc::Sender<Outcome<ServerMessage>>, Outcome<ServerMessage>),
    /// End the connection.
    End(FeedError),
}

#[derive(Default)]
pub(super) struct FeedState(Mutex<Waiting>);

impl FeedState {
    /// The lists, while the connection stands.
    pub(super) fn waiting(&self) -> Result<MutexGuard<'_, Waiting>, FeedError> {
        let waiting = self.lock();
        match &waiting.ended {
            Some(ended) => Err(ended.clone()),
            None => Ok(waiting),
        }
    }

    pub(super) fn forget_subscription(&self, id: &str) {
        self.lock().subscriptions.remove(id);
    }

    /// No caller panics while it holds the lock, so a poisoned one still guards whole lists.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everyone who waits that the connection has ended. The first reason stays.
    pub(super) fn end(&self, error: FeedError) {
        let mut waiting = self.lock();
        let error = waiting.ended.get_or_insert(error).clone();
        for (_, frame) in waiting.frames.drain() {
            let _ = frame.replies.send(Err(error.clone()));
        }
        for ping in waiting.pings.drain(..) {
            let _ = ping.send(Err(error.clone()));
        }
        // A full subscription hears of the end by the end of its stream.
        for (_, subscription) in waiting.subscriptions.drain() {
            let _ = subscription.try_send(Err(error.clone()));
        }
    }

    /// Finds who waits for this message.
    pub(super) fn dispatch(&self, message: ServerMessage) -> Step {
        let mut waiting = self.lock();
        let id = match &message {
            ServerMessage::Pong => {
                if let Some(ping) = waiting.pings.pop_front() {
                    let _ = ping.send(Ok(()));
                }
                return Step::Next;
            }
            ServerMessage::Error { id: None, code, detail } => {
                return Step::End(FeedError::Refused { code: *code, detail: detail.clone() });
            }
            ServerMessage::Error { id: Some(id), .. }
            | ServerMessage::Replies { id, .. }
            | ServerMessage::Subscribed { id, .. }
            | ServerMessage::Snapshot { id, .. }
            | ServerMessage::Delta { id, .. }
            | ServerMessage::Events { id, .. }
            | ServerMessage::Gap { id, .. }
            | ServerMessage::Unsubscribed { id } => id.clone(),
        };
        let outcome = match message {
            ServerMessage::Replies { replies, .. } => {
                if let Some(frame) = waiting.frames.remove(&id) {
                    let _ = frame.replies.send(Ok(replies));
                }
                return Step::Next;
            }
            ServerMessage::Unsubscribed { .. } => {
                waiting.subscriptions.remove(&id);
                return Step::Next;
            }
            ServerMessage::Error { code, detail, .. } => Err(FeedError::Refused { code, detail }),
            ServerMessage::Gap { .. } => {
                // The subscription has ended, and its name is free; the stream ends behind the gap.
                return match waiting.subscriptions.remove(&id) {
                    Some(sender) => Step::Hand(id, sender, Ok(message)),
                    None => Step::Next,
                };
            }
            other => Ok(other),
        };
        match (waiting.frames.remove(&id), outcome) {
            (Some(frame), Err(error)) => {
                let _ = frame.replies.send(Err(error));
                Step::Next
            }
            (_, outcome) => match waiting.subscriptions.get(&id) {
                Some(sender) => Step::Hand(id, sender.clone(), outcome),
                None => Step::Next,
            },
        }
    }
}
