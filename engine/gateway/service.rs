//! One request: its body is read whole, then the router has it. Before the engine has recovered, all but the
//! health calls are answered `not_ready`.

use std::fmt::Display;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use saldo_protocol::Code;

use super::failure::Failure;
use super::{Gateway, body, routes};

/// Paths that are answered whatever state the engine is in.
const ALWAYS: [&str; 2] = ["/livez", "/readyz"];

/// Answers requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct Service {
    gateway: Arc<Gateway>,
    router: TowerToHyperService<Router>,
}

impl Service {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        let router = TowerToHyperService::new(routes::router(Arc::clone(&gateway)));
        Self { gateway, router }
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Answers one request.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: hyper::body::Body<Data = Bytes>,
        B::Error: Display,
    {
        let (parts, body) = request.into_parts();
        let read = body::read(body, &parts.method, &parts.headers, &self.gateway.settings).await;
        let body = match read {
            Ok(body) => body,
            Err(failure) => {
                let mut response = self.gateway.refuse_unrouted(failure);
                // What is left of the body would be read as the next request.
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
                return response;
            }
        };
        if !self.gateway.is_recovered() && !ALWAYS.contains(&parts.uri.path()) {
            return self.gateway.refuse_unrouted(Failure::new(
                Code::NotReady,
                "the engine is still reading its journal and nothing happened: try again after the time in Retry-After, and see /readyz",
            ));
        }
        let request = Request::from_parts(parts, Body::from(body));
        match self.router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}
