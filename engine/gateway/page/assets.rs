//! The files of the page, compiled in. The client is the TypeScript package's own output, so that there is one
//! source of it.

use std::hash::Hasher;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::HeaderValue;
use siphasher::sip128::{Hasher128, SipHasher24};

/// One file of the page.
pub(crate) struct Asset {
    /// Where it is served.
    pub(crate) path: &'static str,
    pub(crate) content_type: HeaderValue,
    pub(crate) body: Bytes,
    /// Tells one content from another, for `If-None-Match`.
    pub(crate) tag: HeaderValue,
}

/// The file that is served at this path.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// Every file of the page.
pub(crate) static ASSETS: LazyLock<Vec<Asset>> =
    LazyLock::new(|| FILES.iter().map(|(path, body)| Asset::new(path, body)).collect());

impl Asset {
    fn new(path: &'static str, body: &'static [u8]) -> Self {
        // Without a key: the content is no secret, and the same build must say the same after a restart.
        let mut hasher = SipHasher24::new();
        hasher.write(body);
        let tag = format!("\"{:032x}\"", hasher.finish128().as_u128());
        Self {
            path,
            content_type: HeaderValue::from_static(media_type(path)),
            body: Bytes::from_static(body),
            // Quotes and hexadecimal digits are always fit for a header.
            tag: HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
        }
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}

/// A file of `assets/`, served under `/assets/`.
macro_rules! own {
    ($name:literal) => {
        (concat!("/assets/", $name), include_bytes!(concat!("assets/", $name)))
    };
}

/// A file of the client, served under `/assets/client/`.
macro_rules! client {
    ($name:literal) => {
        (
            concat!("/assets/client/", $name),
            include_bytes!(concat!("../../../protocol/typescript/dist/", $name)),
        )
    };
}

const FILES: &[(&str, &[u8])] = &[
    ("/", include_bytes!("assets/index.html")),
    own!("activity.js"),
    own!("address.js"),
    own!("band.js"),
    own!("board.js"),
    own!("connection.js"),
    own!("element.js"),
    own!("feed.js"),
    own!("format.js"),
    own!("frames.js"),
    own!("icon.svg"),
    own!("key.js"),
    own!("main.js"),
    own!("movements.js"),
    own!("plot.js"),
    own!("row.js"),
    own!("search.js"),
    own!("stock.js"),
    own!("style.css"),
    own!("token.js"),
    own!("trace.js"),
    own!("watches.js"),
    client!("address.js"),
    client!("backoff.js"),
    client!("client.js"),
    client!("code.js"),
    client!("commands.js"),
    client!("connect.js"),
    client!("connection.js"),
    client!("error.js"),
    client!("event_feed.js"),
    client!("feed.js"),
    client!("handler.js"),
    client!("index.js"),
    client!("key.js"),
    client!("level.js"),
    client!("level_feed.js"),
    client!("level_stream.js"),
    client!("link.js"),
    client!("selection.js"),
    client!("socket.js"),
    client!("timers.js"),
];
