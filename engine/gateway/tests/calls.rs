//! Every call answers in the form of the protocol.

use super::harness::{Harness, JSON};

const LINES: &str = r#"{"lines":[{"sku":"TEE","location":"OSLO","quantity":2}]}"#;

async fn stocked() -> Harness {
    let gateway = Harness::new();
    let answer = gateway.post("/v1/stock/TEE/OSLO/receive", r#"{"quantity":10}"#).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    gateway
}

#[tokio::test]
async fn stock() {
    let gateway = stocked().await;
    for (verb, body) in [
        (
            "receive",
            r#"{"quantity":3,"from_incoming":false,"reason":"delivery","reference":"DN-1"}"#,
        ),
        ("adjust", r#"{"delta":-1,"bucket":"on_hand","reason":"broken"}"#),
        ("count", r#"{"counted":12,"at_version":null}"#),
        ("sell", r#"{"quantity":1,"handed_over":true}"#),
    ] {
        let answer = gateway.post(&format!("/v1/stock/TEE/OSLO/{verb}"), body).await;
        assert_eq!(answer.status, 200, "{verb}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.json()["sku"], "TEE");
    }
    let put =
        gateway.send("PUT", "/v1/stock/TEE/OSLO/policy", &[JSON], br#"{"safety_stock":0}"#).await;
    assert_eq!(put.status, 200, "{put:?}");
    let level = gateway.get("/v1/stock/TEE/OSLO").await;
    let members = [
        "sku",
        "location",
        "on_hand",
        "reserved",
        "committed",
        "damaged",
        "quality_control",
        "safety_stock",
        "incoming",
        "available",
        "oversell_limit",
        "version",
        "as_of",
    ];
    for member in members {
        assert!(!level.json()[member].is_null(), "{member} in {level:?}");
    }
    let sku = gateway.get("/v1/stock/TEE").await.json();
    assert_eq!(sku["sku"], "TEE");
    let sum: i64 = sku["levels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|level| level["available"].as_i64().unwrap().max(0))
        .sum();
    assert_eq!(sku["available"], sum);
    let unknown = gateway.get("/v1/stock/NONE-1").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.json()["code"].as_str()),
        (404, Some("unknown_stock"))
    );
}

#[tokio::test]
async fn skus_of_every_kind_in_paths() {
    let gateway = Harness::new();
    for (path, sku) in [
        ("%C3%85-1%2F2", "Å-1/2"),
        ("r%C3%A4v", "räv"),
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("100%25", "100%"),
        ("%3Fx%23y", "?x#y"),
    ] {
        let answer =
            gateway.post(&format!("/v1/stock/{path}/OSLO/receive"), r#"{"quantity":1}"#).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["sku"], sku);
        let level = gateway.get(&format!("/v1/stock/{path}/OSLO")).await;
        assert_eq!(level.json()["sku"], sku);
        let query = path.replace('+', "%2B");
        let history = gateway.get(&format!("/v1/movements?sku={query}&location=OSLO")).await;
        assert_eq!(history.json()["movements"][0]["sku"], sku, "{history:?}");
    }
}

#[tokio::test]
async fn reservations() {
    let gateway = stocked().await;
    let made = gateway.post("/v1/reservations", LINES).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("idempotent-replayed"), "");
    let reservation = made.json();
    assert_eq!(reservation["status"], "held");
    assert_eq!(reservation["lines"][0]["held"], 2);
    assert!(reservation["order_reference"].is_null());
    let id = reservation["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/reservations/{id}");
    assert_eq!(gateway.get(&path).await.json()["id"], id.as_str());
    let extended = gateway.post(&format!("{path}/extend"), r#"{"hold_seconds":60}"#).await;
    assert_eq!(extended.status, 200, "{extended:?}");
    let grown = gateway.post(&format!("{path}/lines"), LINES).await;
    assert_eq!(grown.status, 200, "{grown:?}");
    // A body may be left out where every field may, whatever its media type.
    for (verb, headers, body) in [("commit", &[][..], &b""[..]), ("fulfil", &[JSON], b"{}")] {
        let answer = gateway.send("POST", &format!("{path}/{verb}"), headers, body).await;
        assert_eq!(answer.status, 200, "{verb}: {answer:?}");
        assert_eq!(answer.json()["id"], id.as_str());
    }
    let returned = gateway
        .post(
            &format!("{path}/return"),
            r#"{"lines":[{"sku":"TEE","location":"OSLO","quantity":1,"to_location":"BERGEN"}]}"#,
        )
        .await;
    assert_eq!(returned.status, 200, "{returned:?}");
    let returned = gateway
        .post("/v1/returns", r#"{"lines":[{"sku":"TEE","location":"OSLO","quantity":1,"condition":"damaged"}],"reason":"no receipt"}"#)
        .await;
    assert_eq!(returned.status, 200, "{returned:?}");
    assert_eq!(returned.json()["levels"][0]["location"], "OSLO");
}

#[tokio::test]
async fn releases_take_no_body_too() {
    let gateway = stocked().await;
    let made = gateway.post("/v1/reservations", LINES).await.json();
    let path = format!("/v1/reservations/{}/release", made["id"].as_str().unwrap());
    let answer = gateway.send("POST", &path, &[("content-type", b"text/plain")], b"").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = gateway.send("PUT", "/v1/stock/TEE/OSLO/policy", &[], b"").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn repeats_are_marked() {
    let gateway = stocked().await;
    let first = gateway.post_once("/v1/reservations", "k-1", LINES).await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = gateway.post_once("/v1/reservations", "k-1", LINES).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = gateway.post_once("/v1/reservations", "k-1", &LINES.replace('2', "3")).await;
    assert_eq!(other.status, 422, "{other:?}");
    assert_eq!(other.json()["code"], "idempotency_key_reused");
}

#[tokio::test]
async fn lists() {
    let gateway = stocked().await;
    for path in [
        "/v1/reservations?order_reference=O-1",
        "/v1/reservations?customer_reference=C%201&limit=1",
        "/v1/stock/TEE/OSLO/reservations?limit=1000",
        "/v1/stock/TEE/OSLO/reservations",
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.json()["reservations"].is_array(), "{path}");
        assert!(answer.json().get("next_cursor").is_some(), "{path}");
    }
    let history = gateway.get("/v1/movements?sku=TEE&location=OSLO").await;
    assert_eq!(history.json()["movements"][0]["kind"], "received", "{history:?}");
    let asked = r#"{"items":[{"sku":"TEE","location":"OSLO"},{"sku":"NONE-1"},{"sku":"NONE-1","location":"OSLO"}]}"#;
    let found = gateway.post("/v1/availability:query", asked).await.json();
    assert_eq!(found["levels"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found["unknown"][0], serde_json::json!({"sku": "NONE-1"}));
    assert_eq!(found["unknown"][1]["location"], "OSLO");
}

#[tokio::test]
async fn health_and_figures() {
    let gateway = stocked().await;
    assert_eq!(gateway.get("/livez").await.status, 200);
    let ready = gateway.get("/readyz").await;
    let expected = serde_json::json!({"state": "ready", "quarantined": [], "read_only": false});
    assert_eq!(ready.json(), expected);
    gateway.get("/nowhere").await;
    let page = String::from_utf8(gateway.get("/metrics").await.body.to_vec()).unwrap();
    let route = r#"method="POST",route="/v1/stock/{sku}/{location}/receive""#;
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let build = format!(r#"version="{}",profile="{profile}""#, env!("CARGO_PKG_VERSION"));
    for line in [
        &format!("saldo_build_info{{{build}}} 1"),
        &format!(r#"saldo_http_requests_total{{{route},status="200"}} 1"#),
        r#"saldo_http_requests_total{method="any",route="none",status="404"} 1"#,
        r#"saldo_refusals_total{code="not_found"} 1"#,
        r#"saldo_refusals_total{code="insufficient_stock"} 0"#,
        &format!("saldo_http_request_seconds_count{{{route}}} 1"),
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(!page.contains("TEE"), "no figure names a SKU");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let gateway = stocked().await;
    for path in ["/livez", "/v1/stock/TEE/OSLO", "/openapi.json"] {
        let head = gateway.send("HEAD", path, &[], b"").await;
        assert_eq!(head.status, 200, "{path}: {head:?}");
        assert!(head.body.is_empty(), "{path}");
        let length = gateway.get(path).await.body.len().to_string();
        assert_eq!(head.header("content-length"), length, "{path}");
    }
}
