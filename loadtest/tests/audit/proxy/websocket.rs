//! The feed: the handshake goes through as it is, then frames, of which the engine's can be altered.

use std::io;

use futures_util::{SinkExt, StreamExt};
use saldo_protocol::binary::ServerFrame;
use saldo_protocol::{Code, Reply, ServerMessage};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::fault::{Fault, Plan};
use super::wire::{Piece, Wire};

/// Serves a connection from its upgrade on.
pub async fn serve(
    mut client: Wire,
    mut engine: Wire,
    upgrade: &Piece,
    plan: &Plan,
) -> io::Result<()> {
    let answer = engine.ask(upgrade).await?;
    client.write(&answer).await?;
    let client =
        WebSocketStream::from_partially_read(client.stream, client.ahead, Role::Server, None).await;
    let engine =
        WebSocketStream::from_partially_read(engine.stream, engine.ahead, Role::Client, None).await;
    let (mut to_client, mut from_client) = client.split();
    let (mut to_engine, mut from_engine) = engine.split();
    let up = async {
        while let Some(Ok(frame)) = from_client.next().await {
            if is_payload(&frame) && to_engine.send(frame).await.is_err() {
                break;
            }
        }
        to_engine.close().await.unwrap_or_default();
    };
    let down = async {
        while let Some(Ok(frame)) = from_engine.next().await {
            if let Some(frame) = altered(frame, plan)
                && to_client.send(frame).await.is_err()
            {
                break;
            }
        }
        to_client.close().await.unwrap_or_default();
    };
    tokio::join!(up, down);
    Ok(())
}

/// Pings are answered on each side by itself.
fn is_payload(frame: &Message) -> bool {
    matches!(frame, Message::Text(_) | Message::Binary(_))
}

/// The frame as it goes on; none where it does not.
fn altered(frame: Message, plan: &Plan) -> Option<Message> {
    let mut message = match &frame {
        Message::Text(text) => serde_json::from_str(text).ok()?,
        Message::Binary(bytes) => ServerMessage::try_from(ServerFrame::decode(bytes).ok()?).ok()?,
        _ => return None,
    };
    if !alter(&mut message, plan) {
        return Some(frame);
    }
    if matches!(&message, ServerMessage::Events { events, .. } if events.is_empty()) {
        return None;
    }
    Some(match frame {
        Message::Text(_) => Message::text(serde_json::to_string(&message).unwrap()),
        _ => Message::binary(ServerFrame::from(&message).encode()),
    })
}

/// Plants the fault, where this is its occasion.
fn alter(message: &mut ServerMessage, plan: &Plan) -> bool {
    match message {
        ServerMessage::Events { events, .. } => {
            let count = events.len();
            events.retain(|_| !plan.strikes(Fault::SkipsAnEvent));
            events.len() < count
        }
        ServerMessage::Replies { replies, .. } => {
            replies.iter_mut().any(|reply| alter_reply(reply, plan))
        }
        _ => false,
    }
}

fn alter_reply(reply: &mut Reply, plan: &Plan) -> bool {
    match reply {
        Reply::Done { version, .. } if *version > 2 && plan.strikes(Fault::RepeatsAVersion) => {
            *version -= 1;
            true
        }
        Reply::Refused { code: Code::InsufficientStock, .. }
            if plan.strikes(Fault::OversellsInTheAnswer) =>
        {
            // The opening is version 1 and may be told by nobody else.
            *reply = Reply::Done { version: 1, available: -1, expires_at: None, replayed: false };
            true
        }
        _ => false,
    }
}
