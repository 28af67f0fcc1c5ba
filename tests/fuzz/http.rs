//! Requests to a running engine: whatever is asked, the answer is one of those promised, never a 5xx. An input is the
//! method and target in its first line, headers up to an empty line, then the body.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::response::Parts;
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use saldo_protocol::{PROBLEM_CONTENT_TYPE, Problem};

use super::running::running;

/// Headers of one request at most.
const HEADERS_MAX: usize = 16;

type Sender = Client<HttpConnector, Full<Bytes>>;

/// Sends a request and looks at the answer.
///
/// # Panics
/// Where there is no answer, or none that is promised.
pub fn run(bytes: &[u8]) {
    thread_local! {
        static SENDER: Sender = {
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            Client::builder(TokioExecutor::new()).build(connector)
        };
    }
    let Some(request) = request(bytes, running().url()) else { return };
    let method = request.method().clone();
    let sender = SENDER.with(Clone::clone);
    running().within("answer", async move {
        let answer = match sender.request(request).await {
            Ok(answer) => answer,
            // What hyper refuses to send, or a server may hang up on.
            Err(error) => return assert!(!error.is_connect(), "{error}"),
        };
        let (parts, body) = answer.into_parts();
        if is_endless(&parts) {
            return;
        }
        let body = body_of(body).await;
        judge(&parts, &body, &method);
    });
}

/// The request that an input stands for, if it is one that can be sent.
fn request(bytes: &[u8], base: &str) -> Option<Request<Full<Bytes>>> {
    let mut lines = bytes.splitn(HEADERS_MAX + 2, |byte| *byte == b'\n');
    let head = str::from_utf8(lines.next()?).ok()?;
    let (method, target) = head.split_once(' ')?;
    // CONNECT and absolute targets are about other hosts.
    if !target.starts_with('/') || method == "CONNECT" {
        return None;
    }
    let uri: Uri = format!("{base}{target}").parse().ok()?;
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let mut request = Request::builder().method(method).uri(uri);
    let mut body: &[u8] = &[];
    while let Some(line) = lines.next() {
        if line.is_empty() {
            let before = bytes.len() - lines.map(|rest| rest.len() + 1).sum::<usize>();
            body = bytes.get(before..).map_or(&[][..], |rest| rest.get(1..).unwrap_or_default());
            break;
        }
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        // Of these the connection itself is made.
        if [
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "upgrade",
            "expect",
            "te",
            "trailer",
        ]
        .contains(&name.as_str())
        {
            continue;
        }
        request = request.header(name, HeaderValue::from_bytes(line[at + 1..].trim_ascii()).ok()?);
    }
    request.body(Full::new(Bytes::copy_from_slice(body))).ok()
}

/// Whether the answer goes on for ever: Server-Sent Events.
fn is_endless(parts: &Parts) -> bool {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

async fn body_of(body: Incoming) -> Bytes {
    body.collect().await.expect("a whole body").to_bytes()
}

fn judge(parts: &Parts, body: &Bytes, method: &Method) {
    let status = parts.status.as_u16();
    let text = String::from_utf8_lossy(body);
    assert!(status < 500, "{status}: {text}");
    if method == Method::HEAD {
        return assert!(body.is_empty(), "a body for HEAD");
    }
    let kind = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    if status >= 400 {
        assert_eq!(kind, PROBLEM_CONTENT_TYPE.as_bytes(), "{status}: {text}");
        let problem: Problem = match serde_json::from_slice(body) {
            Ok(problem) => problem,
            Err(error) => panic!("{error} in {text}"),
        };
        assert_eq!(problem.code.status(), status, "{text}");
        assert!(!problem.detail.is_empty(), "{text}");
    } else if kind == b"application/json" {
        let json: Result<serde_json::Value, _> = serde_json::from_slice(body);
        assert!(json.is_ok(), "{text}");
    }
}
