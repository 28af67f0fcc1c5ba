//! `/openapi.json` tells every call that there is, and no other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::harness::Harness;
use crate::gateway::routes::{Kind, ROUTES};

async fn document() -> Value {
    Harness::new().get("/openapi.json").await.json()
}

#[tokio::test]
async fn it_tells_the_routes_and_no_others() {
    let document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            told.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let routes: BTreeSet<String> =
        ROUTES.iter().map(|route| format!("{} {}", route.method.name(), route.path)).collect();
    assert_eq!(told, routes);
}

#[tokio::test]
async fn every_call_is_told_whole() {
    let document = document().await;
    let mut operations = BTreeSet::new();
    for route in ROUTES {
        let method = route.method.name().to_lowercase();
        let operation = &document["paths"][route.path][&method];
        let what = format!("{method} {}: {operation:#}", route.path);
        assert!(operation["summary"].is_string(), "{what}");
        assert!(operations.insert(operation["operationId"].to_string()), "{what}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with(['1', '2'])), "{what}");
        let told: Vec<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        for name in ["sku", "location", "id"] {
            let in_path = route.path.contains(&format!("{{{name}}}"));
            assert!(!in_path || told.contains(&name), "{name} in {what}");
        }
        let changes = matches!(route.kind, Kind::Change | Kind::ChangeWithoutBody);
        assert_eq!(told.contains(&"Idempotency-Key"), changes, "{what}");
        let takes_body = changes || route.kind == Kind::Query;
        assert_eq!(operation["requestBody"].is_object(), takes_body, "{what}");
        assert_eq!(responses.contains_key("413"), takes_body, "{what}");
        if changes {
            assert_eq!(
                operation["requestBody"]["required"] == true,
                route.kind == Kind::Change,
                "{what}"
            );
            assert!(responses["200"]["headers"]["Idempotent-Replayed"].is_object(), "{what}");
            for status in ["400", "415", "422", "500", "503"] {
                let schema = &responses[status]["content"]["application/problem+json"]["schema"];
                assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{status} of {what}");
            }
            assert!(responses["503"]["headers"]["Retry-After"].is_object(), "{what}");
        }
    }
}

#[tokio::test]
async fn frames_of_a_client_take_no_other_fields() {
    let document = document().await;
    let forms = document["components"]["schemas"]["ClientMessage"]["oneOf"].as_array().unwrap();
    assert_eq!(forms.len(), 4);
    for form in forms {
        assert_eq!(form["additionalProperties"], false, "{form:#}");
        assert!(form["description"].is_string(), "{form:#}");
    }
    let subscribe = &forms[0];
    assert!(subscribe["properties"]["sku_prefixes"].is_object(), "{subscribe:#}");
    assert_eq!(subscribe["required"], serde_json::json!(["id", "type"]), "{subscribe:#}");
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let document = document().await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas["Problem"]["properties"]["lines"].is_object());
    let mut waiting = vec![&document];
    let mut references = 0;
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let name = reference.strip_prefix("#/components/schemas/").unwrap();
                    assert!(schemas.contains_key(name), "{reference}");
                    references += 1;
                }
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    assert!(references > 50, "{references} references");
}
