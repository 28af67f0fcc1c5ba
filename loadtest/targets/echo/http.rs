//! Requests of HTTP/1.1 and their answers. A request is looked at only as far as its answer needs.

use saldo_protocol::client::FeedForm;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::targets::echo::replies::{Counter, put_level, put_reservation};

/// Headers of a request at most.
const HEADERS_MAX: usize = 32;
const FEED_PATH: &str = "/v1/feed";
const RESERVATIONS_PATH: &str = "/v1/reservations";
const STOCK_PATH: &str = "/v1/stock/";
/// Where an answer's length stands: so many digits are enough for any of them.
const LENGTH_DIGITS: usize = 6;
/// The heads of answers, up to the length of the body, and what follows it; the engine's have a date, too.
const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: ";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
const TEXT: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: ";
const HEAD_END: &str = "\r\ndate: Sat, 31 Jan 2026 08:15:00 GMT\r\n\r\n";
/// What the echo says of itself: optimised or not, and that nothing survives.
const METRICS: &str = concat!(
    "# TYPE saldo_build_info gauge\nsaldo_build_info{version=\"echo ",
    env!("CARGO_PKG_VERSION"),
    "\",profile=\"",
);
const METRICS_END: &str = "\"} 1\nsaldo_durability_power_loss 0\nsaldo_events 0\nsaldo_journal_syncs 0\n\
                           saldo_journal_sync_us_total 0\nsaldo_journal_bytes 0\n";
const PROFILE: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

/// A whole request.
pub(super) struct Request<'a> {
    /// What it asks for.
    pub(super) asked: Asked<'a>,
    /// How many bytes it takes.
    pub(super) bytes: usize,
}

/// What a request asks for.
pub(super) enum Asked<'a> {
    /// An upgrade.
    Feed(Upgrade),
    /// An answer.
    Call { method: &'a str, path: &'a str, body: &'a str },
}

/// An upgrade to the feed.
pub(super) struct Upgrade {
    pub(super) form: FeedForm,
    accept: String,
    /// Whether the form was named.
    is_named: bool,
}

/// The request that `bytes` begin with; inside none while it is not whole. None where it is no request.
#[expect(clippy::option_option, reason = "not yet, and never")]
pub(super) fn request(bytes: &[u8]) -> Option<Option<Request<'_>>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(bytes).ok()? else { return Some(None) };
    let (method, path) = (request.method?, request.path?);
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| str::from_utf8(header.value).ok())
    };
    let length = header("content-length").map_or(Some(0), |value| value.trim().parse().ok())?;
    let end = head.checked_add(length)?;
    let Some(body) = bytes.get(head..end) else { return Some(None) };
    let asked = if path == FEED_PATH {
        let offered = header("sec-websocket-protocol");
        let is_binary =
            offered.is_some_and(|offered| offered.contains(FeedForm::Binary.subprotocol()));
        let form = if is_binary { FeedForm::Binary } else { FeedForm::Json };
        let accept = derive_accept_key(header("sec-websocket-key")?.as_bytes());
        Asked::Feed(Upgrade { form, accept, is_named: offered.is_some() })
    } else {
        Asked::Call { method, path, body: str::from_utf8(body).ok()? }
    };
    Some(Some(Request { asked, bytes: end }))
}

/// Appends the answer after which the connection is a WebSocket.
pub(super) fn put_switching(upgrade: &Upgrade, out: &mut Vec<u8>) {
    let protocol = match upgrade.is_named {
        true => format!("sec-websocket-protocol: {}\r\n", upgrade.form.subprotocol()),
        false => String::new(),
    };
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-accept: {}\r\n{protocol}\r\n",
        upgrade.accept
    );
    out.extend_from_slice(head.as_bytes());
}

/// Appends the answer to a call.
pub(super) fn answer(
    method: &str,
    path: &str,
    body: &str,
    counter: &mut Counter,
    out: &mut Vec<u8>,
) {
    if method == "POST" && path == RESERVATIONS_PATH {
        let id = text_behind(body, r#""id":""#).unwrap_or("01940000-0000-7000-8000-000000000001");
        return put_answer(CREATED, out, |out| put_reservation(id, lines(body), out));
    }
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    if let Some(rest) = path.strip_prefix(STOCK_PATH) {
        let mut names = rest.split('/');
        let (sku, location) = (names.next().unwrap_or_default(), names.next().unwrap_or("X"));
        return put_answer(OK, out, |out| put_level(sku, location, counter, out));
    }
    let reservation = path.strip_prefix(RESERVATIONS_PATH).and_then(|rest| rest.strip_prefix('/'));
    if let Some(rest) = reservation {
        let id = rest.split('/').next().unwrap_or_default();
        let canned = ("SKU", "X", "1");
        let is_canned = !body.contains(r#""sku":"#);
        let lines = lines(body).chain(is_canned.then_some(canned));
        return put_answer(OK, out, |out| put_reservation(id, lines, out));
    }
    let (head, parts): (&str, &[&str]) = match path {
        "/metrics" => (TEXT, &[METRICS, PROFILE, METRICS_END]),
        "/livez" | "/readyz" => (OK, &[r#"{"state":"ready","quarantined":[],"read_only":false}"#]),
        "/v1/movements" => (OK, &[r#"{"movements":[],"next_cursor":null}"#]),
        "/v1/availability:query" => (OK, &[r#"{"levels":[],"unknown":[]}"#]),
        "/v1/reservations" => (OK, &[r#"{"reservations":[],"next_cursor":null}"#]),
        "/v1/returns" => (OK, &[r#"{"levels":[]}"#]),
        _ => (OK, &["{}"]),
    };
    put_answer(head, out, |out| {
        parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
    });
}

/// Appends a head, what `body` appends, and then the length of that in the head.
fn put_answer(head: &str, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(head.as_bytes());
    let length_at = out.len();
    // Blanks before a number are allowed (RFC 9110, 5.5).
    out.extend_from_slice(&[b' '; LENGTH_DIGITS]);
    out.extend_from_slice(HEAD_END.as_bytes());
    let body_at = out.len();
    body(out);
    let mut length = out.len() - body_at;
    for digit in out[length_at..length_at + LENGTH_DIGITS].iter_mut().rev() {
        *digit = b'0' + (length % 10).to_le_bytes()[0];
        length /= 10;
        if length == 0 {
            break;
        }
    }
}

/// The lines of a request, in whatever order they name their fields.
fn lines(body: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let lines = body.split_once(r#""lines":["#).map_or("", |(_, lines)| lines);
    lines.split('}').map_while(|line| {
        let sku = text_behind(line, r#""sku":""#)?;
        let location = text_behind(line, r#""location":""#)?;
        let (_, quantity) = line.split_once(r#""quantity":"#)?;
        let digits = quantity.bytes().take_while(u8::is_ascii_digit).count();
        Some((sku, location, &quantity[..digits]))
    })
}

/// The text that begins behind `mark` and ends at the next quotation mark; a run's names have no escapes.
fn text_behind<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    rest.split_once('"').map(|(found, _)| found)
}
