//! Followed levels stay right whatever happens to the connection: cuts, restarts, repeats, silence.
#![cfg(feature = "client")]

mod fake_engine;

use fake_engine::{Engine, config, engine, level, name};
use futures_util::StreamExt;
use saldo_protocol::client::{FeedForm, LevelStream, LevelUpdate, ReconnectPolicy};
use saldo_protocol::*;

/// A follower of everything, and its engine.
fn follow(form: FeedForm) -> (Engine, LevelStream) {
    let (engine, connect) = engine(config(form));
    let subscribe = Subscribe::all(name("a"));
    (engine, LevelStream::follow_over(connect, ReconnectPolicy::default(), subscribe))
}

/// What happens, in a short form: `A2` is level 2 of A.
async fn told(stream: &mut LevelStream, count: usize) -> String {
    let mut words = Vec::new();
    for _ in 0..count {
        words.push(match stream.next().await.expect("an update").expect("no error") {
            LevelUpdate::Connected { .. } => "connected".to_owned(),
            LevelUpdate::Level(level) => format!("{}{}", level.sku(), level.version()),
            LevelUpdate::Full => "full".to_owned(),
            LevelUpdate::Complete { cursor } => format!("complete:{cursor}"),
            LevelUpdate::Lost { .. } => "lost".to_owned(),
        });
    }
    words.join(" ")
}

fn cursor(subscribe: &Subscribe) -> Option<&str> {
    subscribe.cursor.as_ref().map(Cursor::as_str)
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_then_deltas_in_both_forms() {
    for form in [FeedForm::Json, FeedForm::Binary] {
        let (mut engine, mut stream) = follow(form);
        let played = async {
            let (mut peer, subscribe) = engine.subscribed("c0").await;
            assert_eq!(subscribe, Subscribe::all(name("a")));
            peer.snapshot(vec![level("A", 1), level("B", 1)], false, "c1").await;
            // A delta between the pages is newer than the page behind it.
            peer.delta(vec![level("C", 3)], "c2").await;
            peer.snapshot(vec![level("C", 2)], true, "c1").await;
            peer.delta(vec![level("A", 2), level("B", 1), level("A", 1)], "c3").await;
            peer
        };
        let heard = told(&mut stream, 6);
        let (_peer, heard) = tokio::join!(played, heard);
        assert_eq!(heard, "connected A1 B1 C3 complete:c1 A2");
    }
}

#[tokio::test(start_paused = true)]
async fn resumes_with_its_last_cursor_and_drops_what_it_knows() {
    let (mut engine, mut stream) = follow(FeedForm::Json);
    let played = async {
        let (mut peer, _) = engine.subscribed("c0").await;
        peer.snapshot(vec![level("A", 1), level("B", 1)], true, "c1").await;
        peer.delta(vec![level("A", 2)], "c2").await;
        drop(peer);
        let (mut peer, subscribe) = engine.subscribed("c2").await;
        assert_eq!(cursor(&subscribe), Some("c2"));
        peer.snapshot(vec![level("A", 2), level("B", 5)], true, "c9").await;
        peer.close(1001, "the engine stops").await;
        let (_, subscribe) = engine.subscribed("c9").await;
        assert_eq!(cursor(&subscribe), Some("c9"));
    };
    let (heard, ()) = tokio::join!(told(&mut stream, 11), played);
    assert_eq!(
        heard,
        "connected A1 B1 complete:c1 A2 lost connected B5 complete:c9 lost connected"
    );
}

#[tokio::test(start_paused = true)]
async fn a_first_snapshot_that_is_cut_is_asked_for_again_whole() {
    let (mut engine, mut stream) = follow(FeedForm::Binary);
    let played = async {
        let (mut peer, _) = engine.subscribed("c0").await;
        peer.snapshot(vec![level("A", 7), level("B", 1)], false, "c5").await;
        peer.delta(vec![level("B", 2)], "c6").await;
        drop(peer);
        let (mut peer, subscribe) = engine.subscribed("d0").await;
        assert_eq!(cursor(&subscribe), None, "the pages that were cut are in no later snapshot");
        // The engine came back with less: only what it tells now counts.
        peer.snapshot(vec![level("A", 3)], true, "d1").await;
        peer
    };
    let (heard, _peer) = tokio::join!(told(&mut stream, 9), played);
    assert_eq!(heard, "connected A7 B1 B2 lost connected full A3 complete:d1");
}

#[tokio::test(start_paused = true)]
async fn a_later_snapshot_that_is_cut_resumes_from_the_last_complete_one() {
    let (mut engine, mut stream) = follow(FeedForm::Json);
    let played = async {
        let (mut peer, _) = engine.subscribed("c0").await;
        peer.snapshot(vec![level("A", 1)], true, "c1").await;
        drop(peer);
        let (mut peer, subscribe) = engine.subscribed("c8").await;
        assert_eq!(cursor(&subscribe), Some("c1"));
        peer.snapshot(vec![level("A", 2)], false, "c8").await;
        peer.delta(vec![level("A", 3)], "c9").await;
        drop(peer);
        let (mut peer, subscribe) = engine.subscribed("c9").await;
        assert_eq!(cursor(&subscribe), Some("c1"), "B is on the page that was cut");
        peer.snapshot(vec![level("A", 3), level("B", 2)], true, "c9").await;
        peer
    };
    let (heard, _peer) = tokio::join!(told(&mut stream, 11), played);
    assert_eq!(
        heard,
        "connected A1 complete:c1 lost connected A2 A3 lost connected B2 complete:c9"
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_snapshot_replaces_all_and_lower_versions_count() {
    let (mut engine, mut stream) = follow(FeedForm::Json);
    let played = async {
        let (mut peer, _) = engine.subscribed("c0").await;
        peer.snapshot(vec![level("A", 9), level("B", 9)], true, "c1").await;
        drop(peer);
        let (mut peer, subscribe) = engine.subscribed("d5").await;
        assert_eq!(cursor(&subscribe), Some("c1"));
        // Ahead of the first page, when nobody knows yet that versions begin anew.
        peer.delta(vec![level("A", 4)], "d6").await;
        peer.full(vec![level("A", 3)], false, "d5").await;
        drop(peer);
        let (mut peer, subscribe) = engine.subscribed("d7").await;
        assert_eq!(cursor(&subscribe), None, "half of a full snapshot is nothing to resume from");
        peer.snapshot(vec![level("A", 4), level("D", 1)], true, "d7").await;
        peer
    };
    let (heard, _peer) = tokio::join!(told(&mut stream, 13), played);
    assert_eq!(
        heard,
        "connected A9 B9 complete:c1 lost connected full A4 lost connected full A4 D1"
    );
    assert_eq!(told(&mut stream, 1).await, "complete:d7");
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_the_callers_own_is_resumed_from_and_may_be_too_old() {
    let (mut engine, connect) = engine(config(FeedForm::Json));
    let subscribe = Subscribe {
        cursor: Some(Cursor::new("old").expect("a cursor")),
        view: Some(View::Banded),
        mode: FeedMode::Events,
        ..Subscribe::all(name("a"))
    };
    let mut stream = LevelStream::follow_over(connect, ReconnectPolicy::default(), subscribe);
    let played = async {
        let (mut peer, subscribe) = engine.subscribed("c9").await;
        assert_eq!(cursor(&subscribe), Some("old"));
        assert_eq!((subscribe.mode, subscribe.view), (FeedMode::Levels, Some(View::Banded)));
        peer.full(vec![level("A", 1)], true, "c9").await;
        peer
    };
    let first = async { stream.next().await.expect("an update").expect("no error") };
    let (first, _peer) = tokio::join!(first, played);
    assert_eq!(first, LevelUpdate::Connected { view: View::Banded });
    assert_eq!(told(&mut stream, 3).await, "full A1 complete:c9");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_was_closed_for_being_slow_resumes_from_what_it_has() {
    let (mut engine, mut stream) = follow(FeedForm::Binary);
    let played = async {
        let (mut peer, _) = engine.subscribed("c0").await;
        peer.snapshot(vec![level("A", 1)], false, "c4").await;
        peer.close(1013, "try again later; cursor c4").await;
        // The engine's cursor lies behind pages that never came.
        let (mut peer, subscribe) = engine.subscribed("c5").await;
        assert_eq!(cursor(&subscribe), None);
        peer.snapshot(vec![level("A", 1), level("B", 1)], true, "c5").await;
        peer
    };
    let (heard, _peer) = tokio::join!(told(&mut stream, 7), played);
    assert_eq!(heard, "connected A1 lost connected full A1 B1");
}
