//! A connection too many: it is told so in one answer and closed, so that its client tries again later instead
//! of waiting for a connection that nobody takes.

use std::time::Duration;

use saldo_protocol::{Code, Problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::failure::RETRY_AFTER_SECONDS;

/// Connections being told so at once; those beyond are closed without a word.
pub(crate) const TURNED_AWAY_MAX: usize = 64;

/// How long such a connection may take to send its request and read the answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers whatever comes with `overloaded`.
pub(crate) async fn tell(
    mut stream: TcpStream,
    connections_max: u64,
    _permit: OwnedSemaphorePermit,
) {
    let answer = answer(connections_max);
    let told = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        // Closing a socket with unread bytes in it would take the answer back.
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // A client that does not listen is dropped; there is nobody to tell.
    let _ = tokio::time::timeout(PATIENCE, told).await;
}

fn answer(connections_max: u64) -> Vec<u8> {
    let problem = Problem::new(
        Code::Overloaded,
        format!(
            "{connections_max} connections are open (setting connections_max) and nothing happened: try again after the time in Retry-After"
        ),
    );
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {}\r\ncontent-length: {}\r\nretry-after: {RETRY_AFTER_SECONDS}\r\nconnection: close\r\n\r\n",
        saldo_protocol::PROBLEM_CONTENT_TYPE,
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    answer
}
