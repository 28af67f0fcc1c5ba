//! Lists, holds and pages past what the settings allow are `limit_exceeded`, bodies past it `payload_too_large`.

use super::harness::{Harness, JSON};
use crate::config::Settings;

fn lines(count: usize) -> String {
    let lines: Vec<String> = (0..count)
        .map(|number| format!(r#"{{"sku":"A-{number}","location":"L","quantity":1}}"#))
        .collect();
    lines.join(",")
}

#[tokio::test]
async fn lists_and_holds() {
    let gateway = Harness::new();
    let id = "/v1/reservations/01940000-0000-7000-8000-000000000001";
    let too_many = lines(1_001);
    let items: Vec<&str> = vec![r#"{"sku":"A"}"#; 1_001];
    for (path, body) in [
        ("/v1/reservations", format!(r#"{{"lines":[{too_many}]}}"#)),
        (&format!("{id}/lines"), format!(r#"{{"lines":[{too_many}]}}"#)),
        (&format!("{id}/commit"), format!(r#"{{"lines":[{too_many}]}}"#)),
        (&format!("{id}/return"), format!(r#"{{"lines":[{too_many}]}}"#)),
        ("/v1/returns", format!(r#"{{"lines":[{too_many}],"reason":"x"}}"#)),
        ("/v1/availability:query", format!(r#"{{"items":[{}]}}"#, items.join(","))),
        ("/v1/reservations", format!(r#"{{"lines":[{}],"hold_seconds":604801}}"#, lines(1))),
        (&format!("{id}/extend"), r#"{"hold_seconds":604801}"#.to_owned()),
    ] {
        let answer = gateway.post(path, &body).await;
        assert_eq!(answer.status, 422, "{path}: {answer:?}");
        assert_eq!(answer.json()["code"], "limit_exceeded", "{path}");
    }
}

#[tokio::test]
async fn malformed_comes_first() {
    let gateway = Harness::new();
    let body = format!(r#"{{"lines":[{}],"hold_seconds":604801}}"#, lines(1));
    let answer = gateway.post_once("/v1/reservations", "a b", &body).await;
    assert_eq!(answer.json()["code"], "malformed", "{answer:?}");
    let answer = gateway.post("/v1/reservations?x=1", &body).await;
    assert_eq!(answer.json()["code"], "malformed", "{answer:?}");
}

#[tokio::test]
async fn pages() {
    let gateway = Harness::with(Settings {
        page_items_max: 50,
        page_items_default: 10,
        ..Settings::default()
    });
    let answer = gateway.get("/v1/reservations?order_reference=1&limit=51").await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let answer = gateway.get("/v1/reservations?order_reference=1&limit=50").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn bodies() {
    let gateway = Harness::with(Settings { body_bytes_max: 2_048, ..Settings::default() });
    let mut body = format!(r#"{{"lines":[{}]}}"#, lines(1)).into_bytes();
    body.resize(2_048, b' ');
    let answer = gateway.send("POST", "/v1/reservations/x/lines", &[JSON], &body).await;
    assert_eq!(answer.status, 400, "as long as allowed is read: {answer:?}");
    body.push(b' ');
    let answer = gateway.send("POST", "/v1/reservations/x/lines", &[JSON], &body).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_eq!(answer.json()["code"], "payload_too_large");
    assert_eq!(answer.header("connection"), "close");
    let answer = gateway.send("GET", "/livez", &[], &body).await;
    assert_eq!(answer.status, 200, "a body of a GET means nothing: {answer:?}");
}
