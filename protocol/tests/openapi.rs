//! Every type has an OpenAPI schema that tells its limits, its defaults and that it takes no other fields.
#![cfg(feature = "schema")]

use saldo_protocol as protocol;
use serde_json::{Value, json};
use utoipa::{IntoParams, OpenApi};

#[derive(OpenApi)]
#[openapi(components(schemas(
    protocol::AddLinesRequest,
    protocol::AdjustRequest,
    protocol::Availability,
    protocol::AvailabilityQuery,
    protocol::ClientMessage,
    protocol::CommitRequest,
    protocol::CountRequest,
    protocol::ExtendRequest,
    protocol::FulfilRequest,
    protocol::Level,
    protocol::Movements,
    protocol::PolicyRequest,
    protocol::Problem,
    protocol::ReceiveRequest,
    protocol::ReleaseRequest,
    protocol::Reservations,
    protocol::ReserveRequest,
    protocol::ReturnLinesRequest,
    protocol::ReturnWithoutOrderRequest,
    protocol::ReturnedLevels,
    protocol::SellRequest,
    protocol::ServerMessage,
    protocol::SkuLevels,
)))]
struct Api;

fn schemas() -> Value {
    serde_json::to_value(Api::openapi()).expect("JSON")["components"]["schemas"].take()
}

#[test]
fn limits_are_told() {
    let schemas = schemas();
    assert_eq!(schemas["Quantity"]["minimum"], 1);
    assert_eq!(schemas["Quantity"]["maximum"], 2_147_483_647);
    assert_eq!(schemas["Delta"]["minimum"], -9_007_199_254_740_991_i64);
    assert_eq!(schemas["Sku"]["maxLength"], 64);
    assert_eq!(schemas["Location"]["maxLength"], 32);
    assert_eq!(schemas["Reason"]["minLength"], 1);
    assert_eq!(schemas["Reason"]["pattern"], r"^[^\x00-\x1f\x7f-\x9f]+$");
    assert_eq!(schemas["Sku"]["pattern"], r"^(?!\.{1,2}$)[^\x00-\x1f\x7f-\x9f]+$");
    assert_eq!(schemas["ReserveRequest"]["properties"]["lines"]["maxItems"], 1000);
    assert_eq!(schemas["Timestamp"]["format"], "date-time");
    assert_eq!(schemas["Code"]["enum"].as_array().map(Vec::len), Some(23));
}

#[test]
fn requests_take_no_other_fields_and_need_what_they_need() {
    let schemas = schemas();
    let requests = schemas.as_object().expect("an object").iter().filter(|(name, _)| {
        name.ends_with("Request") || name.ends_with("Query") || name.as_str() == "Command"
    });
    let mut seen = 0;
    for (name, schema) in requests {
        assert_eq!(schema["additionalProperties"], false, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 15);
    assert_eq!(schemas["ReserveRequest"]["required"], json!(["lines"]));
    assert_eq!(schemas["AdjustRequest"]["required"], json!(["delta", "reason"]));
    let always = &schemas["Reservation"]["required"];
    for field in ["expires_at", "order_reference", "customer_reference", "channel"] {
        assert!(always.as_array().is_some_and(|list| list.contains(&json!(field))), "{field}");
    }
}

#[test]
fn every_schema_and_every_field_is_described() {
    for (name, schema) in schemas().as_object().expect("an object") {
        assert!(schema["description"].is_string(), "{name}");
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(property.to_string().contains("\"description\""), "{name}.{field}");
        }
    }
}

#[test]
fn views_and_messages_of_the_feed_are_told() {
    let schemas = schemas();
    assert_eq!(schemas["View"]["enum"], json!(["exact", "banded", "boolean"]));
    assert_eq!(schemas["StockBand"]["enum"], json!(["out_of_stock", "low_stock", "in_stock"]));
    assert_eq!(schemas["FeedMode"]["enum"], json!(["levels", "events"]));
    assert_eq!(schemas["LevelView"]["oneOf"].as_array().map(Vec::len), Some(3));
    let messages = |name: &str| -> Vec<String> {
        let forms = schemas[name]["oneOf"].as_array().expect("forms").iter();
        let form = |form: &Value| {
            let text = form.to_string();
            let types = text.split("\"enum\":[\"").skip(1).map(|rest| rest.split('"').next());
            types.last().flatten().expect("a type").to_owned()
        };
        forms.map(form).collect()
    };
    assert_eq!(messages("ClientMessage"), ["subscribe", "unsubscribe", "ping", "commands"]);
    let told = "subscribed snapshot delta events gap unsubscribed pong replies error";
    assert_eq!(messages("ServerMessage").join(" "), told);
    let subscribed = &schemas["ServerMessage"]["oneOf"][0]["required"];
    assert_eq!(
        subscribed,
        &json!(["id", "cursor", "type"]),
        "`view` is left out where it is exact"
    );
}

#[test]
fn query_strings_are_parameters() {
    let parameters = protocol::MovementsQuery::into_params(|| None);
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["sku", "location", "cursor", "limit"]);
}
