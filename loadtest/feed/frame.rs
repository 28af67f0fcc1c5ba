//! WebSocket frames (RFC 6455) over a bare socket, as cheap as can be: nothing is copied that lies whole. For both
//! sides: a client's frames are masked, with zeros, which is a mask and leaves the payload as it is.

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const MASK_BYTES: usize = 4;
/// Lengths up to this stand in the second byte.
const SHORT_MAX: u64 = 125;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A message of text.
    Text,
    /// A message of bytes.
    Binary,
    /// The end; after two bytes of a code its reason.
    Close,
    /// To be answered with the same bytes.
    Ping,
    /// Nothing to do.
    Pong,
}

impl Opcode {
    const fn byte(self) -> u8 {
        match self {
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// Of a frame's first byte: whole, unextended frames only.
    const fn of(first: u8) -> Option<Self> {
        Some(match first {
            0x81 => Self::Text,
            0x82 => Self::Binary,
            0x88 => Self::Close,
            0x89 => Self::Ping,
            0x8A => Self::Pong,
            _ => return None,
        })
    }
}

/// A frame's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it is.
    pub opcode: Opcode,
    /// Where its payload begins.
    pub payload_at: usize,
    /// Where it ends, and the next frame begins.
    pub end: usize,
    /// What its payload is masked with.
    pub mask: [u8; MASK_BYTES],
}

/// The head of the frame that `bytes` begin with; none while it is not whole. The payload may still be to come.
///
/// # Errors
/// The first byte, where it begins no frame that either side sends.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, u8> {
    let (Some(&first), Some(&second)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    let opcode = Opcode::of(first).ok_or(first)?;
    let (length_end, length) = match second & !MASKED {
        126 => (4, bytes.get(2..4).map(big_endian)),
        127 => (10, bytes.get(2..10).map(big_endian)),
        length => (2, Some(usize::from(length))),
    };
    let Some(length) = length else { return Ok(None) };
    let mut mask = [0; MASK_BYTES];
    let mut payload_at = length_end;
    if second & MASKED != 0 {
        payload_at += MASK_BYTES;
        let Some(found) = bytes.get(length_end..payload_at) else { return Ok(None) };
        mask.copy_from_slice(found);
    }
    Ok(Some(Head { opcode, payload_at, end: payload_at.saturating_add(length), mask }))
}

/// A length that no memory holds is one that never comes.
fn big_endian(bytes: &[u8]) -> usize {
    let length = bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// Takes a mask off, eight bytes at a time.
pub fn unmask(payload: &mut [u8], mask: [u8; MASK_BYTES]) {
    if mask == [0; MASK_BYTES] {
        return;
    }
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Appends the head of a server's frame; its payload follows.
pub fn put_server_head(opcode: Opcode, payload_bytes: usize, frame: &mut Vec<u8>) {
    put_head(opcode, payload_bytes, 0, frame);
}

/// Appends a client's frame.
pub fn put_client(opcode: Opcode, payload: &[u8], frame: &mut Vec<u8>) {
    put_head(opcode, payload.len(), MASKED, frame);
    frame.extend([0; MASK_BYTES]);
    frame.extend_from_slice(payload);
}

fn put_head(opcode: Opcode, payload_bytes: usize, masked: u8, frame: &mut Vec<u8>) {
    let length = u64::try_from(payload_bytes).unwrap_or(u64::MAX);
    frame.push(FIN | opcode.byte());
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if length <= SHORT_MAX => frame.push(masked | short),
        (_, Ok(middle)) => {
            frame.push(masked | 126);
            frame.extend(middle.to_be_bytes());
        }
        _ => {
            frame.push(masked | 127);
            frame.extend(length.to_be_bytes());
        }
    }
}

/// Why the other side closed, for people.
#[must_use]
pub fn closing_reason(payload: &[u8]) -> String {
    let Some((code, reason)) = payload.split_at_checked(2) else { return "no code".to_owned() };
    format!("{} {}", big_endian(code), String::from_utf8_lossy(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_once_its_head_is_whole() {
        for length in [0, 125, 126, 300, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let (mut server, mut client) = (Vec::new(), Vec::new());
            put_server_head(Opcode::Text, length, &mut server);
            let head_bytes = server.len();
            server.extend_from_slice(&payload);
            put_client(Opcode::Binary, &payload, &mut client);
            for cut in 0..head_bytes {
                assert_eq!(head(&server[..cut]), Ok(None), "{length} {cut}");
            }
            let found = head(&server).unwrap().unwrap();
            assert_eq!((found.opcode, found.end), (Opcode::Text, server.len()));
            let found = head(&client).unwrap().unwrap();
            assert_eq!((found.opcode, found.end), (Opcode::Binary, client.len()));
            assert_eq!(&client[found.payload_at..found.end], payload);
        }
        assert_eq!(head(&[0x01, 0]), Err(0x01), "a fragment");
        let huge = [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(head(&huge).unwrap().unwrap().end, usize::MAX);
    }

    #[test]
    fn a_mask_comes_off() {
        for length in 0..20 {
            let plain: Vec<u8> = (0..length).collect();
            let mask = [7, 0, 255, 1];
            let mut masked: Vec<u8> =
                plain.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            unmask(&mut masked, mask);
            assert_eq!(masked, plain);
        }
    }

    #[test]
    fn a_closing_frame_says_why() {
        assert_eq!(closing_reason(b"\x03\xf5try again"), "1013 try again");
        assert_eq!(closing_reason(b""), "no code");
    }
}
