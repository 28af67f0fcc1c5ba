//! Connections of the echo: requests are answered in a row, several with one write where several have come.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::targets::echo::feed::Feed;
use crate::targets::echo::http::{self, Asked};
use crate::targets::echo::replies::Counter;

/// First capacity of a connection's buffers, in bytes.
const BUFFER_BYTES: usize = 16 << 10;
/// The most that one request or frame may take, in bytes; then the connection ends.
const BUFFER_BYTES_MAX: usize = 64 << 20;

/// Answers connections for ever.
pub async fn serve(listener: TcpListener) {
    loop {
        // One that left before it was accepted, or no file for it: the next one comes.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        if stream.set_nodelay(true).is_ok() {
            tokio::spawn(Connection::new(stream).run());
        }
    }
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    write: Vec<u8>,
    counter: Counter,
}

/// Whether the connection goes on, and how.
enum Turn {
    GoesOn,
    Upgraded(Feed),
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            read: Vec::with_capacity(BUFFER_BYTES),
            write: Vec::with_capacity(BUFFER_BYTES),
            counter: Counter::default(),
        }
    }

    /// Until the other side leaves, or says what is not understood: then there is nobody to tell.
    async fn run(mut self) -> Option<()> {
        let mut feed = loop {
            let turn = self.requests()?;
            self.flush().await?;
            if let Turn::Upgraded(feed) = turn {
                break feed;
            }
            self.fill(0).await?;
        };
        loop {
            let wanted = self.frames(&mut feed)?;
            self.flush().await?;
            if feed.is_closed {
                return None;
            }
            self.fill(wanted).await?;
        }
    }

    /// Answers all whole requests. None ends the connection.
    fn requests(&mut self) -> Option<Turn> {
        let mut at = 0;
        let mut turn = Turn::GoesOn;
        while let Some(request) = http::request(&self.read[at..])? {
            at += request.bytes;
            match request.asked {
                Asked::Feed(feed) => {
                    http::put_switching(&feed, &mut self.write);
                    turn = Turn::Upgraded(Feed::new(feed.form));
                    break;
                }
                Asked::Call { method, path, body } => {
                    http::answer(method, path, body, &mut self.counter, &mut self.write);
                }
            }
        }
        self.read.drain(..at);
        Some(turn)
    }

    /// Answers all whole frames, and tells how many bytes the next one has at least. None ends the connection.
    fn frames(&mut self, feed: &mut Feed) -> Option<usize> {
        let (at, wanted) = feed.frames(&mut self.read, &mut self.counter, &mut self.write)?;
        self.read.drain(..at);
        Some(wanted)
    }

    async fn flush(&mut self) -> Option<()> {
        if !self.write.is_empty() {
            self.stream.write_all(&self.write).await.ok()?;
            self.write.clear();
        }
        Some(())
    }

    /// Reads what is there, with room for what is awaited.
    async fn fill(&mut self, wanted: usize) -> Option<()> {
        if wanted.max(self.read.len()) > BUFFER_BYTES_MAX {
            return None;
        }
        self.read.reserve(wanted.saturating_sub(self.read.len()).max(BUFFER_BYTES / 4));
        let read = self.stream.read_buf(&mut self.read).await.ok()?;
        (read > 0).then_some(())
    }
}
