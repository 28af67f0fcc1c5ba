//! Frames to the feed of a running engine: it answers each or closes with a reason, and everything that it says can be
//! read. The first byte chooses the form; then frames, each with its kind and its length before it.

use std::cell::RefCell;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use saldo_protocol::ServerMessage;
use saldo_protocol::binary::{ClientFrame, ServerFrame};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::input::Input;
use super::running::running;

/// Frames of one input.
const FRAMES_MAX: usize = 16;
/// Inputs that one connection takes, so that its subscriptions end.
const INPUTS_MAX: u32 = 50;

type Stream = WebSocketStream<TcpStream>;

/// A connection of each form, and how many inputs it took.
#[derive(Default)]
struct Open([Option<(Stream, u32)>; 2]);

/// Sends the input's frames, then asks whether anyone is there.
///
/// # Panics
/// Where nobody answers, or something is said that cannot be read.
pub fn run(bytes: &[u8]) {
    thread_local! {
        static OPEN: RefCell<Open> = RefCell::default();
    }
    let mut input = Input(bytes);
    let is_binary = !input.byte().is_multiple_of(2);
    let mut frames = Vec::new();
    while !input.is_empty() && frames.len() < FRAMES_MAX {
        let is_text = input.byte() < 0x80;
        let piece = input.piece();
        match str::from_utf8(piece) {
            Ok(text) if is_text => frames.push(Message::text(text.to_owned())),
            _ => frames.push(Message::binary(Bytes::copy_from_slice(piece))),
        }
    }
    OPEN.with_borrow_mut(|open| {
        let place = &mut open.0[usize::from(is_binary)];
        let kept = running().within("end of what was sent", async {
            let (stream, inputs) = match place.take() {
                Some(open) => open,
                None => (connect(is_binary).await, 0),
            };
            exchange(stream, frames, is_binary).await.map(|stream| (stream, inputs + 1))
        });
        *place = kept.filter(|(_, inputs)| *inputs < INPUTS_MAX);
    });
}

async fn connect(is_binary: bool) -> Stream {
    let authority = running().url().trim_start_matches("http://");
    let tcp = TcpStream::connect(authority).await.expect("a connection");
    tcp.set_nodelay(true).expect("a socket option");
    let mut request = format!("ws://{authority}/v1/feed").into_client_request().expect("a request");
    let form = if is_binary { "saldo.v1.bin" } else { "saldo.v1.json" };
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(form));
    tokio_tungstenite::client_async(request, tcp).await.expect("an upgrade").0
}

/// Sends frames and a ping, and hears up to its pong; the connection, where it is still open.
async fn exchange(mut stream: Stream, frames: Vec<Message>, is_binary: bool) -> Option<Stream> {
    let ping = if is_binary {
        Message::binary(ClientFrame::Ping.encode())
    } else {
        Message::text(r#"{"type":"ping"}"#)
    };
    let mut pings = 1_usize;
    for frame in frames {
        pings += usize::from(is_ping(&frame, is_binary));
        // A connection that the engine closed tells why below.
        if stream.send(frame).await.is_err() {
            break;
        }
    }
    let sent = stream.send(ping).await;
    while pings > 0 {
        match stream.next().await {
            Some(Ok(Message::Text(text))) if !is_binary => {
                pings -= usize::from(is_pong(serde_json::from_str(&text).expect("a message")));
            }
            Some(Ok(Message::Binary(bytes))) if is_binary => {
                let frame = ServerFrame::decode(&bytes).expect("a frame");
                pings -= usize::from(is_pong(frame.try_into().expect("a message")));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(why))) => {
                let why = why.expect("a reason");
                assert!(u16::from(why.code) != 1011, "an internal error: {why}");
                return None;
            }
            None | Some(Err(_)) => {
                assert!(sent.is_err(), "the engine hung up without a reason");
                return None;
            }
            Some(Ok(other)) => panic!("a frame of the other form: {other:?}"),
        }
    }
    Some(stream)
}

/// Whether a frame of the input is itself a ping that is answered.
fn is_ping(frame: &Message, is_binary: bool) -> bool {
    match frame {
        Message::Text(text) if !is_binary => {
            let read = saldo_protocol::parse_body(text.as_bytes());
            matches!(read, Ok(saldo_protocol::ClientMessage::Ping))
        }
        Message::Binary(bytes) if is_binary => {
            matches!(ClientFrame::decode(bytes), Ok(ClientFrame::Ping))
        }
        _ => false,
    }
}

fn is_pong(message: ServerMessage) -> bool {
    message == ServerMessage::Pong
}
