//! A request's body, read whole before anything else looks at the request, so that every answer finds a client
//! that has finished sending. A body over the limit is read on and thrown away, within its own limit.

use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, header};
use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Body;
use saldo_protocol::Code;

use super::failure::Failure;
use crate::config::Settings;

/// A buffer for a body in several parts begins with at most this capacity: a stated length is not trusted.
const FIRST_CAPACITY_BYTES: u64 = 64 << 10;

/// The body's bytes; none for GET and HEAD, whose bodies mean nothing.
///
/// # Errors
/// `payload_too_large`; `malformed` where the body breaks off or takes longer than `body_timeout_ms`. After an
/// error there may be more of the body to come, so the connection must close.
pub(crate) async fn read<B>(
    body: B,
    method: &Method,
    headers: &HeaderMap,
    settings: &Settings,
) -> Result<Bytes, Failure>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let kept_bytes_max = match *method {
        Method::GET | Method::HEAD => 0,
        _ => settings.body_bytes_max,
    };
    let stated_bytes = body.size_hint().lower();
    let too_large = stated_bytes > settings.body_bytes_max;
    if too_large && headers.contains_key(header::EXPECT) {
        // Whoever asks first is told before it sends anything.
        return Err(over_limit(settings));
    }
    let whole = collect(body, kept_bytes_max, settings.body_discarded_bytes_max);
    let deadline = Duration::from_millis(settings.body_timeout_ms);
    match tokio::time::timeout(deadline, whole).await {
        Ok(Ok(Collected::Whole(bytes))) => Ok(bytes),
        Ok(Ok(Collected::Discarded)) if kept_bytes_max == 0 => Ok(Bytes::new()),
        Ok(Ok(Collected::Discarded)) => Err(over_limit(settings)),
        Ok(Err(error)) => Err(Failure::malformed(format!(
            "the body broke off or is not well-formed HTTP: {error}"
        ))),
        Err(_) if too_large => Err(over_limit(settings)),
        Err(_) => Err(Failure::malformed(format!(
            "the body did not arrive within {} ms (setting body_timeout_ms): send it faster or in smaller calls",
            settings.body_timeout_ms
        ))),
    }
}

/// Reads the body of a request that is refused and throws it away, so that its sender hears the answer. Tells whether
/// nothing of it is left to come; otherwise the connection must close.
pub(crate) async fn discard<B>(body: B, headers: &HeaderMap, settings: &Settings) -> bool
where
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    if body.is_end_stream() {
        return true;
    }
    if headers.contains_key(header::EXPECT) {
        // Whoever asks first is told before it sends anything.
        return false;
    }
    let mut body = pin!(body);
    let drained = async {
        let mut left_bytes = settings.body_discarded_bytes_max;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return false;
            };
            let read_bytes = frame.data_ref().map_or(0, Bytes::len);
            let left = u64::try_from(read_bytes).ok().and_then(|it| left_bytes.checked_sub(it));
            match left {
                Some(left) => left_bytes = left,
                None => return false,
            }
        }
        true
    };
    let deadline = Duration::from_millis(settings.body_timeout_ms);
    tokio::time::timeout(deadline, drained).await.unwrap_or(false)
}

fn over_limit(settings: &Settings) -> Failure {
    Failure::new(
        Code::PayloadTooLarge,
        format!(
            "the body is larger than {} bytes (setting body_bytes_max): send several smaller calls",
            settings.body_bytes_max
        ),
    )
}

enum Collected {
    Whole(Bytes),
    Discarded,
}

/// Most bodies arrive as one frame, which is handed on without a copy.
async fn collect<B>(
    body: B,
    kept_bytes_max: u64,
    read_bytes_max: u64,
) -> Result<Collected, B::Error>
where
    B: Body<Data = Bytes>,
{
    let capacity = body.size_hint().lower().min(FIRST_CAPACITY_BYTES);
    let capacity = usize::try_from(capacity).unwrap_or_default();
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    let mut read_bytes = 0_u64;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        read_bytes += u64::try_from(data.len()).unwrap_or(u64::MAX);
        if read_bytes > read_bytes_max.max(kept_bytes_max) {
            return Ok(Collected::Discarded);
        }
        if read_bytes > kept_bytes_max {
            // Too large: nothing of it is kept from here on.
            (first, joined) = (Bytes::new(), BytesMut::new());
        } else if first.is_empty() {
            first = data;
        } else {
            if joined.is_empty() {
                joined.reserve(capacity);
                joined.extend_from_slice(&first);
            }
            joined.extend_from_slice(&data);
        }
    }
    Ok(match () {
        () if read_bytes > kept_bytes_max => Collected::Discarded,
        () if joined.is_empty() => Collected::Whole(first),
        () => Collected::Whole(joined.freeze()),
    })
}
