//! The table of every call. The router, who may call, the figures and the API document are made of it, so that none of them
//! can know a call that the others do not.

use std::pin::Pin;
use std::sync::Arc;

use axum::http::Method;
use axum::response::Response;
use saldo_protocol::Code;

use super::access::{Asked, Need};
use super::failure::Failure;
use super::inbound::Inbound;
use super::{
    Gateway, availability, health, lookups, movements, openapi, page, reservations, returns,
    socket, stock,
};

/// A method that some route takes. GET answers HEAD too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteMethod {
    Get,
    Post,
    Put,
}

impl RouteMethod {
    /// Whether a request's method leads here.
    pub(crate) fn takes(self, method: &Method) -> bool {
        match self {
            Self::Get => method == Method::GET || method == Method::HEAD,
            Self::Post => method == Method::POST,
            Self::Put => method == Method::PUT,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
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
    /// The page and its files: told whatever state the engine is in.
    Page,
    /// The WebSocket.
    Feed,
}

/// One call.
pub(crate) struct Route {
    pub(crate) method: RouteMethod,
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// What its caller must be allowed.
    pub(crate) need: Need,
    /// What it can be refused with besides what all of its kind can.
    pub(crate) refusals: &'static [Code],
    /// Answers it.
    pub(crate) handler: fn(Arc<Gateway>, Inbound) -> Answering,
}

/// An answer under way.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

impl Route {
    /// What is asked of whoever calls it.
    pub(crate) const fn asked(&self) -> Asked {
        let is_feed = matches!(self.kind, Kind::Feed);
        Asked {
            need: self.need,
            is_guarded: is_feed || matches!(self.kind, Kind::Change | Kind::ChangeWithoutBody),
            takes_subprotocol: is_feed,
        }
    }
}

/// A row of the table: method, path, kind, what its caller needs, handler, refusals.
macro_rules! route {
    ($method:ident $path:literal $kind:ident $need:ident $handler:path $(, $code:ident)*) => {
        Route {
            method: RouteMethod::$method,
            path: $path,
            kind: Kind::$kind,
            need: Need::$need,
            refusals: &[$(Code::$code),*],
            handler: |gateway, inbound| Box::pin($handler(gateway, inbound)),
        }
    };
}

/// Every call that there is.
pub(crate) static ROUTES: &[Route] = &[
    route!(Get "/v1/stock/{sku}" Read ExactLevels stock::sku, UnknownStock),
    route!(Get "/v1/stock/{sku}/{location}" Read ExactLevels stock::level, UnknownStock),
    route!(Post "/v1/stock/{sku}/{location}/receive" Change Sell stock::receive),
    route!(Post "/v1/stock/{sku}/{location}/adjust" Change Sell stock::adjust),
    route!(Post "/v1/stock/{sku}/{location}/count" Change Sell stock::count, VersionMismatch),
    route!(Put "/v1/stock/{sku}/{location}/policy" ChangeWithoutBody Sell stock::policy),
    route!(Post "/v1/stock/{sku}/{location}/sell" Change Sell stock::sell, UnknownStock, InsufficientStock),
    route!(Get "/v1/stock/{sku}/{location}/reservations" Read Sell lookups::on_key, UnknownStock, LimitExceeded),
    route!(Post "/v1/availability:query" Query ExactLevels availability::query),
    route!(Post "/v1/reservations" Change Sell reservations::reserve, UnknownStock, HoldLimit, InsufficientStock),
    route!(Get "/v1/reservations" Read Sell lookups::by_reference, LimitExceeded),
    route!(Get "/v1/reservations/{id}" Read Sell lookups::by_id, UnknownReservation),
    route!(Post "/v1/reservations/{id}/lines" Change Sell reservations::add_lines, UnknownStock, UnknownReservation,
        ReservationExpired, ReservationClosed, HoldLimit, InsufficientStock),
    route!(Post "/v1/reservations/{id}/commit" ChangeWithoutBody Sell reservations::commit, UnknownStock,
        UnknownReservation, ReservationExpired, ReservationClosed, QuantityExceedsHeld),
    route!(Post "/v1/reservations/{id}/fulfil" ChangeWithoutBody Sell reservations::fulfil, UnknownStock,
        UnknownReservation, ReservationExpired, ReservationClosed, QuantityExceedsCommitted),
    route!(Post "/v1/reservations/{id}/release" ChangeWithoutBody Sell reservations::release, UnknownStock,
        UnknownReservation, ReservationExpired, ReservationClosed, QuantityExceedsHeld, QuantityExceedsCommitted),
    route!(Post "/v1/reservations/{id}/extend" Change Sell reservations::extend, UnknownReservation,
        ReservationExpired, ReservationClosed, QuantityExceedsHeld),
    route!(Post "/v1/reservations/{id}/return" Change Sell returns::of_order, UnknownStock, UnknownReservation,
        QuantityExceedsFulfilled),
    route!(Post "/v1/returns" Change Sell returns::without_order),
    route!(Get "/v1/movements" Read Sell movements::of_key, UnknownStock, LimitExceeded),
    route!(Get "/v1/feed" Feed Levels socket::upgrade),
    route!(Get "/v1/feed/sse" Read Levels socket::event_stream::open, LimitExceeded),
    route!(Get "/livez" Health Nothing health::livez),
    route!(Get "/readyz" Health Nothing health::readyz),
    route!(Get "/metrics" Health Figures health::metrics),
    route!(Get "/openapi.json" Document Nothing openapi::document),
    route!(Get "/" Page Nothing page::index),
    route!(Get "/assets/{file}" Page Nothing page::asset, NotFound),
    route!(Get "/assets/client/{file}" Page Nothing page::client_asset, NotFound),
];
