//! The HTTP client: one call has one key however often it is sent, and its outcome is told as it is.
#![cfg(feature = "client")]

mod support;

use std::time::Duration;

use saldo_protocol::client::{Client, ClientConfig, ClientError, RetryPolicy};
use saldo_protocol::*;
use support::{Script, Step};
use uuid::Uuid;

const JSON: (&str, &str) = ("content-type", "application/json");

fn level() -> String {
    r#"{"sku":"A","location":"L","on_hand":1,"reserved":0,"committed":0,"damaged":0,"quality_control":0,
    "safety_stock":0,"incoming":0,"available":1,"oversell_limit":0,"version":1,
    "as_of":"2026-01-31T08:15:00.000000Z"}"#
        .to_owned()
}

fn refusal(code: Code) -> Step {
    refusal_after(code, ("retry-after", "0"))
}

fn refusal_after(code: Code, header: (&'static str, &'static str)) -> Step {
    let problem = serde_json::to_string(&Problem::new(code, "why")).expect("JSON");
    Step::Answer(code.status(), header, problem)
}

/// A client that does not wait between attempts.
fn client(script: &Script, attempts_max: u32) -> Client {
    let mut config = ClientConfig::new(&script.url);
    config.retry =
        RetryPolicy { attempts_max, backoff_first: Duration::ZERO, ..RetryPolicy::default() };
    Client::new(config).expect("settings")
}

fn one() -> ReceiveRequest {
    ReceiveRequest::new(Quantity::new(1).expect("in range"))
}

#[tokio::test]
async fn a_call_is_repeated_with_its_key_until_its_outcome_is_known() {
    let script = Script::play(vec![
        refusal(Code::NotReady),
        refusal(Code::Overloaded),
        Step::Cut,
        refusal(Code::OutcomeUnknown),
        refusal(Code::ReadOnly),
        Step::Answer(200, ("idempotent-replayed", "true"), level()),
    ])
    .await;
    let answer = client(&script, 6).receive("A", "L", &one(), None).await.expect("an answer");
    assert_eq!((answer.value.version, answer.replayed), (1, true));
    let seen = script.seen();
    assert_eq!(seen.len(), 6);
    let key = seen[0].key.clone().expect("a key of its own");
    assert_eq!(Uuid::parse_str(&key).expect("a UUID").get_version_num(), 7);
    for request in seen {
        assert_eq!(request.line, "POST /v1/stock/A/L/receive");
        assert_eq!(request.key.as_ref(), Some(&key));
        assert_eq!(request.body, r#"{"quantity":1,"from_incoming":false}"#);
    }
}

#[tokio::test]
async fn the_callers_key_and_token_are_sent() {
    let script = Script::play(vec![Step::Answer(200, JSON, level())]).await;
    let mut config = ClientConfig::new(&script.url);
    config.token = Some("secret".to_owned());
    assert!(!format!("{config:?}").contains("secret"));
    let client = Client::new(config).expect("settings");
    let answer = client.receive("A", "L", &one(), Some("mine")).await.expect("an answer");
    assert!(!answer.replayed);
    let seen = script.seen();
    assert_eq!(seen[0].key.as_deref(), Some("mine"));
    assert_eq!(seen[0].authorization.as_deref(), Some("Bearer secret"));
}

#[tokio::test]
async fn attempts_end() {
    let script = Script::play(vec![refusal(Code::Overloaded), Step::Cut]).await;
    let error = client(&script, 2).receive("A", "L", &one(), None).await.expect_err("cut");
    assert!(matches!(error, ClientError::Transport { .. }), "{error}");
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test]
async fn retry_after_past_the_clients_patience_is_handed_back() {
    let later = refusal_after(Code::Overloaded, ("retry-after", "31"));
    let script = Script::play(vec![later]).await;
    let error = client(&script, 8).receive("A", "L", &one(), None).await.expect_err("later");
    assert_eq!(error.code(), Some(Code::Overloaded));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(31)));
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let script = Script::play(vec![Step::Silence]).await;
    let mut config = ClientConfig::new(&script.url);
    config.retry = RetryPolicy::never();
    config.attempt_timeout = Duration::from_millis(20);
    let client = Client::new(config).expect("settings");
    let error = client.level("A", "L").await.expect_err("silence");
    assert!(matches!(error, ClientError::Timeout { .. }) && error.is_retryable(), "{error}");
}

#[tokio::test]
async fn a_refusal_is_told_with_its_lines_and_not_repeated() {
    let line = ProblemLine {
        sku: "A".to_owned(),
        location: "L".to_owned(),
        code: Code::InsufficientStock,
        requested: 3,
        available: 1,
    };
    let problem = Problem::new(Code::InsufficientStock, "1 line fell short").with_lines(vec![line]);
    let body = serde_json::to_string(&problem).expect("JSON");
    let script = Script::play(vec![Step::Answer(409, JSON, body)]).await;
    let lines = vec![Line {
        sku: Sku::new("A").expect("a SKU"),
        location: Location::new("L").expect("a location"),
        quantity: Quantity::new(3).expect("in range"),
    }];
    let error =
        client(&script, 8).reserve(&ReserveRequest::new(lines), None).await.expect_err("refused");
    assert!(
        matches!(&error, ClientError::Refused { problem: told, .. } if **told == problem),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_of_this_protocol_is_told_as_such() {
    let page = || "<html>Bad gateway</html>".to_owned();
    let script =
        Script::play(vec![Step::Answer(502, JSON, page()), Step::Answer(200, JSON, page())]).await;
    let client = client(&script, 8);
    for status in [502, 200] {
        let error = client.level("A", "L").await.expect_err("no JSON");
        assert!(
            matches!(error, ClientError::Unexpected { status: told, .. } if told == status),
            "{error}"
        );
    }
}

#[tokio::test]
async fn calls_go_where_they_should() {
    let ok = |body: &str| Step::Answer(200, JSON, body.to_owned());
    let none = r#"{"reservations":[],"next_cursor":null}"#;
    let script = Script::play(vec![
        ok(&level()),
        ok(r#"{"sku":"A","available":0,"levels":[]}"#),
        ok(none),
        ok(none),
        ok(r#"{"movements":[],"next_cursor":null}"#),
        ok("up 1\n"),
        Step::Answer(503, JSON, "recovering".to_owned()),
    ])
    .await;
    let client = client(&script, 1);
    client.level("Å-1/2", "räv").await.expect("level");
    client.sku_levels("%2F ?#").await.expect("levels");
    let page = PageQuery {
        cursor: Some(Cursor::new("a+b").expect("a cursor")),
        limit: Some(PageLimit::new(10).expect("in range")),
    };
    client.reservations_on("A", "L", &page).await.expect("page");
    let order = OrderReference::new("O&1=2").expect("a reference");
    client.reservations_by_order(&order, &PageQuery::default()).await.expect("page");
    let query = MovementsQuery {
        sku: Sku::new("A B").expect("a SKU"),
        location: Location::new("L").expect("a location"),
        cursor: None,
        limit: None,
    };
    client.movements(&query).await.expect("page");
    assert_eq!(client.metrics_text().await.expect("text"), "up 1\n");
    let probe = client.readyz().await.expect("a probe");
    assert_eq!((probe.ok, probe.body.as_str()), (false, "recovering"));
    let lines: Vec<String> = script.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/stock/%C3%85-1%2F2/r%C3%A4v",
            "GET /v1/stock/%252F%20%3F%23",
            "GET /v1/stock/A/L/reservations?cursor=a%2Bb&limit=10",
            "GET /v1/reservations?order_reference=O%261%3D2",
            "GET /v1/movements?sku=A%20B&location=L",
            "GET /metrics",
            "GET /readyz",
        ]
    );
}

#[tokio::test]
async fn what_no_request_can_be_made_of_is_not_sent() {
    let script = Script::play(vec![]).await;
    let client = client(&script, 8);
    for (sku, location, key) in
        [("", "L", None), ("..", "L", None), ("A", "a\nb", None), ("A", "L", Some("a b"))]
    {
        let error = client.receive(sku, location, &one(), key).await.expect_err("invalid");
        assert!(matches!(error, ClientError::Invalid(_)), "{error}");
    }
    assert!(script.seen().is_empty());
    for url in ["", "host:80", "https://host", "http://host/path", "http://host?x=1"] {
        let error = Client::new(ClientConfig::new(url)).expect_err(url);
        assert!(matches!(error, ClientError::Settings { .. }), "{error}");
    }
}
