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

/// A subscriber that reads.
pub(super) struct Reader {
    pub(super) number: u32,
    pub(super) manner: Manner,
    pub(super) stream: TcpStream,
    pub(super) held: Held,
    /// Whether the whole snapshot has come.
    pub(super) is_ready: bool,
    /// The beginning of a frame that is not yet whole.
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

    /// Takes in what is there.
    ///
    /// # Errors
    /// Why the connection is at its end.
    pub(super) fn read(&mut self, wanted: Option<&[Final]>) -> Result<(), String> {
        let shared = Rc::clone(&self.shared);
        let mut buffer = shared.buffer.borrow_mut();
        let read = match self.stream.try_read(&mut buffer) {
            Ok(0) => return Err("it ended without a word".to_owned()),
            Ok(read) => read,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        };
        let fresh = &buffer[..read];
        if self.carry.is_empty() {
            let taken = self.frames(fresh, wanted)?;
            self.carry.extend_from_slice(&fresh[taken..]);
            return Ok(());
        }
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(fresh);
        let taken = self.frames(&carry, wanted)?;
        carry.drain(..taken);
        if carry.is_empty() && carry.capacity() > CARRY_BYTES_KEPT {
            carry = Vec::new();
        }
        self.carry = carry;
        Ok(())
    }

    /// Reads all whole frames and tells how many bytes they took.
    fn frames(&mut self, bytes: &[u8], wanted: Option<&[Final]>) -> Result<usize, String> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            let found = frame::head(rest)
                .map_err(|first| format!("a frame that begins with {first:#04x}"))?;
            let Some(Head { opcode, payload_at, end, .. }) = found else { return Ok(taken) };
            if end > MESSAGE_BYTES_MAX {
                return Err(format!("a message of {end} bytes"));
            }
            let Some(payload) = rest.get(payload_at..end) else { return Ok(taken) };
            match opcode {
                Opcode::Text | Opcode::Binary => self.message(payload, wanted)?,
                Opcode::Ping => {
                    let mut pong = Vec::new();
                    put_client(Opcode::Pong, payload, &mut pong);
                    // A few bytes; should there be no room for them, the engine's next ping comes.
                    self.stream.try_write(&pong).unwrap_or_default();
                }
                Opcode::Close => return Err(closing_reason(payload)),
                Opcode::Pong => {}
            }
            taken += end;
        }
    }

    fn message(&mut self, payload: &[u8], wanted: Option<&[Final]>) -> Result<(), String> {
        let now_us = wall_clock_us();
        let shared = Rc::clone(&self.shared);
        let mut tally = shared.tally.borrow_mut();
        let (number, paced) = (self.number, self.manner == Manner::Paced);
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
                heard.level(as_of_us, now_us);
            }
        })?;
        let heard = if paced { &mut tally.paced } else { &mut tally.reads };
        heard.bytes += u64::try_from(payload.len()).unwrap_or(u64::MAX);
        match kind {
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
