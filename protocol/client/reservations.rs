//! The calls on reservations.

use serde::Serialize;
use uuid::Uuid;

use super::http::Call;
use super::path::Target;
use super::reads::paged;
use super::{Answer, Client, ClientError};
use crate::{
    AddLinesRequest, CommitRequest, CustomerReference, ExtendRequest, FulfilRequest,
    OrderReference, PageQuery, ReleaseRequest, Reservation, Reservations, ReserveRequest,
    ReturnLinesRequest,
};

const RESERVATIONS: &str = "/v1/reservations";

/// Every call here fails with [`ClientError`]: a refusal of the engine, or what became of the connection.
impl Client {
    /// `POST /v1/reservations`: hold units of one or many keys.
    ///
    /// # Errors
    /// Refused with `insufficient_stock`, `unknown_stock` (the problem's `lines` name each), `hold_limit`,
    /// `limit_exceeded` or `idempotency_key_reused`.
    pub async fn reserve(
        &self,
        request: &ReserveRequest,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        self.send(Call::post(Target::new(RESERVATIONS), request, key)?).await
    }

    /// `POST /v1/reservations/{id}/lines`: the cart-add.
    ///
    /// # Errors
    /// As [`Client::reserve`], and `unknown_reservation`, `reservation_expired` or `reservation_closed`.
    pub async fn add_lines(
        &self,
        id: Uuid,
        request: &AddLinesRequest,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        self.verb(id, "lines", request, key).await
    }

    /// `GET /v1/reservations/{id}`.
    ///
    /// # Errors
    /// Refused with `unknown_reservation`.
    pub async fn reservation(&self, id: Uuid) -> Result<Answer<Reservation>, ClientError> {
        self.send(Call::get(Target::new(RESERVATIONS).then(&id.to_string()))).await
    }

    /// `GET /v1/reservations?order_reference=`.
    ///
    /// # Errors
    /// As every call.
    pub async fn reservations_by_order(
        &self,
        order: &OrderReference,
        page: &PageQuery,
    ) -> Result<Answer<Reservations>, ClientError> {
        let target = Target::new(RESERVATIONS).query("order_reference", Some(order.as_str()));
        self.send(Call::get(paged(target, page))).await
    }

    /// `GET /v1/reservations?customer_reference=`.
    ///
    /// # Errors
    /// As every call.
    pub async fn reservations_by_customer(
        &self,
        customer: &CustomerReference,
        page: &PageQuery,
    ) -> Result<Answer<Reservations>, ClientError> {
        let target = Target::new(RESERVATIONS).query("customer_reference", Some(customer.as_str()));
        self.send(Call::get(paged(target, page))).await
    }

    /// `POST /v1/reservations/{id}/commit`: promise held units to the order.
    ///
    /// # Errors
    /// Refused with `unknown_reservation`, `reservation_expired`, `reservation_closed` or `quantity_exceeds_held`.
    pub async fn commit(
        &self,
        id: Uuid,
        request: &CommitRequest,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        self.verb(id, "commit", request, key).await
    }

    /// `POST /v1/reservations/{id}/fulfil`: hand committed units over.
    ///
    /// # Errors
    /// Refused with `unknown_reservation`, `reservation_expired`, `reservation_closed` or
    /// `quantity_exceeds_committed`.
    pub async fn fulfil(
        &self,
        id: Uuid,
        request: &FulfilRequest,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        self.verb(id, "fulfil", request, key).await
    }

    /// `POST /v1/reservations/{id}/release`: give units back.
    ///
    /// # Errors
    /// As [`Client::commit`]; with `from` committed as [`Client::fulfil`].
    pub async fn release(
        &self,
        id: Uuid,
        request: &ReleaseRequest,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        self.verb(id, "release", request, key).await
    }

    /// `POST /v1/reservations/{id}/extend`: give the holds a new deadline.
    ///
    /// # Errors
    /// As [`Client::commit`], and `limit_exceeded` past the longest hold or life.
    pub async fn extend(
        &self,
        id: Uuid,
        request: &ExtendRequest,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        self.verb(id, "extend", request, key).await
    }

    /// `POST /v1/reservations/{id}/return`: fulfilled units come back.
    ///
    /// # Errors
    /// Refused with `unknown_reservation` or `quantity_exceeds_fulfilled`.
    pub async fn return_lines(
        &self,
        id: Uuid,
        request: &ReturnLinesRequest,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        self.verb(id, "return", request, key).await
    }

    async fn verb(
        &self,
        id: Uuid,
        verb: &str,
        request: &impl Serialize,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        let target = Target::new(RESERVATIONS).then(&id.to_string()).then(verb);
        self.send(Call::post(target, request, key)?).await
    }
}
