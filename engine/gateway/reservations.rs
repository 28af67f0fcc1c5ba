//! The calls that make a reservation and move all its units: reserve, cart-add, extend, commit, fulfil, release.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use saldo_ledger::Verb;
use saldo_protocol::{
    AddLinesRequest, CommitRequest, ExtendRequest, FulfilRequest, ReleaseFrom, ReleaseRequest,
    Reservation, ReserveRequest,
};

use super::failure::Failure;
use super::inbound::Inbound;
use super::{Gateway, answer, convert, path};
use crate::actor::call::{Call, Outcome};

/// Holds units of one or many keys.
#[utoipa::path(post, path = "/v1/reservations", tag = "reservations", request_body = ReserveRequest,
    responses(
        (status = 201, description = "Granted", body = Reservation),
        (status = 200, description = "A repeat: the reservation as it is now", body = Reservation)))]
pub(crate) async fn reserve(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let (body, once) = request.change::<ReserveRequest>()?;
    let call = convert::reserve(body, &gateway.settings)?;
    change(&gateway, call, once, StatusCode::CREATED).await
}

/// Adds lines to an open reservation: the cart-add.
#[utoipa::path(post, path = "/v1/reservations/{id}/lines", tag = "reservations", request_body = AddLinesRequest,
    responses((status = 200, description = "The reservation after it", body = Reservation)))]
pub(crate) async fn add_lines(
    gateway: Arc<Gateway>,
    request: Inbound,
) -> Result<Response, Failure> {
    let id = path::reservation_id(request.uri())?;
    let (body, once) = request.change::<AddLinesRequest>()?;
    let call = convert::add_lines(id, &body, &gateway.settings)?;
    change(&gateway, call, once, StatusCode::OK).await
}

/// Gives all holds of the reservation a new deadline.
#[utoipa::path(post, path = "/v1/reservations/{id}/extend", tag = "reservations", request_body = ExtendRequest,
    responses((status = 200, description = "The reservation after it", body = Reservation)))]
pub(crate) async fn extend(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let id = path::reservation_id(request.uri())?;
    let (body, once) = request.change::<ExtendRequest>()?;
    let call = convert::extend(id, body, &gateway.settings)?;
    change(&gateway, call, once, StatusCode::OK).await
}

/// Promises held units to the order: all of them, or those of the lines.
#[utoipa::path(post, path = "/v1/reservations/{id}/commit", tag = "reservations", request_body = CommitRequest,
    responses((status = 200, description = "The reservation after it", body = Reservation)))]
pub(crate) async fn commit(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let id = path::reservation_id(request.uri())?;
    let (body, once) = request.change::<CommitRequest>()?;
    let call = convert::settle(id, Verb::Commit, body.lines.as_deref(), &gateway.settings)?;
    change(&gateway, call, once, StatusCode::OK).await
}

/// Hands committed units over: all of them, or those of the lines.
#[utoipa::path(post, path = "/v1/reservations/{id}/fulfil", tag = "reservations", request_body = FulfilRequest,
    responses((status = 200, description = "The reservation after it", body = Reservation)))]
pub(crate) async fn fulfil(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let id = path::reservation_id(request.uri())?;
    let (body, once) = request.change::<FulfilRequest>()?;
    let call = convert::settle(id, Verb::Fulfil, body.lines.as_deref(), &gateway.settings)?;
    change(&gateway, call, once, StatusCode::OK).await
}

/// Gives held units back, or committed ones of a cancelled order.
#[utoipa::path(post, path = "/v1/reservations/{id}/release", tag = "reservations", request_body = ReleaseRequest,
    responses((status = 200, description = "The reservation after it", body = Reservation)))]
pub(crate) async fn release(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let id = path::reservation_id(request.uri())?;
    let (body, once) = request.change::<ReleaseRequest>()?;
    let verb = match body.from {
        ReleaseFrom::Held => Verb::Release,
        ReleaseFrom::Committed => Verb::Cancel,
    };
    let call = convert::settle(id, verb, body.lines.as_deref(), &gateway.settings)?;
    change(&gateway, call, once, StatusCode::OK).await
}

/// Sends a call whose outcome is a reservation. `first` is the status where it was not a repeat.
pub(crate) async fn change(
    gateway: &Gateway,
    call: Call,
    once: Option<&str>,
    first: StatusCode,
) -> Result<Response, Failure> {
    let answer = gateway.engine.call(call, once).await?;
    let Outcome::Reservation(view) = answer.outcome else {
        return Err(answer::unfit("a reservation"));
    };
    let status = if answer.replayed { StatusCode::OK } else { first };
    let response = answer::json(status, &convert::reservation(view))?;
    Ok(answer::marked(response, answer.replayed))
}
