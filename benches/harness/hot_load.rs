//! The load of a sale: reserves of the hot SKU over HTTP, by clients that each wait for their answer.

use std::time::Instant;

use tokio::task::JoinSet;

use crate::{BenchError, HOT_LOCATION, HOT_SKU, HttpClient, request, reserve_body};

/// When clients begin to count and when they stop.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// From when on.
    pub counts_from: Instant,
    /// Until when.
    pub until: Instant,
}

/// What clients were told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sold {
    /// All reserves.
    pub granted: u64,
    /// Those that began and ended in the window.
    pub counted: u64,
}

/// Reserves one unit, again and again, over so many connections until the window is over.
///
/// # Errors
/// [`BenchError`]: a connection ended, or a reserve was refused.
pub async fn sell(authority: String, clients: u32, window: Window) -> Result<Sold, BenchError> {
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(one(HttpClient::connect(&authority).await?, window));
    }
    let mut sum = Sold::default();
    while let Some(sold) = tasks.join_next().await {
        let sold = sold.map_err(|error| BenchError::Answer(error.to_string()))??;
        sum.granted += sold.granted;
        sum.counted += sold.counted;
    }
    Ok(sum)
}

async fn one(mut http: HttpClient, window: Window) -> Result<Sold, BenchError> {
    let reserve = request("POST", "/v1/reservations", &reserve_body([HOT_SKU], HOT_LOCATION));
    let mut sold = Sold::default();
    let mut began = Instant::now();
    while began < window.until {
        let answer = http.send(&reserve).await?;
        if answer.status != 201 {
            answer.text()?;
        }
        sold.granted += 1;
        let ended = Instant::now();
        sold.counted += u64::from(began >= window.counts_from && ended <= window.until);
        began = ended;
    }
    Ok(sold)
}
