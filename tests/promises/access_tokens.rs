//! Tokens from their making to their end, and the doors that stay shut without one.

use saldo_tests::{Engine, Http, refused_start, run_in};

/// The status of reading and of changing with a token.
async fn statuses(http: &Http, token: &str) -> (u16, u16) {
    let bearer = format!("Bearer {token}");
    let read = http.request("GET".parse().expect("a method"), "/v1/stock/TEE/OSLO");
    let read = http.send(read.header("authorization", &bearer), "").await;
    let change = http.request("POST".parse().expect("a method"), "/v1/stock/TEE/OSLO/receive");
    let change = change.header("authorization", &bearer).header("content-type", "application/json");
    let change = http.send(change, r#"{"quantity":1}"#).await;
    (read.status, change.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_told_once_kept_as_a_hash_and_revoked() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("saldo.toml");
    std::fs::write(&file, "# Of the shop.\nlog = \"info\"\n").expect("a settings file");
    let make = async |arguments: &[&str]| {
        let (code, output, complaints) = run_in(folder.path(), arguments).await;
        assert_eq!(code, Some(0), "{complaints}");
        output.trim().to_owned()
    };
    let read = make(&["token", "new", "--role", "read"]).await;
    let sell = make(&["token", "new", "--role", "sell", "--name", "checkout"]).await;
    assert!(read.starts_with("saldo_read_") && sell.starts_with("saldo_sell_"), "{read} {sell}");
    let text = std::fs::read_to_string(&file).expect("a settings file");
    assert!(text.starts_with("# Of the shop.\nlog = \"info\"\n"), "{text}");
    assert!(!text.contains(&read) && !text.contains(&sell), "{text}");
    let list = make(&["token", "list"]).await;
    assert!(list.contains("read   read-1  ") && list.contains("sell   checkout  "), "{list}");

    let engine = Engine::in_folder(folder).await;
    let http = engine.http();
    assert_eq!(statuses(&http, &read).await, (404, 403));
    assert_eq!(statuses(&http, &sell).await, (404, 200));
    assert_eq!(statuses(&http, "saldo_sell_x").await, (401, 401));
    assert_eq!(http.get("/v1/stock/TEE/OSLO").await.status, 401);
    let figures = http.request("GET".parse().expect("a method"), "/metrics");
    let figures = http.send(figures.header("authorization", format!("Bearer {read}")), "").await;
    let counted = r#"saldo_refusals_total{code="unauthorized"} 3"#;
    assert!(figures.text().lines().any(|line| line == counted), "{}", figures.text());

    let stopped = engine.stop().await;
    let folder = stopped.data_dir();
    let folder = folder.parent().expect("the engine's folder");
    let (code, _, _) = run_in(folder, &["token", "revoke", "checkout"]).await;
    assert_eq!(code, Some(0));
    let (code, _, complaint) = run_in(folder, &["token", "revoke", "checkout"]).await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains("no token named `checkout`; it has read-1"), "{complaint}");
    let engine = stopped.start().await;
    assert_eq!(statuses(&engine.http(), &sell).await, (401, 401));
    assert_eq!(statuses(&engine.http(), &read).await, (200, 403));
    let log = engine.log();
    assert!(!log.contains(&sell) && !log.contains(&read), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_does_not_stand_open() {
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:7700"] {
        let (code, complaint) = refused_start(&["serve", "--listen", open], &[]).await;
        assert_eq!(code, Some(2), "{complaint}");
        assert!(complaint.contains("which other machines can reach"), "{complaint}");
        assert!(complaint.contains("saldo token new"), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_would_protect_nothing_are_refused_and_not_repeated() {
    for (name, value, fault) in [
        ("tokens", "saldo_sell_hunter2", "entry 1 is a token itself"),
        ("tokens", "owner:x:00", "entry 1 has a role other than read, sell, admin"),
        ("origins", "*", "any web page could change the stock"),
        ("origins", "https://shop.example/", "a path or a query"),
        ("anonymous_view", "all", "one of exact, banded, boolean"),
    ] {
        let (code, complaint) = refused_start(&["serve"], &[(name, value)]).await;
        assert_eq!(code, Some(2), "{complaint}");
        assert!(complaint.contains(fault) && !complaint.contains("hunter2"), "{complaint}");
    }
}
