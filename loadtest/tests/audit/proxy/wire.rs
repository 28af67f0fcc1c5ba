//! One side of a proxied connection: HTTP messages as they came, cut where they end.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEADERS_MAX: usize = 64;

/// A connection and what was read ahead.
#[derive(Debug)]
pub struct Wire {
    pub stream: TcpStream,
    pub ahead: Vec<u8>,
}

/// A request or an answer: its head, up to and with the empty line, and its body.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Piece {
    /// The first line: `POST /v1/reservations HTTP/1.1`, `HTTP/1.1 409 Conflict`.
    pub fn first_line(&self) -> &str {
        let head = std::str::from_utf8(&self.head).unwrap_or_default();
        head.lines().next().unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(&self.head).ok()?;
        head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// An answer of the proxy's own.
    pub fn answer(status: &str, body: &serde_json::Value) -> Self {
        let body = body.to_string().into_bytes();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        Self { head: head.into_bytes(), body }
    }

    /// A request of the proxy's own.
    pub fn request(line: &str, body: &serde_json::Value) -> Self {
        let body = body.to_string().into_bytes();
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        Self { head: head.into_bytes(), body }
    }
}

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap_or_default();
        Self { stream, ahead: Vec::new() }
    }

    /// The next message; none at the end of the connection.
    pub async fn read(&mut self) -> io::Result<Option<Piece>> {
        let Some(length) = self.head_length().await? else { return Ok(None) };
        let mut piece = Piece { head: self.ahead.drain(..length).collect(), body: Vec::new() };
        if piece.header("transfer-encoding").is_some() {
            while !piece.body.ends_with(b"0\r\n\r\n") {
                if self.ahead.is_empty() && !self.more().await? {
                    break;
                }
                piece.body.append(&mut self.ahead);
            }
            return Ok(Some(piece));
        }
        let length = piece.header("content-length").and_then(|length| length.parse().ok());
        let length: usize = length.unwrap_or(0);
        while self.ahead.len() < length && self.more().await? {}
        piece.body = self.ahead.drain(..length.min(self.ahead.len())).collect();
        Ok(Some(piece))
    }

    pub async fn write(&mut self, piece: &Piece) -> io::Result<()> {
        self.stream.write_all(&[piece.head.as_slice(), &piece.body].concat()).await
    }

    /// Asks and waits for the answer.
    pub async fn ask(&mut self, request: &Piece) -> io::Result<Piece> {
        self.write(request).await?;
        self.read().await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    async fn head_length(&mut self) -> io::Result<Option<usize>> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
            // Requests and answers end their heads alike.
            let is_answer = self.ahead.starts_with(b"HTTP/");
            let parsed = if is_answer {
                httparse::Response::new(&mut headers).parse(&self.ahead)
            } else {
                httparse::Request::new(&mut headers).parse(&self.ahead)
            };
            match parsed {
                Ok(httparse::Status::Complete(length)) => return Ok(Some(length)),
                Ok(httparse::Status::Partial) if self.more().await? => {}
                Ok(httparse::Status::Partial) => return Ok(None),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    async fn more(&mut self) -> io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.ahead).await? > 0)
    }
}
