//! A hundred thousand subscriptions over four connections, each to a SKU of its own that changes.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::raw::{TEXT, connect, drain, frame};

/// Of each of four connections.
const SUBSCRIPTIONS: usize = 25_000;

/// Subscribes as often as the engine's limits allow, and reads what comes.
pub async fn many(number: usize, address: String) {
    let Some(stream) = connect(&address).await else { return };
    let (reader, mut writer) = stream.into_split();
    let writing = async {
        for subscription in 0..SUBSCRIPTIONS {
            // One of a hundred hears of the well-behaved client's changes.
            let sku = match subscription % 100 {
                0 => "COLD".to_owned(),
                _ => format!("S-{number}-{subscription}"),
            };
            let id = subscription.to_string();
            let message = json!({"type": "subscribe", "id": id, "skus": [sku]});
            if writer.write_all(&frame(TEXT, true, message.to_string().as_bytes())).await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = writing => {}
        () = drain(reader) => {}
    }
}
