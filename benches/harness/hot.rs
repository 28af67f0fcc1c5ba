//! One SKU that everyone wants: stocked before it is asked for, compared with what clients were told after.

use crate::{BenchError, Common, Engine, HttpClient, Report, level, request};

/// The SKU.
pub const HOT_SKU: &str = "HOT";
/// Where it is.
pub const HOT_LOCATION: &str = "X";
/// More units than any run can reserve: the most of one message.
pub const STOCK_ENOUGH: u64 = (1 << 31) - 1;

/// Starts an engine with so many units.
///
/// # Errors
/// [`BenchError`]: it does not start, or does not take the units.
pub async fn stocked(common: &Common, units: u64) -> Result<Engine, BenchError> {
    let engine = Engine::start(common, &[]).await?;
    let mut client = HttpClient::connect(engine.authority()).await?;
    let path = format!("/v1/stock/{HOT_SKU}/{HOT_LOCATION}/receive");
    let body = format!(r#"{{"quantity":{units}}}"#);
    client.send(&request("POST", &path, &body)).await?.text()?;
    Ok(engine)
}

/// Checks that the engine's own balance is what its clients were told, and that nothing was oversold.
///
/// # Errors
/// [`BenchError`]: there is no level.
pub async fn check_level(
    engine: &Engine,
    granted: u64,
    asked: &str,
    report: &mut Report,
) -> Result<(), BenchError> {
    let mut client = HttpClient::connect(engine.authority()).await?;
    let level = level(&mut client, HOT_SKU, HOT_LOCATION).await?;
    let holds = u64::try_from(level.reserved) == Ok(granted) && level.available >= 0;
    report.check(holds, format!("{asked}: {granted} granted, the level says {level:?}"));
    Ok(())
}
