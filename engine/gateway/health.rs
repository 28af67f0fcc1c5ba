//! What those who run the engine ask: is it alive, is it ready, and its figures.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::failure::{Failure, RETRY_AFTER_SECONDS};
use super::inbound::Inbound;
use super::{Gateway, answer};
use crate::engine::Readiness;

/// How the engine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Health {
    /// In one word.
    state: HealthState,
    /// Keys that could not be rebuilt and are refused, each as `sku@location: why`; all others serve.
    quarantined: Vec<String>,
    /// Whether changes are refused until there is disk space again.
    read_only: bool,
}

/// How the engine is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HealthState {
    /// Reading its journal; not yet serving.
    Recovering,
    /// Serving.
    Ready,
    /// Finishing what is under way.
    Stopping,
    /// The journal failed; the process is about to end.
    Failed,
}

impl From<Readiness> for Health {
    fn from(readiness: Readiness) -> Self {
        let plain = |state| Self { state, quarantined: Vec::new(), read_only: false };
        match readiness {
            Readiness::Recovering => plain(HealthState::Recovering),
            Readiness::Stopping => plain(HealthState::Stopping),
            Readiness::Failed => plain(HealthState::Failed),
            Readiness::Ready { quarantined, read_only } => {
                Self { state: HealthState::Ready, quarantined, read_only }
            }
        }
    }
}

/// Whether the process works at all; a supervisor restarts it when not.
#[utoipa::path(get, path = "/livez", tag = "health",
    responses(
        (status = 200, description = "Alive, whatever its state", body = Health),
        (status = 503, description = "The journal failed; the process is about to end", body = Health)))]
pub(crate) async fn livez(gateway: Arc<Gateway>, _request: Inbound) -> Result<Response, Failure> {
    let health = Health::from(gateway.engine.readiness());
    let alive = health.state != HealthState::Failed;
    answered(&health, alive)
}

/// Whether requests are served; a balancer sends none when not.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses(
        (status = 200, description = "Recovered and serving", body = Health),
        (status = 503, description = "Recovering, stopping or failed", body = Health)))]
pub(crate) async fn readyz(gateway: Arc<Gateway>, _request: Inbound) -> Result<Response, Failure> {
    let health = Health::from(gateway.engine.readiness());
    let ready = health.state == HealthState::Ready;
    answered(&health, ready)
}

/// The engine's figures in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "Prometheus text format 0.0.4", body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(gateway: Arc<Gateway>, _request: Inbound) -> Result<Response, Failure> {
    let page = gateway.meters.page(&gateway.engine);
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(answer::typed(StatusCode::OK, content_type, page.into()))
}

fn answered(health: &Health, well: bool) -> Result<Response, Failure> {
    if well {
        return answer::json(StatusCode::OK, health);
    }
    let mut response = answer::json(StatusCode::SERVICE_UNAVAILABLE, health)?;
    let seconds = HeaderValue::from(RETRY_AFTER_SECONDS);
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    Ok(response)
}
