//! A reader that keeps the newest level of each key, and that can stop reading: a thread's, not a task's, so that its
//! reading takes nothing from whoever makes the load.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::websocket::{Frame, client_pong, client_text, closing_reason, first_frame, shake_hands};
use crate::{BenchError, HOT_SKU, delta};

/// How long one read waits: how exactly a time limit is kept.
const READ_MAX: Duration = Duration::from_millis(50);
/// The longest wait for the handshake and for a pong to be taken.
const SOCKET_MAX: Duration = Duration::from_secs(30);
const READ_BYTES: usize = 256 << 10;

/// A reader.
#[derive(Debug)]
pub struct LevelReader {
    stream: TcpStream,
    part: Vec<u8>,
    /// The beginning of a frame that is not yet whole.
    carry: Vec<u8>,
    /// The newest version of each key, by its number; 0 before the first.
    versions: Vec<u64>,
}

/// How a reader came to hold the newest level of every key.
#[derive(Clone, Debug, Default)]
pub struct CaughtUp {
    /// How long it took; None where it did not come to it.
    pub after: Option<Duration>,
    /// Levels that it read until then.
    pub levels: u64,
    /// Of these were older than what it was waiting for.
    pub stale: u64,
    /// Keys of which it still waits for the newest level.
    pub behind: usize,
    /// Why the connection ended, where it did.
    pub ended: Option<String>,
}

/// How a turn of reading ended.
enum Turn {
    /// There may be more.
    Read,
    /// The connection is at its end, and why.
    Ended(String),
}

impl LevelReader {
    /// Subscribes to the hot key, where there is one key, or else to all keys.
    ///
    /// # Errors
    /// [`BenchError`]: no connection, no upgrade.
    pub fn connect(authority: &str, keys: usize) -> Result<Self, BenchError> {
        let connecting = || BenchError::io(format!("connecting to {authority}"));
        let mut stream = TcpStream::connect(authority).map_err(connecting())?;
        stream.set_nodelay(true).map_err(connecting())?;
        stream.set_read_timeout(Some(SOCKET_MAX)).map_err(connecting())?;
        stream.set_write_timeout(Some(SOCKET_MAX)).map_err(connecting())?;
        shake_hands(&mut stream, authority)?;
        let subscribe = match keys {
            1 => format!(r#"{{"type":"subscribe","id":"s","skus":["{HOT_SKU}"]}}"#),
            _ => r#"{"type":"subscribe","id":"s"}"#.to_owned(),
        };
        stream.write_all(&client_text(subscribe.as_bytes())).map_err(connecting())?;
        stream.set_read_timeout(Some(READ_MAX)).map_err(connecting())?;
        let (part, carry, versions) = (vec![0; READ_BYTES], Vec::new(), vec![0; keys]);
        Ok(Self { stream, part, carry, versions })
    }

    /// Reads for so long, and tells how many levels that were. Blocks.
    ///
    /// # Errors
    /// [`BenchError::Answer`]: the connection ended.
    pub fn read_for(&mut self, span: Duration) -> Result<u64, BenchError> {
        let until = Instant::now() + span;
        let mut levels = 0;
        while Instant::now() < until {
            if let Turn::Ended(why) = self.turn(&mut |_, _, _| levels += 1)? {
                return Err(BenchError::Answer(format!("the feed ended: {why}")));
            }
        }
        Ok(levels)
    }

    /// Reads until it holds of each key this version or a newer one. Blocks.
    ///
    /// # Errors
    /// [`BenchError`]: what came is no frame.
    pub fn catch_up(&mut self, wanted: &[u64], longest: Duration) -> Result<CaughtUp, BenchError> {
        let began = Instant::now();
        let held = self.versions.iter().zip(wanted);
        let mut done = CaughtUp {
            behind: held.filter(|(held, wanted)| held < wanted).count(),
            ..CaughtUp::default()
        };
        while done.behind > 0 && began.elapsed() < longest {
            let turn = self.turn(&mut |key, before, version| {
                let wanted = wanted.get(key).copied().unwrap_or_default();
                done.levels += 1;
                done.stale += u64::from(version < wanted);
                done.behind -= usize::from(before < wanted && version >= wanted);
            })?;
            if let Turn::Ended(why) = turn {
                done.ended = Some(why);
                return Ok(done);
            }
        }
        done.after = (done.behind == 0).then(|| began.elapsed());
        Ok(done)
    }

    /// One read; `heard` gets the key's number, the version held before, and the new one.
    fn turn(&mut self, heard: &mut dyn FnMut(usize, u64, u64)) -> Result<Turn, BenchError> {
        match self.stream.read(&mut self.part) {
            Ok(0) => return Ok(Turn::Ended("without a word".to_owned())),
            Ok(read) => self.carry.extend_from_slice(&self.part[..read]),
            Err(error) => {
                return match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                        Ok(Turn::Read)
                    }
                    _ => Ok(Turn::Ended(error.to_string())),
                };
            }
        }
        let mut taken = 0;
        while let Some((frame, length)) = first_frame(&self.carry[taken..])? {
            match frame {
                Frame::Data(text) => levels(text, &mut self.versions, heard),
                Frame::Ping(payload) => {
                    let ponging = BenchError::io("answering a ping");
                    self.stream.write_all(&client_pong(payload)).map_err(ponging)?;
                }
                Frame::Close(payload) => return Ok(Turn::Ended(closing_reason(payload))),
                Frame::Pong => {}
            }
            taken += length;
        }
        self.carry.drain(..taken);
        Ok(Turn::Read)
    }
}

fn levels(text: &[u8], versions: &mut [u64], heard: &mut dyn FnMut(usize, u64, u64)) {
    let text = str::from_utf8(text).unwrap_or_default();
    delta::each_level(text, |sku, version| {
        let Some(key) = number_of(sku) else { return };
        if let Some(held) = versions.get_mut(key) {
            heard(key, *held, version);
            *held = version.max(*held);
        }
    });
}

/// The number of a key: that in the name, and 0 for the hot one.
fn number_of(sku: &str) -> Option<usize> {
    match sku {
        HOT_SKU => Some(0),
        other => other.strip_prefix("SKU-")?.parse().ok(),
    }
}
