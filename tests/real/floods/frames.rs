//! Frames of the feed that do not end, mean nothing, are not text, or are never read.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::raw::{CONTINUATION, PING, TEXT, connect, drain, frame};
use crate::uuid;

/// Bytes of a fragment.
const FRAGMENT_BYTES: usize = 16 << 10;
/// Commands of a frame.
const COMMANDS: usize = 500;

/// Connects again and again, and writes what `next` gives until it is cut off; reads all the while.
async fn write_on(address: &str, mut next: impl FnMut(u64) -> Vec<u8>) {
    loop {
        let Some(stream) = connect(address).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (reader, writer) = stream.into_split();
        let mut writer = writer;
        let writing = async {
            for number in 0.. {
                if writer.write_all(&next(number)).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = writing => {}
            () = drain(reader) => {}
        }
    }
}

/// A text in fragments without a last one.
pub async fn endless_fragments(address: String) {
    let payload = vec![b'a'; FRAGMENT_BYTES];
    write_on(&address, |number| {
        let opcode = if number == 0 { TEXT } else { CONTINUATION };
        frame(opcode, false, &payload)
    })
    .await;
}

/// Pings as fast as they go out.
pub async fn pings(address: String) {
    let many: Vec<u8> = (0..64).flat_map(|_| frame(PING, true, &[b'p'; 125])).collect();
    write_on(&address, |_| many.clone()).await;
}

/// Texts that are none.
pub async fn invalid_utf8(address: String) {
    let bytes = frame(TEXT, true, &[0xff; 1_000]);
    write_on(&address, |_| bytes.clone()).await;
}

/// Questions whose answers nobody reads.
pub async fn unread_answers(address: String) {
    let question = frame(TEXT, true, br#"{"type":"subscribe","id":"a"}"#);
    let pings: Vec<u8> = (0..256).flat_map(|_| frame(TEXT, true, br#"{"type":"ping"}"#)).collect();
    loop {
        let Some(mut stream): Option<TcpStream> = connect(&address).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let _ = stream.write_all(&question).await;
        while stream.write_all(&pings).await.is_ok() {}
    }
}

/// Changes, each under a key of its own that is never used again.
pub async fn idempotency_keys(address: String) {
    write_on(&address, |number| {
        let command = |_| {
            json!({"op": "receive", "sku": "KEYS", "location": "WEB", "quantity": 1, "key": uuid()})
        };
        let commands: Vec<_> = (0..COMMANDS).map(command).collect();
        let message = json!({"type": "commands", "id": number.to_string(), "commands": commands});
        frame(TEXT, true, message.to_string().as_bytes())
    })
    .await;
}
