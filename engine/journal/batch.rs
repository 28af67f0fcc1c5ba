//! A batch in the making: groups are copied straight to where they will stand in the segment, with room left
//! for each record's header, which the journal's thread fills in.

use super::record::{HEADER_BYTES, Header, Kind, PAGE_BYTES, round_up};

/// A buffer that grew beyond this is given back after its batch instead of being kept.
const BUFFER_BYTES_KEPT: usize = 4 * 1024 * 1024;
const BUFFER_BYTES_INITIAL: usize = 256 * 1024;

/// A record in the making.
#[derive(Debug)]
pub(super) struct Frame {
    pub start: usize,
    end: usize,
    pub first_sequence: u64,
    count: u32,
    logged_time_us: u64,
}

/// Groups that are written and synced together, and who waits for them.
#[derive(Debug)]
pub(super) struct Batch<N> {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    pub notices: Vec<N>,
}

/// What the headers of a batch have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub run: u64,
    pub durable_to: u64,
    /// The checksum of the record before the batch's first.
    pub previous_checksum: u32,
}

impl<N> Batch<N> {
    pub fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(BUFFER_BYTES_INITIAL),
            frames: Vec::new(),
            notices: Vec::new(),
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes that the batch takes in a segment.
    pub const fn padded_bytes(&self) -> u64 {
        round_up(self.bytes.len() as u64)
    }

    pub fn events(&self) -> u64 {
        self.frames.iter().map(|frame| u64::from(frame.count)).sum()
    }

    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    pub fn last_logged_time_us(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.logged_time_us)
    }

    /// Whether a group joins the record in the making: it would not take it past `target` payload bytes.
    fn joins(&self, group_bytes: usize, count: u32, target: usize) -> bool {
        self.frames.last().is_some_and(|frame| {
            frame.end - frame.start - HEADER_BYTES + group_bytes <= target
                && frame.count.checked_add(count).is_some()
        })
    }

    /// [`Batch::padded_bytes`] as it would be with this group.
    pub fn padded_bytes_with(&self, group_bytes: usize, count: u32, target: usize) -> u64 {
        let group = group_bytes as u64;
        if self.joins(group_bytes, count, target) {
            round_up(self.bytes.len() as u64 + group)
        } else {
            self.padded_bytes() + round_up(HEADER_BYTES as u64 + group)
        }
    }

    pub fn push(
        &mut self,
        group: &[u8],
        count: u32,
        first_sequence: u64,
        logged_time_us: u64,
        target: usize,
    ) {
        if !self.joins(group.len(), count, target) {
            self.pad();
            let start = self.bytes.len();
            self.bytes.resize(start + HEADER_BYTES, 0);
            self.frames.push(Frame { start, end: start, first_sequence, count: 0, logged_time_us });
        }
        self.bytes.extend_from_slice(group);
        if let Some(frame) = self.frames.last_mut() {
            frame.end = self.bytes.len();
            frame.count += count;
            frame.logged_time_us = logged_time_us;
        }
    }

    fn pad(&mut self) {
        let padded = self.bytes.len().next_multiple_of(PAGE_BYTES);
        self.bytes.resize(padded, 0);
    }

    /// Fills in the headers and pads the end: the bytes to write, and the last record's checksum.
    pub fn seal(&mut self, chain: Chain) -> (&[u8], u32) {
        self.pad();
        let mut previous_checksum = chain.previous_checksum;
        for frame in &self.frames {
            let payload = frame.start + HEADER_BYTES..frame.end;
            let header = Header {
                kind: Kind::Events,
                run: chain.run,
                first_sequence: frame.first_sequence,
                logged_time_us: frame.logged_time_us,
                durable_to: chain.durable_to,
                count: frame.count,
                // A group longer than the limit, far below this, was refused when it came.
                length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
                previous_checksum,
                payload_checksum: crc32c::crc32c(&self.bytes[payload]),
            };
            let (bytes, checksum) = header.encode();
            self.bytes[frame.start..frame.start + HEADER_BYTES].copy_from_slice(&bytes);
            previous_checksum = checksum;
        }
        (&self.bytes, previous_checksum)
    }

    /// Empties the batch for its next use.
    pub fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > BUFFER_BYTES_KEPT {
            self.bytes.shrink_to(BUFFER_BYTES_INITIAL);
        }
        self.frames.clear();
        self.notices.clear();
    }
}
