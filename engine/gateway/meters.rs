//! The gateway's own figures: requests by route and status, how long they took, refusals by code, connections.
//! Handles are made at the first use of a route and status and kept.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::StatusCode;
use metrics::{Counter, Gauge, Histogram, Label};
use saldo_protocol::Code;

use super::routes::{ROUTES, Route};
use crate::engine::Engine;
use crate::metrics::Metrics;

const REQUESTS: &str = "saldo_http_requests_total";
const SECONDS: &str = "saldo_http_request_seconds";
const REFUSALS: &str = "saldo_refusals_total";
const CONNECTIONS: &str = "saldo_http_connections";
const ACCEPTED: &str = "saldo_http_connections_accepted_total";
const TURNED_AWAY: &str = "saldo_http_connections_refused_total";
const BUILD_INFO: &str = "saldo_build_info";
/// Figures of an engine that was built without optimisations say nothing of its speed.
const PROFILE: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

/// Every status that the gateway answers with.
const STATUSES: [u16; 18] =
    [101, 200, 201, 204, 400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 429, 500, 503];

/// The figures of one gateway.
pub(crate) struct Meters {
    metrics: Metrics,
    /// One a route, in the order of `ROUTES`.
    routes: Vec<RouteMeter>,
    /// Requests that reached no route.
    unrouted: [OnceLock<Counter>; STATUSES.len()],
    /// One a code, in the order of their numbers, which begin with 1.
    refusals: Vec<Counter>,
    /// Open connections.
    pub(crate) connections: Gauge,
    /// Connections accepted so far.
    pub(crate) accepted: Counter,
    /// Connections turned away because as many as allowed were open.
    pub(crate) turned_away: Counter,
}

#[derive(Default)]
struct RouteMeter {
    answers: [OnceLock<Counter>; STATUSES.len()],
    seconds: OnceLock<Histogram>,
}

impl Meters {
    pub(crate) fn new() -> Self {
        let metrics = Metrics::new();
        metrics.describe_counter(REQUESTS, "Requests answered, by route and status.");
        metrics.describe_histogram(
            SECONDS,
            "Seconds from a request read whole to its answer made, by route.",
        );
        metrics.describe_counter(REFUSALS, "Requests refused, by code.");
        metrics.describe_gauge(CONNECTIONS, "Connections open.");
        metrics.describe_counter(ACCEPTED, "Connections accepted.");
        metrics.describe_counter(
            TURNED_AWAY,
            "Connections answered 503 at once because connections_max were open.",
        );
        metrics.describe_gauge(BUILD_INFO, "1, with the engine's version and how it was built.");
        let build = [("version", env!("CARGO_PKG_VERSION")), ("profile", PROFILE)];
        let build = build.map(|(name, value)| Label::new(name, value)).to_vec();
        metrics.gauge(BUILD_INFO, build).set(1.0);
        let refusals = Code::ALL
            .iter()
            .map(|code| metrics.counter(REFUSALS, vec![Label::new("code", code.slug())]))
            .collect();
        Self {
            routes: ROUTES.iter().map(|_| RouteMeter::default()).collect(),
            unrouted: Default::default(),
            refusals,
            connections: metrics.gauge(CONNECTIONS, Vec::new()),
            accepted: metrics.counter(ACCEPTED, Vec::new()),
            turned_away: metrics.counter(TURNED_AWAY, Vec::new()),
            metrics,
        }
    }

    /// Counts an answer to a caller who may not make the call; how long that took says nothing of the call.
    pub(crate) fn turned_away_at(&self, route: usize, status: StatusCode) {
        let (Some(meter), Some(known)) = (self.routes.get(route), ROUTES.get(route)) else {
            return;
        };
        if let Some(answers) = slot(&meter.answers, status) {
            answers
                .get_or_init(|| self.requests(known.method.name(), known.path, status))
                .increment(1);
        }
    }

    /// Counts an answer of the route at this place of `ROUTES`.
    pub(crate) fn answered(&self, route: usize, status: StatusCode, took_us: u64) {
        let (Some(meter), Some(known)) = (self.routes.get(route), ROUTES.get(route)) else {
            return;
        };
        self.turned_away_at(route, status);
        let make = || self.metrics.histogram(SECONDS, route_labels(known));
        let seconds = meter.seconds.get_or_init(make);
        seconds.record(Duration::from_micros(took_us));
    }

    /// Counts an answer to a request that reached no route.
    pub(crate) fn unrouted(&self, status: StatusCode) {
        if let Some(answers) = slot(&self.unrouted, status) {
            answers.get_or_init(|| self.requests("any", "none", status)).increment(1);
        }
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, code: Code) {
        let place = usize::from(code.number()).checked_sub(1);
        if let Some(refusals) = place.and_then(|place| self.refusals.get(place)) {
            refusals.increment(1);
        }
    }

    /// The page of all figures, the engine's included.
    pub(crate) fn page(&self, engine: &Engine) -> String {
        engine.gauges().each(|name, help, value| {
            self.metrics.describe_gauge(name, help);
            self.metrics.gauge(name, Vec::new()).set(value);
        });
        self.metrics.render()
    }

    /// To be called every few seconds, see [`Metrics::upkeep`].
    pub(crate) fn upkeep(&self) {
        self.metrics.upkeep();
    }

    fn requests(&self, method: &'static str, path: &'static str, status: StatusCode) -> Counter {
        let labels = vec![
            Label::new("method", method),
            Label::new("route", path),
            Label::new("status", status.as_u16().to_string()),
        ];
        self.metrics.counter(REQUESTS, labels)
    }
}

fn route_labels(route: &Route) -> Vec<Label> {
    vec![Label::new("method", route.method.name()), Label::new("route", route.path)]
}

fn slot(
    answers: &[OnceLock<Counter>; STATUSES.len()],
    status: StatusCode,
) -> Option<&OnceLock<Counter>> {
    let place = STATUSES.iter().position(|known| *known == status.as_u16())?;
    answers.get(place)
}
