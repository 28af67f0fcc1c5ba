//! Requests one after the other, as HTTP/1.1 has them, until the connection ends or becomes a WebSocket.

use std::io;

use serde_json::{Value, json};

use super::fault::{Fault, Plan};
use super::websocket;
use super::wire::{Piece, Wire};

const RESERVE: &str = "POST /v1/reservations HTTP/1.1";
const CREATED: &str = "201 Created";

/// Serves one connection.
pub async fn serve(mut client: Wire, mut engine: Wire, plan: &Plan) -> io::Result<()> {
    // What was answered and not yet stored.
    let mut held: Option<Piece> = None;
    while let Some(request) = client.read().await? {
        let is_reserve = request.first_line() == RESERVE;
        if request.header("upgrade").is_some() {
            return websocket::serve(client, engine, &request, plan).await;
        }
        let answer = if !is_reserve {
            engine.ask(&request).await?
        } else if plan.strikes(Fault::LosesAReservation) {
            granted(&request)
        } else if plan.strikes(Fault::AnswersBeforeItStores) {
            held = Some(request.clone());
            granted(&request)
        } else {
            let answer = reserve(&mut engine, &request, plan).await?;
            store(&mut engine, &mut held).await?;
            answer
        };
        client.write(&answer).await?;
    }
    store(&mut engine, &mut held).await
}

/// Sends on what was kept back.
async fn store(engine: &mut Wire, held: &mut Option<Piece>) -> io::Result<()> {
    if let Some(request) = held.take() {
        engine.ask(&request).await?;
    }
    Ok(())
}

async fn reserve(engine: &mut Wire, request: &Piece, plan: &Plan) -> io::Result<Piece> {
    let answer = engine.ask(request).await?;
    let is_short = answer.first_line().starts_with("HTTP/1.1 409")
        && String::from_utf8_lossy(&answer.body).contains("\"insufficient_stock\"");
    if !is_short {
        Ok(answer)
    } else if plan.strikes(Fault::OversellsInTheAnswer) {
        Ok(granted(request))
    } else if plan.strikes(Fault::OversellsInTheBooks) {
        engine.ask(&oversell_limit(request, 1_000)).await?;
        let answer = engine.ask(request).await?;
        engine.ask(&oversell_limit(request, 0)).await?;
        Ok(answer)
    } else {
        Ok(answer)
    }
}

fn oversell_limit(reserve: &Piece, limit: u32) -> Piece {
    let asked: Value = serde_json::from_slice(&reserve.body).unwrap();
    let line = &asked["lines"][0];
    let (sku, location) = (line["sku"].as_str().unwrap(), line["location"].as_str().unwrap());
    Piece::request(
        &format!("PUT /v1/stock/{sku}/{location}/policy"),
        &json!({"oversell_limit": limit}),
    )
}

/// What the engine would answer if it granted this.
fn granted(reserve: &Piece) -> Piece {
    let asked: Value = serde_json::from_slice(&reserve.body).unwrap();
    let line = |line: &Value| {
        json!({
            "sku": line["sku"], "location": line["location"], "requested": line["quantity"],
            "quantity": line["quantity"], "held": line["quantity"], "committed": 0, "fulfilled": 0,
            "released": 0, "expired": 0, "returned": 0,
        })
    };
    let lines: Vec<Value> = asked["lines"].as_array().unwrap().iter().map(line).collect();
    let told = json!({
        "id": asked["id"], "status": "held", "lines": lines,
        "expires_at": "2100-01-01T00:00:00.000000Z", "created_at": "2026-01-01T00:00:00.000000Z",
        "order_reference": null, "customer_reference": null, "channel": null,
    });
    Piece::answer(CREATED, &told)
}
