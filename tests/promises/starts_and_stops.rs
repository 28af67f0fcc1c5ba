//! How the process starts, what it refuses to start with, and how it stops: nothing acknowledged is lost, nobody waits
//! for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use saldo_tests::{Engine, eventually, line, refused_start, reserve_body, scaled, uuid, within};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_free_port_is_taken_and_told_on_one_line() {
    let (one, other) = (Engine::start().await, Engine::start().await);
    assert_ne!(one.url(), other.url());
    for engine in [&one, &other] {
        assert_eq!(engine.said(), [format!("listening on {}", engine.url())]);
        let address = engine.url().strip_prefix("http://127.0.0.1:").expect("a loopback address");
        assert!(address.parse::<u16>().is_ok_and(|port| port > 0), "{address}");
        let client = engine.client();
        assert!(client.livez().await.expect("an answer").ok);
        assert!(client.readyz().await.expect("an answer").ok);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_on_the_same_data_is_refused() {
    let engine = Engine::start().await;
    engine.http().receive("A", "X", 1).await;
    let data_dir = engine.data_dir();
    let data_dir = data_dir.to_str().expect("a path of UTF-8");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir];
    let (code, complaint) = refused_start(&arguments, &[]).await;
    assert_eq!(code, Some(1), "{complaint}");
    assert!(complaint.contains("in use") && complaint.contains(data_dir), "{complaint}");
    let (code, complaint) = refused_start(&["verify", "--data-dir", data_dir], &[]).await;
    assert_eq!(code, Some(1), "{complaint}");
    assert_eq!(engine.http().level("A", "X").await.on_hand, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_setting_names_the_nearest() {
    let (code, complaint) = refused_start(&["serve"], &[("hold_second_default", "9")]).await;
    assert_eq!(code, Some(2), "{complaint}");
    assert!(complaint.to_lowercase().contains("hold_seconds_default"), "{complaint}");
    let (code, complaint) = refused_start(&["serve", "--set", "drain_second=3"], &[]).await;
    assert_eq!(code, Some(2), "{complaint}");
    assert!(complaint.contains("drain_seconds"), "{complaint}");
    let (code, complaint) = refused_start(&["serve", "--listen", "0.0.0.0:0"], &[]).await;
    assert_eq!(code, Some(2), "without a token only loopback is listened on: {complaint}");
}

/// The figure behind the last `recovered events=` of a log.
fn replayed(log: &str) -> u64 {
    let last = log.lines().rfind(|line| line.contains("recovered")).expect("a recovery logged");
    let (_, figure) = last.split_once("events=").expect("its figure");
    let digits: String = figure.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_answers_what_is_in_flight_and_keeps_what_was_acknowledged() {
    let engine = Engine::start().await;
    engine.http().receive("A", "X", 1_000_000).await;
    let (acknowledged, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let mut clients = JoinSet::new();
    for _ in 0..16 {
        let (http, acknowledged, enough) =
            (engine.http(), Arc::clone(&acknowledged), Arc::clone(&enough));
        clients.spawn(async move {
            let mut granted = Vec::new();
            loop {
                let body = reserve_body(&[("A", "X", 1)]);
                let told = http.try_post_once(&uuid().to_string(), "/v1/reservations", &body).await;
                match told {
                    Ok(told) if told.status == 201 => granted.push(told.json()["id"].clone()),
                    Ok(told) => {
                        told.refused(503, "not_ready");
                        return granted;
                    }
                    // It listens no more.
                    Err(_) => return granted,
                }
                if acknowledged.fetch_add(1, Ordering::Relaxed) == scaled(500, 10_000) {
                    enough.notify_one();
                }
            }
        });
    }
    within("enough reserves", enough.notified()).await;
    let stopped = engine.stop().await;
    let granted: Vec<_> = within("the clients' end", clients.join_all()).await.concat();
    let engine = stopped.start().await;
    assert!(replayed(&engine.log()) <= 2, "{} events replayed", replayed(&engine.log()));
    let http = engine.http();
    let reserved = usize::try_from(http.level("A", "X").await.reserved).expect("a count");
    assert!(reserved >= granted.len(), "{reserved} reserved, {} acknowledged", granted.len());
    for id in granted.iter().filter_map(serde_json::Value::as_str) {
        let told = http.get(&format!("/v1/reservations/{id}")).await;
        assert_eq!(told.status, 200, "an acknowledged reservation is gone: {}", told.text());
    }
}

/// A request whose body is still coming when the engine is told to stop.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_waits_for_a_request_that_has_begun() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 5).await;
    let id = uuid();
    let body = json!({"id": id, "lines": [line("A", "X", 2)]}).to_string();
    let authority = engine.url().trim_start_matches("http://").to_owned();
    let mut connection = TcpStream::connect(&authority).await.expect("a connection");
    let head = format!(
        "POST /v1/reservations HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.expect("an open connection");
    // The engine says so once it waits for the body.
    let mut told = [0; 25];
    within("100 Continue", connection.read_exact(&mut told)).await.expect("its answer");
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    engine.terminate();
    eventually("a stop that has begun", || async {
        let probe = http.try_send(http.request(hyper::Method::GET, "/readyz"), "").await;
        probe.map_or(Some(()), |told| (told.status == 503).then_some(()))
    })
    .await;
    connection.write_all(body.as_bytes()).await.expect("a connection that is not cut");
    let mut answer = String::new();
    within("the answer", connection.read_to_string(&mut answer)).await.expect("a whole answer");
    let granted = answer.starts_with("HTTP/1.1 201 ");
    assert!(granted || answer.contains("not_ready"), "{answer:?}");
    let (stopped, status) = engine.ended().await;
    assert!(status.success(), "{status}");
    let engine = stopped.start().await;
    let found = engine.http().get(&format!("/v1/reservations/{id}")).await;
    assert_eq!(found.status == 200, granted, "{}", found.text());
}

/// A client that never finishes its request holds nobody up for longer than the drain.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_does_not_wait_for_ever() {
    let engine = Engine::with(&[("drain_seconds", "1")]).await;
    engine.http().receive("A", "X", 5).await;
    let authority = engine.url().trim_start_matches("http://").to_owned();
    let mut connection = TcpStream::connect(&authority).await.expect("a connection");
    let head = format!(
        "POST /v1/reservations HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 100\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.expect("an open connection");
    let mut told = [0; 12];
    within("100 Continue", connection.read_exact(&mut told)).await.expect("its answer");
    let feed = engine.feed().await;
    feed.ping().await.expect("a pong");
    let stopped = engine.stop().await;
    let engine = stopped.start().await;
    assert_eq!(engine.http().level("A", "X").await.available, 5);
}
