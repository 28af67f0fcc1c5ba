//! Puts stock and holds into an engine by frames of commands, and sees each granted.

use std::collections::VecDeque;

use saldo_protocol::client::{FeedClient, PendingReplies};
use saldo_protocol::{
    Action, AvailabilityItem, Code, Command, HoldSeconds, Location, Quantity, Reply, Sku,
};
use uuid::Uuid;

use crate::{BenchError, Engine};

/// The one location of all questions.
pub const LOCATION: &str = "X";
/// Commands of a frame unless told otherwise.
const FRAME_COMMANDS: usize = 4_096;
/// Frames in flight: the next is read while one is synced, and all fit into the engine's `commands_in_flight_max`.
const FRAMES_IN_FLIGHT: usize = 4;

/// The name of the n-th key.
#[must_use]
pub fn sku_of(number: u64) -> String {
    format!("SKU-{number:07}")
}

/// The n-th key, as an availability query names it.
///
/// # Errors
/// [`BenchError::Option`]: none for any number.
pub fn item(number: u64) -> Result<AvailabilityItem, BenchError> {
    Ok(AvailabilityItem {
        sku: Sku::new(sku_of(number))?,
        location: Some(Location::new(LOCATION)?),
    })
}

/// A reserve of one unit of the n-th key; the id is the one of this number, counted from 1.
///
/// # Errors
/// [`BenchError::Option`]: none for any number.
pub fn reserve_of(key: u64, id: u64, hold_seconds: u32) -> Result<Command, BenchError> {
    let action = Action::Reserve {
        reservation_id: Uuid::from_u128(u128::from(id)),
        quantity: Quantity::new(1)?,
        hold_seconds: Some(HoldSeconds::new(hold_seconds)?),
    };
    command(key, action)
}

fn command(key: u64, action: Action) -> Result<Command, BenchError> {
    let (sku, location) = (Sku::new(sku_of(key))?, Location::new(LOCATION)?);
    Ok(Command { key: None, sku, location, action })
}

/// A feed connection of the project's own client.
#[derive(Debug)]
pub struct Filler {
    feed: FeedClient,
    frame_commands: usize,
    /// Commands that were sent again since the engine had too much in flight.
    repeated: u64,
}

impl Filler {
    /// Connects.
    ///
    /// # Errors
    /// [`BenchError::Feed`].
    pub async fn connect(engine: &Engine) -> Result<Self, BenchError> {
        let feed = FeedClient::connect(&engine.client_config()).await?;
        Ok(Self { feed, frame_commands: FRAME_COMMANDS, repeated: 0 })
    }

    /// With frames of so many commands.
    #[must_use]
    pub const fn with_frames_of(mut self, commands: usize) -> Self {
        self.frame_commands = commands;
        self
    }

    /// Commands that were sent again since the engine had too much in flight.
    #[must_use]
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Receives this many units of each of these keys.
    ///
    /// # Errors
    /// As [`Filler::carry_out`].
    pub async fn receive(
        &mut self,
        keys: impl IntoIterator<Item = u64>,
        units: u32,
    ) -> Result<(), BenchError> {
        let quantity = Quantity::new(units)?;
        let receive = |key| command(key, Action::Receive { quantity });
        self.carry_out(keys.into_iter().map(receive)).await
    }

    /// Carries commands out, each until it is done.
    ///
    /// # Errors
    /// [`BenchError::Refused`] for good, or what became of the connection.
    pub async fn carry_out(
        &mut self,
        commands: impl IntoIterator<Item = Result<Command, BenchError>>,
    ) -> Result<(), BenchError> {
        let mut commands = commands.into_iter();
        let mut again = Vec::new();
        let mut in_flight = VecDeque::with_capacity(FRAMES_IN_FLIGHT);
        loop {
            let mut frame = std::mem::take(&mut again);
            let room = self.frame_commands.saturating_sub(frame.len());
            for next in commands.by_ref().take(room) {
                frame.push(next?);
            }
            let nothing_left = frame.is_empty();
            if !nothing_left {
                let pending = self.feed.send_commands(frame.clone()).await?;
                in_flight.push_back((frame, pending));
            }
            if in_flight.len() >= FRAMES_IN_FLIGHT || nothing_left {
                match in_flight.pop_front() {
                    Some(oldest) => again = self.not_done(oldest).await?,
                    None => return Ok(()),
                }
            }
        }
    }

    /// The commands of a frame that nothing became of, since too much was in flight.
    async fn not_done(
        &mut self,
        (frame, pending): (Vec<Command>, PendingReplies),
    ) -> Result<Vec<Command>, BenchError> {
        let replies = pending.receive().await?;
        if replies.len() != frame.len() {
            let counts = format!("{} replies to {} commands", replies.len(), frame.len());
            return Err(BenchError::Answer(counts));
        }
        let mut again = Vec::new();
        for (command, reply) in frame.into_iter().zip(replies) {
            match reply {
                Reply::Done { .. } => {}
                Reply::Refused { code: Code::Overloaded, .. } => again.push(command),
                Reply::Refused { code, .. } => {
                    return Err(BenchError::Refused { what: format!("{command:?}"), code });
                }
            }
        }
        self.repeated += u64::try_from(again.len()).unwrap_or(u64::MAX);
        Ok(again)
    }
}
