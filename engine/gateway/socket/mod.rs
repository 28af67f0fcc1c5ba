//! `GET /v1/feed`: the WebSocket on which a client subscribes and sends commands, in text frames of JSON.
//!
//! A connection is one task with two halves: the reader parses frames and starts commands, the writer owns the
//! subscriptions and everything that is sent. Neither holds more than its limits say.

mod closing;
mod connection;
mod handshake;
mod incoming;
mod limits;
mod messages;
mod reader;
mod source;
mod subscriptions;
mod walk;
mod writer;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::Gateway;
use connection::Connection;
use limits::SocketLimits;

/// Answers the upgrade: 101 and the connection goes on as a WebSocket, or 400 `malformed` as problem+json.
pub async fn upgrade(State(gateway): State<Arc<Gateway>>, mut request: Request) -> Response {
    let accepted = match handshake::check(&request) {
        Ok(accepted) => accepted,
        Err(failure) => return handshake::refusal(&failure).into_response(),
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let connection = Connection {
        source: gateway.engine.clone(),
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
            let (stream, config) = (TokioIo::new(upgraded), connection.limits.protocol());
            let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config));
            connection.run(socket.await).await;
        };
        tokio::select! {
            () = served => {}
            _ = cut.wait_for(|cut| *cut) => {}
        }
    });
    handshake::switching_protocols(&accepted)
}

#[cfg(test)]
mod tests;
