//! One connection: HTTP/1.1 by hyper until it ends, becomes a WebSocket, or the server stops.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::{IpAddr, TcpStream as StdStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tracing::debug;

use super::Gateway;
use super::service::Service;

/// The longest head of a request in bytes, and what is read from the socket at once.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// One of the connections that the settings allow.
pub(crate) struct OpenConnection {
    gateway: Arc<Gateway>,
    _permit: OwnedSemaphorePermit,
}

impl OpenConnection {
    pub(crate) fn new(gateway: Arc<Gateway>, permit: OwnedSemaphorePermit) -> Self {
        gateway.meters.accepted.increment(1);
        gateway.meters.connections.increment(1);
        Self { gateway, _permit: permit }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.gateway.meters.connections.decrement(1);
    }
}

/// Serves a connection to its end, on the runtime that polls this.
pub(crate) async fn serve(stream: StdStream, peer: IpAddr, service: Service, open: OpenConnection) {
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => {
            debug!(%error, "a connection could not be moved to its thread");
            return;
        }
    };
    let gateway = Arc::clone(service.gateway());
    let answer = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(peer, request).await) }
    });
    let socket = Socket { stream: TokioIo::new(stream), _open: open };
    let header_timeout = Duration::from_millis(gateway.settings.header_timeout_ms);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .pipeline_flush(true)
        .serve_connection(socket, answer)
        .with_upgrades();
    let mut connection = pin!(connection);
    let (mut stopping, mut cut) = (gateway.stopping.clone(), gateway.cut.clone());
    // An error means that the sender is gone, and the server with it.
    let stop = async { stopping.wait_for(|stopping| *stopping).await.is_ok() };
    let end = async { cut.wait_for(|cut| *cut).await.is_ok() };
    tokio::select! {
        biased;
        ended = connection.as_mut() => return tell(ended),
        _ = stop => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        ended = connection => tell(ended),
        _ = end => {}
    }
}

fn tell(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        debug!(%error, "a connection ended early");
    }
}

/// The socket and its place among the open connections, which a WebSocket that takes the socket over keeps.
struct Socket {
    stream: TokioIo<TcpStream>,
    _open: OpenConnection,
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }
}
