//! The calls on stock: levels of a key or a SKU; receive, adjust, count, policy and sell of a key.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use saldo_protocol::{
    AdjustRequest, CountRequest, Level, PolicyRequest, ReceiveRequest, SellRequest, SkuLevels,
};

use super::failure::Failure;
use super::inbound::Inbound;
use super::{Gateway, answer, convert, path, query};
use crate::actor::call::{Call, Outcome};

/// The level of one SKU at one location.
#[utoipa::path(get, path = "/v1/stock/{sku}/{location}", tag = "stock",
    responses((status = 200, description = "All balances of the key", body = Level)))]
pub(crate) async fn level(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    query::none(request.uri())?;
    let key = path::stock_key(request.uri())?;
    let level = gateway.engine.level(&key).await?;
    answer::json(StatusCode::OK, &convert::level(&level))
}

/// The levels of one SKU at all its locations, and the sum of what is available there.
#[utoipa::path(get, path = "/v1/stock/{sku}", tag = "stock",
    responses((status = 200, description = "One level for each location, in order of location", body = SkuLevels)))]
pub(crate) async fn sku(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    query::none(request.uri())?;
    let sku = path::sku(request.uri())?;
    let levels = gateway.engine.levels_of_sku(sku.as_str()).await?;
    let levels = convert::levels(&levels);
    // What is short at one place does not lessen what another has.
    let available = levels.iter().map(|level| level.available.max(0)).sum();
    let sku = sku.into_boxed_str().into_string();
    answer::json(StatusCode::OK, &SkuLevels { sku, available, levels })
}

/// Goods came in.
#[utoipa::path(post, path = "/v1/stock/{sku}/{location}/receive", tag = "stock", request_body = ReceiveRequest,
    responses((status = 200, description = "The level after it", body = Level)))]
pub(crate) async fn receive(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let key = path::stock_key(request.uri())?;
    let (body, once) = request.change::<ReceiveRequest>()?;
    change(&gateway, convert::receive(key, body), once).await
}

/// Corrects one balance.
#[utoipa::path(post, path = "/v1/stock/{sku}/{location}/adjust", tag = "stock", request_body = AdjustRequest,
    responses((status = 200, description = "The level after it", body = Level)))]
pub(crate) async fn adjust(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let key = path::stock_key(request.uri())?;
    let (body, once) = request.change::<AdjustRequest>()?;
    change(&gateway, convert::adjust(key, body), once).await
}

/// A stock take: what is on hand becomes the counted figure.
#[utoipa::path(post, path = "/v1/stock/{sku}/{location}/count", tag = "stock", request_body = CountRequest,
    responses((status = 200, description = "The level after it", body = Level)))]
pub(crate) async fn count(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let key = path::stock_key(request.uri())?;
    let (body, once) = request.change::<CountRequest>()?;
    change(&gateway, convert::count(key, body), once).await
}

/// Sets safety stock and oversell limit; what is left out keeps its value.
#[utoipa::path(put, path = "/v1/stock/{sku}/{location}/policy", tag = "stock", request_body = PolicyRequest,
    responses((status = 200, description = "The level after it", body = Level)))]
pub(crate) async fn policy(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let key = path::stock_key(request.uri())?;
    let (body, once) = request.change::<PolicyRequest>()?;
    change(&gateway, convert::policy(key, body), once).await
}

/// A sale at a till: on hand falls at once.
#[utoipa::path(post, path = "/v1/stock/{sku}/{location}/sell", tag = "stock", request_body = SellRequest,
    responses((status = 200, description = "The level after it", body = Level)))]
pub(crate) async fn sell(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let key = path::stock_key(request.uri())?;
    let (body, once) = request.change::<SellRequest>()?;
    change(&gateway, convert::sell(key, body), once).await
}

async fn change(gateway: &Gateway, call: Call, once: Option<&str>) -> Result<Response, Failure> {
    let answer = gateway.engine.call(call, once).await?;
    let Outcome::Level(level) = answer.outcome else {
        return Err(answer::unfit("a level"));
    };
    let response = answer::json(StatusCode::OK, &convert::level(&level))?;
    Ok(answer::marked(response, answer.replayed))
}
