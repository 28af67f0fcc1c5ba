//! The history of a key, newest first.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use saldo_protocol::{Cursor, Movements, MovementsQuery};

use super::failure::Failure;
use super::inbound::Inbound;
use super::lookups::of_list;
use super::{Gateway, answer, convert, path, query};

/// The events of one key, newest first.
#[utoipa::path(get, path = "/v1/movements", tag = "stock", params(MovementsQuery),
    responses((status = 200, description = "A page of movements", body = Movements)))]
pub(crate) async fn of_key(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    let asked: MovementsQuery = query::read(request.uri())?;
    let key = path::key(asked.sku.as_str(), asked.location.as_str())?;
    let limit = query::limit(asked.limit, &gateway.settings)?;
    let cursor = asked.cursor.as_ref().map(Cursor::as_str);
    let engine = &gateway.engine;
    let found = engine.movements(&key, cursor, limit).await.map_err(of_list)?;
    let movements = found.items.into_iter().map(|movement| {
        let cursor = engine.cursor(movement.sequence);
        convert::movement(movement, cursor)
    });
    let page = Movements { movements: movements.collect(), next_cursor: found.next_cursor };
    answer::json(StatusCode::OK, &page)
}
