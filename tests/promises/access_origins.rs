//! Which web pages may call: a page must not reach a shop's stock through its visitor's browser.

use saldo_tests::{Engine, Http, Told};

const SHOP: &str = "https://shop.example";
const FOREIGN: [&str; 5] = [
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "null",
    "http://127.0.0.1:1",
];
const LEVEL: &str = "/v1/stock/TEE/OSLO";

async fn engine() -> Engine {
    Engine::with(&[("origins", "https://shop.example")]).await
}

/// Sends a request with these headers.
async fn send(http: &Http, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Told {
    let mut request = http.request(method.parse().expect("a method"), path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    http.send(request, body.to_owned()).await
}

async fn receive(http: &Http, headers: &[(&str, &str)]) -> Told {
    let headers = [&[("content-type", "application/json")], headers].concat();
    send(http, "POST", "/v1/stock/TEE/OSLO/receive", &headers, r#"{"quantity":1}"#).await
}

async fn open_feed(http: &Http, headers: &[(&str, &str)]) -> Told {
    let handshake = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    send(http, "GET", "/v1/feed", &[&handshake, headers].concat(), "").await
}

/// The pages that the engine serves itself, by each of this machine's own names.
fn own_origins(engine: &Engine) -> Vec<String> {
    let (_, port) = engine.url().rsplit_once(':').expect("a port");
    ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("http://{host}:{port}")).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_shop_and_the_engines_own_may_call() {
    let engine = engine().await;
    let http = engine.http();
    for origin in [own_origins(&engine), vec![SHOP.to_owned()]].concat() {
        let header = [("origin", origin.as_str())];
        assert_eq!(open_feed(&http, &header).await.status, 101, "{origin}");
        let changed = receive(&http, &header).await;
        let read = send(&http, "GET", LEVEL, &header, "").await;
        let refused = send(&http, "GET", "/v1/stock/TEE/BERGEN", &header, "").await;
        let streamed = send(&http, "GET", "/v1/feed/sse?mode=x", &header, "").await;
        let unrouted = send(&http, "GET", "/v1/nothing", &header, "").await;
        let answers =
            [(changed, 200), (read, 200), (refused, 404), (streamed, 400), (unrouted, 404)];
        for (told, status) in answers {
            assert_eq!(told.status, status, "{origin}: {}", told.text());
            assert_eq!(told.header("access-control-allow-origin"), origin);
            assert_eq!(told.header("vary"), "origin");
            let exposed = told.header("access-control-expose-headers");
            assert!(exposed.contains("idempotent-replayed, retry-after"), "{exposed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_change_nothing_and_read_nothing() {
    let engine = engine().await;
    let http = engine.http();
    assert_eq!(receive(&http, &[]).await.status, 200, "no page sent it");
    for origin in FOREIGN {
        let header = [("origin", origin)];
        for told in [receive(&http, &header).await, open_feed(&http, &header).await] {
            assert_eq!((told.status, told.code().as_str()), (403, "forbidden"), "{origin}");
            assert_eq!(told.header("access-control-allow-origin"), "", "{origin}");
        }
        let read = send(&http, "GET", LEVEL, &header, "").await;
        assert_eq!(read.status, 200, "{origin}: a browser keeps the answer from its page");
        assert_eq!(read.header("access-control-allow-origin"), "", "{origin}");
        assert_eq!(read.header("vary"), "origin", "{origin}");
    }
    let level = http.get(LEVEL).await;
    assert_eq!(level.json()["on_hand"], 1, "{}", level.text());
    assert_eq!(level.header("vary"), "", "not said where no page asks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_made_to_lead_here_is_foreign() {
    let engine = engine().await;
    let http = engine.http();
    let (_, port) = engine.url().rsplit_once(':').expect("a port");
    let (host, origin) = (format!("evil.example:{port}"), format!("http://evil.example:{port}"));
    let agreeing = [("host", host.as_str()), ("origin", origin.as_str())];
    assert_eq!(receive(&http, &agreeing).await.status, 403);
    assert_eq!(open_feed(&http, &agreeing).await.status, 403);
    // A read of a page's own origin carries no `Origin`.
    let told = send(&http, "GET", LEVEL, &agreeing[..1], "").await;
    assert_eq!((told.status, told.code().as_str()), (403, "forbidden"));
    let by_name = [("host", "localhost:7700")];
    assert_eq!(send(&http, "GET", LEVEL, &by_name, "").await.status, 404, "let in");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_the_protocol_answers_a_preflight() {
    let engine = Engine::with(&[("origins", SHOP), ("tokens", super::access_matrix::TOKENS)]).await;
    let http = engine.http();
    let document = http.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().expect("paths");
    for (template, item) in paths.iter().filter(|(path, _)| path.starts_with("/v1/")) {
        let path = template.replace(['{', '}'], "");
        let headers = [("origin", SHOP), ("access-control-request-method", "POST")];
        let told = send(&http, "OPTIONS", &path, &headers, "").await;
        assert_eq!(told.status, 204, "{path}: a browser sends no token with it");
        assert_eq!(told.header("access-control-allow-origin"), SHOP, "{path}");
        let methods: Vec<_> = told.header("access-control-allow-methods").split(',').collect();
        for method in item.as_object().expect("calls").keys() {
            assert!(methods.contains(&method.to_uppercase().as_str()), "{path}: {methods:?}");
        }
        let allowed = told.header("access-control-allow-headers");
        for header in ["authorization", "content-type", "idempotency-key", "last-event-id"] {
            assert!(allowed.contains(header), "{path}: {allowed}");
        }
        assert_eq!(told.header("access-control-max-age"), "7200", "{path}");
        for foreign in FOREIGN {
            let headers = [("origin", foreign), ("access-control-request-method", "POST")];
            let told = send(&http, "OPTIONS", &path, &headers, "").await;
            assert_eq!(told.header("access-control-allow-origin"), "", "{path} for {foreign}");
            assert_eq!(told.header("access-control-allow-methods"), "", "{path} for {foreign}");
            assert_eq!(told.header("vary"), "origin", "{path} for {foreign}");
        }
    }
}
