//! `/openapi.json`: OpenAPI 3.1, generated from the handlers and their types. What calls have in common (path
//! parameters, idempotency, errors) is added from the table of routes.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use saldo_protocol::{
    ClientMessage, Code, Cursor, CustomerReference, IdempotencyKey, Location, OrderReference,
    PageLimit, Problem, ServerMessage, Sku,
};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type,
};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, Ref, RefOr, Required, ResponseBuilder, Schema,
};
use utoipa::{Modify, OpenApi, PartialSchema, ToSchema};

use super::access::Need;
use super::failure::Failure;
use super::inbound::Inbound;
use super::routes::{Kind, ROUTES, Route, RouteMethod};
use super::socket::event_stream;
use super::{
    Gateway, answer, availability, health, lookups, movements, page, reservations, returns, stock,
};

/// The name of the scheme by which callers are known.
const TOKEN: &str = "token";
/// Errors of every call that reaches the engine.
const OF_EVERY_CALL: [Code; 4] =
    [Code::Malformed, Code::Overloaded, Code::NotReady, Code::OutcomeUnknown];
/// Errors of those who may not call.
const OF_CALLERS: [Code; 2] = [Code::Unauthorized, Code::Forbidden];
/// Errors of every call with a body.
const OF_BODIES: [Code; 3] =
    [Code::LimitExceeded, Code::PayloadTooLarge, Code::UnsupportedMediaType];
/// Errors of every change.
const OF_CHANGES: [Code; 2] = [Code::IdempotencyKeyReused, Code::ReadOnly];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Saldo",
        description = "A real-time stock and reservation engine: what is where, what is promised, and to whom.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        stock::sku, stock::level, stock::receive, stock::adjust, stock::count, stock::policy, stock::sell,
        lookups::on_key, lookups::by_reference, lookups::by_id, availability::query, reservations::reserve,
        reservations::add_lines, reservations::commit, reservations::fulfil, reservations::release,
        reservations::extend, returns::of_order, returns::without_order, movements::of_key, feed,
        event_stream::open,
        health::livez, health::readyz, health::metrics, document,
        page::index, page::asset, page::client_asset
    ),
    tags(
        (name = "stock", description = "Balances of a SKU at a location"),
        (name = "reservations", description = "Carts and orders"),
        (name = "returns", description = "Goods that come back"),
        (name = "feed", description = "Levels as they change, and commands in batches"),
        (name = "health", description = "For those who run the engine"),
        (name = "page", description = "For people")
    ),
    modifiers(&Shared)
)]
struct Api;

/// The document as it is sent.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let mut document = Api::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    Bytes::from(serde_json::to_vec(&document).unwrap_or_default())
});

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "health",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(crate) async fn document(
    _gateway: Arc<Gateway>,
    _request: Inbound,
) -> Result<Response, Failure> {
    let content_type = HeaderValue::from_static("application/json");
    Ok(answer::typed(StatusCode::OK, content_type, DOCUMENT.clone()))
}

/// Upgrades to a WebSocket of the subprotocol `saldo.v1.json`, which is also spoken when none is offered, or `saldo.v1.bin`.
/// A client sends `ClientMessage`, the engine `ServerMessage`, one a text frame.
#[utoipa::path(get, path = "/v1/feed", tag = "feed",
    responses((status = 101, description = "The connection is a WebSocket now")))]
#[expect(
    dead_code,
    reason = "stands for the handler in `socket`, which is no call with a body and an answer"
)]
fn feed() {}

/// Adds what the table of routes knows.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut Document) {
        for route in ROUTES {
            let Some(item) = document.paths.paths.get_mut(route.path) else {
                continue;
            };
            let operation = match route.method {
                RouteMethod::Get => item.get.as_mut(),
                RouteMethod::Post => item.post.as_mut(),
                RouteMethod::Put => item.put.as_mut(),
            };
            if let Some(operation) = operation {
                complete(operation, route);
            }
        }
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(TOKEN, bearer_token());
        add_schema::<Problem>(components);
        add_schema::<ClientMessage>(components);
        close(components, &ClientMessage::name());
        add_schema::<ServerMessage>(components);
        // Of query strings, whose schemas are not gathered with the calls.
        add_schema::<Sku>(components);
        add_schema::<Location>(components);
        add_schema::<OrderReference>(components);
        add_schema::<CustomerReference>(components);
        add_schema::<Cursor>(components);
        add_schema::<PageLimit>(components);
    }
}

/// How a caller is known.
fn bearer_token() -> SecurityScheme {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "A token of the role `read`, `sell` or `admin`. Needed where the engine has tokens configured; a WebSocket may carry it as the subprotocol `saldo.token.<token>` instead.",
    ));
    SecurityScheme::Http(scheme.build())
}

/// Adds a type that no call's body or answer names, with all that it is made of.
fn add_schema<T: ToSchema>(components: &mut Components) {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    components.schemas.extend(parts);
    components.schemas.insert(T::name().into_owned(), T::schema());
}

/// Has every form of an enum take no other fields, as the engine does. A form that is told as another schema with `type`
/// beside it becomes one object: each of the two alone would refuse the fields of the other.
fn close(components: &mut Components, name: &str) {
    let Some(RefOr::T(Schema::OneOf(mut forms))) = components.schemas.get(name).cloned() else {
        return;
    };
    for form in &mut forms.items {
        let mut whole = Object::with_type(Type::Object);
        match &*form {
            RefOr::T(Schema::AllOf(parts)) => {
                whole.description.clone_from(&parts.description);
                parts.items.iter().for_each(|part| merge(&mut whole, part, components));
            }
            part => merge(&mut whole, part, components),
        }
        whole.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        *form = RefOr::T(Schema::Object(whole));
    }
    components.schemas.insert(name.to_owned(), RefOr::T(Schema::OneOf(forms)));
}

/// Adds an object's fields to another.
fn merge(whole: &mut Object, part: &RefOr<Schema>, components: &Components) {
    let part = match part {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            components.schemas.get(name)
        }
        part @ RefOr::T(_) => Some(part),
    };
    if let Some(RefOr::T(Schema::Object(part))) = part {
        whole.description = whole.description.take().or_else(|| part.description.clone());
        whole.properties.extend(part.properties.clone());
        whole.required.extend(part.required.clone());
    }
}

fn complete(operation: &mut Operation, route: &Route) {
    if route.need != Need::Nothing {
        let token = SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, []);
        operation.security = Some(vec![token]);
    }
    let mut parameters = path_parameters(route.path);
    if is_change(route.kind) {
        parameters.push(idempotency_key());
        // A repeat is answered 200, whatever the first answer was.
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") {
            response.headers.insert("Idempotent-Replayed".to_owned(), replayed());
        }
    }
    parameters.append(&mut operation.parameters.take().unwrap_or_default());
    operation.parameters = Some(parameters).filter(|parameters| !parameters.is_empty());
    if let Some(body) = operation.request_body.as_mut() {
        body.required = Some(match route.kind {
            Kind::ChangeWithoutBody => Required::False,
            _ => Required::True,
        });
    }
    add_errors(operation, &errors(route));
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Makes the change happen once, however often it is sent."))
        .schema(Some(IdempotencyKey::schema()))
        .build()
}

fn replayed() -> Header {
    HeaderBuilder::new()
        .schema(ObjectBuilder::new().schema_type(Type::Boolean))
        .description(Some(
            "`true` where the call is a repeat of one carried out before; left out where not.",
        ))
        .build()
}

/// Whether a call takes an idempotency key.
fn is_change(kind: Kind) -> bool {
    matches!(kind, Kind::Change | Kind::ChangeWithoutBody)
}

/// Every code that a call can be answered with, in order of precedence.
fn errors(route: &Route) -> Vec<Code> {
    let mut codes = route.refusals.to_vec();
    if route.need != Need::Nothing {
        codes.extend(OF_CALLERS);
    }
    match route.kind {
        Kind::Change | Kind::ChangeWithoutBody => {
            codes.extend(OF_EVERY_CALL);
            codes.extend(OF_BODIES);
            codes.extend(OF_CHANGES);
        }
        Kind::Query => {
            codes.extend(OF_EVERY_CALL);
            codes.extend(OF_BODIES);
        }
        Kind::Read => codes.extend(OF_EVERY_CALL),
        Kind::Feed => codes.extend([Code::Malformed, Code::NotReady]),
        Kind::Document => codes.push(Code::NotReady),
        Kind::Health | Kind::Page => {}
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn add_errors(operation: &mut Operation, codes: &[Code]) {
    let mut statuses: Vec<u16> = codes.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let of_status: Vec<String> = codes
            .iter()
            .filter(|code| code.status() == status)
            .map(|code| format!("`{}`: {}.", code.slug(), code.title()))
            .collect();
        let schema = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let mut response = ResponseBuilder::new()
            .description(of_status.join(" "))
            .content(saldo_protocol::PROBLEM_CONTENT_TYPE, content);
        if status == StatusCode::SERVICE_UNAVAILABLE.as_u16() {
            let header = HeaderBuilder::new()
                .schema(ObjectBuilder::new().schema_type(Type::Integer))
                .description(Some("Seconds after which to try again; nothing happened."))
                .build();
            response = response.header("Retry-After", header);
        }
        let responses = &mut operation.responses.responses;
        responses.insert(status.to_string(), response.build().into());
    }
}

fn path_parameters(path: &str) -> Vec<Parameter> {
    let named = [("sku", Sku::schema()), ("location", Location::schema()), ("id", uuid_schema())];
    named
        .into_iter()
        .filter(|(name, _)| path.contains(&format!("{{{name}}}")))
        .map(|(name, schema)| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(schema))
                .build()
        })
        .collect()
}

fn uuid_schema() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .description(Some("The reservation's id."))
        .into()
}
