//! `/openapi.json` lists every call, with its answers and its errors.

use saldo_tests::Engine;
use serde_json::Value;

/// Every HTTP call that is promised.
const CALLS: [(&str, &str); 28] = [
    ("get", "/v1/stock/{sku}/{location}"),
    ("get", "/v1/stock/{sku}"),
    ("post", "/v1/stock/{sku}/{location}/receive"),
    ("post", "/v1/stock/{sku}/{location}/adjust"),
    ("post", "/v1/stock/{sku}/{location}/count"),
    ("put", "/v1/stock/{sku}/{location}/policy"),
    ("post", "/v1/stock/{sku}/{location}/sell"),
    ("get", "/v1/stock/{sku}/{location}/reservations"),
    ("post", "/v1/availability:query"),
    ("post", "/v1/reservations"),
    ("post", "/v1/reservations/{id}/lines"),
    ("get", "/v1/reservations/{id}"),
    ("get", "/v1/reservations"),
    ("post", "/v1/reservations/{id}/commit"),
    ("post", "/v1/reservations/{id}/fulfil"),
    ("post", "/v1/reservations/{id}/release"),
    ("post", "/v1/reservations/{id}/extend"),
    ("post", "/v1/reservations/{id}/return"),
    ("post", "/v1/returns"),
    ("get", "/v1/movements"),
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/v1/feed/sse"),
    ("get", "/"),
    ("get", "/assets/{file}"),
    ("get", "/assets/client/{file}"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_there() {
    let engine = Engine::start().await;
    let document = engine.client().openapi().await.expect("the document");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    for (method, path) in CALLS {
        let call = &document["paths"][path][method];
        let answers = call["responses"].as_object().unwrap_or_else(|| panic!("no {method} {path}"));
        assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
        if path.starts_with("/v1") {
            assert!(answers.contains_key("400"), "{method} {path} tells no malformed request");
            assert!(answers.contains_key("503"), "{method} {path} tells no overload");
        }
        let takes_body = matches!(method, "post" | "put");
        assert_eq!(call["requestBody"].is_object(), takes_body, "the body of {method} {path}");
        let names: Vec<_> = parameters(call).collect();
        for name in ["sku", "location", "id"] {
            if path.contains(&format!("{{{name}}}")) {
                assert!(names.contains(&name), "{method} {path} lacks {name}: {names:?}");
            }
        }
        if takes_body && path != "/v1/availability:query" {
            assert!(names.contains(&"Idempotency-Key"), "{method} {path}: {names:?}");
        }
    }
    let promised = document["paths"].as_object().expect("paths").keys();
    let unknown: Vec<_> = promised
        .filter(|path| *path != "/v1/feed" && !CALLS.iter().any(|(_, known)| known == path))
        .collect();
    assert!(unknown.is_empty(), "calls that nobody promised: {unknown:?}");
}

fn parameters(call: &Value) -> impl Iterator<Item = &str> {
    let list = call["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|parameter| {
        let name = parameter["name"].as_str();
        // A reference ends with the parameter's name among the components.
        name.or_else(|| parameter["$ref"].as_str()?.rsplit('/').next())
    })
}
