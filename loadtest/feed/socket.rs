//! A subscriber's connection: the handshake and the subscription, by hand, so that thousands cost little.

use saldo_protocol::binary::ClientFrame;
use saldo_protocol::client::FeedForm;
use saldo_protocol::{ClientMessage, FrameId, Sku, SkuPrefix, Subscribe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

use crate::feed::frame::{Opcode, put_client};
use crate::feed::keys::Keys;
use crate::feed::settings::{Manner, Selection};
use crate::session::http::authority;

/// What the opening handshake's answer begins and ends with.
const SWITCHING: &[u8] = b"HTTP/1.1 101 ";
const HEAD_END: &[u8] = b"\r\n\r\n";
/// The longest answer to a handshake that is read, in bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// What the system keeps for a subscriber that never reads, in bytes, where it allows as little.
const STALLED_BUFFER_BYTES: u32 = 4 << 10;

/// Where and how subscribers connect.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    authority: String,
    handshake: Vec<u8>,
    pub(super) form: FeedForm,
    pub(super) selection: Selection,
}

impl Dial {
    /// Of an address such as `http://127.0.0.1:7700`; none, and why, where it is none or the token cannot be sent.
    pub(super) fn new(
        url: &str,
        token: Option<&str>,
        form: FeedForm,
        selection: Selection,
    ) -> Result<Self, String> {
        let authority = authority(url).map_err(|error| error.to_string())?;
        let authorization = match token {
            Some(token) if token.bytes().any(|byte| !byte.is_ascii_graphic()) => {
                return Err("the token holds what no header can".to_owned());
            }
            Some(token) => format!("Authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        // The key is of RFC 6455, 1.2: what comes back is the engine's, whose answers are checked otherwise.
        let handshake = format!(
            "GET /v1/feed HTTP/1.1\r\nHost: {authority}\r\n{authorization}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: {}\r\n\r\n",
            form.subprotocol()
        );
        Ok(Self { authority, handshake: handshake.into_bytes(), form, selection })
    }

    /// Connects and subscribes; the answers are yet to be read.
    pub(super) async fn open(
        &self,
        number: u32,
        manner: Manner,
        keys: &Keys,
    ) -> Result<TcpStream, String> {
        let failed = |error: std::io::Error| format!("connecting: {error}");
        let mut stream = self.connected(manner).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.write_all(&self.handshake).await.map_err(failed)?;
        let mut head = Vec::new();
        // Nothing of a frame is read with it, since the engine says nothing until it is asked.
        while !head.ends_with(HEAD_END) && head.len() <= HEAD_BYTES_MAX {
            if stream.read_buf(&mut head).await.map_err(failed)? == 0 {
                break;
            }
        }
        if !(head.starts_with(SWITCHING) && head.ends_with(HEAD_END)) {
            return Err(format!("the handshake was refused: {}", String::from_utf8_lossy(&head)));
        }
        let frame = self.subscription(number, keys).map_err(|error| error.to_string())?;
        stream.write_all(&frame).await.map_err(failed)?;
        Ok(stream)
    }

    async fn connected(&self, manner: Manner) -> std::io::Result<TcpStream> {
        if manner != Manner::Stalled {
            return TcpStream::connect(&self.authority).await;
        }
        let address = lookup_host(&self.authority).await?.next();
        let address = address.ok_or(std::io::ErrorKind::AddrNotAvailable)?;
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_recv_buffer_size(STALLED_BUFFER_BYTES)?;
        socket.connect(address).await
    }

    fn subscription(
        &self,
        number: u32,
        keys: &Keys,
    ) -> Result<Vec<u8>, saldo_protocol::InvalidField> {
        let mut subscribe = Subscribe::all(FrameId::new("s")?);
        match self.selection {
            Selection::Run => {
                subscribe.sku_prefixes = Some(vec![SkuPrefix::new(keys.names().sku_prefix())?]);
            }
            Selection::OneSku => {
                let stock = keys.names().stocks().get(keys.of_sku(number).start);
                let skus = stock.map(|stock| Sku::new(&*stock.sku)).transpose()?;
                subscribe.skus = Some(skus.into_iter().collect());
            }
        }
        let message = ClientMessage::Subscribe(subscribe);
        let mut frame = Vec::new();
        match self.form {
            FeedForm::Json => {
                // Texts and lists of them, which JSON can always carry.
                let text = serde_json::to_vec(&message).unwrap_or_default();
                put_client(Opcode::Text, &text, &mut frame);
            }
            FeedForm::Binary => {
                put_client(Opcode::Binary, &ClientFrame::from(&message).encode(), &mut frame);
            }
        }
        Ok(frame)
    }
}
