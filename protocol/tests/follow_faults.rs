//! A follower tries again where that can help, waits as it says, notices the dead, and ends where nothing helps.
#![cfg(feature = "client")]

mod fake_engine;

use fake_engine::{Connect, Engine, config, engine, level, name};
use futures_util::StreamExt;
use saldo_protocol::client::{
    ClientConfig, EventStream, EventUpdate, FeedClient, FeedError, FeedForm, LevelStream,
    LevelUpdate, ReconnectPolicy,
};
use saldo_protocol::*;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

fn levels(connect: Connect) -> LevelStream {
    LevelStream::follow_over(connect, ReconnectPolicy::default(), Subscribe::all(name("a")))
}

async fn next(stream: &mut LevelStream) -> LevelUpdate {
    stream.next().await.expect("an update").expect("no error")
}

/// Reads the loss that must come next.
async fn loss(stream: &mut LevelStream) -> (FeedError, Duration) {
    match next(stream).await {
        LevelUpdate::Lost { reason, again_in } => (reason, again_in),
        other => panic!("a loss must come, not {other:?}"),
    }
}

/// Subscribes and completes an empty snapshot.
async fn served(engine: &mut Engine) -> fake_engine::Peer {
    let (mut peer, _) = engine.subscribed("c1").await;
    peer.snapshot(Vec::new(), true, "c1").await;
    peer
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_it_says_and_never_longer_than_the_policy() {
    let (mut engine, connect) = engine(config(FeedForm::Json));
    engine.refusals.store(40, Ordering::Release);
    let mut stream = levels(connect);
    let policy = ReconnectPolicy::default();
    let (mut said, begun) = (Duration::ZERO, Instant::now());
    let mut longest = policy.backoff_first;
    for _ in 0..40 {
        let (reason, again_in) = loss(&mut stream).await;
        assert!(matches!(reason, FeedError::Connect { .. }), "{reason}");
        assert!(again_in <= longest, "{again_in:?} of at most {longest:?}");
        longest = (longest * 2).min(policy.backoff_max);
        said += again_in;
    }
    let (connected, _peer) = tokio::join!(next(&mut stream), served(&mut engine));
    assert_eq!(connected, LevelUpdate::Connected { view: View::Exact });
    // The timer counts in milliseconds.
    assert!(begun.elapsed().abs_diff(said) < Duration::from_millis(100), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_stood_long_starts_the_waits_afresh() {
    let (mut engine, connect) = engine(config(FeedForm::Json));
    let mut stream = levels(connect);
    let policy = ReconnectPolicy::default();
    for _ in 0..20 {
        let (_, peer) = tokio::join!(next(&mut stream), served(&mut engine));
        assert!(matches!(next(&mut stream).await, LevelUpdate::Complete { .. }));
        tokio::time::advance(policy.backoff_max).await;
        drop(peer);
        let (_, again_in) = loss(&mut stream).await;
        assert!(again_in <= policy.backoff_first, "{again_in:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_noticed_and_a_silent_one_that_answers_is_not_given_up() {
    let settings = config(FeedForm::Binary);
    let patience = settings.reconnect.silence_max + settings.attempt_timeout;
    let (mut engine, connect) = engine(settings.clone());
    let mut stream = levels(connect);
    let (_, mut peer) = tokio::join!(next(&mut stream), served(&mut engine));
    assert!(matches!(next(&mut stream).await, LevelUpdate::Complete { .. }));
    let begun = Instant::now();
    let alive = async {
        for _ in 0..10 {
            assert_eq!(peer.hear().await, ClientMessage::Ping);
            peer.say(&ServerMessage::Pong).await;
        }
        peer.delta(vec![level("A", 1)], "c2").await;
    };
    let (update, ()) = tokio::join!(next(&mut stream), alive);
    assert_eq!(update, LevelUpdate::Level(level("A", 1)));
    assert!(begun.elapsed() >= settings.reconnect.silence_max * 10);

    // From here on it says nothing any more, nor does it close.
    let begun = Instant::now();
    let (reason, _) = loss(&mut stream).await;
    assert_eq!(reason, FeedError::Timeout { after: settings.attempt_timeout });
    assert!(begun.elapsed() - patience < Duration::from_millis(10), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_will_pass_is_tried_again() {
    let (mut engine, connect) = engine(config(FeedForm::Json));
    let mut stream = levels(connect);
    let played = async {
        engine.refuse(Code::NotReady).await;
        // Refused by a frame, after the upgrade.
        let mut peer = engine.accept().await;
        let id = Some(peer.hear_subscribe().await.id.to_string());
        let (code, detail) = (Code::Overloaded, "busy".to_owned());
        peer.say(&ServerMessage::Error { id, code, detail }).await;
        // Silence instead of an answer.
        let silent = engine.accept().await;
        // A frame that cannot be read.
        let (mut peer, _) = engine.subscribed("c").await;
        peer.send(Message::binary(vec![9])).await;
        (silent, served(&mut engine).await)
    };
    let used = async {
        let mut seen = Vec::new();
        while seen.len() < 7 {
            seen.push(match next(&mut stream).await {
                LevelUpdate::Lost { reason, .. } => reason.to_string(),
                other => format!("{other:?}"),
            });
        }
        seen.join("\n")
    };
    let (seen, _peers) = tokio::join!(used, played);
    for told in ["not_ready", "overloaded: busy", "no answer", "it is binary, not text", "Complete"]
    {
        assert!(seen.contains(told), "{told} is missing in:\n{seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_ends_the_stream() {
    for code in [Code::Unauthorized, Code::Forbidden, Code::NotFound] {
        let (mut engine, connect) = engine(config(FeedForm::Json));
        let mut stream = levels(connect);
        let (update, ()) = tokio::join!(stream.next(), engine.refuse(code));
        let error = update.expect("an update").expect_err("refused");
        assert!(matches!(error, FeedError::Refused { code: told, .. } if told == code), "{error}");
        assert!(stream.next().await.is_none());
    }
    // A selection that the engine does not take.
    let (mut engine, connect) = engine(config(FeedForm::Binary));
    let policy = ReconnectPolicy::default();
    let mut stream = EventStream::follow_over(connect, policy, Subscribe::all(name("a")));
    let played = async {
        let mut peer = engine.accept().await;
        let id = Some(peer.hear_subscribe().await.id.to_string());
        let (code, detail) = (Code::Forbidden, "events need the role sell".to_owned());
        peer.say(&ServerMessage::Error { id, code, detail }).await;
        peer
    };
    let (update, _peer) = tokio::join!(stream.next(), played);
    assert!(matches!(update, Some(Err(FeedError::Refused { code: Code::Forbidden, .. }))));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn settings_that_cannot_be_used_end_the_stream() {
    let config = ClientConfig::new("https://shop.example");
    let mut stream = EventStream::follow(config, Subscribe::all(name("a")));
    let update: Option<Result<EventUpdate, FeedError>> = stream.next().await;
    assert!(matches!(update, Some(Err(FeedError::Settings { .. }))), "{update:?}");
}

#[tokio::test(start_paused = true)]
async fn commands_go_and_come_in_binary() {
    let (mut engine, mut connect) = engine(config(FeedForm::Binary));
    let played = async {
        let mut peer = engine.accept().await;
        let ClientMessage::Commands { id, commands } = peer.hear().await else {
            panic!("commands must come");
        };
        let reply = Reply::Done { version: 2, available: -1, expires_at: None, replayed: true };
        let replies = vec![reply; commands.len()];
        peer.say(&ServerMessage::Replies { id: id.to_string(), replies }).await;
        (peer, reply)
    };
    let used = async {
        let client: FeedClient = connect().await.expect("connected");
        let sell = Command {
            key: Some(IdempotencyKey::new("k").expect("a key")),
            sku: Sku::new("A").expect("a SKU"),
            location: Location::new("L").expect("a location"),
            action: Action::Sell { quantity: Quantity::new(3).expect("in range") },
        };
        client.commands(vec![sell.clone(), sell]).await.expect("replies")
    };
    let (replies, (_peer, reply)) = tokio::join!(used, played);
    assert_eq!(replies, [reply, reply]);
}
