//! Goods that come back: of an order, or without one.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use saldo_protocol::{Reservation, ReturnLinesRequest, ReturnWithoutOrderRequest, ReturnedLevels};

use super::failure::Failure;
use super::inbound::Inbound;
use super::{Gateway, answer, convert, path, reservations};
use crate::actor::call::Outcome;

/// Fulfilled units of an order come back, where they were sold or elsewhere.
#[utoipa::path(post, path = "/v1/reservations/{id}/return", tag = "returns", request_body = ReturnLinesRequest,
    responses((status = 200, description = "The reservation after it", body = Reservation)))]
pub(crate) async fn of_order(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let id = path::reservation_id(request.uri())?;
    let (body, once) = request.change::<ReturnLinesRequest>()?;
    let call = convert::return_lines(id, &body, &gateway.settings)?;
    reservations::change(&gateway, call, once, StatusCode::OK).await
}

/// Goods come back whose order is not known.
#[utoipa::path(post, path = "/v1/returns", tag = "returns", request_body = ReturnWithoutOrderRequest,
    responses((status = 200, description = "The levels where units arrived, in key order", body = ReturnedLevels)))]
pub(crate) async fn without_order(
    gateway: Arc<Gateway>,
    request: Inbound,
) -> Result<Response, Failure> {
    let (body, once) = request.change::<ReturnWithoutOrderRequest>()?;
    let call = convert::return_without_order(body, &gateway.settings)?;
    let answer = gateway.engine.call(call, once).await?;
    let Outcome::Levels(levels) = answer.outcome else {
        return Err(answer::unfit("levels"));
    };
    let levels = convert::levels(&levels);
    let response = answer::json(StatusCode::OK, &ReturnedLevels { levels })?;
    Ok(answer::marked(response, answer.replayed))
}
