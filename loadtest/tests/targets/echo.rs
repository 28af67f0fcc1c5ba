//! The echo answers in the forms of the protocol, whoever asks.

use std::sync::Arc;

use saldo_loadtest::session::http::HttpConnector;
use saldo_loadtest::session::websocket::WebSocketConnector;
use saldo_loadtest::session::{Connector, Session};
use saldo_loadtest::targets::echo;
use saldo_loadtest::targets::saldo::Saldo;
use saldo_loadtest::workload::names::Names;
use saldo_loadtest::workload::op::{Line, Op, Verb};
use saldo_loadtest::workload::outcome::Verdict;
use saldo_protocol::client::{Client, ClientConfig, FeedClient, FeedForm};
use saldo_protocol::{FrameId, Reply, ReserveRequest, ServerMessage, Subscribe};
use tokio::net::TcpListener;

use crate::support::{ask, op};

async fn started() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(echo::serve(listener));
    url
}

/// One of each verb that the feed knows.
fn commands() -> Vec<Op> {
    let all = Verb::ALL.into_iter().filter(|verb| verb.is_command());
    (0..).zip(all).map(|(number, verb)| op(verb, number, number, 0, 3)).collect()
}

#[tokio::test]
async fn every_call_of_a_run_is_answered_over_http() {
    let names = Arc::new(Names::new(3, 2, 1));
    let connector = HttpConnector::new(Arc::clone(&names), &started().await, None).unwrap();
    let mut session = connector.connect(0).await.unwrap();
    for (batch, op) in (0..).zip(Verb::ALL.map(|verb| op(verb, 5, 5, 1, 3))) {
        let outcomes = ask(&mut session, batch, std::slice::from_ref(&op)).await;
        assert_eq!(outcomes[0].verdict, Verdict::Done, "{op:?}");
    }
    let lines: Arc<[Line]> = [Line { key: 0, quantity: 2 }, Line { key: 1, quantity: 3 }].into();
    let basket = Op { lines: Some(lines), ..op(Verb::Reserve, 6, 6, 0, 5) };
    let outcomes = ask(&mut session, 99, &[basket]).await;
    assert_eq!(outcomes[0].verdict, Verdict::Done);
    // Several in flight on one connection.
    for batch in 0..50 {
        session.send(batch, &[op(Verb::Reserve, batch, batch, 0, 1)]).await.unwrap();
    }
    let mut outcomes = Vec::new();
    for _ in 0..50 {
        session.receive(&mut outcomes).await.unwrap();
    }
    assert!(outcomes.iter().all(|outcome| outcome.verdict == Verdict::Done));
}

#[tokio::test]
async fn answers_are_of_the_protocols_own_types() {
    let client = Client::new(ClientConfig::new(started().await)).unwrap();
    let body = r#"{"id":"01940000-0000-7000-8000-0000000000aa","lines":[{"sku":"A","location":"L","quantity":12}]}"#;
    let request: ReserveRequest = serde_json::from_str(body).unwrap();
    let reservation = client.reserve(&request, Some("k")).await.unwrap().value;
    assert_eq!(Some(reservation.id), request.id);
    assert_eq!((reservation.lines.len(), reservation.lines[0].quantity), (1, 12));
    assert_eq!(reservation.lines[0].sku, "A");
    let first = client.level("A", "L").await.unwrap().value;
    let second = client.level("A", "L").await.unwrap().value;
    assert_eq!((first.sku.as_str(), first.location.as_str()), ("A", "L"));
    assert!(second.version > first.version);
    assert!(client.readyz().await.unwrap().ok);
}

#[tokio::test]
async fn frames_of_any_size_are_answered_in_both_forms() {
    let (names, url) = (Arc::new(Names::new(3, 300, 1)), started().await);
    for form in [FeedForm::Json, FeedForm::Binary] {
        let connector = WebSocketConnector::new(Arc::clone(&names), &url, None, form).unwrap();
        let mut session = connector.connect(0).await.unwrap();
        assert_eq!(ask(&mut session, 0, &commands()).await.len(), commands().len());
        for (batch, count) in (1..).zip([1, 2, 255, 256, 257, 8_192]) {
            let ops: Vec<Op> = (0..count)
                .map(|number| {
                    let key = u32::try_from(number % 300).unwrap();
                    op(Verb::Reserve, number, number, key, 1)
                })
                .collect();
            let outcomes = ask(&mut session, batch, &ops).await;
            assert_eq!(outcomes.len(), ops.len(), "{form:?}");
            for pair in outcomes.windows(2) {
                assert_eq!(pair[1].version, pair[0].version + 1, "{form:?}");
                assert_eq!(pair[1].available, pair[0].available - 1, "{form:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_projects_own_client_is_content_in_both_forms() {
    let url = started().await;
    for form in [FeedForm::Json, FeedForm::Binary] {
        let config = ClientConfig { form, ..ClientConfig::new(url.clone()) };
        let feed = FeedClient::connect(&config).await.unwrap();
        feed.ping().await.unwrap();
        let text = r#"{"op":"reserve","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"L","quantity":1}"#;
        let commands = vec![serde_json::from_str(text).unwrap(); 3];
        let replies = feed.commands(commands).await.unwrap();
        assert_eq!(replies.len(), 3, "{form:?}");
        let is_done = |reply: &Reply| {
            matches!(reply, Reply::Done { replayed: false, expires_at: Some(_), .. })
        };
        assert!(replies.iter().all(is_done), "{replies:?}");
        assert!(feed.commands(Vec::new()).await.unwrap().is_empty());
        let mut subscription =
            feed.subscribe(Subscribe::all(FrameId::new("s").unwrap())).await.unwrap();
        let first = subscription.next_message().await.unwrap().unwrap();
        assert!(matches!(first, ServerMessage::Snapshot { done: true, .. }), "{first:?}");
        feed.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_run_can_be_made_ready_on_it() {
    let saldo = Saldo::new(&started().await, None, None).unwrap();
    let names = Names::new(3, 10_000, 1);
    assert_eq!(saldo.open_stock(&names, &vec![2; 10_000]).await.unwrap(), 20_000);
    assert_eq!(saldo.cursor(&names).await.unwrap(), "echo");
    let about = saldo.about().await.unwrap();
    assert!(about.version.is_some_and(|version| version.starts_with("echo")));
    assert_eq!(about.durability.as_deref(), Some("process_crash"));
}
