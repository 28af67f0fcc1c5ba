//! What only a real socket shows: timeouts, bodies too large, pipelines, too many connections, the stop.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::Settings;
use crate::gateway::{Stopped, run};
use crate::testing;

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Stopped>,
}

async fn server(settings: Settings) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let settings = Arc::new(settings);
    let engine = testing::engine(&settings);
    let running = tokio::spawn(run(listener, engine, settings, async {
        let _ = stopped.await;
    }));
    Server { address, stop, running }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// Everything until the other side closes; an error counts as the end.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut part).await {
        all.extend_from_slice(&part[..read]);
    }
    String::from_utf8(all).unwrap()
}

/// Reads until the text has come.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut all = String::new();
    let mut part = [0; 4096];
    while !all.contains(end) {
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0, "closed after {all:?}");
        all.push_str(str::from_utf8(&part[..read]).unwrap());
    }
    all
}

const LIVE: &[u8] = b"GET /livez HTTP/1.1\r\nhost: saldo\r\n\r\n";

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let server = server(Settings { header_timeout_ms: 50, ..Settings::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: sal").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let server = server(Settings { body_timeout_ms: 50, ..Settings::default() }).await;
    let mut stream = server.connect().await;
    let head = b"POST /v1/reservations HTTP/1.1\r\nhost: saldo\r\ncontent-length: 9\r\n\r\n{";
    stream.write_all(head).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("did not arrive within 50 ms"), "{answer}");
}

#[tokio::test]
async fn a_large_body_is_read_on_so_that_the_answer_arrives() {
    let server = server(Settings::default()).await;
    let chunk = vec![b' '; 1 << 20];
    for head in ["content-length: 10485760", "transfer-encoding: chunked"] {
        let mut stream = server.connect().await;
        let chunked = head.starts_with("transfer");
        let head = format!("POST /v1/reservations HTTP/1.1\r\nhost: saldo\r\n{head}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..10 {
            if chunked {
                stream.write_all(b"100000\r\n").await.unwrap();
            }
            stream.write_all(&chunk).await.unwrap();
            if chunked {
                stream.write_all(b"\r\n").await.unwrap();
            }
        }
        if chunked {
            stream.write_all(b"0\r\n\r\n").await.unwrap();
        }
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains("payload_too_large"), "{answer}");
    }
}

#[tokio::test]
async fn who_asks_before_sending_too_much_is_told_at_once() {
    let server = server(Settings::default()).await;
    let mut stream = server.connect().await;
    let head = b"POST /v1/reservations HTTP/1.1\r\nhost: saldo\r\nexpect: 100-continue\r\ncontent-length: 10485760\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_pipeline_is_answered_in_order() {
    let server = server(Settings::default()).await;
    let mut stream = server.connect().await;
    let mut requests = Vec::new();
    for _ in 0..20 {
        requests.extend_from_slice(LIVE);
        requests.extend_from_slice(b"GET /nowhere HTTP/1.1\r\nhost: saldo\r\n\r\n");
    }
    requests.extend_from_slice(b"GET /livez HTTP/1.1\r\nhost: saldo\r\nconnection: close\r\n\r\n");
    stream.write_all(&requests).await.unwrap();
    let answers = rest(&mut stream).await;
    let statuses: Vec<&str> =
        answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    let mut expected = ["200", "404"].repeat(20);
    expected.push("200");
    assert_eq!(statuses, expected);
}

#[tokio::test]
async fn a_connection_too_many_is_told_so() {
    let server = server(Settings { connections_max: 1, ..Settings::default() }).await;
    let mut first = server.connect().await;
    first.write_all(LIVE).await.unwrap();
    until(&mut first, "}").await;
    let mut second = server.connect().await;
    second.write_all(LIVE).await.unwrap();
    let answer = rest(&mut second).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");
    assert!(answer.contains("\"overloaded\""), "{answer}");
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_finish() {
    let server = server(Settings::default()).await;
    let mut idle = server.connect().await;
    idle.write_all(LIVE).await.unwrap();
    until(&mut idle, "}").await;
    let mut busy = server.connect().await;
    let head = b"POST /v1/stock/TEE/OSLO/receive HTTP/1.1\r\nhost: saldo\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 14\r\n\r\n";
    busy.write_all(head).await.unwrap();
    // The body is asked for, so the request is under way.
    until(&mut busy, "100 Continue").await;
    server.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed");
    assert!(TcpStream::connect(server.address).await.is_err(), "no new connection is taken");
    busy.write_all(br#"{"quantity":3}"#).await.unwrap();
    let answer = rest(&mut busy).await;
    assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(server.running.await.unwrap(), Stopped { connections_cut: 0 });
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_the_settings_say() {
    let server = server(Settings { drain_seconds: 0, ..Settings::default() }).await;
    let mut busy = server.connect().await;
    let head = b"POST /v1/returns HTTP/1.1\r\nhost: saldo\r\nexpect: 100-continue\r\ncontent-length: 14\r\n\r\n";
    busy.write_all(head).await.unwrap();
    until(&mut busy, "100 Continue").await;
    server.stop.send(()).unwrap();
    assert_eq!(server.running.await.unwrap(), Stopped { connections_cut: 1 });
    assert_eq!(rest(&mut busy).await, "");
}
