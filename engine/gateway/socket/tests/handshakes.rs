//! Which requests become WebSockets.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Version, header};

use super::super::handshake::{HandshakeFault, check, refusal, switching_protocols};

/// The handshake of RFC 6455, section 1.3, with some headers put in the place of its own.
fn request(changes: &[(&str, Option<&str>)]) -> Request {
    let mut headers = vec![
        ("host", "server.example.com"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];
    for (name, value) in changes {
        headers.retain(|(known, _)| known != name);
        headers.extend(value.map(|value| (*name, value)));
    }
    let mut request = Request::builder().uri("/v1/feed");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(Body::empty()).unwrap()
}

fn accepted(changes: &[(&str, Option<&str>)]) -> HeaderMap {
    let accepted = check(&request(changes)).unwrap();
    let response = switching_protocols(&accepted);
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    response.headers().clone()
}

#[test]
fn the_handshake_of_the_standard_is_completed() {
    let headers = accepted(&[]);
    assert_eq!(headers[header::SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(headers[header::UPGRADE], "websocket");
    assert!(!headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL));
    accepted(&[("upgrade", Some("WebSocket")), ("connection", Some("keep-alive, upgrade"))]);
}

#[test]
fn the_subprotocol_is_chosen_among_those_offered() {
    for offered in ["saldo.v1.json", "chat, saldo.v1.json", "saldo.v9,saldo.v1.json ,x"] {
        let headers = accepted(&[("sec-websocket-protocol", Some(offered))]);
        assert_eq!(headers[header::SEC_WEBSOCKET_PROTOCOL], "saldo.v1.json", "{offered}");
    }
    for (offered, chosen) in [
        ("saldo.v1.bin", "saldo.v1.bin"),
        ("saldo.v1.bin, saldo.v1.json", "saldo.v1.bin"),
        ("saldo.token.saldo_read_x, saldo.v1.json, saldo.v1.bin", "saldo.v1.json"),
        ("saldo.v1.bin, saldo.token.x", "saldo.v1.bin"),
    ] {
        let headers = accepted(&[("sec-websocket-protocol", Some(offered))]);
        assert_eq!(headers[header::SEC_WEBSOCKET_PROTOCOL], chosen, "{offered}");
    }
    let headers = accepted(&[("sec-websocket-protocol", Some("saldo.token.x"))]);
    assert!(!headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL), "a token is never told");
    for offered in ["chat", "chat, saldo.token.x", "saldo.v1", "SALDO.V1.JSON", ""] {
        let fault = check(&request(&[("sec-websocket-protocol", Some(offered))])).unwrap_err();
        assert_eq!(fault, HandshakeFault::Protocol, "{offered}");
    }
}

#[test]
fn what_is_no_handshake_is_a_problem() {
    for changes in [
        [("upgrade", None)],
        [("upgrade", Some("h2c"))],
        [("connection", None)],
        [("connection", Some("keep-alive"))],
        [("sec-websocket-version", None)],
        [("sec-websocket-version", Some("8"))],
        [("sec-websocket-key", None)],
        [("sec-websocket-key", Some("c2hvcnQ="))],
        [("sec-websocket-key", Some("dGhlIHNhbXBsZSBub25jZ!=="))],
    ] {
        let fault = check(&request(&changes)).unwrap_err();
        let response = refusal(&fault);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{changes:?}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[header::SEC_WEBSOCKET_VERSION], "13");
    }
    let mut old = request(&[]);
    *old.version_mut() = Version::HTTP_10;
    assert!(matches!(check(&old), Err(HandshakeFault::Request { .. })));
}
