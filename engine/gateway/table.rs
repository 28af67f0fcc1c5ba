//! Finds a request's route in the table.
//!
//! The gateway has its own dispatch, for between finding a route and reading the body it decides whether the caller
//! may make the call at all.

use axum::http::{HeaderValue, Method};
use matchit::Router;

use super::routes::{ROUTES, Route, RouteMethod};

/// Paths that web pages of other origins may call; the rest is for those who run the engine.
const FOR_PAGES: &str = "/v1/";
/// Where a SKU, location or id may stand in a path, none of which is ever empty.
const VARIABLE_PATHS: [&str; 2] = ["/v1/stock/", "/v1/reservations/"];

/// The table by path.
pub(crate) struct Table(Router<Methods>);

/// What one path takes.
struct Methods {
    /// Places in `ROUTES`.
    places: Vec<usize>,
    /// As the `Allow` header says it.
    allow: HeaderValue,
}

/// What a method and path lead to.
pub(crate) enum Found {
    /// A route and its place in `ROUTES`.
    Route(usize, &'static Route),
    /// The question which methods the path takes, and the answer.
    Options(HeaderValue),
    /// A path that takes these methods alone.
    WrongMethod(HeaderValue),
    /// No such path.
    NoRoute,
}

impl Table {
    /// The table of every call.
    pub(crate) fn new() -> Self {
        let mut router = Router::new();
        for (place, route) in ROUTES.iter().enumerate() {
            let places: Vec<usize> =
                (0..ROUTES.len()).filter(|other| ROUTES[*other].path == route.path).collect();
            if places.first() == Some(&place) {
                let methods = Methods { allow: allow(route.path, &places), places };
                router.insert(route.path, methods).expect("paths of the table that do not collide");
            }
        }
        Self(router)
    }

    /// What a request leads to.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found {
        let Ok(found) = self.0.at(path) else {
            return Found::NoRoute;
        };
        let Methods { places, allow } = found.value;
        let routes = places.iter().filter_map(|place| Some((*place, ROUTES.get(*place)?)));
        for (place, route) in routes {
            if route.method.takes(method) {
                return Found::Route(place, route);
            }
        }
        if method == Method::OPTIONS && is_for_pages(path) {
            return Found::Options(allow.clone());
        }
        Found::WrongMethod(allow.clone())
    }
}

/// Whether browsers are told which pages may read the answer.
pub(crate) fn is_for_pages(path: &str) -> bool {
    path.starts_with(FOR_PAGES)
}

/// Whether a path would be a call's if no segment of it were empty.
pub(crate) fn has_empty_segment(path: &str) -> bool {
    VARIABLE_PATHS.iter().any(|prefix| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.split('/').any(str::is_empty))
    })
}

fn allow(path: &str, places: &[usize]) -> HeaderValue {
    let mut methods = Vec::new();
    for place in places {
        methods.push(ROUTES[*place].method.name());
        if ROUTES[*place].method == RouteMethod::Get {
            methods.push("HEAD");
        }
    }
    if is_for_pages(path) {
        methods.push("OPTIONS");
    }
    HeaderValue::from_str(&methods.join(",")).expect("names of methods")
}
