//! One reader: a socket, and what of a frame has come so far.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use super::heard::{Heard, Heeded};
use super::orders::{Group, Selection};
use crate::delta::{self, Said};
use crate::monotonic::monotonic_ns;
use crate::websocket::{Frame, client_pong, client_text, closing_reason, first_frame, shake_hands};
use crate::{BenchError, HOT_SKU, sku_of};

/// The longest wait for the answer to a handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(30);
/// What a part of a frame may keep of memory once the frame is whole.
const CARRY_BYTES_KEPT: usize = 4 << 10;

/// A reader.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// The beginning of a frame that is not yet whole.
    carry: Vec<u8>,
    /// The number of its key.
    key: u64,
    /// The newest version that it heard of; 0 before the first.
    heard_to: u64,
    /// Whether it has its snapshot.
    pub(super) is_ready: bool,
    pub(super) reads_on: bool,
}

impl Connection {
    /// Connects, shakes hands and subscribes; the snapshot is yet to come.
    pub(super) fn open(group: &Group, number: u64) -> Result<Self, BenchError> {
        let opening = || BenchError::io(format!("connecting reader {number}"));
        let mut stream = TcpStream::connect(&group.authority).map_err(opening())?;
        stream.set_nodelay(true).map_err(opening())?;
        if !group.is_bare {
            stream.set_read_timeout(Some(HANDSHAKE_MAX)).map_err(opening())?;
            shake_hands(&mut stream, &group.authority)?;
            let subscribe = subscribe(group.selection, number);
            stream.write_all(&client_text(subscribe.as_bytes())).map_err(opening())?;
        }
        stream.set_nonblocking(true).map_err(opening())?;
        let key = if group.selection == Selection::Own { number } else { 0 };
        let (is_ready, reads_on) = (group.is_bare, group.reads_on);
        Ok(Self { stream, carry: Vec::new(), key, heard_to: 0, is_ready, reads_on })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) const fn key(&self) -> u64 {
        self.key
    }

    /// Reads what is there. Fails where the connection is at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8], heard: &mut Heard) -> Result<(), String> {
        let read = match self.stream.read(buffer) {
            Ok(0) => return Err("it ended without a word".to_owned()),
            Ok(read) => read,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        };
        let at_ns = monotonic_ns();
        let fresh = &buffer[..read];
        if self.carry.is_empty() {
            let taken = self.frames(fresh, at_ns, heard)?;
            self.carry.extend_from_slice(&fresh[taken..]);
            return Ok(());
        }
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(fresh);
        let taken = self.frames(&carry, at_ns, heard)?;
        carry.drain(..taken);
        if carry.is_empty() && carry.capacity() > CARRY_BYTES_KEPT {
            carry = Vec::new();
        }
        self.carry = carry;
        Ok(())
    }

    /// Reads all whole frames and tells how many bytes they took.
    fn frames(&mut self, bytes: &[u8], at_ns: u64, heard: &mut Heard) -> Result<usize, String> {
        let mut taken = 0;
        loop {
            let found = first_frame(&bytes[taken..]).map_err(|error| error.to_string())?;
            let Some((frame, length)) = found else { return Ok(taken) };
            match frame {
                Frame::Data(text) => self.message(text, at_ns, heard)?,
                // Six bytes; should there be no room for them, the engine's next ping comes.
                Frame::Ping(payload) => drop(self.stream.write(&client_pong(payload))),
                Frame::Close(payload) => return Err(closing_reason(payload)),
                Frame::Pong => {}
            }
            taken += length;
        }
    }

    fn message(&mut self, text: &[u8], at_ns: u64, heard: &mut Heard) -> Result<(), String> {
        let said = delta::said(text);
        match said {
            Said::Error => return Err(String::from_utf8_lossy(text).into_owned()),
            Said::Other => return Ok(()),
            Said::Snapshot { done } => self.is_ready |= done,
            Said::Delta => {}
        }
        // A page without levels is one of a key that does not exist yet.
        let Some(version) = delta::version(text) else { return Ok(()) };
        if said == Said::Delta {
            match heard.heeded() {
                Heeded::Nothing => {}
                Heeded::Arrivals(arrivals) => {
                    // A bare loop begins with any version. Where versions were skipped, this tells of them too.
                    let first = if self.heard_to == 0 { version } else { self.heard_to + 1 };
                    arrivals.note(self.key, first..=version, at_ns, text);
                }
                Heeded::Rates(rates) => rates.note(text, SystemTime::now()),
            }
        }
        self.heard_to = self.heard_to.max(version);
        Ok(())
    }
}

fn subscribe(selection: Selection, number: u64) -> String {
    match selection {
        Selection::Hot => format!(r#"{{"type":"subscribe","id":"s","skus":["{HOT_SKU}"]}}"#),
        Selection::Own => {
            format!(r#"{{"type":"subscribe","id":"s","skus":["{}"]}}"#, sku_of(number))
        }
        Selection::All => r#"{"type":"subscribe","id":"s"}"#.to_owned(),
    }
}
