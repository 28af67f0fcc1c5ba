//! A small engine, a connection to it, and a client that speaks the protocol's own types.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use saldo_ledger::{Balances, Level, Refusal, RefusalCode, StockKey, Timestamp};
use saldo_protocol::ServerMessage;
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::super::connection::Connection;
use super::super::limits::SocketLimits;
use super::super::source::Source;
use crate::engine::{FrameCommand, FrameReply};
use crate::feed::Hub;

/// Bytes that the pipe between client and engine holds.
pub(super) const PIPE_BYTES: usize = 1 << 20;

/// Frames of commands wait here to be answered, in the order of their calls.
type Frames =
    mpsc::UnboundedSender<(Vec<FrameCommand>, tokio::sync::oneshot::Sender<Vec<FrameReply>>)>;
/// Where a test takes them and answers when it likes.
pub(super) type FramesTaken =
    mpsc::UnboundedReceiver<(Vec<FrameCommand>, tokio::sync::oneshot::Sender<Vec<FrameReply>>)>;

/// Levels in memory, every change durable at once, and cursors that are plain sequence numbers.
#[derive(Clone)]
pub(super) struct SmallEngine {
    stock: Arc<Mutex<Stock>>,
    hub: Arc<Hub>,
    frames: Frames,
    /// Commands whose outcome came about, whether or not anyone was there to hear of it.
    pub(super) carried_out: mpsc::UnboundedSender<usize>,
}

#[derive(Default)]
struct Stock {
    levels: BTreeMap<StockKey, Level>,
    sequence: u64,
    unreadable: bool,
}

impl SmallEngine {
    /// The engine, the frames that it is given, and the counts of commands carried out.
    pub(super) fn new() -> (Self, FramesTaken, mpsc::UnboundedReceiver<usize>) {
        let (frames, taken) = mpsc::unbounded_channel();
        let (carried_out, counts) = mpsc::unbounded_channel();
        let engine =
            Self { stock: Arc::default(), hub: Hub::by_hand(1_000_000), frames, carried_out };
        (engine, taken, counts)
    }

    /// One more event of a key, published but not yet passed on: its sequence number.
    pub(super) fn change(&self, sku: &str, location: &str) -> u64 {
        let key = StockKey::new(sku, location).unwrap();
        let (level, sequence) = {
            let mut stock = self.stock.lock();
            stock.sequence += 1;
            let sequence = stock.sequence;
            let level = stock.levels.entry(key.clone()).or_insert(Level {
                key,
                balances: Balances::default(),
                version: 0,
                as_of: Timestamp::default(),
            });
            level.version += 1;
            level.balances.on_hand += 1;
            level.as_of = Timestamp::from_micros(sequence);
            (level.clone(), sequence)
        };
        self.hub.publish(&mut std::iter::once(level), sequence);
        sequence
    }

    /// Lets the feed pass on what was published.
    pub(super) fn pass_on(&self) {
        self.hub.round();
    }

    /// From now on no level can be read.
    pub(super) fn fail_reads(&self) {
        self.stock.lock().unreadable = true;
    }

    /// All levels.
    pub(super) fn all(&self) -> Vec<Level> {
        self.stock.lock().levels.values().cloned().collect()
    }
}

impl Source for SmallEngine {
    fn commands(
        &self,
        frame: Vec<FrameCommand>,
    ) -> impl Future<Output = Vec<FrameReply>> + Send + 'static {
        let count = frame.len();
        let (reply, replied) = tokio::sync::oneshot::channel();
        self.frames.send((frame, reply)).unwrap();
        let carried_out = self.carried_out.clone();
        async move {
            let replies = replied.await.unwrap_or_default();
            let _ = carried_out.send(count);
            replies
        }
    }

    async fn levels(
        &self,
        after: Option<&StockKey>,
        sku_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Level>, Refusal> {
        let stock = self.stock.lock();
        if stock.unreadable {
            return Err(Refusal::plain(RefusalCode::NotReady));
        }
        let found = stock.levels.values().filter(|level| {
            after.is_none_or(|after| level.key > *after) && level.key.sku().starts_with(sku_prefix)
        });
        Ok(found.take(limit).cloned().collect())
    }

    async fn levels_of_sku(&self, sku: &str) -> Result<Vec<Level>, Refusal> {
        let stock = self.stock.lock();
        let found: Vec<Level> =
            stock.levels.values().filter(|level| level.key.sku() == sku).cloned().collect();
        if found.is_empty() {
            return Err(Refusal::plain(RefusalCode::UnknownStock));
        }
        Ok(found)
    }

    fn cursor(&self, sequence: u64) -> String {
        sequence.to_string()
    }

    fn durable_sequence(&self) -> u64 {
        self.stock.lock().sequence
    }

    fn feed(&self) -> &Arc<Hub> {
        &self.hub
    }
}

/// Limits small enough to meet.
pub(super) fn limits() -> SocketLimits {
    SocketLimits {
        frame_bytes_max: 65_536,
        frame_commands_max: 4,
        frames_in_flight_max: 2,
        subscriptions_max: 3,
        skus_max: 3,
        snapshot_levels: 2,
        pending_levels_max: 10,
        write_buffer_bytes_max: 1 << 20,
        idle: Duration::from_secs(60),
        ping: Duration::from_secs(20),
    }
}

/// A client of a connection that is being served.
pub(super) struct Client {
    pub(super) socket: WebSocketStream<DuplexStream>,
    pub(super) served: JoinHandle<()>,
    pub(super) stop: watch::Sender<bool>,
}

impl Client {
    pub(super) async fn connect(
        engine: &SmallEngine,
        limits: SocketLimits,
        pipe_bytes: usize,
    ) -> Self {
        let (near, far) = tokio::io::duplex(pipe_bytes);
        let (stop, stopping) = watch::channel(false);
        let connection = Connection { source: engine.clone(), limits, stopping };
        let served = tokio::spawn(async move {
            let config = Some(connection.limits.protocol());
            let socket = WebSocketStream::from_raw_socket(far, Role::Server, config).await;
            connection.run(socket).await;
        });
        Self {
            socket: WebSocketStream::from_raw_socket(near, Role::Client, None).await,
            served,
            stop,
        }
    }

    pub(super) async fn send(&mut self, frame: &str) {
        self.socket.send(Message::Text(frame.into())).await.unwrap();
    }

    /// The next message of the protocol; pings are passed over.
    pub(super) async fn hear(&mut self) -> ServerMessage {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("heard {other:?}"),
            }
        }
    }

    /// What the next message is answered to `frame`.
    pub(super) async fn ask(&mut self, frame: &str) -> ServerMessage {
        self.send(frame).await;
        self.hear().await
    }

    /// Messages until the engine closes; its close frame. Text is not expected.
    pub(super) async fn closed(&mut self) -> CloseFrame {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Close(frame) => return frame.unwrap(),
                Message::Ping(_) => {}
                other => panic!("heard {other:?}"),
            }
        }
    }
}

/// `sku@location version` of each level.
pub(super) fn texts(levels: &[saldo_protocol::Level]) -> Vec<String> {
    levels
        .iter()
        .map(|level| format!("{}@{} {}", level.sku, level.location, level.version))
        .collect()
}

impl SmallEngine {
    /// Subscriptions over all connections.
    pub(super) fn feed_subscriptions(&self) -> usize {
        self.hub.subscriptions()
    }
}
