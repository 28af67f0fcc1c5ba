//! Followed events come in order, none twice and none left out, unless a gap says so.
#![cfg(feature = "client")]

mod fake_engine;

use fake_engine::{Engine, config, engine, event, name};
use futures_util::StreamExt;
use saldo_protocol::client::{EventStream, EventUpdate, FeedForm, ReconnectPolicy};
use saldo_protocol::*;

fn follow(form: FeedForm, from: Option<&str>) -> (Engine, EventStream) {
    let (engine, connect) = engine(config(form));
    let cursor = from.map(|cursor| Cursor::new(cursor).expect("a cursor"));
    let subscribe = Subscribe { cursor, ..Subscribe::all(name("a")) };
    (engine, EventStream::follow_over(connect, ReconnectPolicy::default(), subscribe))
}

/// What happens, in a short form: `A2` is the event that made version 2 of A.
async fn told(stream: &mut EventStream, count: usize) -> String {
    let mut words = Vec::new();
    for _ in 0..count {
        words.push(match stream.next().await.expect("an update").expect("no error") {
            EventUpdate::Connected { cursor } => format!("connected:{cursor}"),
            EventUpdate::Event(event) => format!("{}{}", event.sku, event.version),
            EventUpdate::Gap { earliest } => format!("gap:{earliest}"),
            EventUpdate::Lost { .. } => "lost".to_owned(),
        });
    }
    words.join(" ")
}

fn cursor(subscribe: &Subscribe) -> Option<&str> {
    assert_eq!(subscribe.mode, FeedMode::Events);
    subscribe.cursor.as_ref().map(Cursor::as_str)
}

#[tokio::test(start_paused = true)]
async fn resumes_after_the_last_event_and_drops_repeats_in_both_forms() {
    for form in [FeedForm::Json, FeedForm::Binary] {
        let (mut engine, mut stream) = follow(form, Some(EARLIEST));
        let played = async {
            let (mut peer, subscribe) = engine.subscribed("0").await;
            assert_eq!(cursor(&subscribe), Some(EARLIEST));
            peer.events(vec![event("A", 1, 1), event("B", 1, 2)]).await;
            peer.events(vec![event("A", 2, 3)]).await;
            drop(peer);
            let (mut peer, subscribe) = engine.subscribed("3").await;
            assert_eq!(cursor(&subscribe), Some("3"));
            // An engine that tells some twice.
            peer.events(vec![event("B", 1, 2), event("A", 2, 3), event("B", 2, 4)]).await;
            peer
        };
        let (heard, _peer) = tokio::join!(told(&mut stream, 7), played);
        assert_eq!(heard, "connected:0 A1 B1 A2 lost connected:3 B2");
    }
}

#[tokio::test(start_paused = true)]
async fn from_now_is_the_first_connections_now() {
    let (mut engine, mut stream) = follow(FeedForm::Json, None);
    let played = async {
        let (peer, subscribe) = engine.subscribed("17").await;
        assert_eq!(cursor(&subscribe), None);
        drop(peer);
        let (mut peer, subscribe) = engine.subscribed("99").await;
        assert_eq!(cursor(&subscribe), Some("17"), "events 18 to 99 came meanwhile");
        peer.events(vec![event("A", 1, 18)]).await;
        peer
    };
    let (heard, _peer) = tokio::join!(told(&mut stream, 4), played);
    assert_eq!(heard, "connected:17 lost connected:99 A1");
}

#[tokio::test(start_paused = true)]
async fn closed_for_being_slow_it_resumes_where_it_was() {
    let (mut engine, mut stream) = follow(FeedForm::Binary, None);
    let played = async {
        // Closed before it has heard anything: the engine's cursor is the only one.
        let mut peer = engine.accept().await;
        assert_eq!(cursor(&peer.hear_subscribe().await), None);
        peer.close(1013, "try again later; cursor 40").await;
        let (mut peer, subscribe) = engine.subscribed("40").await;
        assert_eq!(cursor(&subscribe), Some("40"));
        peer.events(vec![event("A", 1, 41)]).await;
        // Its own cursor is what it has told, whatever the engine says.
        peer.close(1013, "try again later; cursor 50").await;
        let (_, subscribe) = engine.subscribed("41").await;
        assert_eq!(cursor(&subscribe), Some("41"));
    };
    let (heard, ()) = tokio::join!(told(&mut stream, 5), played);
    assert_eq!(heard, "lost connected:40 A1 lost connected:41");
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_told_and_events_go_on_behind_it() {
    let (mut engine, mut stream) = follow(FeedForm::Json, Some("5"));
    let played = async {
        let (mut peer, _) = engine.subscribed("5").await;
        peer.events(vec![event("A", 6, 6)]).await;
        peer.gap("70").await;
        let (mut peer, subscribe) = engine.subscribed("70").await;
        assert_eq!(cursor(&subscribe), Some("70"));
        // Another journal may have lower versions.
        peer.events(vec![event("A", 2, 71)]).await;
        drop(peer);
        // A gap may also be the first answer.
        let mut peer = engine.accept().await;
        assert_eq!(cursor(&peer.hear_subscribe().await), Some("71"));
        peer.gap("80").await;
        let (_, subscribe) = engine.subscribed("80").await;
        assert_eq!(cursor(&subscribe), Some("80"));
    };
    let (heard, ()) = tokio::join!(told(&mut stream, 8), played);
    assert_eq!(heard, "connected:5 A6 gap:70 connected:70 A2 lost gap:80 connected:80");
}
