//! The calls on one key that change it, and returns without an order.

use hyper::Method;

use super::http::Call;
use super::path::Target;
use super::{Answer, Client, ClientError};
use crate::{
    AdjustRequest, CountRequest, Level, Location, PolicyRequest, ReceiveRequest,
    ReturnWithoutOrderRequest, ReturnedLevels, SellRequest, Sku,
};

/// Every call here fails with [`ClientError`]: a refusal of the engine, or what became of the connection.
impl Client {
    /// `POST /v1/stock/{sku}/{location}/receive`: goods came in.
    ///
    /// # Errors
    /// Refused with `limit_exceeded` where `incoming` would fall below zero.
    pub async fn receive(
        &self,
        sku: &str,
        location: &str,
        request: &ReceiveRequest,
        key: Option<&str>,
    ) -> Result<Answer<Level>, ClientError> {
        self.send(Call::post(stock(sku, location, "receive")?, request, key)?).await
    }

    /// `POST …/adjust`: correct one balance.
    ///
    /// # Errors
    /// Refused with `limit_exceeded` where a balance other than `on_hand` would fall below zero.
    pub async fn adjust(
        &self,
        sku: &str,
        location: &str,
        request: &AdjustRequest,
        key: Option<&str>,
    ) -> Result<Answer<Level>, ClientError> {
        self.send(Call::post(stock(sku, location, "adjust")?, request, key)?).await
    }

    /// `POST …/count`: a stock take.
    ///
    /// # Errors
    /// Refused with `version_mismatch` where `at_version` cannot be used.
    pub async fn count(
        &self,
        sku: &str,
        location: &str,
        request: &CountRequest,
        key: Option<&str>,
    ) -> Result<Answer<Level>, ClientError> {
        self.send(Call::post(stock(sku, location, "count")?, request, key)?).await
    }

    /// `PUT …/policy`: safety stock and oversell limit.
    ///
    /// # Errors
    /// As every change.
    pub async fn policy(
        &self,
        sku: &str,
        location: &str,
        request: &PolicyRequest,
        key: Option<&str>,
    ) -> Result<Answer<Level>, ClientError> {
        let target = stock(sku, location, "policy")?;
        self.send(Call::change(Method::PUT, target, request, key)?).await
    }

    /// `POST …/sell`: a sale at a till.
    ///
    /// # Errors
    /// Refused with `unknown_stock` or `insufficient_stock`.
    pub async fn sell(
        &self,
        sku: &str,
        location: &str,
        request: &SellRequest,
        key: Option<&str>,
    ) -> Result<Answer<Level>, ClientError> {
        self.send(Call::post(stock(sku, location, "sell")?, request, key)?).await
    }

    /// `POST /v1/returns`: goods come back whose order is not known.
    ///
    /// # Errors
    /// As every change.
    pub async fn return_without_order(
        &self,
        request: &ReturnWithoutOrderRequest,
        key: Option<&str>,
    ) -> Result<Answer<ReturnedLevels>, ClientError> {
        self.send(Call::post(Target::new("/v1/returns"), request, key)?).await
    }
}

/// The path of a key, checked first: an empty segment or one of dots would be another path.
pub(super) fn stock(sku: &str, location: &str, call: &str) -> Result<Target, ClientError> {
    let (sku, location) = (Sku::new(sku)?, Location::new(location)?);
    Ok(Target::stock(sku.as_str(), location.as_str(), call))
}
