//! Server-Sent Events: told as on the WebSocket, resumed by the browser's own header, and gone with their connection.

use saldo_tests::{DEADLINE, Engine, Http, eventually};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A stream as a browser opens it.
struct Stream(BufReader<TcpStream>);

impl Stream {
    async fn open(url: &str, query: &str, last_event_id: Option<&str>) -> Self {
        let authority = url.trim_start_matches("http://");
        let mut tcp = TcpStream::connect(authority).await.expect("a connection");
        let last = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let head = format!("GET /v1/feed/sse?{query} HTTP/1.1\r\nHost: {authority}\r\n{last}\r\n");
        tcp.write_all(head.as_bytes()).await.expect("a request");
        Self(BufReader::new(tcp))
    }

    /// The next event of this type: its id and its message.
    async fn next(&mut self, kind: &str) -> (String, Value) {
        let (mut id, mut event) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            let read = timeout(DEADLINE, self.0.read_line(&mut line)).await;
            assert!(read.expect("an event").expect("a line") > 0, "the stream ended");
            if let Some(value) = line.strip_prefix("event: ") {
                event = value.trim().to_owned();
            } else if let Some(value) = line.strip_prefix("id: ") {
                id = value.trim().to_owned();
            } else if let Some(value) = line.strip_prefix("data: ")
                && event == kind
            {
                return (id, serde_json::from_str(value).expect("JSON"));
            }
        }
    }
}

async fn receive(http: &Http) {
    http.post("/v1/stock/TEE/OSLO/receive", json!({"quantity": 1})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_with_the_last_id_is_told_what_it_missed_and_nothing_twice() {
    let engine = Engine::start().await;
    let http = engine.http();
    receive(&http).await;
    let query = "sku=TEE&mode=events&cursor=earliest";
    let mut stream = Stream::open(engine.url(), query, None).await;
    let (id, told) = stream.next("events").await;
    assert_eq!(told["events"][0]["version"], 1);
    drop(stream);
    receive(&http).await;
    receive(&http).await;
    let mut stream = Stream::open(engine.url(), query, Some(&id)).await;
    let mut versions = Vec::new();
    while versions.len() < 2 {
        let (_, told) = stream.next("events").await;
        let events = told["events"].as_array().expect("events").iter();
        versions.extend(events.filter_map(|event| event["version"].as_u64()));
    }
    assert_eq!(versions, [2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_nobody_reads_any_more_is_subscribed_no_more() {
    let engine = Engine::start().await;
    let http = engine.http();
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = Stream::open(engine.url(), "sku=TEE", None).await;
        stream.next("snapshot").await;
        streams.push(stream);
    }
    assert!(subscriptions(&http).await.contains(" 20"));
    drop(streams);
    eventually("the subscriptions to end", || async {
        subscriptions(&http).await.ends_with(" 0").then_some(())
    })
    .await;
}

async fn subscriptions(http: &Http) -> String {
    let text = http.get("/metrics").await.text().to_string();
    let line = text.lines().find(|line| line.starts_with("saldo_feed_subscriptions"));
    line.expect("the figure").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_request_is_answered_before_the_stream_begins() {
    let engine = Engine::start().await;
    let http = engine.http();
    for query in
        ["mode=x", "view=all", "mode=events&view=exact", "what=1", "view=exact&view=exact", "sku="]
    {
        http.get(&format!("/v1/feed/sse?{query}")).await.refused(400, "malformed");
    }
}
