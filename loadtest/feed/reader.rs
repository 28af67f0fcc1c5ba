//! One subscriber that reads: what of a frame has come so far, and what it holds.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use saldo_protocol::client::FeedForm;
use tokio::net::TcpStream;

use crate::feed::frame::{self, Head, Opcode, closing_reason, put_client};
use crate::feed::held::{Final, Held};
use crate::feed::keys::Keys;
use crate::feed::message::{self, Kind, Told};
use crate::feed::settings::Manner;
use crate::feed::tally::Tally;

/// Bytes of one read at most; a thread's subscribers share the buffer.
pub(super) const READ_BYTES: usize = 64 << 10;
/// What a part of a frame may keep of memory once the frame is whole.
const CARRY_BYTES_KEPT: usize = 4 << 10;
/// The longest message that is read, in bytes; the engine's pages are far below.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// What the subscribers of a thread share.
pub(super) struct Shared {
    pub(super) form: FeedForm,
    pub(super) keys: Keys,
    pub(super) tally: RefCell<Tally>,
    pub(super) buffer: RefCell<Vec<u8>>,
}

/// What was found in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    /// Bytes of the frames that were taken.
    bytes: usize,
    /// Messages among them.
    messages: usize,
}

/// A subscriber that reads.
pub(super) struct Reader {
    pub(super) number: u32,
    pub(super) manner: Manner,
    pub(super) stream: TcpStream,
    pub(super) held: Held,
    /// Whether the whole snapshot has come.
    pub(super) is_ready: bool,
    /// The beginning of a frame that is not yet whole; of a paced one also whole frames that it has yet to take.
    carry: Vec<u8>,
    shared: Rc<Shared>,
}

impl Reader {
    pub(super) fn new(
        number: u32,
        manner: Manner,
        stream: TcpStream,
        held: Held,
        shared: Rc<Shared>,
    ) -> Self {
        Self { number, manner, stream, held, is_ready: false, carry: Vec::new(), shared }
    }

    /// Takes in what an earlier read left, as [`Reader::read`] does, and tells whether there was a message. Only a
    /// paced subscriber leaves whole ones.
    ///
    /// # Errors
    /// Why the connection is at its end.
    pub(super) fn read_kept(&mut self, wanted: Option<&[Final]>) -> Result<bool, String> {
        let mut carry = std::mem::take(&mut self.carry);
        let found = self.frames(&carry, wanted)?;
        carry.drain(..found.bytes);
        if carry.is_empty() && carry.capacity() > CARRY_BYTES_KEPT {
            carry = Vec::new();
        }
        self.carry = carry;
        Ok(found.messages > 0)
    }

    /// Takes in what the connection has, and tells whether there was a message. A paced subscriber takes one message
    /// and keeps the rest as it is, until the end, when it is `wanted` what it should hold.
    ///
    /// # Errors
    /// Why the connection is at its end.
    pub(super) fn read(&mut self, wanted: Option<&[Final]>) -> Result<bool, String> {
        let shared = Rc::clone(&self.shared);
        let mut buffer = shared.buffer.borrow_mut();
        let read = match self.stream.try_read(&mut buffer) {
            Ok(0) => return Err("it ended without a word".to_owned()),
            Ok(read) => read,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(error.to_string()),
        };
        let fresh = &buffer[..read];
        if self.carry.is_empty() {
            let found = self.frames(fresh, wanted)?;
            self.carry.extend_from_slice(&fresh[found.bytes..]);
            return Ok(found.messages > 0);
        }
        self.carry.extend_from_slice(fresh);
        self.read_kept(wanted)
    }

    /// Reads whole frames: all of them, or as many as a paced subscriber's next message takes.
    fn frames(&mut self, bytes: &[u8], wanted: Option<&[Final]>) -> Result<Found, String> {
        let takes_one = self.manner == Manner::Paced && wanted.is_none();
        let mut taken = Found::default();
        while !(takes_one && taken.messages > 0) {
            let rest = &bytes[taken.bytes..];
            let found = frame::head(rest)
                .map_err(|first| format!("a frame that begins with {first:#04x}"))?;
            let Some(Head { opcode, payload_at, end, .. }) = found else { return Ok(taken) };
            if end > MESSAGE_BYTES_MAX {
                return Err(format!("a message of {end} bytes"));
            }
            let Some(payload) = rest.get(payload_at..end) else { return Ok(taken) };
            match opcode {
                Opcode::Text | Opcode::Binary => {
                    self.message(payload, wanted)?;
                    taken.messages += 1;
                }
                Opcode::Ping => {
                    let mut pong = Vec::new();
                    put_client(Opcode::Pong, payload, &mut pong);
                    // A few bytes; should there be no room for them, the engine's next ping comes.
                    self.stream.try_write(&pong).unwrap_or_default();
                }
                Opcode::Close => return Err(closing_reason(payload)),
                Opcode::Pong => {}
            }
            taken.bytes += end;
        }
        Ok(taken)
    }

    fn message(&mut self, payload: &[u8], wanted: Option<&[Final]>) -> Result<(), String> {
        let now_us = wall_clock_us();
        let shared = Rc::clone(&self.shared);
        let mut tally = shared.tally.borrow_mut();
        let (number, paced) = (self.number, self.manner == Manner::Paced);
        // Without its pauses it hears what waited for long: that is no rate and no delay of a paced one.
        let catches_up = paced && wanted.is_some();
        let held = &mut self.held;
        let kind = message::read(shared.form, payload, |kind, level| {
            let Told { sku, location, version, available, as_of_us } = level;
            let key = shared.keys.find(sku, location);
            let told = Final { version, available };
            let fits = key.is_some_and(|key| held.hear(kind, key, told, wanted));
            if !fits {
                tally.version_faults += 1;
                tally.show(|| {
                    format!(
                        "subscriber {number}: {sku} at {location} in version {version}, which it has heard already \
                         or did not ask for"
                    )
                });
            }
            if kind == Kind::Delta {
                let heard = if paced { &mut tally.paced } else { &mut tally.reads };
                if catches_up {
                    heard.level_at_end();
                } else {
                    heard.level(as_of_us, now_us);
                }
            }
        })?;
        let heard = if paced { &mut tally.paced } else { &mut tally.reads };
        heard.bytes += u64::try_from(payload.len()).unwrap_or(u64::MAX);
        match kind {
            Kind::Delta if catches_up => heard.delta_at_end(),
            Kind::Delta => heard.delta(now_us),
            Kind::Snapshot { done } => self.is_ready |= done,
            Kind::Other => {}
        }
        Ok(())
    }
}

/// The wall clock, which the engine's times are of, too, where both run on one machine.
fn wall_clock_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
