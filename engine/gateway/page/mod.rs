//! The page at `/`: a live stock board for people. It is a client like any other, made of files that are compiled
//! in; nothing of it comes from elsewhere, and its policy lets the browser load nothing from elsewhere. Served to
//! anyone and in every state of the engine, for it holds no figure and no secret.

pub(super) mod assets;

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use saldo_protocol::Code;

use super::failure::Failure;
use super::inbound::Inbound;
use super::{Gateway, answer};
use assets::Asset;

/// Path under which the page's files are served.
const ASSETS_PATH: &str = "/assets/";

/// What the browser may do with the page: load its own files, talk to its own origin, and nothing else. Text never
/// becomes markup: the sinks for that are closed.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Sent with every file. `no-cache` has the browser ask each time, which costs a 304: a page never outlives the
/// engine that it talks to.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    (CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin")),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
];

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Whether a path is the page's or one of its files': told whatever state the engine is in.
pub(crate) fn is_page(path: &str) -> bool {
    path == "/" || path.starts_with(ASSETS_PATH)
}

/// A page with the stock as it changes, for people.
#[utoipa::path(get, path = "/", tag = "page",
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 304, description = "It is what `If-None-Match` names")))]
pub(crate) async fn index(_gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    served(&request)
}

/// A file of the page: a script, its style, its icon.
#[utoipa::path(get, path = "/assets/{file}", tag = "page",
    params(("file" = String, Path, description = "The file's name.")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/javascript"),
        (status = 304, description = "It is what `If-None-Match` names")))]
pub(crate) async fn asset(_gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    served(&request)
}

/// A file of the client that the page is made with.
#[utoipa::path(get, path = "/assets/client/{file}", tag = "page",
    params(("file" = String, Path, description = "The file's name.")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/javascript"),
        (status = 304, description = "It is what `If-None-Match` names")))]
pub(crate) async fn client_asset(
    _gateway: Arc<Gateway>,
    request: Inbound,
) -> Result<Response, Failure> {
    served(&request)
}

fn served(request: &Inbound) -> Result<Response, Failure> {
    let path = request.uri().path();
    let asset = assets::find(path).ok_or_else(|| {
        let path = super::path::shortened(path);
        Failure::new(Code::NotFound, format!("the page has no file {path}: it begins at /"))
    })?;
    let mut response = if is_known(&request.parts.headers, asset) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        answer::typed(StatusCode::OK, asset.content_type.clone(), asset.body.clone())
    };
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers.insert(header::ETAG, asset.tag.clone());
    Ok(response)
}

/// Whether the caller has this very content (RFC 9110, section 13.1.2: compared weakly).
fn is_known(headers: &HeaderMap, asset: &Asset) -> bool {
    let tags =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|list| list.split(',')).map(str::trim).any(|tag| {
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == asset.tag.as_bytes()
    })
}
