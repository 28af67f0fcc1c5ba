//! The feed's client: many frames in flight find their callers, subscriptions stream, and an end is told to all.
#![cfg(feature = "client")]

use futures_util::{SinkExt, StreamExt};
use saldo_protocol::client::{ClientConfig, FeedClient, FeedError};
use saldo_protocol::*;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

type Socket = WebSocketStream<TcpStream>;

/// An engine's side of one connection, played by the test, and the client's.
async fn connected() -> (Socket, FeedClient) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let engine = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let answer = |request: &Request, mut response: Response| {
            assert_eq!(request.uri().path(), "/v1/feed");
            let protocol = request.headers()["sec-websocket-protocol"].clone();
            assert_eq!(protocol, "saldo.v1.json");
            assert_eq!(request.headers()["authorization"], "Bearer secret");
            response.headers_mut().insert("sec-websocket-protocol", protocol);
            Ok(response)
        };
        tokio_tungstenite::accept_hdr_async(stream, answer).await.expect("a handshake")
    };
    let mut config = ClientConfig::new(url);
    config.token = Some("secret".to_owned());
    let (engine, client) = tokio::join!(engine, FeedClient::connect(&config));
    (engine, client.expect("connected"))
}

async fn hear(engine: &mut Socket) -> ClientMessage {
    let message = engine.next().await.expect("a frame").expect("a whole frame");
    parse_body(message.to_text().expect("text").as_bytes()).expect("a message")
}

async fn say(engine: &mut Socket, message: &ServerMessage) {
    let text = serde_json::to_string(message).expect("JSON");
    engine.send(Message::text(text)).await.expect("sent");
}

fn receive(quantity: u32) -> Command {
    Command {
        key: None,
        sku: Sku::new("A").expect("a SKU"),
        location: Location::new("L").expect("a location"),
        action: Action::Receive { quantity: Quantity::new(quantity).expect("in range") },
    }
}

fn done(version: u64) -> Reply {
    Reply::Done { version, available: 1, expires_at: None, replayed: false }
}

fn name(id: &str) -> FrameId {
    FrameId::new(id).expect("an id")
}

#[tokio::test]
async fn frames_in_flight_find_their_callers_in_any_order() {
    let (mut engine, client) = connected().await;
    let mut pending = Vec::new();
    for quantity in 1..=3 {
        pending.push(client.send_commands(vec![receive(quantity)]).await.expect("sent"));
    }
    let mut frames = Vec::new();
    for quantity in 1..=3 {
        let ClientMessage::Commands { id, commands } = hear(&mut engine).await else {
            panic!("commands must come");
        };
        assert_eq!(commands, [receive(quantity)], "frames go out in the order sent");
        frames.push((id, u64::from(quantity)));
    }
    for (id, version) in frames.into_iter().rev() {
        let replies = vec![done(version)];
        say(&mut engine, &ServerMessage::Replies { id: id.to_string(), replies }).await;
    }
    for (pending, version) in pending.into_iter().zip(1..) {
        assert_eq!(pending.receive().await, Ok(vec![done(version)]));
    }
}

#[tokio::test]
async fn a_subscription_streams_and_ends() {
    let (mut engine, client) = connected().await;
    let id = "a".to_owned();
    let played = async {
        assert!(matches!(hear(&mut engine).await, ClientMessage::Subscribe(_)));
        let cursor = "x".to_owned();
        let subscribed =
            ServerMessage::Subscribed { id: id.clone(), cursor: cursor.clone(), view: View::Exact };
        say(&mut engine, &subscribed).await;
        let delta = ServerMessage::Delta { id: id.clone(), levels: Vec::new(), cursor };
        say(&mut engine, &delta).await;
        assert_eq!(hear(&mut engine).await, ClientMessage::Unsubscribe { id: name("a") });
        say(&mut engine, &ServerMessage::Unsubscribed { id: id.clone() }).await;
    };
    let used = async {
        let mut subscription =
            client.subscribe(Subscribe::all(name("a"))).await.expect("subscribed");
        assert_eq!(subscription.cursor(), "x");
        let again = client.subscribe(Subscribe::all(name("a"))).await.expect_err("in use");
        assert_eq!(again, FeedError::IdInUse { id: "a".to_owned() });
        let message = subscription.next().await.expect("a message");
        assert!(matches!(message, Ok(ServerMessage::Delta { .. })));
        subscription.unsubscribe().await.expect("sent");
        assert!(subscription.next_message().await.is_none());
    };
    tokio::join!(played, used);
}

#[tokio::test]
async fn refusals_reach_the_frame_that_they_name() {
    let (mut engine, client) = connected().await;
    let played = async {
        let ClientMessage::Commands { id, .. } = hear(&mut engine).await else {
            panic!("commands must come");
        };
        let (code, detail) = (Code::LimitExceeded, "too many".to_owned());
        say(&mut engine, &ServerMessage::Error { id: Some(id.to_string()), code, detail }).await;
        assert_eq!(hear(&mut engine).await, ClientMessage::Ping);
        say(&mut engine, &ServerMessage::Pong).await;
    };
    let used = async {
        let error = client.commands(vec![receive(1)]).await.expect_err("refused");
        let detail = "too many".to_owned();
        assert_eq!(error, FeedError::Refused { code: Code::LimitExceeded, detail });
        client.ping().await.expect("the connection stays");
    };
    tokio::join!(played, used);
}

#[tokio::test]
async fn the_end_is_told_to_all_who_wait() {
    let (mut engine, client) = connected().await;
    let pending = client.send_commands(vec![receive(1)]).await.expect("sent");
    hear(&mut engine).await;
    drop(engine);
    assert!(matches!(pending.receive().await, Err(FeedError::Closed { .. })));
    assert!(matches!(client.ping().await, Err(FeedError::Closed { .. })));
}

#[tokio::test]
async fn a_client_closes_cleanly() {
    let (mut engine, client) = connected().await;
    client.close().await.expect("closed");
    let message = engine.next().await.expect("a frame").expect("a whole frame");
    assert!(message.is_close());
    assert!(matches!(client.ping().await, Err(FeedError::Closed { .. })));
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_ends_the_connection() {
    let (mut engine, client) = connected().await;
    engine.send(Message::text("no JSON")).await.expect("sent");
    let answer = client.ping().await;
    assert!(matches!(answer, Err(FeedError::Unexpected { .. })), "{answer:?}");
}

#[tokio::test]
async fn where_no_engine_is_that_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = FeedClient::connect(&ClientConfig::new(url)).await.expect_err("no engine");
    assert!(matches!(error, FeedError::Connect { .. }), "{error}");
}
