//! The feed on the network: `GET /v1/feed`, the WebSocket on which a client subscribes and sends commands in
//! frames of either form, and `GET /v1/feed/sse`, one subscription as an event stream.
//!
//! A connection is one task with two halves: the reader parses frames and starts commands, the writer owns the
//! subscriptions and everything that is sent. Neither holds more than its limits say.

mod allowed;
mod catch_up;
mod checks;
mod closing;
mod connection;
pub(super) mod event_stream;
mod form;
mod handshake;
mod incoming;
mod json;
mod limits;
mod readahead;
mod reader;
mod source;
mod subscriptions;
mod walk;
mod wire;
mod writer;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::failure::Failure;
use super::inbound::Inbound;
use super::{Gateway, query};
use allowed::Allowed;
use connection::Connection;
use limits::SocketLimits;
use readahead::Readahead;

/// Answers the upgrade: 101 and the connection goes on as a WebSocket, or 400 `malformed` as problem+json.
pub(crate) async fn upgrade(gateway: Arc<Gateway>, inbound: Inbound) -> Result<Response, Failure> {
    query::none(inbound.uri())?;
    let allowed = Allowed::of(&inbound);
    let mut request = Request::from_parts(inbound.parts, Body::empty());
    let accepted = match handshake::check(&request) {
        Ok(accepted) => accepted,
        Err(fault) => return Ok(handshake::refusal(&fault)),
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let connection = Connection {
        source: gateway.engine.clone(),
        form: accepted.form,
        allowed,
        limits: SocketLimits::of(&gateway.settings),
        stopping: gateway.stopping.clone(),
    };
    let mut cut = gateway.cut.clone();
    // On the runtime that has served the connection so far, where its socket is registered.
    tokio::spawn(async move {
        let served = async {
            // A client that left before its 101 was written has nothing to be told.
            let Ok(upgraded) = upgraded.await else {
                return;
            };
            let stream = Readahead::new(TokioIo::new(upgraded));
            let config = connection.limits.protocol();
            let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config));
            connection.run(socket.await).await;
        };
        tokio::select! {
            () = served => {}
            _ = cut.wait_for(|cut| *cut) => {}
        }
    });
    Ok(handshake::switching_protocols(&accepted))
}

#[cfg(test)]
mod tests;
