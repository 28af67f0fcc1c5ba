//! One request: its route is found, whoever sent it is looked at, its body is read whole, then its call has it.
//! Before the engine has recovered, all but the health calls are answered `not_ready`.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Body as HttpBody;
use saldo_protocol::Code;
use tracing::debug;

use super::failure::Failure;
use super::inbound::Inbound;
use super::routes::Route;
use super::table::{self, Found, Table};
use super::{Gateway, access, body, page, path};
use crate::clock;

/// Paths that are answered whatever state the engine is in, besides the page's.
const ALWAYS: [&str; 2] = ["/livez", "/readyz"];

/// Answers requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct Service {
    gateway: Arc<Gateway>,
    table: Arc<Table>,
}

impl Service {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway, table: Arc::new(Table::new()) }
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Answers one request that came from `peer`.
    pub(crate) async fn answer<B>(&self, peer: IpAddr, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Display,
    {
        let (parts, body) = request.into_parts();
        let cors = table::is_for_pages(parts.uri.path())
            .then(|| self.gateway.rules.cors(&parts.headers))
            .flatten();
        let mut response = match self.table.find(&parts.method, parts.uri.path()) {
            Found::Route(place, route) => self.call(place, route, peer, parts, body).await,
            Found::Options(allow) => {
                let _ = body::discard(body, &parts.headers, &self.gateway.settings).await;
                let response = access::preflight(&allow, cors);
                self.gateway.meters.unrouted(response.status());
                return response;
            }
            Found::WrongMethod(allow) => {
                let method = &parts.method;
                let failure = Failure::new(
                    Code::MethodNotAllowed,
                    format!(
                        "this route does not take {method}: the Allow header lists what it takes"
                    ),
                );
                let mut response = self.unrouted(failure, &parts, body).await;
                if response.status() == Code::MethodNotAllowed.status() {
                    response.headers_mut().insert(header::ALLOW, allow);
                }
                response
            }
            Found::NoRoute => self.unrouted(no_route(&parts), &parts, body).await,
        };
        if let Some(cors) = cors {
            cors.mark(response.headers_mut());
        }
        response
    }

    /// Answers a request that reached a route.
    async fn call<B>(
        &self,
        place: usize,
        route: &'static Route,
        peer: IpAddr,
        parts: Parts,
        body: B,
    ) -> Response
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Display,
    {
        let gateway = &self.gateway;
        // Before the body: a stranger's is neither kept nor understood, so that what the engine holds in memory for
        // those who may not call stays small, and they learn nothing from what else is wrong with it.
        let access = match gateway.rules.admit(route.asked(), peer, &parts.headers) {
            Ok(access) => access,
            Err(failure) => {
                let code = failure.code();
                debug!(%peer, %code, method = %parts.method, route = route.path, "turned away");
                let whole = body::discard(body, &parts.headers, &gateway.settings).await;
                let response = gateway.refuse(failure);
                gateway.meters.turned_away_at(place, response.status());
                return if whole { response } else { closing(response) };
            }
        };
        let body = match body::read(body, &parts.method, &parts.headers, &gateway.settings).await {
            Ok(body) => body,
            Err(failure) => return closing(gateway.refuse_unrouted(failure)),
        };
        let path = parts.uri.path();
        let always = ALWAYS.contains(&path) || page::is_page(path);
        if !always && !gateway.is_recovered() {
            return gateway.refuse_unrouted(not_ready());
        }
        let started_us = clock::monotonic_us();
        let is_head = parts.method == Method::HEAD;
        let inbound = Inbound { parts, body, access };
        let answer = (route.handler)(Arc::clone(gateway), inbound).await;
        let response = answer.unwrap_or_else(|failure| gateway.refuse(failure));
        let took_us = clock::monotonic_us() - started_us;
        gateway.meters.answered(place, response.status(), took_us);
        if is_head { without_body(response) } else { response }
    }

    /// Answers a request that reached no route.
    async fn unrouted<B>(&self, failure: Failure, parts: &Parts, body: B) -> Response
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Display,
    {
        let whole = body::discard(body, &parts.headers, &self.gateway.settings).await;
        let failure = if self.gateway.is_recovered() { failure } else { not_ready() };
        let response = self.gateway.refuse_unrouted(failure);
        if whole { response } else { closing(response) }
    }
}

fn not_ready() -> Failure {
    Failure::new(
        Code::NotReady,
        "the engine is still reading its journal and nothing happened: try again after the time in Retry-After, and see /readyz",
    )
}

fn no_route(parts: &Parts) -> Failure {
    if table::has_empty_segment(parts.uri.path()) {
        return Failure::malformed(
            "the path has an empty segment: a SKU, a location or an id must not be empty, and a path does not end with /",
        );
    }
    let (method, path) = (&parts.method, path::shortened(parts.uri.path()));
    Failure::new(
        Code::NotFound,
        format!("there is no route {method} {path}: /openapi.json lists every call"),
    )
}

/// What is left of the body would be read as the next request.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The answer to HEAD: that to GET, with its length and without its body.
fn without_body(mut response: Response) -> Response {
    if let Some(bytes) = response.body().size_hint().exact() {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    *response.body_mut() = Body::empty();
    response
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
