//! The leanest client that HTTP/1.1 allows: one connection, one request in flight, its bytes made beforehand.

use saldo_protocol::Level;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::BenchError;

/// First capacity of an answer's buffer; it grows with the answer.
const BUFFER_BYTES: usize = 16 << 10;
/// What a head ends with.
const HEAD_END: &[u8] = b"\r\n\r\n";
const LENGTH_HEADER: &[u8] = b"content-length:";

/// A keep-alive connection.
#[derive(Debug)]
pub struct HttpClient {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer; its body lies in the connection's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The body of a 200 or 201 as text.
    ///
    /// # Errors
    /// [`BenchError::Answer`]: another status, or no text.
    pub fn text(&self) -> Result<String, BenchError> {
        let text = String::from_utf8_lossy(self.body).into_owned();
        if matches!(self.status, 200 | 201) {
            Ok(text)
        } else {
            Err(BenchError::Answer(format!("{} {text}", self.status)))
        }
    }

    /// The body of a 200 or 201 as JSON.
    ///
    /// # Errors
    /// [`BenchError::Answer`]: another status, or other JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BenchError> {
        let text = self.text()?;
        serde_json::from_str(&text)
            .map_err(|error| BenchError::Answer(format!("{error} in {text}")))
    }
}

impl HttpClient {
    /// Connects to `ADDRESS:PORT`.
    ///
    /// # Errors
    /// [`BenchError::Io`].
    pub async fn connect(authority: &str) -> Result<Self, BenchError> {
        let connecting = || BenchError::io(format!("connecting to {authority}"));
        let stream = TcpStream::connect(authority).await.map_err(connecting())?;
        stream.set_nodelay(true).map_err(connecting())?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER_BYTES) })
    }

    /// Sends a request that [`request`] made, and reads the whole answer.
    ///
    /// # Errors
    /// [`BenchError::Io`] and [`BenchError::Answer`]: the connection is of no more use.
    pub async fn send(&mut self, request: &[u8]) -> Result<Answer<'_>, BenchError> {
        self.stream.write_all(request).await.map_err(BenchError::io("sending a request"))?;
        self.buffer.clear();
        let (status, head, whole) = loop {
            if self.stream.read_buf(&mut self.buffer).await.map_err(BenchError::io("an answer"))?
                == 0
            {
                return Err(BenchError::Answer("the connection ended within it".to_owned()));
            }
            if let Some(head) = head_bytes(&self.buffer) {
                let (status, length) = parsed(&self.buffer[..head])?;
                break (status, head, head + length);
            }
        };
        while self.buffer.len() < whole {
            if self.stream.read_buf(&mut self.buffer).await.map_err(BenchError::io("an answer"))?
                == 0
            {
                return Err(BenchError::Answer("the connection ended within it".to_owned()));
            }
        }
        Ok(Answer { status, body: &self.buffer[head..whole] })
    }
}

fn head_bytes(buffer: &[u8]) -> Option<usize> {
    let at = buffer.windows(HEAD_END.len()).position(|window| window == HEAD_END)?;
    Some(at + HEAD_END.len())
}

/// Status and length of the body. No header but the length is looked at.
fn parsed(head: &[u8]) -> Result<(u16, usize), BenchError> {
    let unfit = || BenchError::Answer(String::from_utf8_lossy(head).into_owned());
    let number = |bytes: &[u8]| str::from_utf8(bytes).ok()?.trim().parse::<usize>().ok();
    let status = head.get(9..12).and_then(number).ok_or_else(unfit)?;
    let length = head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(LENGTH_HEADER.len())?;
        name.eq_ignore_ascii_case(LENGTH_HEADER).then(|| number(value))?
    });
    Ok((u16::try_from(status).map_err(|_| unfit())?, length.ok_or_else(unfit)?))
}

/// The bytes of a request; an empty body is none.
#[must_use]
pub fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: saldo\r\n");
    let end = if body.is_empty() {
        "\r\n".to_owned()
    } else {
        let length = body.len();
        format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    (head + &end).into_bytes()
}

/// The body of a reserve of one unit of each key; SKUs need no escape here.
#[must_use]
pub fn reserve_body<'a>(skus: impl IntoIterator<Item = &'a str>, location: &str) -> String {
    let lines: Vec<String> = skus
        .into_iter()
        .map(|sku| format!(r#"{{"sku":"{sku}","location":"{location}","quantity":1}}"#))
        .collect();
    format!(r#"{{"lines":[{}]}}"#, lines.join(","))
}

/// The level of a key; SKUs need no escape here.
///
/// # Errors
/// [`BenchError`]: no answer, or another one.
pub async fn level(
    client: &mut HttpClient,
    sku: &str,
    location: &str,
) -> Result<Level, BenchError> {
    client.send(&request("GET", &format!("/v1/stock/{sku}/{location}"), "")).await?.json()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let head = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\ndate: x\r\n\r\n";
        assert_eq!(head_bytes(head), Some(head.len()));
        assert_eq!(parsed(head).ok(), Some((201, 12)));
        assert!(parsed(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
