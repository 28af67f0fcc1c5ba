//! The table of every call. The router, the figures and the API document are made of it, so that none of them
//! can know a call that the others do not.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http_body_util::BodyExt;
use saldo_protocol::Code;

use super::failure::Failure;
use super::inbound::Inbound;
use super::{
    Gateway, availability, health, lookups, movements, openapi, reservations, returns, socket,
    stock,
};
use crate::clock;

/// A method that some route takes. GET answers HEAD too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteMethod {
    Get,
    Post,
    Put,
}

impl RouteMethod {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
        }
    }
}

/// What kind of call a route is: which errors it shares with others, and whether it takes a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Changes something: takes an `Idempotency-Key` and a body.
    Change,
    /// The same, and the body may be empty.
    ChangeWithoutBody,
    /// Reads with a body.
    Query,
    /// Reads.
    Read,
    /// Told whatever state the engine is in.
    Health,
    /// Told once the engine is ready.
    Document,
    /// The WebSocket.
    Feed,
}

/// One call.
pub(crate) struct Route {
    pub(crate) method: RouteMethod,
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// What it can be refused with besides what all of its kind can.
    pub(crate) refusals: &'static [Code],
    /// Its handler, given its place in the table.
    mount: fn(usize) -> MethodRouter<Arc<Gateway>>,
}

/// A row of the table: method, path, kind, handler, refusals.
macro_rules! route {
    ($method:ident $path:literal $kind:ident $handler:path $(, $code:ident)*) => {
        Route {
            method: RouteMethod::$method,
            path: $path,
            kind: Kind::$kind,
            refusals: &[$(Code::$code),*],
            mount: |place| mounted(RouteMethod::$method, place, $handler),
        }
    };
}

/// Every call that there is.
pub(crate) static ROUTES: &[Route] = &[
    route!(Get "/v1/stock/{sku}" Read stock::sku, UnknownStock),
    route!(Get "/v1/stock/{sku}/{location}" Read stock::level, UnknownStock),
    route!(Post "/v1/stock/{sku}/{location}/receive" Change stock::receive),
    route!(Post "/v1/stock/{sku}/{location}/adjust" Change stock::adjust),
    route!(Post "/v1/stock/{sku}/{location}/count" Change stock::count, VersionMismatch),
    route!(Put "/v1/stock/{sku}/{location}/policy" ChangeWithoutBody stock::policy),
    route!(Post "/v1/stock/{sku}/{location}/sell" Change stock::sell, UnknownStock, InsufficientStock),
    route!(Get "/v1/stock/{sku}/{location}/reservations" Read lookups::on_key, UnknownStock, LimitExceeded),
    route!(Post "/v1/availability:query" Query availability::query),
    route!(Post "/v1/reservations" Change reservations::reserve, UnknownStock, HoldLimit, InsufficientStock),
    route!(Get "/v1/reservations" Read lookups::by_reference, LimitExceeded),
    route!(Get "/v1/reservations/{id}" Read lookups::by_id, UnknownReservation),
    route!(Post "/v1/reservations/{id}/lines" Change reservations::add_lines, UnknownStock, UnknownReservation,
        ReservationExpired, ReservationClosed, HoldLimit, InsufficientStock),
    route!(Post "/v1/reservations/{id}/commit" ChangeWithoutBody reservations::commit, UnknownStock,
        UnknownReservation, ReservationExpired, ReservationClosed, QuantityExceedsHeld),
    route!(Post "/v1/reservations/{id}/fulfil" ChangeWithoutBody reservations::fulfil, UnknownStock,
        UnknownReservation, ReservationExpired, ReservationClosed, QuantityExceedsCommitted),
    route!(Post "/v1/reservations/{id}/release" ChangeWithoutBody reservations::release, UnknownStock,
        UnknownReservation, ReservationExpired, ReservationClosed, QuantityExceedsHeld, QuantityExceedsCommitted),
    route!(Post "/v1/reservations/{id}/extend" Change reservations::extend, UnknownReservation,
        ReservationExpired, ReservationClosed, QuantityExceedsHeld),
    route!(Post "/v1/reservations/{id}/return" Change returns::of_order, UnknownStock, UnknownReservation,
        QuantityExceedsFulfilled),
    route!(Post "/v1/returns" Change returns::without_order),
    route!(Get "/v1/movements" Read movements::of_key, UnknownStock, LimitExceeded),
    Route {
        method: RouteMethod::Get,
        path: "/v1/feed",
        kind: Kind::Feed,
        refusals: &[],
        mount: mounted_feed,
    },
    route!(Get "/livez" Health health::livez),
    route!(Get "/readyz" Health health::readyz),
    route!(Get "/metrics" Health health::metrics),
    route!(Get "/openapi.json" Document openapi::document),
];

/// The router of the whole table.
pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    let mut router = Router::new();
    for (place, route) in ROUTES.iter().enumerate() {
        router = router.route(route.path, (route.mount)(place));
    }
    router.fallback(no_route).method_not_allowed_fallback(wrong_method).with_state(gateway)
}

/// Mounts a handler behind what all calls share: the body as bytes, the figures, failures as problems.
fn mounted<H, F>(method: RouteMethod, place: usize, handler: H) -> MethodRouter<Arc<Gateway>>
where
    H: Fn(Arc<Gateway>, Inbound) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Result<Response, Failure>> + Send,
{
    let handle = move |State(gateway): State<Arc<Gateway>>, request: Request| async move {
        let started_us = clock::monotonic_us();
        let (parts, mut body) = request.into_parts();
        // The body was read whole before the router: it is one frame, or none, and neither waits nor fails.
        let frame = body.frame().await.and_then(Result::ok);
        let body = frame.and_then(|frame| frame.into_data().ok());
        let inbound = Inbound { parts, body: body.unwrap_or_default() };
        let answer = handler(Arc::clone(&gateway), inbound).await;
        let response = answer.unwrap_or_else(|failure| gateway.refuse(failure));
        let took_us = clock::monotonic_us() - started_us;
        gateway.meters.answered(place, response.status(), took_us);
        response
    };
    on(method.filter(), handle)
}

fn mounted_feed(place: usize) -> MethodRouter<Arc<Gateway>> {
    let handle = move |State(gateway): State<Arc<Gateway>>, request: Request| async move {
        let started_us = clock::monotonic_us();
        let response = socket::upgrade(State(Arc::clone(&gateway)), request).await;
        let took_us = clock::monotonic_us() - started_us;
        gateway.meters.answered(place, response.status(), took_us);
        response
    };
    on(MethodFilter::GET, handle)
}

/// Where a SKU, location or id may stand in a path, none of which is ever empty.
const VARIABLE_PATHS: [&str; 2] = ["/v1/stock/", "/v1/reservations/"];

async fn no_route(State(gateway): State<Arc<Gateway>>, method: Method, uri: Uri) -> Response {
    let empty_segment = VARIABLE_PATHS.iter().any(|prefix| {
        uri.path().strip_prefix(prefix).is_some_and(|rest| rest.split('/').any(str::is_empty))
    });
    let failure = if empty_segment {
        Failure::malformed(
            "the path has an empty segment: a SKU, a location or an id must not be empty, and a path does not end with /",
        )
    } else {
        let path = super::path::shortened(uri.path());
        Failure::new(
            Code::NotFound,
            format!("there is no route {method} {path}: /openapi.json lists every call"),
        )
    };
    gateway.refuse_unrouted(failure)
}

async fn wrong_method(State(gateway): State<Arc<Gateway>>, method: Method) -> Response {
    gateway.refuse_unrouted(Failure::new(
        Code::MethodNotAllowed,
        format!("this route does not take {method}: the Allow header lists what it takes"),
    ))
}

impl Gateway {
    /// A failure as the answer of a route, counted by its code.
    pub(crate) fn refuse(&self, failure: Failure) -> Response {
        self.meters.refused(failure.code());
        failure.into_response()
    }

    /// A failure as the answer to a request that reached no route.
    pub(crate) fn refuse_unrouted(&self, failure: Failure) -> Response {
        let response = self.refuse(failure);
        self.meters.unrouted(response.status());
        response
    }
}
