//! WebSocket frames over a bare socket (RFC 6455), as cheap as a reader can be: nothing is copied that lies whole.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::BenchError;

const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
/// What the opening handshake's answer begins and ends with.
const SWITCHING: &[u8] = b"HTTP/1.1 101 ";
const HEAD_END: &[u8] = b"\r\n\r\n";
/// The longest answer to a handshake that is read.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// A whole frame of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A message.
    Data(&'a [u8]),
    /// To be answered with the same bytes.
    Ping(&'a [u8]),
    /// The end; after two bytes of a code its reason.
    Close(&'a [u8]),
    /// Nothing to do.
    Pong,
}

/// The first frame of `bytes` and how many of them it takes; None where more bytes must come first.
pub(crate) fn first_frame(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, BenchError> {
    let (Some(&first), Some(&second)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    // Lengths up to 125 stand in the second byte, which has a mask's bit only from a client.
    let (head, length) = match second {
        126 => (4, bytes.get(2..4).map(big_endian)),
        127 => (10, bytes.get(2..10).map(big_endian)),
        length => (2, Some(usize::from(length))),
    };
    let Some(length) = length else { return Ok(None) };
    let whole = head + length;
    let Some(payload) = bytes.get(head..whole) else { return Ok(None) };
    let frame = match first {
        // Text, binary: whole ones only.
        0x81 | 0x82 => Frame::Data(payload),
        _ if first == FIN | PING => Frame::Ping(payload),
        _ if first == FIN | PONG => Frame::Pong,
        _ if first == FIN | CLOSE => Frame::Close(payload),
        other => return Err(BenchError::Answer(format!("a frame that begins with {other:#x}"))),
    };
    Ok(Some((frame, whole)))
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// A client's text frame.
pub(crate) fn client_text(payload: &[u8]) -> Vec<u8> {
    masked(TEXT, payload)
}

/// The answer to a ping.
pub(crate) fn client_pong(payload: &[u8]) -> Vec<u8> {
    masked(PONG, payload)
}

/// A frame as a server sends it.
pub(crate) fn server_text(payload: &[u8]) -> Vec<u8> {
    framed(TEXT, 0, payload)
}

/// A mask of zeros is a mask, and leaves the payload as it is.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    framed(opcode, 0x80, payload)
}

fn framed(opcode: u8, mask_bit: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut frame = vec![FIN | opcode];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => frame.push(mask_bit | short),
        (_, Ok(middle)) => {
            frame.push(mask_bit | 126);
            frame.extend(middle.to_be_bytes());
        }
        _ => {
            frame.push(mask_bit | 127);
            frame.extend(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    if mask_bit != 0 {
        frame.extend([0; 4]);
    }
    frame.extend_from_slice(payload);
    frame
}

/// The opening handshake on a blocking socket. Nothing of the first frame is read, since the engine says nothing
/// until it is asked.
pub(crate) fn shake_hands(stream: &mut TcpStream, authority: &str) -> Result<(), BenchError> {
    let request = format!(
        "GET /v1/feed HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: saldo.v1.json\r\n\r\n"
    );
    let shaking = || BenchError::io("the handshake of a feed connection");
    stream.write_all(request.as_bytes()).map_err(shaking())?;
    let mut head = Vec::new();
    let mut part = [0; 1_024];
    while !head.ends_with(HEAD_END) && head.len() <= HEAD_BYTES_MAX {
        match stream.read(&mut part).map_err(shaking())? {
            0 => break,
            read => head.extend_from_slice(&part[..read]),
        }
    }
    if head.starts_with(SWITCHING) && head.ends_with(HEAD_END) {
        Ok(())
    } else {
        Err(BenchError::Answer(String::from_utf8_lossy(&head).into_owned()))
    }
}

/// Why the engine closed, for people.
pub(crate) fn closing_reason(payload: &[u8]) -> String {
    let Some((code, reason)) = payload.split_at_checked(2) else { return "no code".to_owned() };
    format!("{} {}", big_endian(code), String::from_utf8_lossy(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_once_it_is_whole() {
        for length in [0, 125, 126, 300, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let frame = server_text(&payload);
            let read = first_frame(&frame).expect("a frame");
            assert_eq!(read, Some((Frame::Data(&payload[..]), frame.len())));
            assert_eq!(first_frame(&frame[..frame.len() - 1]).expect("no fault"), None);
        }
        assert!(first_frame(&[0x01, 0]).is_err(), "a fragment");
        assert_eq!(first_frame(&[FIN | 0x2, 0]).expect("a frame"), Some((Frame::Data(&[]), 2)));
        assert_eq!(client_pong(b"a"), [0x8a, 0x81, 0, 0, 0, 0, b'a']);
    }

    #[test]
    fn a_closing_frame_says_why() {
        assert_eq!(closing_reason(b"\x03\xf5try again"), "1013 try again");
    }
}
