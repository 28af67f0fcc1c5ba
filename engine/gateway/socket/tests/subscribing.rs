//! Subscriptions over a connection: the order of messages, snapshots in pages, deltas, and what is refused.

use saldo_protocol::{Code, ServerMessage, View};

use super::harness::{Client, PIPE_BYTES, SmallEngine, limits, texts};

async fn engine_and_client() -> (SmallEngine, Client) {
    let (engine, _frames, _counts) = SmallEngine::new();
    let client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    (engine, client)
}

fn snapshot(message: ServerMessage) -> (Vec<String>, bool, String, bool) {
    match message {
        ServerMessage::Snapshot { levels, done, cursor, full, .. } => {
            (texts(&levels), done, cursor, full)
        }
        other => panic!("no snapshot: {other:?}"),
    }
}

fn delta(message: ServerMessage) -> (Vec<String>, String) {
    match message {
        ServerMessage::Delta { levels, cursor, .. } => (texts(&levels), cursor),
        other => panic!("no delta: {other:?}"),
    }
}

fn refused(message: ServerMessage) -> (Option<String>, Code, String) {
    match message {
        ServerMessage::Error { id, code, detail } => (id, code, detail),
        other => panic!("no error: {other:?}"),
    }
}

#[tokio::test]
async fn subscribed_comes_first_then_the_snapshot_in_pages_then_deltas() {
    let (engine, mut client) = engine_and_client().await;
    for sku in ["A", "B", "C", "A"] {
        engine.change(sku, "OSLO");
    }
    let subscribed = client.ask(r#"{"type":"subscribe","id":"a \"1\""}"#).await;
    let (id, cursor) = ("a \"1\"".to_owned(), "0".to_owned());
    assert_eq!(subscribed, ServerMessage::Subscribed { id, cursor, view: View::Exact });
    let page = snapshot(client.hear().await);
    assert_eq!(page, (vec!["A@OSLO 2".into(), "B@OSLO 1".into()], false, "0".into(), false));
    let page = snapshot(client.hear().await);
    assert_eq!(page, (vec!["C@OSLO 1".into()], true, "4".into(), false));

    engine.change("räv", "BERGEN");
    engine.change("A", "OSLO");
    engine.pass_on();
    let (mut levels, cursor) = delta(client.hear().await);
    levels.sort_unstable();
    assert_eq!((levels.join(", "), cursor), ("A@OSLO 3, räv@BERGEN 1".into(), "6".into()));
}

#[tokio::test]
async fn a_selection_of_skus_prefixes_and_locations_is_told_and_nothing_else() {
    let (engine, mut client) = engine_and_client().await;
    for (sku, location) in
        [("A", "OSLO"), ("A", "BERGEN"), ("TEE-1", "OSLO"), ("TEE-2", "MALMÖ"), ("Z", "OSLO")]
    {
        engine.change(sku, location);
    }
    client
        .ask(
            r#"{"type":"subscribe","id":"a","skus":["A","LATER"],"sku_prefixes":["TEE-"],"locations":["OSLO"]}"#,
        )
        .await;
    let (mut told, mut done) = (Vec::new(), false);
    while !done {
        let (levels, last, ..) = snapshot(client.hear().await);
        told.extend(levels);
        done = last;
    }
    assert_eq!(told, ["TEE-1@OSLO 1", "A@OSLO 1"]);
    engine.change("A", "BERGEN");
    engine.change("LATER", "OSLO");
    engine.pass_on();
    assert_eq!(delta(client.hear().await).0, ["LATER@OSLO 1"]);
}

#[tokio::test]
async fn a_subscription_to_nothing_that_exists_is_done_at_once() {
    let (_engine, mut client) = engine_and_client().await;
    client.ask(r#"{"type":"subscribe","id":"a","skus":["NONE"]}"#).await;
    assert_eq!(snapshot(client.hear().await), (vec![], true, "0".into(), false));
}

#[tokio::test]
async fn a_cursor_of_another_journal_gets_everything_and_is_told_so() {
    let (engine, mut client) = engine_and_client().await;
    engine.change("A", "OSLO");
    client.ask(r#"{"type":"subscribe","id":"a","cursor":"theirs"}"#).await;
    let page = snapshot(client.hear().await);
    assert_eq!(page, (vec!["A@OSLO 1".into()], true, "1".into(), true));
}

#[tokio::test]
async fn a_cursor_gets_only_what_changed_since() {
    let (engine, mut client) = engine_and_client().await;
    for sku in ["A", "B", "C", "A"] {
        engine.change(sku, "OSLO");
    }
    for (cursor, changed) in [
        (1, vec!["A@OSLO 2", "B@OSLO 1", "C@OSLO 1"]),
        (2, vec!["A@OSLO 2", "C@OSLO 1"]),
        (3, vec!["A@OSLO 2"]),
        (4, vec![]),
    ] {
        let asked = format!(r#"{{"type":"subscribe","id":"a","cursor":"{cursor}"}}"#);
        let ServerMessage::Subscribed { cursor: begins, .. } = client.ask(&asked).await else {
            panic!("not subscribed");
        };
        assert_eq!(begins, cursor.to_string());
        let (mut told, mut done) = (Vec::new(), false);
        while !done {
            let page = snapshot(client.hear().await);
            assert!(!page.3, "all levels are said to be told from {cursor}");
            told.extend(page.0);
            done = page.1;
            // Half of a snapshot is no place to go on from.
            assert_eq!(page.2, if done { "4".to_owned() } else { cursor.to_string() });
        }
        assert_eq!(told, changed, "from {cursor}");
        client.ask(r#"{"type":"unsubscribe","id":"a"}"#).await;
    }
}

#[tokio::test]
async fn a_full_snapshot_that_was_cut_short_is_full_again() {
    let (engine, mut client) = engine_and_client().await;
    for sku in ["A", "B", "C"] {
        engine.change(sku, "OSLO");
    }
    client.ask(r#"{"type":"subscribe","id":"a","cursor":"theirs"}"#).await;
    let first = snapshot(client.hear().await);
    assert_eq!((first.1, first.3), (false, true));
    drop(client);
    // What the client knew of the other journal is still to be forgotten.
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client.ask(&format!(r#"{{"type":"subscribe","id":"a","cursor":"{}"}}"#, first.2)).await;
    let again = snapshot(client.hear().await);
    assert_eq!((again.0, again.3), (first.0, true));
}

#[tokio::test]
async fn after_unsubscribed_nothing_of_it_comes_and_its_id_is_free() {
    let (engine, mut client) = engine_and_client().await;
    client.ask(r#"{"type":"subscribe","id":"a","mode":"levels"}"#).await;
    assert!(snapshot(client.hear().await).1);
    engine.change("A", "OSLO");
    let answer = client.ask(r#"{"type":"unsubscribe","id":"a"}"#).await;
    assert_eq!(answer, ServerMessage::Unsubscribed { id: "a".into() });
    engine.pass_on();
    assert_eq!(client.ask(r#"{"type":"ping"}"#).await, ServerMessage::Pong);
    let again = client.ask(r#"{"type":"subscribe","id":"a"}"#).await;
    assert!(matches!(again, ServerMessage::Subscribed { .. }), "{again:?}");
    assert_eq!(snapshot(client.hear().await).0, ["A@OSLO 1"]);
}

#[tokio::test]
async fn what_cannot_be_subscribed_is_an_error_and_the_connection_stays() {
    let (_engine, mut client) = engine_and_client().await;
    client.ask(r#"{"type":"subscribe","id":"a"}"#).await;
    client.hear().await;
    for (frame, code, words) in [
        (r#"{"type":"subscribe","id":"a"}"#, Code::Malformed, "subscribed already"),
        (r#"{"type":"unsubscribe","id":"x"}"#, Code::Malformed, "no subscription \"x\""),
        (r#"{"type":"subscribe","id":"b","skus":[]}"#, Code::Malformed, "at least 1 entry"),
        (
            r#"{"type":"subscribe","id":"b","sku_prefixes":["1","2","3","4"]}"#,
            Code::LimitExceeded,
            "has 4 entries, at most 3",
        ),
        (
            r#"{"type":"subscribe","id":"b","mode":"all"}"#,
            Code::Malformed,
            "expected `levels` or `events`",
        ),
        (
            r#"{"type":"subscribe","id":"b","mode":"events","view":"exact"}"#,
            Code::Malformed,
            "`view` is not taken with",
        ),
        (
            r#"{"type":"subscribe","id":"b","view":"shop"}"#,
            Code::Malformed,
            "expected one of `exact`",
        ),
        (r#"{"type":"subscribe","id":"b","skus":[""]}"#, Code::Malformed, "1 to 64 bytes"),
        (r#"{"type":"subscribe","skus":["A"]}"#, Code::Malformed, "`id`"),
    ] {
        let (id, found, detail) = refused(client.ask(frame).await);
        assert_eq!(found, code, "{frame}");
        assert!(detail.contains(words), "{frame}: {detail}");
        let sent: serde_json::Value = serde_json::from_str(frame).unwrap();
        assert_eq!(id.as_deref(), sent["id"].as_str(), "{frame}");
    }
    for id in ["b", "c"] {
        client.ask(&format!(r#"{{"type":"subscribe","id":"{id}"}}"#)).await;
        client.hear().await;
    }
    let (id, code, _) = refused(client.ask(r#"{"type":"subscribe","id":"d"}"#).await);
    assert_eq!((id.as_deref(), code), (Some("d"), Code::LimitExceeded));
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_read_ends_its_subscription() {
    let (engine, mut client) = engine_and_client().await;
    engine.fail_reads();
    client.ask(r#"{"type":"subscribe","id":"a"}"#).await;
    let (id, code, _) = refused(client.hear().await);
    assert_eq!((id.as_deref(), code), (Some("a"), Code::NotReady));
    assert_eq!(engine.feed_subscriptions(), 0);
}
