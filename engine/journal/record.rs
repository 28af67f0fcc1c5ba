//! The fixed header in front of every record, and the mark that opening and closing records carry.
//! Byte offsets stand in docs/journal_format.md; a golden-bytes test guards them.

use super::error::HeaderFault;

/// Every record begins on a multiple of this many bytes, so that no write ever touches a page that holds
/// an acknowledged record.
pub const PAGE_BYTES: usize = 4096;
/// Bytes of the header in front of every payload.
pub const HEADER_BYTES: usize = 64;
/// The version this program writes, and the only one that it reads.
pub const FORMAT_VERSION: u16 = 1;
/// No record of any format version is longer than this: a length above it is never allocated.
pub const PAYLOAD_BYTES_LIMIT: u32 = 64 * 1024 * 1024;
/// 0xFA occurs in no UTF-8 text, so that no client's text can pass for a header.
const MAGIC: [u8; 4] = [0xFA, b'S', b'L', b'D'];
/// Bytes of an opening or closing record's payload.
pub(super) const MARK_BYTES: usize = 48;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first record of a segment; its payload is a [`Mark`].
    Opening,
    /// Groups of events.
    Events,
    /// The last record of a clean stop; its payload is a [`Mark`].
    Closing,
    /// One payload of a framed file.
    Frame,
    /// The last record of a framed file.
    FrameEnd,
}

impl Kind {
    const fn number(self) -> u16 {
        match self {
            Self::Opening => 1,
            Self::Events => 2,
            Self::Closing => 3,
            Self::Frame => 4,
            Self::FrameEnd => 5,
        }
    }

    const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::Opening,
            2 => Self::Events,
            3 => Self::Closing,
            4 => Self::Frame,
            5 => Self::FrameEnd,
            _ => return None,
        })
    }
}

/// A record's header, without its format version and its own checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the record is.
    pub kind: Kind,
    /// The start of the engine that wrote it; 1 is the first.
    pub run: u64,
    /// Sequence of its first event; for a record without events, of the next one.
    pub first_sequence: u64,
    /// Logged time of its last group, microseconds since 1970.
    pub logged_time_us: u64,
    /// The highest sequence whose sync had returned when this was written.
    pub durable_to: u64,
    /// How many events it holds.
    pub count: u32,
    /// Bytes of its payload.
    pub length: u32,
    /// The checksum of the record before it.
    pub previous_checksum: u32,
    /// CRC-32C of its payload.
    pub payload_checksum: u32,
}

impl Header {
    /// The header's bytes and its checksum, which the next record names.
    #[must_use]
    pub fn encode(&self) -> ([u8; HEADER_BYTES], u32) {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.kind.number().to_le_bytes());
        bytes[8..16].copy_from_slice(&self.run.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.logged_time_us.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.durable_to.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.count.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.length.to_le_bytes());
        bytes[48..52].copy_from_slice(&self.previous_checksum.to_le_bytes());
        bytes[52..56].copy_from_slice(&self.payload_checksum.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
        (bytes, checksum)
    }

    /// Reads a header and its checksum.
    ///
    /// # Errors
    /// Says what is wrong with it. Nothing but the magic is looked at before the checksum holds.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<(Self, u32), HeaderFault> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(HeaderFault::Blank);
        }
        if bytes[0..4] != MAGIC {
            return Err(HeaderFault::Magic);
        }
        let checksum = u32_at(bytes, 60);
        if crc32c::crc32c(&bytes[..60]) != checksum {
            return Err(HeaderFault::Checksum);
        }
        let version = u16_at(bytes, 4);
        if version != FORMAT_VERSION {
            return Err(HeaderFault::Version(version));
        }
        let number = u16_at(bytes, 6);
        let kind = Kind::from_number(number).ok_or(HeaderFault::Kind(number))?;
        let header = Self {
            kind,
            run: u64_at(bytes, 8),
            first_sequence: u64_at(bytes, 16),
            logged_time_us: u64_at(bytes, 24),
            durable_to: u64_at(bytes, 32),
            count: u32_at(bytes, 40),
            length: u32_at(bytes, 44),
            previous_checksum: u32_at(bytes, 48),
            payload_checksum: u32_at(bytes, 52),
        };
        if header.length > PAYLOAD_BYTES_LIMIT {
            return Err(HeaderFault::Length(header.length));
        }
        if header.first_sequence.checked_add(u64::from(header.count)).is_none() {
            return Err(HeaderFault::Sequence);
        }
        Ok((header, checksum))
    }

    /// The sequence that the record after this one begins with.
    pub(super) const fn next_sequence(&self) -> u64 {
        self.first_sequence + self.count as u64
    }

    /// Bytes from the start of this record to the start of the next.
    pub(super) fn step_bytes(&self) -> u64 {
        round_up(HEADER_BYTES as u64 + u64::from(self.length))
    }
}

/// What opening and closing records name: where the journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The journal that the segment belongs to.
    pub journal_id: u128,
    /// The segment's number, which its file's name repeats.
    pub segment_number: u64,
    /// Bytes that the segment was allocated with.
    pub segment_bytes: u64,
    /// The last valid sequence before this record; what older segments hold behind it is dead.
    pub last_sequence: u64,
    /// The checksum of the record that holds `last_sequence`; 0 where there is none.
    pub last_checksum: u32,
}

impl Mark {
    pub(super) fn encode(&self) -> [u8; MARK_BYTES] {
        let mut bytes = [0; MARK_BYTES];
        bytes[0..16].copy_from_slice(&self.journal_id.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.segment_number.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.segment_bytes.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.last_sequence.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.last_checksum.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != MARK_BYTES {
            return None;
        }
        let mut id = [0; 16];
        id.copy_from_slice(&bytes[0..16]);
        Some(Self {
            journal_id: u128::from_le_bytes(id),
            segment_number: u64_at(bytes, 16),
            segment_bytes: u64_at(bytes, 24),
            last_sequence: u64_at(bytes, 32),
            last_checksum: u32_at(bytes, 40),
        })
    }
}

/// The next multiple of the page size.
pub(super) const fn round_up(bytes: u64) -> u64 {
    bytes.next_multiple_of(PAGE_BYTES as u64)
}

/// One whole record, padded with zeros to the page, and its checksum. `length` and `payload_checksum` of
/// the header are filled in.
pub(super) fn whole_record(
    mut header: Header,
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Result<u32, HeaderFault> {
    header.length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    if header.length > PAYLOAD_BYTES_LIMIT {
        return Err(HeaderFault::Length(header.length));
    }
    header.payload_checksum = crc32c::crc32c(payload);
    let (bytes, checksum) = header.encode();
    out.extend_from_slice(&bytes);
    out.extend_from_slice(payload);
    out.resize(out.len().next_multiple_of(PAGE_BYTES), 0);
    Ok(checksum)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | (u64::from(u32_at(bytes, at + 4)) << 32)
}
