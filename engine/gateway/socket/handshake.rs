//! The opening handshake (RFC 6455, section 4.2): which requests become WebSockets, and in which subprotocol.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use thiserror::Error;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::form::Form;
use crate::gateway::access::{TOKEN_PROTOCOL_PREFIX, offered_protocols};
use crate::gateway::failure::Failure;

/// The subprotocols that are spoken, each a form of frames. The first is also spoken where a client offers none.
const PROTOCOLS: [(&str, Form); 2] =
    [("saldo.v1.json", Form::Json), ("saldo.v1.bin", Form::Binary)];

/// The one version of the WebSocket protocol that there is.
const WEBSOCKET_VERSION: &str = "13";

/// The length of `Sec-WebSocket-Key`: 16 bytes in base64.
const KEY_BYTES: usize = 24;

/// A handshake that may be completed.
#[derive(Debug)]
pub(super) struct Accepted {
    accept_key: String,
    /// What the connection's frames are made of.
    pub(super) form: Form,
    /// The subprotocol to name in the answer; none where none was offered.
    protocol: Option<&'static str>,
}

/// Why a request is not a WebSocket handshake that the engine takes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum HandshakeFault {
    /// Not `GET`, or not HTTP/1.1.
    #[error("a WebSocket begins with GET in HTTP/1.1, found {method} in {version:?}")]
    Request { method: Method, version: Version },
    /// A header without the token that asks for the upgrade.
    #[error("this is a WebSocket: the header `{header}` must hold `{token}`")]
    NoUpgrade { header: &'static str, token: &'static str },
    /// Another version of the protocol.
    #[error("`Sec-WebSocket-Version` must be {WEBSOCKET_VERSION}")]
    Version,
    /// No key to derive the answer's from.
    #[error("`Sec-WebSocket-Key` must be there once, as 16 bytes in base64")]
    Key,
    /// Only subprotocols that are not spoken here.
    #[error(
        "none of the offered subprotocols is spoken here: offer `{}` or `{}`, or none",
        PROTOCOLS[0].0,
        PROTOCOLS[1].0
    )]
    Protocol,
}

/// Checks the request's line and headers.
pub(super) fn check(request: &Request) -> Result<Accepted, HandshakeFault> {
    let headers = request.headers();
    if request.method() != Method::GET || request.version() != Version::HTTP_11 {
        return Err(HandshakeFault::Request {
            method: request.method().clone(),
            version: request.version(),
        });
    }
    if !tokens(headers, &header::UPGRADE).any(|token| token.eq_ignore_ascii_case("websocket")) {
        return Err(HandshakeFault::NoUpgrade { header: "Upgrade", token: "websocket" });
    }
    if !tokens(headers, &header::CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade")) {
        return Err(HandshakeFault::NoUpgrade { header: "Connection", token: "Upgrade" });
    }
    let version = headers.get(header::SEC_WEBSOCKET_VERSION);
    if version.is_none_or(|version| version != WEBSOCKET_VERSION) {
        return Err(HandshakeFault::Version);
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(HandshakeFault::Key);
    };
    if !is_key(key.as_bytes()) {
        return Err(HandshakeFault::Key);
    }
    let chosen = chosen_protocol(headers)?;
    Ok(Accepted {
        accept_key: derive_accept_key(key.as_bytes()),
        form: chosen.map_or(Form::Json, |(_, form)| form),
        protocol: chosen.map(|(protocol, _)| protocol),
    })
}

/// The answer after which the connection is a WebSocket.
pub(super) fn switching_protocols(accepted: &Accepted) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    // Base64 is a header's value, always.
    if let Ok(accept_key) = HeaderValue::from_str(&accepted.accept_key) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept_key);
    }
    if let Some(protocol) = accepted.protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    response
}

/// The answer to what [`check`] does not take: 400 `malformed`, and the version that is spoken.
pub(super) fn refusal(fault: &HandshakeFault) -> Response {
    let mut response = Failure::malformed(fault.to_string()).into_response();
    response
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static(WEBSOCKET_VERSION));
    response
}

/// The first of the offered subprotocols that is spoken here, for a client offers what it likes best first. A token
/// among them is none; nothing where nothing else is offered.
fn chosen_protocol(headers: &HeaderMap) -> Result<Option<(&'static str, Form)>, HandshakeFault> {
    let mut is_any_unknown = false;
    for offered in offered_protocols(headers) {
        if let Some(spoken) = PROTOCOLS.into_iter().find(|(protocol, _)| *protocol == offered) {
            return Ok(Some(spoken));
        }
        is_any_unknown |= !offered.starts_with(TOKEN_PROTOCOL_PREFIX);
    }
    if is_any_unknown { Err(HandshakeFault::Protocol) } else { Ok(None) }
}

/// The comma-separated tokens of all headers of this name.
fn tokens<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn is_key(key: &[u8]) -> bool {
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == KEY_BYTES && key.ends_with(b"==") && key[..KEY_BYTES - 2].iter().all(base64)
}
