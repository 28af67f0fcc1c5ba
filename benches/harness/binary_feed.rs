//! The feed in binary frames that are made before anything is timed, a few of them in flight.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use saldo_protocol::binary::{
    ActionRecord, ClientFrame, CommandRecord, ReplyRecord, Row, ServerFrame, StockName,
};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::feed::{connected, unfit};
use crate::{BenchError, HOT_LOCATION, HOT_SKU};

/// The form of binary frames.
const BINARY: &str = "saldo.v1.bin";
/// The longest wait for replies.
const REPLIES_MAX: Duration = Duration::from_secs(60);

/// A connection.
#[derive(Debug)]
pub struct BinaryFeed(WebSocketStream<TcpStream>);

impl BinaryFeed {
    /// Connects to `ADDRESS:PORT`.
    ///
    /// # Errors
    /// [`BenchError::Io`] and [`BenchError::Answer`]: no connection, no upgrade.
    pub async fn connect(authority: &str) -> Result<Self, BenchError> {
        connected(authority, BINARY).await.map(Self)
    }

    /// Sends frames of commands, so many of them at once on their way, and tells how long each took from its sending to its
    /// replies. Every command must be carried out.
    ///
    /// # Errors
    /// [`BenchError::Answer`]: the connection ended, or a command was refused.
    pub async fn carry_out(
        &mut self,
        frames: Vec<Vec<u8>>,
        in_flight: usize,
    ) -> Result<Vec<Duration>, BenchError> {
        let mut took = Vec::with_capacity(frames.len());
        let mut sent = std::collections::VecDeque::with_capacity(in_flight);
        let mut frames = frames.into_iter();
        loop {
            while sent.len() < in_flight
                && let Some(frame) = frames.next()
            {
                sent.push_back(Instant::now());
                self.0.send(Message::binary(frame)).await.map_err(unfit)?;
            }
            let Some(began) = sent.pop_front() else { return Ok(took) };
            self.all_done().await?;
            took.push(began.elapsed());
        }
    }

    /// The next frame's replies, each of which must say that its command was carried out.
    async fn all_done(&mut self) -> Result<(), BenchError> {
        loop {
            let message = tokio::time::timeout(REPLIES_MAX, self.0.next()).await;
            let late = || BenchError::Late { what: "replies".to_owned(), seconds: 60 };
            match message.map_err(|_| late())? {
                Some(Ok(Message::Binary(bytes))) => {
                    let frame = ServerFrame::decode(&bytes)
                        .map_err(|fault| BenchError::Answer(fault.to_string()))?;
                    let ServerFrame::Replies { replies, .. } = frame else {
                        return Err(BenchError::Answer(format!("no replies: {frame:?}")));
                    };
                    let refused =
                        replies.0.iter().find(|it| !matches!(it, ReplyRecord::Done { .. }));
                    return match refused {
                        None => Ok(()),
                        Some(refused) => Err(BenchError::Answer(format!("{refused:?}"))),
                    };
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => return Err(BenchError::Answer(format!("{other:?}"))),
                Some(Err(error)) => return Err(unfit(error)),
                None => return Err(BenchError::Answer("the feed was closed".to_owned())),
            }
        }
    }
}

/// Frames that do the same to each of these reservations of the hot key, so many commands in each.
#[must_use]
pub fn frames_of(
    ids: &[u128],
    commands: usize,
    action: impl Fn([u8; 16]) -> ActionRecord,
) -> Vec<Vec<u8>> {
    let frames = ids.chunks(commands).map(|ids| {
        let record =
            |id: &u128| CommandRecord { stock: 0, key: None, action: action(id.to_be_bytes()) };
        let stocks = Row(vec![StockName { sku: HOT_SKU, location: HOT_LOCATION }]);
        let commands = Row(ids.iter().map(record).collect());
        ClientFrame::Commands { id: "f", stocks, commands }.encode()
    });
    frames.collect()
}
