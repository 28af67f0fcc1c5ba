//! An engine's side of the feed, played by the test over pipes in memory: with them a paused clock moves only when
//! both sides wait, so that hours of back-off pass in no time and nothing depends on luck.
#![expect(dead_code, reason = "every test program takes the part that it needs")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use saldo_protocol::binary::{ClientFrame, ServerFrame};
use saldo_protocol::client::{ClientConfig, FeedClient, FeedError, FeedForm};
use saldo_protocol::*;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Bytes that a pipe holds.
const PIPE_BYTES: usize = 64 << 10;

/// What makes a follower's connections.
pub type Connect = Box<dyn FnMut() -> BoxFuture<'static, Result<FeedClient, FeedError>> + Send>;

/// Where connections arrive.
pub struct Engine {
    form: FeedForm,
    connections: mpsc::UnboundedReceiver<DuplexStream>,
    /// How many attempts to connect fail before one succeeds again.
    pub refusals: Arc<AtomicU32>,
}

/// One connection, the engine's end.
pub struct Peer {
    form: FeedForm,
    socket: WebSocketStream<DuplexStream>,
}

/// An engine, and what connects to it.
pub fn engine(config: ClientConfig) -> (Engine, Connect) {
    let (arrive, connections) = mpsc::unbounded_channel();
    let refusals = Arc::new(AtomicU32::new(0));
    let engine = Engine { form: config.form, connections, refusals: Arc::clone(&refusals) };
    let connect = move || -> BoxFuture<'static, Result<FeedClient, FeedError>> {
        let refused =
            refusals.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        let (config, arrive) = (config.clone(), arrive.clone());
        Box::pin(async move {
            if refused.is_ok() {
                return Err(FeedError::Connect { reason: "nobody listens".to_owned() });
            }
            let (near, far) = tokio::io::duplex(PIPE_BYTES);
            arrive.send(far).expect("the test plays an engine");
            FeedClient::connect_over(near, &config).await
        })
    };
    (engine, Box::new(connect))
}

/// Settings for an engine in memory.
pub fn config(form: FeedForm) -> ClientConfig {
    ClientConfig { form, ..ClientConfig::new("http://engine:7700") }
}

impl Engine {
    /// Takes the next connection.
    pub async fn accept(&mut self) -> Peer {
        let stream = self.connections.recv().await.expect("a connection");
        let form = self.form;
        #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let answer = |request: &Request, mut response: Response| {
            let protocol = request.headers()["sec-websocket-protocol"].clone();
            assert_eq!(protocol, form.subprotocol());
            response.headers_mut().insert("sec-websocket-protocol", protocol);
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, answer).await.expect("upgraded");
        Peer { form, socket }
    }

    /// Answers the next connection with a problem.
    pub async fn refuse(&mut self, code: Code) {
        let stream = self.connections.recv().await.expect("a connection");
        #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let answer = |_: &Request, _: Response| {
            let problem = serde_json::to_string(&Problem::new(code, "refused")).expect("JSON");
            let mut response = ErrorResponse::new(Some(problem));
            *response.status_mut() = code.status().try_into().expect("a status");
            Err(response)
        };
        let refused = tokio_tungstenite::accept_hdr_async(stream, answer).await;
        assert!(refused.is_err());
    }

    /// Takes the next connection and its subscription, and confirms it.
    pub async fn subscribed(&mut self, cursor: &str) -> (Peer, Subscribe) {
        let mut peer = self.accept().await;
        let subscribe = peer.hear_subscribe().await;
        let (id, cursor) = (subscribe.id.to_string(), cursor.to_owned());
        let view = subscribe.view.unwrap_or_default();
        peer.say(&ServerMessage::Subscribed { id, cursor, view }).await;
        (peer, subscribe)
    }
}

impl Peer {
    pub async fn hear(&mut self) -> ClientMessage {
        let message = self.socket.next().await.expect("a frame").expect("a whole frame");
        match self.form {
            FeedForm::Json => {
                parse_body(message.to_text().expect("text").as_bytes()).expect("a message")
            }
            FeedForm::Binary => {
                assert!(message.is_binary());
                let bytes = message.into_data();
                let frame = ClientFrame::decode(&bytes).expect("a frame");
                frame.try_into().expect("a message")
            }
        }
    }

    pub async fn hear_subscribe(&mut self) -> Subscribe {
        match self.hear().await {
            ClientMessage::Subscribe(subscribe) => subscribe,
            other => panic!("a subscription must come, not {other:?}"),
        }
    }

    pub async fn say(&mut self, message: &ServerMessage) {
        let frame = match self.form {
            FeedForm::Json => Message::text(serde_json::to_string(message).expect("JSON")),
            FeedForm::Binary => Message::binary(ServerFrame::from(message).encode()),
        };
        self.send(frame).await;
    }

    pub async fn send(&mut self, frame: Message) {
        self.socket.send(frame).await.expect("sent");
    }

    pub async fn snapshot(&mut self, levels: Vec<LevelView>, done: bool, cursor: &str) {
        let (id, cursor) = ("a".to_owned(), cursor.to_owned());
        self.say(&ServerMessage::Snapshot { id, levels, done, cursor, full: false }).await;
    }

    pub async fn full(&mut self, levels: Vec<LevelView>, done: bool, cursor: &str) {
        let (id, cursor) = ("a".to_owned(), cursor.to_owned());
        self.say(&ServerMessage::Snapshot { id, levels, done, cursor, full: true }).await;
    }

    pub async fn delta(&mut self, levels: Vec<LevelView>, cursor: &str) {
        let (id, cursor) = ("a".to_owned(), cursor.to_owned());
        self.say(&ServerMessage::Delta { id, levels, cursor }).await;
    }

    pub async fn events(&mut self, events: Vec<Movement>) {
        self.say(&ServerMessage::Events { id: "a".to_owned(), events }).await;
    }

    pub async fn gap(&mut self, earliest: &str) {
        let (id, earliest) = ("a".to_owned(), earliest.to_owned());
        self.say(&ServerMessage::Gap { id, earliest }).await;
    }

    /// Closes as an engine does, with a reason.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.send(Message::Close(Some(frame))).await;
    }
}

pub fn name(id: &str) -> FrameId {
    FrameId::new(id).expect("an id")
}

/// A level of a SKU with this version, which is also what is there.
pub fn level(sku: &str, version: u64) -> LevelView {
    let (on_hand, at) =
        (i64::try_from(version).expect("small"), Timestamp::from_micros_clamped(version));
    LevelView::Exact(Level {
        sku: sku.to_owned(),
        location: "L".to_owned(),
        on_hand,
        reserved: 0,
        committed: 0,
        damaged: 0,
        quality_control: 0,
        safety_stock: 0,
        incoming: 0,
        available: on_hand,
        oversell_limit: 0,
        version,
        as_of: at,
    })
}

/// An event of a SKU that made this version, at the cursor of the same number.
pub fn event(sku: &str, version: u64, cursor: u64) -> Movement {
    Movement {
        cursor: cursor.to_string(),
        sku: sku.to_owned(),
        location: "L".to_owned(),
        version,
        kind: MovementKind::Received,
        quantity: 1,
        before: Balances::default(),
        after: Balances::default(),
        reservation_id: None,
        reason: None,
        reference: None,
        at: Timestamp::from_micros_clamped(version),
    }
}
