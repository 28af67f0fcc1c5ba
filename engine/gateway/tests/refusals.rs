//! Every refusal of the engine becomes the answer that the protocol promises.

use axum::http::Response;
use axum::response::IntoResponse;
use http_body_util::BodyExt;
use saldo_ledger::{LineRefusal, Refusal, RefusalCode, StockKey};
use serde_json::Value;

use crate::gateway::failure::Failure;

/// Codes with the status and the slug that they are answered with.
const ANSWERS: &[(RefusalCode, u16, &str)] = &[
    (RefusalCode::Malformed, 400, "malformed"),
    (RefusalCode::LimitExceeded, 422, "limit_exceeded"),
    (RefusalCode::IdempotencyKeyReused, 422, "idempotency_key_reused"),
    (RefusalCode::UnknownStock, 404, "unknown_stock"),
    (RefusalCode::UnknownReservation, 404, "unknown_reservation"),
    (RefusalCode::VersionMismatch, 412, "version_mismatch"),
    (RefusalCode::ReservationExpired, 410, "reservation_expired"),
    (RefusalCode::ReservationClosed, 409, "reservation_closed"),
    (RefusalCode::QuantityExceedsHeld, 409, "quantity_exceeds_held"),
    (RefusalCode::QuantityExceedsCommitted, 409, "quantity_exceeds_committed"),
    (RefusalCode::QuantityExceedsFulfilled, 409, "quantity_exceeds_fulfilled"),
    (RefusalCode::HoldLimit, 429, "hold_limit"),
    (RefusalCode::InsufficientStock, 409, "insufficient_stock"),
    (RefusalCode::Overloaded, 503, "overloaded"),
    (RefusalCode::ReadOnly, 503, "read_only"),
    (RefusalCode::NotReady, 503, "not_ready"),
    (RefusalCode::OutcomeUnknown, 500, "outcome_unknown"),
];

async fn problem(refusal: Refusal) -> (Response<()>, Value) {
    let (parts, body) = Failure::from(refusal).into_response().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let problem = serde_json::from_slice(&body).unwrap();
    (Response::from_parts(parts, ()), problem)
}

#[tokio::test]
async fn each_code_has_its_status() {
    for (code, status, slug) in ANSWERS.iter().copied() {
        let (response, problem) = problem(Refusal::plain(code)).await;
        assert_eq!(response.status().as_u16(), status, "{slug}");
        assert_eq!(problem["code"], slug);
        assert_eq!(problem["status"], status, "{slug}");
        assert!(problem.get("lines").is_none(), "{slug}");
        let retry = response.headers().contains_key("retry-after");
        assert_eq!(retry, status == 503, "{slug}");
    }
}

#[tokio::test]
async fn figures_and_lines_are_told() {
    let code = RefusalCode::InsufficientStock;
    let (_, alone) = problem(Refusal::short(code, 5, 2)).await;
    let detail = alone["detail"].as_str().unwrap();
    assert!(detail.contains("5 asked for, 2 there"), "{detail}");
    let lines = (1..=5).map(|number| LineRefusal {
        key: StockKey::new(&format!("TEE-{number}"), "OSLO").unwrap(),
        code,
        requested: 3,
        available: -1,
    });
    let (_, basket) = problem(Refusal::of_lines(lines.collect()).unwrap()).await;
    assert_eq!(basket["lines"].as_array().map(Vec::len), Some(5));
    let first = serde_json::json!({
        "sku": "TEE-1", "location": "OSLO", "code": "insufficient_stock", "requested": 3, "available": -1
    });
    assert_eq!(basket["lines"][0], first);
    let detail = basket["detail"].as_str().unwrap();
    assert!(detail.contains("TEE-3@OSLO"), "{detail}");
    assert!(detail.contains("2 more in `lines`"), "{detail}");
}
