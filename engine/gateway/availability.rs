//! Many levels with one call, for a page that shows many articles.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::try_join_all;
use saldo_ledger::{Level, Refusal, RefusalCode};
use saldo_protocol::{Availability, AvailabilityItem, AvailabilityQuery, UnknownItem};

use super::failure::Failure;
use super::inbound::Inbound;
use super::{Gateway, answer, convert, path, query};

/// Looks many levels up: of keys, or of SKUs at all their locations.
#[utoipa::path(post, path = "/v1/availability:query", tag = "stock", request_body = AvailabilityQuery,
    responses((status = 200, description = "The levels that there are, in the items' order, and the items that are not known",
        body = Availability)))]
pub(crate) async fn query(gateway: Arc<Gateway>, request: Inbound) -> Result<Response, Failure> {
    query::none(request.uri())?;
    let asked = request.json::<AvailabilityQuery>()?;
    let items = asked.items.len();
    let items_max = gateway.settings.availability_items_max;
    if u64::try_from(items).unwrap_or(u64::MAX) > items_max {
        return Err(Failure::limit_exceeded(format!(
            "`items` has {items} entries, at most {items_max} are allowed (setting availability_items_max): split the call"
        )));
    }
    // All at once, because each may wait for the sync of what it saw.
    let found = try_join_all(asked.items.iter().map(|item| levels(&gateway, item))).await?;
    let mut answer = Availability { levels: Vec::with_capacity(items), unknown: Vec::new() };
    for (item, levels) in asked.items.into_iter().zip(found) {
        match levels {
            Some(levels) => answer.levels.extend(levels.iter().map(convert::level)),
            None => answer.unknown.push(UnknownItem {
                sku: item.sku.into_boxed_str().into_string(),
                location: item.location.map(|location| location.into_boxed_str().into_string()),
            }),
        }
    }
    answer::json(StatusCode::OK, &answer)
}

/// None where nothing is known of the item.
async fn levels(gateway: &Gateway, item: &AvailabilityItem) -> Result<Option<Vec<Level>>, Failure> {
    let found = match &item.location {
        Some(location) => {
            let key = path::key(item.sku.as_str(), location.as_str())?;
            gateway.engine.level(&key).await.map(|level| vec![level])
        }
        None => gateway.engine.levels_of_sku(item.sku.as_str()).await,
    };
    match found {
        Ok(levels) => Ok(Some(levels)),
        Err(Refusal { code: RefusalCode::UnknownStock, .. }) => Ok(None),
        Err(refusal) => Err(Failure::from(refusal)),
    }
}
