//! The calls that change nothing: levels, movements, probes and documents.

use super::http::Call;
use super::path::Target;
use super::stock::stock;
use super::{Answer, Client, ClientError, Probe};
use crate::{
    Availability, AvailabilityQuery, Level, Movements, MovementsQuery, PageLimit, PageQuery,
    Reservations, Sku, SkuLevels,
};

/// Every call here fails with [`ClientError`]: a refusal of the engine, or what became of the connection.
impl Client {
    /// `GET /v1/stock/{sku}/{location}`.
    ///
    /// # Errors
    /// Refused with `unknown_stock` where the key does not exist.
    pub async fn level(&self, sku: &str, location: &str) -> Result<Answer<Level>, ClientError> {
        self.send(Call::get(stock(sku, location, "")?)).await
    }

    /// `GET /v1/stock/{sku}`: the SKU at all its locations.
    ///
    /// # Errors
    /// Refused with `unknown_stock` where it is at none.
    pub async fn sku_levels(&self, sku: &str) -> Result<Answer<SkuLevels>, ClientError> {
        let sku = Sku::new(sku)?;
        self.send(Call::get(Target::new("/v1/stock").segment(sku.as_str()))).await
    }

    /// `POST /v1/availability:query`: many levels at once.
    ///
    /// # Errors
    /// Refused with `limit_exceeded` for more than 1,000 items.
    pub async fn query_availability(
        &self,
        query: &AvailabilityQuery,
    ) -> Result<Answer<Availability>, ClientError> {
        self.send(Call::query(Target::new("/v1/availability:query"), query)?).await
    }

    /// `GET /v1/stock/{sku}/{location}/reservations`: the open ones on this key.
    ///
    /// # Errors
    /// Refused with `unknown_stock` where the key does not exist.
    pub async fn reservations_on(
        &self,
        sku: &str,
        location: &str,
        page: &PageQuery,
    ) -> Result<Answer<Reservations>, ClientError> {
        let target = paged(stock(sku, location, "reservations")?, page);
        self.send(Call::get(target)).await
    }

    /// `GET /v1/movements`: the events of one key, newest first.
    ///
    /// # Errors
    /// Refused with `unknown_stock` where the key does not exist.
    pub async fn movements(
        &self,
        query: &MovementsQuery,
    ) -> Result<Answer<Movements>, ClientError> {
        let target = Target::new("/v1/movements")
            .query("sku", Some(query.sku.as_str()))
            .query("location", Some(query.location.as_str()));
        let page = PageQuery { cursor: query.cursor.clone(), limit: query.limit };
        self.send(Call::get(paged(target, &page))).await
    }

    /// `GET /livez`: whether the process answers. One attempt.
    ///
    /// # Errors
    /// Only of the connection.
    pub async fn livez(&self) -> Result<Probe, ClientError> {
        self.probe("/livez").await
    }

    /// `GET /readyz`: whether the engine serves. One attempt.
    ///
    /// # Errors
    /// Only of the connection.
    pub async fn readyz(&self) -> Result<Probe, ClientError> {
        self.probe("/readyz").await
    }

    /// `GET /metrics`, in Prometheus' text form.
    ///
    /// # Errors
    /// As every call.
    pub async fn metrics_text(&self) -> Result<String, ClientError> {
        self.send_text(Call::get(Target::new("/metrics"))).await
    }

    /// `GET /openapi.json`: OpenAPI 3.1.
    ///
    /// # Errors
    /// As every call.
    pub async fn openapi(&self) -> Result<serde_json::Value, ClientError> {
        Ok(self.send(Call::get(Target::new("/openapi.json"))).await?.value)
    }
}

/// Adds cursor and limit.
pub(super) fn paged(target: Target, page: &PageQuery) -> Target {
    let limit = page.limit.map(PageLimit::get).map(|limit| limit.to_string());
    let cursor = page.cursor.as_ref().map(AsRef::as_ref);
    target.query("cursor", cursor).query("limit", limit.as_deref())
}
