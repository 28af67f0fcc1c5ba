//! `GET /v1/feed/sse`: one subscription as Server-Sent Events (WHATWG HTML, section 9.2), for those who cannot
//! open a WebSocket. The same messages as there, in JSON; `id` is the cursor from which a reader that comes back
//! is told on, which browsers send by themselves as `Last-Event-ID`.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use futures_channel::mpsc as channel;
use futures_util::{Sink, StreamExt};
use saldo_protocol::{Cursor, FeedMode, FrameId, Location, Sku, SkuPrefix, Subscribe, View};
use tokio::sync::{mpsc, oneshot};

use super::allowed::Allowed;
use super::checks::check;
use super::form::{Form, Outgoing, Words};
use super::incoming::Misunderstood;
use super::limits::SocketLimits;
use super::writer::{Answer, Sent, Writer};
use crate::gateway::failure::Failure;
use crate::gateway::inbound::Inbound;
use crate::gateway::{Gateway, query};

/// The name of the one subscription.
const NAME: &str = "sse";
/// Parameters that a query string may have: a request's head ends long before.
const PARAMETERS_MAX: usize = 10_000;
/// Parameters that may stand there once.
const ONCE: [&str; 3] = ["mode", "view", "cursor"];
/// Events that wait for the connection to take them; then the subscription is a slow reader.
const EVENTS_WAITING: usize = 1;
/// Where a reader that comes back stopped. Not one of the names that the HTTP library knows.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Levels or events as they come, in a stream that ends only when one side goes.
#[utoipa::path(get, path = "/v1/feed/sse", tag = "feed",
    params(
        ("sku" = Option<Vec<Sku>>, Query, description = "SKUs; may be repeated; all when left out"),
        ("sku_prefix" = Option<Vec<SkuPrefix>>, Query, description = "First bytes of SKUs; may be repeated; adds to `sku`"),
        ("location" = Option<Vec<Location>>, Query, description = "Locations; may be repeated; all when left out"),
        ("mode" = Option<FeedMode>, Query, description = "`levels` (default) or `events`"),
        ("view" = Option<View>, Query, description = "How much of each level is told; only with `levels`"),
        ("cursor" = Option<Cursor>, Query, description = "Where to go on; with `events` also `earliest`"),
        ("Last-Event-ID" = Option<Cursor>, Header, description = "As `cursor`, and wins over it"),
    ),
    responses((status = 200, description = "`ServerMessage`s as Server-Sent Events: `event` is the message's type, `data` the message, `id` the cursor from which to go on",
        body = String, content_type = "text/event-stream")))]
pub(crate) async fn open(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let allowed = Allowed::of(&request);
    let wanted = wanted(request.uri(), &request.parts.headers)?;
    let limits = SocketLimits::of(&gateway.settings);
    check(&wanted, std::iter::empty(), allowed, &limits).map_err(refused)?;
    let (events, body) = channel::channel(EVENTS_WAITING);
    let (reading, gone) = oneshot::channel::<Infallible>();
    tokio::spawn(serve(gateway, allowed, limits, wanted, EventWire(events), gone));
    let body = body.map(move |event| {
        // Dropped with the body, when the connection ends: the subscription ends with it.
        let _ = &reading;
        Ok::<Bytes, Infallible>(event)
    });
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = StatusCode::OK;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Proxies that gather answers would keep it back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Tells until the reader goes, the engine stops, or the subscription ends.
async fn serve(
    gateway: Arc<Gateway>,
    allowed: Allowed,
    limits: SocketLimits,
    wanted: Subscribe,
    mut wire: EventWire,
    gone: oneshot::Receiver<Infallible>,
) {
    let (ask, asked) = mpsc::channel(1);
    // Its only message, for which there is room.
    let _ = ask.try_send(Answer::Subscribe(Box::new(wanted)));
    let writer = Writer::new(gateway.engine.clone(), Form::Json, allowed, limits, asked, &mut wire);
    let (mut stopping, mut cut) = (gateway.stopping.clone(), gateway.cut.clone());
    let ask_until_stop = async {
        // Without a sender the gateway is gone, which is a stop too.
        let _ = stopping.wait_for(|stopping| *stopping).await;
        drop(ask);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ending = writer.run() => tracing::debug!(?ending, "an event stream ends"),
        () = ask_until_stop => {}
        _ = cut.wait_for(|cut| *cut) => {}
        _ = gone => {}
    }
}

fn refused(misunderstood: Misunderstood) -> Failure {
    Failure::new(misunderstood.code, misunderstood.detail)
}

/// The subscription that a request asks for.
fn wanted(uri: &Uri, headers: &HeaderMap) -> Result<Subscribe, Failure> {
    let id = FrameId::new(NAME).map_err(|fault| Failure::malformed(fault.to_string()))?;
    let mut wanted = Subscribe::all(id);
    let mut seen = [false; ONCE.len()];
    for (name, value) in query::pairs(uri, PARAMETERS_MAX)? {
        if let Some(at) = ONCE.iter().position(|once| *once == name)
            && std::mem::replace(&mut seen[at], true)
        {
            return Err(Failure::malformed(format!("`{name}` stands twice in the query string")));
        }
        take(&mut wanted, &name, value).map_err(Failure::malformed)?;
    }
    if let Some(last) = headers.get(LAST_EVENT_ID).filter(|last| !last.is_empty()) {
        let last = last.to_str().map_err(|_| {
            Failure::malformed("`Last-Event-ID` must be a cursor, which is visible ASCII")
        })?;
        let cursor = Cursor::new(last).map_err(|fault| Failure::malformed(fault.to_string()))?;
        wanted.cursor = Some(cursor);
    }
    Ok(wanted)
}

fn take(wanted: &mut Subscribe, name: &str, value: Cow<'_, str>) -> Result<(), String> {
    let value = value.into_owned();
    let fault = |fault: saldo_protocol::InvalidField| fault.to_string();
    match name {
        "sku" => {
            wanted.skus.get_or_insert_default().push(Sku::new(value).map_err(fault)?);
        }
        "sku_prefix" => {
            let prefix = SkuPrefix::new(value).map_err(fault)?;
            wanted.sku_prefixes.get_or_insert_default().push(prefix);
        }
        "location" => {
            let location = Location::new(value).map_err(fault)?;
            wanted.locations.get_or_insert_default().push(location);
        }
        "mode" => {
            wanted.mode = match value.as_str() {
                "levels" => FeedMode::Levels,
                "events" => FeedMode::Events,
                _ => return Err("`mode` is `levels` or `events`".to_owned()),
            };
        }
        "view" => {
            wanted.view = Some(match value.as_str() {
                "exact" => View::Exact,
                "banded" => View::Banded,
                "boolean" => View::Boolean,
                _ => return Err("`view` is `exact`, `banded` or `boolean`".to_owned()),
            });
        }
        "cursor" => wanted.cursor = Some(Cursor::new(value).map_err(fault)?),
        _ => {
            return Err(format!(
                "unknown parameter `{}`: sku, sku_prefix, location, mode, view and cursor are taken",
                super::json::cut(name, 64)
            ));
        }
    }
    Ok(())
}

/// Messages as events of a stream.
struct EventWire(channel::Sender<Bytes>);

impl EventWire {
    fn event(message: Outgoing) -> Bytes {
        let Words::Text(data) = message.words else {
            // Only the form JSON is spoken here.
            return Bytes::new();
        };
        let mut event = String::with_capacity(data.len() + 96);
        event.push_str("event: ");
        event.push_str(message.kind);
        if let Some(cursor) = message.cursor {
            event.push_str("\nid: ");
            event.push_str(&cursor);
        }
        // JSON has no line breaks.
        event.push_str("\ndata: ");
        event.push_str(&data);
        event.push_str("\n\n");
        event.into()
    }
}

impl Sink<Sent> for EventWire {
    type Error = channel::SendError;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn start_send(mut self: Pin<&mut Self>, sent: Sent) -> Result<(), Self::Error> {
        match sent {
            Sent::Ping => self.0.start_send(Bytes::from_static(b": ping\n\n")),
            Sent::Message(message) => {
                // Nothing comes behind these; a reader that comes back begins anew.
                let is_last = matches!(message.kind, "gap" | "error");
                let sent = self.0.start_send(Self::event(message));
                if is_last {
                    self.0.disconnect();
                }
                sent
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The connection takes what is there; how much may be there is asked before each event.
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.disconnect();
        Poll::Ready(Ok(()))
    }
}
