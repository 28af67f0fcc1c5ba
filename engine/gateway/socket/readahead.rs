//! Reads much at a time without keeping room for it: an idle connection has no buffer here, and a frame of
//! thousands of commands takes a few reads.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Read at once, in bytes, into room that all connections of a thread share.
const READ_BYTES: usize = 64 << 10;

thread_local! {
    static ROOM: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into_boxed_slice());
}

/// A socket that is read ahead.
#[derive(Debug)]
pub(super) struct Readahead<S> {
    socket: S,
    /// What was read and not yet taken; given back once it was.
    left: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
}

impl<S> Readahead<S> {
    pub(super) const fn new(socket: S) -> Self {
        Self { socket, left: Vec::new(), taken: 0 }
    }

    fn take(&mut self, into: &mut ReadBuf<'_>) {
        let bytes = into.remaining().min(self.left.len() - self.taken);
        into.put_slice(&self.left[self.taken..self.taken + bytes]);
        self.taken += bytes;
        if self.taken == self.left.len() {
            (self.left, self.taken) = (Vec::new(), 0);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Readahead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_empty() {
            let this = &mut *self;
            let read = ROOM.with_borrow_mut(|room| {
                let mut room = ReadBuf::new(room);
                ready!(Pin::new(&mut this.socket).poll_read(context, &mut room))?;
                let (now, later) =
                    room.filled().split_at(into.remaining().min(room.filled().len()));
                into.put_slice(now);
                this.left.extend_from_slice(later);
                Poll::Ready(Ok(()))
            });
            return read;
        }
        self.take(into);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Readahead<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_was_read_ahead_comes_in_order_and_leaves_no_room_behind() {
        let (mut near, far) = tokio::io::duplex(4 * READ_BYTES);
        let mut far = Readahead::new(far);
        let sent: Vec<u8> = (0..3 * READ_BYTES).map(|at| u8::try_from(at % 251).unwrap()).collect();
        near.write_all(&sent).await.unwrap();
        near.shutdown().await.unwrap();
        let mut heard = Vec::new();
        let mut piece = [0; 700];
        loop {
            match far.read(&mut piece).await.unwrap() {
                0 => break,
                bytes => heard.extend_from_slice(&piece[..bytes]),
            }
        }
        assert!(heard == sent);
        assert_eq!(far.left.capacity(), 0);
    }
}
