//! The yardstick: a loop that writes as many bytes to as many sockets, and nothing else.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;

use super::Readers;
use super::orders::{Change, Group, Selection};
use crate::monotonic::monotonic_ns;
use crate::{BenchError, delta, websocket};

/// The longest wait for one reader to come, or to take a message.
const READER_MAX: Duration = Duration::from_secs(30);

/// Readers that are written to.
#[derive(Debug)]
pub struct Bare {
    streams: Vec<TcpStream>,
    selection: Selection,
    /// A delta of the engine, and where the digits of its version lie.
    text: Vec<u8>,
    digits: std::ops::Range<usize>,
}

/// What a change of a bare loop is: which key, and which version it gets.
#[derive(Clone, Copy, Debug)]
pub struct BareChange {
    /// The key's number; 0 for the hot one.
    pub key: u64,
    /// Its version.
    pub version: u64,
}

impl Bare {
    /// Has so many readers come; each message will be as long as `sample`, a delta of the engine.
    ///
    /// # Errors
    /// [`BenchError`]: they do not come.
    pub async fn open(
        readers: &mut Readers,
        count: u64,
        selection: Selection,
        sample: &str,
    ) -> Result<Self, BenchError> {
        let listening = || BenchError::io("listening for readers");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(listening())?;
        let authority = listener.local_addr().map_err(listening())?.to_string();
        let group = Group { authority, readers: count, selection, is_bare: true, reads_on: true };
        let (opened, streams) = tokio::join!(readers.open(group), accepted(&listener, count));
        opened?;
        let text = sample.as_bytes().to_vec();
        let digits = delta::version_digits(&text)
            .ok_or_else(|| BenchError::Answer(format!("no delta to copy: {sample}")))?;
        Ok(Self { streams: streams?, selection, text, digits })
    }

    /// Writes one change to all who listen to its key. Blocks.
    ///
    /// # Errors
    /// [`BenchError::Io`]: a reader does not take it.
    pub fn tell(&mut self, change: BareChange) -> Result<Change, BenchError> {
        let BareChange { key, version } = change;
        let mut text = self.text.clone();
        let width = self.digits.len();
        text.splice(self.digits.clone(), format!("{version:0width$}").into_bytes());
        let frame = websocket::server_text(&text);
        let at_ns = monotonic_ns();
        let one = usize::try_from(key).ok().filter(|_| self.selection == Selection::Own);
        let listeners = match one {
            Some(one) => self.streams.get_mut(one..=one).unwrap_or_default(),
            None => &mut self.streams[..],
        };
        for stream in listeners {
            stream.write_all(&frame).map_err(BenchError::io("writing to a reader"))?;
        }
        Ok(Change { key, version, at_ns })
    }
}

/// As many connections as will come, in their order.
async fn accepted(listener: &TcpListener, count: u64) -> Result<Vec<TcpStream>, BenchError> {
    let accepting = || BenchError::io("a reader that comes");
    let mut streams = Vec::new();
    for _ in 0..count {
        let (stream, _) = timeout(READER_MAX, listener.accept())
            .await
            .map_err(|_| BenchError::Late {
                what: "a reader to come".to_owned(),
                seconds: READER_MAX.as_secs(),
            })?
            .map_err(accepting())?;
        let stream = stream.into_std().map_err(accepting())?;
        stream.set_nonblocking(false).map_err(accepting())?;
        stream.set_nodelay(true).map_err(accepting())?;
        stream.set_write_timeout(Some(READER_MAX)).map_err(accepting())?;
        streams.push(stream);
    }
    Ok(streams)
}
