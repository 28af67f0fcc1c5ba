//! How it is sent: one module a transport, one session a connection.

pub mod error;
pub mod frame_binary;
pub mod frame_json;
pub mod http;
pub mod http_answer;
pub mod inproc;
mod inproc_call;
pub mod postgres;
pub mod redis;
pub mod websocket;

pub use error::SessionError;

use crate::workload::op::Op;
use crate::workload::outcome::Outcome;

/// One connection to a target. Not shared: a client has its own.
#[expect(async_fn_in_trait, reason = "sessions stay on the thread of their client")]
pub trait Session {
    /// Sends operations as one batch (a request, a frame, a call), under a number of the caller's choice. Waits only
    /// while the connection takes no more.
    ///
    /// # Errors
    /// [`SessionError`]: the connection is of no more use, and whatever is in flight has no known outcome.
    async fn send(&mut self, batch: u64, ops: &[Op]) -> Result<(), SessionError>;

    /// Waits for the answer to any batch that is in flight, puts an outcome for each of its operations, in their
    /// order, behind what is in `outcomes`, and returns the batch's number. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`SessionError`], as above.
    async fn receive(&mut self, outcomes: &mut Vec<Outcome>) -> Result<u64, SessionError>;
}

/// Makes sessions. Clones and threads share it.
#[expect(async_fn_in_trait, reason = "sessions stay on the thread of their client")]
pub trait Connector: Send + Sync + 'static {
    /// What it makes.
    type Session: Session;

    /// Connects for a client.
    ///
    /// # Errors
    /// [`SessionError`]: why there is no connection.
    async fn connect(&self, client: u32) -> Result<Self::Session, SessionError>;
}
