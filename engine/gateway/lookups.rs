//! Reservations as they are found: by id, by order or customer, and the open ones of a key.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use saldo_ledger::{Refusal, RefusalCode, ReservationView};
use saldo_protocol::{Cursor, PageQuery, Reservation, Reservations, ReservationsQuery};

use super::failure::Failure;
use super::inbound::Inbound;
use super::{Gateway, answer, convert, path, query};
use crate::actor::call::{Page, ReferenceKind};

/// One reservation.
#[utoipa::path(get, path = "/v1/reservations/{id}", tag = "reservations",
    responses((status = 200, description = "The reservation as it is now", body = Reservation)))]
pub(crate) async fn by_id(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    query::none(request.uri())?;
    let id = path::reservation_id(request.uri())?;
    let view = gateway.engine.reservation(id).await?;
    answer::json(StatusCode::OK, &convert::reservation(view))
}

/// The reservations of an order, or those of a customer.
#[utoipa::path(get, path = "/v1/reservations", tag = "reservations", params(ReservationsQuery),
    responses((status = 200, description = "A page of reservations", body = Reservations)))]
pub(crate) async fn by_reference(
    gateway: Arc<Gateway>,
    request: Inbound,
) -> Result<Response, Failure> {
    let asked: ReservationsQuery = query::read(request.uri())?;
    let limit = query::limit(asked.limit, &gateway.settings)?;
    let (kind, text) = match (&asked.order_reference, &asked.customer_reference) {
        (Some(order), None) => (ReferenceKind::Order, order.as_str()),
        (None, Some(customer)) => (ReferenceKind::Customer, customer.as_str()),
        (given, _) => {
            return Err(Failure::malformed(format!(
                "the query string must have either `order_reference` or `customer_reference`, found {}",
                if given.is_some() { "both" } else { "neither" }
            )));
        }
    };
    let cursor = asked.cursor.as_ref().map(Cursor::as_str);
    let found = gateway.engine.reservations_by(kind, text, cursor, limit).await;
    page(found)
}

/// The open reservations on one key.
#[utoipa::path(get, path = "/v1/stock/{sku}/{location}/reservations", tag = "reservations", params(PageQuery),
    responses((status = 200, description = "A page of open reservations", body = Reservations)))]
pub(crate) async fn on_key(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let key = path::stock_key(request.uri())?;
    let asked: PageQuery = query::read(request.uri())?;
    let limit = query::limit(asked.limit, &gateway.settings)?;
    let cursor = asked.cursor.as_ref().map(Cursor::as_str);
    page(gateway.engine.reservations_on(&key, cursor, limit).await)
}

/// A list's refusal: what is malformed about it by then can only be the cursor.
pub(crate) fn of_list(refusal: Refusal) -> Failure {
    if refusal.code == RefusalCode::Malformed {
        return Failure::malformed(
            "`cursor` is not one that this list gave: pass on `next_cursor` as it was answered, or leave it out",
        );
    }
    Failure::from(refusal)
}

fn page(found: Result<Page<ReservationView>, Refusal>) -> Result<Response, Failure> {
    let found = found.map_err(of_list)?;
    let page = Reservations {
        reservations: found.items.into_iter().map(convert::reservation).collect(),
        next_cursor: found.next_cursor,
    };
    answer::json(StatusCode::OK, &page)
}
