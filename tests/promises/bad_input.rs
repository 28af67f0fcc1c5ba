//! Bad input is answered with its error and harms no one else: each kind has its own test, and after each one the
//! engine still holds what it held.

use std::future::Future;

use saldo_protocol::Reservation;
use saldo_protocol::client::percent_encoded;
use saldo_tests::{Engine, Http, Told, line, reserve_body, scaled, uuid};
use serde_json::{Value, json};

const RESERVATIONS: &str = "/v1/reservations";

/// The greatest integer that JSON carries exactly: 2^53 − 1.
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// Hands a test an engine with 10 units of A at X, then sees that the test's bad input moved nothing there.
async fn unharmed<F: Future<Output = ()>>(test: impl FnOnce(Http) -> F) {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 10).await;
    test(http.clone()).await;
    let level = http.level("A", "X").await;
    assert_eq!((level.on_hand, level.reserved, level.committed, level.version), (10, 0, 0, 1));
    http.granted(&[("A", "X", 10)]).await;
}

/// The SKU in a path, in a line and in a query.
async fn sku_refused(sku: &str) {
    let sku = sku.to_owned();
    unharmed(|http| async move {
        let path = format!("/v1/stock/{}/X", percent_encoded(&sku));
        http.get(&path).await.refused(400, "malformed");
        let receive = http.post(&format!("{path}/receive"), json!({"quantity": 1})).await;
        receive.refused(400, "malformed");
        http.reserve(&[("A", "X", 1), (&sku, "X", 1)]).await.refused(400, "malformed");
        let items = json!({"items": [{"sku": sku}]});
        http.post("/v1/availability:query", items).await.refused(400, "malformed");
        let query = format!("/v1/movements?sku={}&location=X", percent_encoded(&sku));
        http.get(&query).await.refused(400, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_sku() {
    sku_refused("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlong_sku() {
    sku_refused(&"S".repeat(65)).await;
    // Bytes count, not characters: 32 of two bytes fit, one more does not.
    sku_refused(&"å".repeat(33)).await;
    let engine = Engine::start().await;
    for sku in ["S".repeat(64), "å".repeat(32)] {
        assert_eq!(engine.http().receive(&sku, "X", 1).await.sku, sku);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_with_a_control_character() {
    for sku in ["A\n", "\u{0}", "A\u{7f}B", "A\u{85}"] {
        sku_refused(sku).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_of_dots() {
    for sku in [".", ".."] {
        sku_refused(sku).await;
    }
}

/// A quantity as it stands in the JSON; None leaves the field out.
async fn quantity_refused(quantity: Option<&str>) {
    let field = quantity.map_or_else(String::new, |it| format!(r#","quantity":{it}"#));
    let lone = quantity.map_or_else(String::new, |it| format!(r#""quantity":{it}"#));
    unharmed(|http| async move {
        let lines = format!(r#"{{"lines":[{{"sku":"A","location":"X"{field}}}]}}"#);
        http.post_bytes(RESERVATIONS, lines.clone()).await.refused(400, "malformed");
        for call in ["receive", "sell"] {
            let body = format!("{{{lone}}}");
            let told = http.post_bytes(&format!("/v1/stock/A/X/{call}"), body).await;
            told.refused(400, "malformed");
        }
        let returns = lines.replace("]}", r#"],"reason":"x"}"#);
        http.post_bytes("/v1/returns", returns).await.refused(400, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_of_zero() {
    quantity_refused(Some("0")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negative_quantity() {
    quantity_refused(Some("-1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_with_a_fraction() {
    quantity_refused(Some("1.5")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_in_quotes() {
    quantity_refused(Some("\"1\"")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_of_2_to_the_31st() {
    quantity_refused(Some("2147483648")).await;
    let engine = Engine::start().await;
    assert_eq!(engine.http().receive("A", "X", (1 << 31) - 1).await.on_hand, (1 << 31) - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_quantity() {
    quantity_refused(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basket_without_lines() {
    unharmed(|http| async move {
        http.reserve(&[]).await.refused(400, "malformed");
        http.post(RESERVATIONS, json!({})).await.refused(400, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basket_of_1001_lines() {
    unharmed(|http| async move {
        let body = json!({"lines": vec![line("A", "X", 1); 1_001]});
        http.post(RESERVATIONS, body).await.refused(422, "limit_exceeded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_twice_counts_as_the_sum() {
    unharmed(|http| async move {
        let problem = http.reserve(&[("A", "X", 6), ("A", "X", 5)]).await;
        let problem = problem.refused(409, "insufficient_stock");
        assert_eq!(problem["lines"].as_array().map(Vec::len), Some(1), "{problem}");
        assert_eq!(problem["lines"][0]["requested"], 11);
    })
    .await;
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 10).await;
    let granted = http.granted(&[("A", "X", 6), ("A", "X", 4)]).await;
    assert_eq!(granted.lines.len(), 1, "{granted:?}");
    assert_eq!((granted.lines[0].requested, granted.lines[0].quantity), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_reservation() {
    unharmed(|http| async move {
        let id = uuid();
        http.get(&format!("{RESERVATIONS}/{id}")).await.refused(404, "unknown_reservation");
        for verb in ["commit", "fulfil", "release"] {
            http.step(id, verb, json!({})).await.refused(404, "unknown_reservation");
        }
        let extend = http.step(id, "extend", json!({"hold_seconds": 9})).await;
        extend.refused(404, "unknown_reservation");
        for verb in ["lines", "return"] {
            let told = http.step(id, verb, json!({"lines": [line("A", "X", 1)]})).await;
            told.refused(404, "unknown_reservation");
        }
        let no_id = http.post_nothing(&format!("{RESERVATIONS}/not-an-id/commit")).await;
        no_id.refused(400, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_after_expiry() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 10).await;
    let mut body = reserve_body(&[("A", "X", 2)]);
    body["hold_seconds"] = json!(1);
    let cart: Reservation = http.post(RESERVATIONS, body).await.with_status(201);
    let mut follower = saldo_tests::Follower::of_everything(&engine.feed().await).await;
    follower.until("A", "X", |level| level.reserved == 0).await;
    for verb in ["commit", "fulfil", "release"] {
        http.step(cart.id, verb, json!({})).await.refused(410, "reservation_expired");
    }
}

/// A cart of 3 units of A at X, and what a step on it says.
async fn cart(http: &Http) -> Reservation {
    http.receive("A", "X", 10).await;
    http.granted(&[("A", "X", 3)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_after_release() {
    let engine = Engine::start().await;
    let http = engine.http();
    let cart = cart(&http).await;
    http.step(cart.id, "release", json!({})).await.ok::<Value>();
    http.step(cart.id, "commit", json!({})).await.refused(409, "reservation_closed");
    http.step(cart.id, "release", json!({})).await.refused(409, "reservation_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_twice() {
    let engine = Engine::start().await;
    let http = engine.http();
    let cart = cart(&http).await;
    http.step(cart.id, "commit", json!({})).await.ok::<Value>();
    http.step(cart.id, "commit", json!({})).await.refused(409, "quantity_exceeds_held");
    http.step(cart.id, "fulfil", json!({})).await.ok::<Value>();
    http.step(cart.id, "fulfil", json!({})).await.refused(409, "reservation_closed");
    let level = http.level("A", "X").await;
    assert_eq!((level.on_hand, level.reserved, level.committed), (7, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_more_than_is_held() {
    let engine = Engine::start().await;
    let http = engine.http();
    let cart = cart(&http).await;
    let more = json!({"lines": [line("A", "X", 4)]});
    let problem = http.step(cart.id, "commit", more).await.refused(409, "quantity_exceeds_held");
    assert_eq!(
        (&problem["lines"][0]["requested"], &problem["lines"][0]["available"]),
        (&json!(4), &json!(3))
    );
    let fulfil = json!({"lines": [line("A", "X", 1)]});
    http.step(cart.id, "fulfil", fulfil).await.refused(409, "quantity_exceeds_committed");
    http.step(cart.id, "fulfil", json!({})).await.refused(409, "quantity_exceeds_committed");
    let none = json!({"lines": []});
    http.step(cart.id, "commit", none).await.refused(400, "malformed");
    assert_eq!(http.level("A", "X").await.reserved, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_add_to_a_closed_reservation() {
    let engine = Engine::start().await;
    let http = engine.http();
    let cart = cart(&http).await;
    http.step(cart.id, "release", json!({})).await.ok::<Value>();
    let told = http.step(cart.id, "lines", json!({"lines": [line("A", "X", 1)]})).await;
    told.refused(409, "reservation_closed");
    assert_eq!(http.level("A", "X").await.reserved, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_of_more_than_was_fulfilled() {
    let engine = Engine::start().await;
    let http = engine.http();
    let cart = cart(&http).await;
    http.step(cart.id, "commit", json!({})).await.ok::<Value>();
    let fulfil = json!({"lines": [line("A", "X", 2)]});
    http.step(cart.id, "fulfil", fulfil).await.ok::<Value>();
    let three = json!({"lines": [line("A", "X", 3)]});
    let problem = http.step(cart.id, "return", three).await;
    let problem = problem.refused(409, "quantity_exceeds_fulfilled");
    assert_eq!(problem["lines"][0]["available"], 2, "{problem}");
    assert_eq!(http.level("A", "X").await.on_hand, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_with_another_body() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 10).await;
    let first = http.post_once("k", RESERVATIONS, reserve_body(&[("A", "X", 1)])).await;
    assert_eq!(first.status, 201);
    let other = http.post_once("k", RESERVATIONS, reserve_body(&[("A", "X", 2)])).await;
    other.refused(422, "idempotency_key_reused");
    assert_eq!(http.level("A", "X").await.reserved, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_that_is_none() {
    unharmed(|http| async move {
        for key in [String::new(), "k".repeat(256), "a b".to_owned(), "å".to_owned()] {
            let request = http
                .request(hyper::Method::POST, RESERVATIONS)
                .header("content-type", "application/json")
                .header("idempotency-key", key.as_bytes());
            let body = reserve_body(&[("A", "X", 1)]).to_string();
            http.send(request, body).await.refused(400, "malformed");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_at_a_version_in_the_future() {
    unharmed(|http| async move {
        let told = http.change("A", "X", "count", json!({"counted": 5, "at_version": 2})).await;
        told.refused(412, "version_mismatch");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_that_would_pass_2_to_the_53rd() {
    let engine = Engine::start().await;
    let http = engine.http();
    let adjust = |bucket: &str, delta: i64| {
        let body = json!({"bucket": bucket, "delta": delta, "reason": "test"});
        let http = http.clone();
        async move { http.change("A", "X", "adjust", body).await }
    };
    for bucket in ["on_hand", "incoming"] {
        adjust(bucket, INTEGER_MAX).await.ok::<Value>();
        adjust(bucket, 1).await.refused(422, "limit_exceeded");
        adjust(bucket, INTEGER_MAX + 1).await.refused(400, "malformed");
    }
    let receive = http.change("A", "X", "receive", json!({"quantity": 1})).await;
    receive.refused(422, "limit_exceeded");
    let returned = json!({"lines": [line("A", "X", 1)], "reason": "found"});
    http.post("/v1/returns", returned).await.refused(422, "limit_exceeded");
    let level = http.level("A", "X").await;
    assert_eq!((level.on_hand, level.available, level.version), (INTEGER_MAX, INTEGER_MAX, 2));
    // Nor may a balance that is never negative fall below 0.
    adjust("damaged", -1).await.refused(422, "limit_exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn truncated_json() {
    unharmed(|http| async move {
        let whole = reserve_body(&[("A", "X", 1)]).to_string();
        for end in 0..whole.len() {
            let told = http.post_bytes(RESERVATIONS, whole[..end].to_owned()).await;
            told.refused(400, "malformed");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_10_mb() {
    unharmed(|http| async move {
        let mut body = reserve_body(&[("A", "X", 1)]).to_string();
        body.push_str(&" ".repeat(10_000_000));
        http.post_bytes(RESERVATIONS, body).await.refused(413, "payload_too_large");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_100_000_deep() {
    unharmed(|http| async move {
        let deep = "[".repeat(100_000);
        http.post_bytes(RESERVATIONS, deep.clone()).await.refused(400, "malformed");
        let nested = format!(r#"{{"lines":{deep}"#);
        http.post_bytes(RESERVATIONS, nested).await.refused(400, "malformed");
        let unknown = format!(r#"{{"x":{deep}{}}}"#, "]".repeat(100_000));
        http.post_bytes(RESERVATIONS, unknown).await.refused(400, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skus_that_need_encoding_in_paths() {
    let engine = Engine::start().await;
    let http = engine.http();
    for (sku, path) in
        [("Å-1/2", "%C3%85-1%2F2"), ("räv", "r%C3%A4v"), ("%2F", "%252F"), ("/", "%2f")]
    {
        let received = http.receive(sku, "Å/1", 3).await;
        assert_eq!((received.sku.as_str(), received.location.as_str()), (sku, "Å/1"));
        let told = http.get(&format!("/v1/stock/{path}/%C3%85%2F1")).await;
        assert_eq!(told.ok::<Value>()["sku"], sku);
        let cart = http.granted(&[(sku, "Å/1", 2)]).await;
        assert_eq!(cart.lines[0].sku, sku);
        let open = http.get(&format!("/v1/stock/{path}/%C3%85%2F1/reservations")).await;
        assert_eq!(open.ok::<Value>()["reservations"][0]["id"], json!(cart.id));
        assert_eq!(http.movements(sku, "Å/1").await.len(), 2);
        let all = http.get(&format!("/v1/stock/{path}")).await.ok::<Value>();
        assert_eq!((&all["sku"], &all["available"]), (&json!(sku), &json!(1)));
    }
    for broken in ["/v1/stock/%/X", "/v1/stock/%zz/X", "/v1/stock/%ff/X", "/v1/stock/A%00/X"] {
        http.get(broken).await.refused(400, "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_json_or_not_utf8() {
    unharmed(|http| async move {
        let whole = reserve_body(&[("A", "X", 1)]).to_string();
        let latin1 = [br#"{"lines":[{"sku":"r"#.as_slice(), &[0xe4], br#"v"}]}"#].concat();
        for body in
            [latin1, vec![0xff, 0xfe], b"lines=1".to_vec(), b"null".to_vec(), b"[]".to_vec()]
        {
            http.post_bytes(RESERVATIONS, body).await.refused(400, "malformed");
        }
        http.post_bytes(RESERVATIONS, format!("{whole} {whole}")).await.refused(400, "malformed");
        for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
            let request = http
                .request(hyper::Method::POST, RESERVATIONS)
                .header("content-type", content_type);
            http.send(request, whole.clone()).await.refused(415, "unsupported_media_type");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_repeated_fields_and_wrong_types() {
    unharmed(|http| async move {
        for body in [
            r#"{"lines":[{"sku":"A","location":"X","quantity":1}],"hold_second":5}"#,
            r#"{"lines":[{"sku":"A","location":"X","quantity":1,"price":5}]}"#,
            r#"{"lines":[{"sku":"A","sku":"A","location":"X","quantity":1}]}"#,
            r#"{"lines":{"sku":"A","location":"X","quantity":1}}"#,
            r#"{"lines":[{"sku":1,"location":"X","quantity":1}]}"#,
            r#"{"lines":[{"sku":"A","location":"X","quantity":1}],"mode":"most"}"#,
            r#"{"lines":[{"sku":"A","location":"X","quantity":1}],"hold_seconds":0}"#,
            r#"{"lines":[{"sku":"A","location":"X","quantity":1}],"id":"1"}"#,
            r#"{"lines":[["A","X",1]]}"#,
        ] {
            http.post_bytes(RESERVATIONS, body).await.refused(400, "malformed");
        }
        let too_long = json!({"lines": [line("A", "X", 1)], "hold_seconds": 604_801});
        http.post(RESERVATIONS, too_long).await.refused(422, "limit_exceeded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods() {
    unharmed(|http| async move {
        for path in ["/x", "/assets/x", "/v1", "/v2/stock/A/X", "/v1/stock/A/X/steal"] {
            http.get(path).await.refused(404, "not_found");
        }
        let delete = http.request(hyper::Method::DELETE, "/v1/stock/A/X");
        let told = http.send(delete, "").await;
        told.refused(405, "method_not_allowed");
        assert!(told.header("allow").contains("GET"), "{:?}", told.headers);
        http.post("/v1/stock/A/X", json!({})).await.refused(405, "method_not_allowed");
        http.get("/v1/stock/A/X?pretty=1").await.refused(400, "malformed");
        http.get("/v1/movements?sku=A").await.refused(400, "malformed");
        http.get("/v1/movements?sku=A&location=X&limit=1001").await.refused(400, "malformed");
        http.get("/v1/reservations").await.refused(400, "malformed");
        http.get("/v1/stock/NONE/X").await.refused(404, "unknown_stock");
    })
    .await;
}

/// Random bytes, JSON-like ones among them, never do more than be refused.
#[tokio::test(flavor = "multi_thread")]
async fn noise() {
    const PIECES: [&str; 12] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"lines\"",
        "\"sku\"",
        "1e9",
        "null",
        "\\u0000",
        "\u{fffd}",
    ];
    unharmed(|http| async move {
        let seed = 20_240_229_u64;
        println!("seed {seed}");
        let mut state = seed;
        for _ in 0..scaled(200, 5_000) {
            let mut body = String::new();
            for _ in 0..40 {
                // A linear congruential generator (Knuth, MMIX): the same noise every time.
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let piece = usize::try_from(state >> 33).expect("31 bits") % PIECES.len();
                body.push_str(PIECES[piece]);
            }
            let told: Told = http.post_bytes(RESERVATIONS, body).await;
            told.refused(400, "malformed");
        }
    })
    .await;
}
