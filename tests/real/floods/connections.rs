//! Connections that are slow, silent, too many, or never there for long.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::raw::{TEXT, connect, drain, frame};

/// Between two bytes of who is slow.
const DRIP: Duration = Duration::from_millis(20);

/// Sends the byte again and again until it is cut off.
async fn drip(stream: TcpStream, byte: u8) {
    let (reader, mut writer) = stream.into_split();
    let dripping = async {
        while writer.write_all(&[byte]).await.is_ok() {
            sleep(DRIP).await;
        }
    };
    tokio::select! {
        () = dripping => {}
        () = drain(reader) => {}
    }
}

/// A request's head that comes byte by byte and never ends.
pub async fn slow_headers(address: String) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(&address).await
            && stream.write_all(b"GET /livez HTTP/1.1\r\nX-Slow: ").await.is_ok()
        {
            drip(stream, b'a').await;
        }
        sleep(DRIP).await;
    }
}

/// A body that comes byte by byte.
pub async fn slow_bodies(address: String) {
    let head = "POST /v1/reservations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                Content-Length: 1000000\r\n\r\n{";
    loop {
        if let Ok(mut stream) = TcpStream::connect(&address).await
            && stream.write_all(head.as_bytes()).await.is_ok()
        {
            drip(stream, b' ').await;
        }
        sleep(DRIP).await;
    }
}

/// A connection on which nothing comes.
pub async fn half_open(address: String) {
    loop {
        if let Ok(stream) = TcpStream::connect(&address).await {
            drain(stream).await;
        }
        sleep(DRIP).await;
    }
}

/// A feed that is subscribed to and left, as fast as can be.
pub async fn reconnects(address: String) {
    let subscribe = frame(TEXT, true, br#"{"type":"subscribe","id":"a"}"#);
    loop {
        match connect(&address).await {
            Some(mut stream) => {
                let _ = stream.write_all(&subscribe).await;
            }
            None => sleep(DRIP).await,
        }
    }
}
