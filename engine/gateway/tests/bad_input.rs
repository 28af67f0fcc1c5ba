//! Every malformed request is answered with a problem that says what is wrong, and nothing comes of it.

use super::harness::{Harness, JSON};

const RESERVE: &str = "/v1/reservations";
const ID: &str = "/v1/reservations/01940000-0000-7000-8000-000000000001";
const LINE: &str = r#"{"sku":"A","location":"L","quantity":1}"#;

async fn refused(
    gateway: &Harness,
    method: &str,
    path: &str,
    headers: &[(&str, &[u8])],
    body: &[u8],
    status: u16,
    code: &str,
) {
    let answer = gateway.send(method, path, headers, body).await;
    let shown: Vec<u8> = body.iter().copied().take(80).collect();
    let what = format!("{method} {path} {}", String::from_utf8_lossy(&shown));
    assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{what}: {problem}");
    assert_eq!(problem["status"], status, "{what}");
    assert_eq!(problem["type"], format!("urn:saldo:problem:{code}"), "{what}");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.len() > 20, "{what}: {detail}");
    for jargon in ["Option", "u32", "i64", "struct", "enum", "Some(", "Err("] {
        assert!(!detail.contains(jargon), "{what}: {detail}");
    }
}

/// Bodies of a reserve that are no JSON object, or one of other members.
const BAD_BODIES: &[&str] = &[
    "",
    " ",
    "{",
    r#"{"lines":[{"sku":"A","#,
    "not json",
    "null",
    "[]",
    "1",
    "{}",
    r#"{"lines":[]}"#,
    r#"{"lines":null}"#,
    r#"{"lines":{}}"#,
    r#"{"lines":[1]}"#,
    r#"{"lines":[["A","L",1]]}"#,
];

/// Lines of a reserve, each with one mistake.
const BAD_LINES: &[&str] = &[
    r#"{"sku":"A","location":"L","quantity":1,"price":3}"#,
    r#"{"sku":"A","sku":"A","location":"L","quantity":1}"#,
    r#"{"sku":"A","location":"L"}"#,
    r#"{"sku":"A","quantity":1}"#,
    r#"{"sku":"","location":"L","quantity":1}"#,
    r#"{"sku":"a\u0000b","location":"L","quantity":1}"#,
    r#"{"sku":"a\nb","location":"L","quantity":1}"#,
    r#"{"sku":".","location":"L","quantity":1}"#,
    r#"{"sku":"..","location":"L","quantity":1}"#,
    r#"{"sku":7,"location":"L","quantity":1}"#,
    r#"{"sku":null,"location":"L","quantity":1}"#,
    r#"{"sku":"\ud800","location":"L","quantity":1}"#,
    r#"{"sku":"A","location":"L","quantity":0}"#,
    r#"{"sku":"A","location":"L","quantity":-1}"#,
    r#"{"sku":"A","location":"L","quantity":1.5}"#,
    r#"{"sku":"A","location":"L","quantity":"1"}"#,
    r#"{"sku":"A","location":"L","quantity":2147483648}"#,
    r#"{"sku":"A","location":"L","quantity":1e3}"#,
    r#"{"sku":"A","location":"L","quantity":null}"#,
    r#"{"sku":"A","location":"L","quantity":true}"#,
    r#"{"sku":"A","location":"L","quantity":99999999999999999999999}"#,
];

/// Members beside good lines, each with one mistake.
const BAD_MEMBERS: &[&str] = &[
    r#""unknown":1"#,
    r#""lines":[]"#,
    r#""hold_seconds":0"#,
    r#""mode":"some""#,
    r#""id":"7""#,
    r#""id":"00000000-0000-0000-0000-000000000000""#,
    r#""order_reference":"""#,
    r#""channel":7"#,
];

async fn malformed(gateway: &Harness, path: &str, body: &[u8]) {
    refused(gateway, "POST", path, &[JSON], body, 400, "malformed").await;
}

#[tokio::test]
async fn bodies() {
    let gateway = Harness::new();
    for body in BAD_BODIES {
        malformed(&gateway, RESERVE, body.as_bytes()).await;
    }
    for line in BAD_LINES {
        malformed(&gateway, RESERVE, format!(r#"{{"lines":[{line}]}}"#).as_bytes()).await;
    }
    for member in BAD_MEMBERS {
        let body = format!(r#"{{"lines":[{LINE}],{member}}}"#);
        malformed(&gateway, RESERVE, body.as_bytes()).await;
    }
    let good = format!(r#"{{"lines":[{LINE}]}}"#);
    for body in [
        format!("{good}x"),
        format!("{good}{good}"),
        format!(r#"{{"lines":{}"#, "[".repeat(100_000)),
        format!(r#"{{"deep":{}"#, "{\"a\":".repeat(100_000)),
        "[".repeat(100_000),
        good.replace("\"A\"", &format!("{:?}", "x".repeat(65))),
        good.replace("\"L\"", &format!("{:?}", "x".repeat(33))),
    ] {
        malformed(&gateway, RESERVE, body.as_bytes()).await;
    }
    let not_utf8 = b"{\"lines\":[{\"sku\":\"\xff\",\"location\":\"L\",\"quantity\":1}]}";
    malformed(&gateway, RESERVE, not_utf8).await;
}

/// Calls and bodies with one mistake each.
const BAD_CALLS: &[(&str, &str)] = &[
    ("/v1/stock/A/L/receive", r#"{"quantity":0}"#),
    ("/v1/stock/A/L/receive", r#"{"quantity":1,"from_incoming":"yes"}"#),
    ("/v1/stock/A/L/receive", r#"{"quantity":1,"reason":"a\tb"}"#),
    ("/v1/stock/A/L/adjust", r#"{"delta":0,"reason":"x"}"#),
    ("/v1/stock/A/L/adjust", r#"{"delta":1}"#),
    ("/v1/stock/A/L/adjust", r#"{"delta":1,"reason":"x","bucket":"reserved"}"#),
    ("/v1/stock/A/L/count", r#"{"counted":-1}"#),
    ("/v1/stock/A/L/count", r"{}"),
    ("/v1/stock/A/L/count", r#"{"counted":1,"at_version":-1}"#),
    ("/v1/stock/A/L/sell", r#"{"quantity":-1}"#),
    ("/v1/stock/A/L/sell", r#"{"handed_over":true}"#),
    ("/v1/stock/A/L/sell", r#"{"quantity":1,"reason":"x"}"#),
    ("/v1/returns", r#"{"lines":[{"sku":"A","location":"L","quantity":1}]}"#),
    ("/v1/returns", r#"{"lines":[],"reason":"x"}"#),
    ("/v1/availability:query", r#"{"items":[{"location":"L"}]}"#),
    ("/v1/availability:query", r"{}"),
];

/// The same of the calls on one reservation.
const BAD_STEPS: &[(&str, &str)] = &[
    ("extend", r"{}"),
    ("extend", r#"{"hold_seconds":1.5}"#),
    ("commit", r#"{"lines":[]}"#),
    ("commit", r#"{"from":"held"}"#),
    ("fulfil", r#"{"lines":7}"#),
    ("release", r#"{"from":"fulfilled"}"#),
    ("lines", r"{}"),
    ("return", r"{}"),
    ("return", r#"{"lines":[{"sku":"A","location":"L","quantity":1}],"condition":"damaged"}"#),
    ("return", r#"{"lines":[{"sku":"A","location":"L","quantity":1,"to_location":""}]}"#),
];

#[tokio::test]
async fn bodies_of_every_call() {
    let gateway = Harness::new();
    for (path, body) in BAD_CALLS {
        malformed(&gateway, path, body.as_bytes()).await;
    }
    for (step, body) in BAD_STEPS {
        malformed(&gateway, &format!("{ID}/{step}"), body.as_bytes()).await;
    }
    let policy = "/v1/stock/A/L/policy";
    for body in
        [r#"{"safety_stock":-1}"#, r#"{"oversell_limit":9007199254740992}"#, r#"{"safety":1}"#]
    {
        refused(&gateway, "PUT", policy, &[JSON], body.as_bytes(), 400, "malformed").await;
    }
}

/// Paths that no call has.
const NO_ROUTES: &[&str] =
    &["/x", "/v1/stocks/A", "/v2/reservations", "/v1/stock/A/L/x/y", "/v1/availability", "/v1"];

/// Paths and query strings with one mistake each.
const BAD_PATHS: &[&str] = &[
    "/v1/stock/",
    "/v1/stock//L",
    "/v1/stock/A/",
    "/v1/reservations/",
    "/v1/stock/%",
    "/v1/stock/%zz/L",
    "/v1/stock/A/%2",
    "/v1/stock/%ff/L",
    "/v1/stock/%C3/L",
    "/v1/stock/a%00b/L",
    "/v1/stock/%2e%2e/L",
    "/v1/stock/./L",
    "/v1/reservations/7",
    "/v1/reservations/00000000-0000-0000-0000-000000000000",
    "/v1/reservations/01940000-0000-7000-8000-00000000000%C3",
    "/v1/stock/A/L?x=1",
    "/v1/reservations",
    "/v1/reservations?order_reference=1&customer_reference=2",
    "/v1/reservations?order_reference=",
    "/v1/reservations?order_reference=1&order_reference=1",
    "/v1/reservations?order_reference=1&x=1",
    "/v1/reservations?order_reference=%zz",
    "/v1/reservations?order_reference=1&limit=0",
    "/v1/reservations?order_reference=1&limit=1001",
    "/v1/reservations?order_reference=1&limit=ten",
    "/v1/reservations?order_reference=1&limit=1.5",
    "/v1/reservations?order_reference=1&cursor=",
    "/v1/movements",
    "/v1/movements?sku=A",
    "/v1/movements?sku=A&location=",
    "/v1/movements?sku=A&location=L&cursor=a%20b",
    "/v1/stock/A/L/reservations?limit=-1",
    "/v1/stock/A/L/reservations?sku=A",
];

#[tokio::test]
async fn paths_and_queries() {
    let gateway = Harness::new();
    for path in NO_ROUTES {
        refused(&gateway, "GET", path, &[], b"", 404, "not_found").await;
    }
    let long_sku = format!("/v1/stock/{}/L", "x".repeat(65));
    for path in BAD_PATHS.iter().copied().chain([long_sku.as_str()]) {
        refused(&gateway, "GET", path, &[], b"", 400, "malformed").await;
    }
    let forced = format!("{ID}/commit?force=true");
    refused(&gateway, "POST", &forced, &[], b"", 400, "malformed").await;
}

#[tokio::test]
async fn methods() {
    let gateway = Harness::new();
    for (method, path, allow) in [
        ("DELETE", "/v1/reservations", "POST,GET,HEAD,OPTIONS"),
        ("POST", "/v1/stock/A/L", "GET,HEAD,OPTIONS"),
        ("POST", "/v1/stock/A/L/policy", "PUT,OPTIONS"),
        ("GET", "/v1/stock/A/L/sell", "POST,OPTIONS"),
        ("OPTIONS", "/livez", "GET,HEAD"),
        ("BREW", "/v1/returns", "POST,OPTIONS"),
    ] {
        refused(&gateway, method, path, &[JSON], b"", 405, "method_not_allowed").await;
        let answer = gateway.send(method, path, &[], b"").await;
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn media_types_and_keys() {
    let gateway = Harness::new();
    let body = br#"{"lines":[{"sku":"A","location":"L","quantity":1}]}"#;
    let code = "unsupported_media_type";
    refused(&gateway, "POST", RESERVE, &[], body, 415, code).await;
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=iso-8859-1",
        "application/jsonp",
        "",
    ] {
        let header = ("content-type", media_type.as_bytes());
        refused(&gateway, "POST", RESERVE, &[header], body, 415, code).await;
    }
    let long = [b'k'; 256];
    for key in [&b""[..], b"a b", b"\xc3\xa4", b"a\tb", &long] {
        let header = ("idempotency-key", key);
        refused(&gateway, "POST", RESERVE, &[JSON, header], body, 400, "malformed").await;
    }
    let twice = [JSON, ("idempotency-key", b"a"), ("idempotency-key", b"a")];
    refused(&gateway, "POST", RESERVE, &twice, body, 400, "malformed").await;
}
