//! Who may call what: each call of `/openapi.json`, the WebSocket's handshake included, by each caller, under each kind
//! of settings. A call that has no row here fails the test.

use std::collections::BTreeSet;

use saldo_protocol::Code;
use saldo_tests::{Engine, Http, Told};

use Caller::{Admin, Nobody, Read, Sell, Wrong};
use Need::{AnyToken, ExactLevels, Levels, Nothing, Selling};

/// What a call asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    Levels,
    ExactLevels,
    AnyToken,
    Selling,
}

/// Every call and what it needs.
const CALLS: [(&str, &str, Need); 29] = [
    ("get", "/v1/stock/{sku}", ExactLevels),
    ("get", "/v1/stock/{sku}/{location}", ExactLevels),
    ("post", "/v1/availability:query", ExactLevels),
    ("get", "/v1/feed", Levels),
    ("get", "/v1/feed/sse", Levels),
    ("post", "/v1/stock/{sku}/{location}/receive", Selling),
    ("post", "/v1/stock/{sku}/{location}/adjust", Selling),
    ("post", "/v1/stock/{sku}/{location}/count", Selling),
    ("put", "/v1/stock/{sku}/{location}/policy", Selling),
    ("post", "/v1/stock/{sku}/{location}/sell", Selling),
    ("get", "/v1/stock/{sku}/{location}/reservations", Selling),
    ("post", "/v1/reservations", Selling),
    ("get", "/v1/reservations", Selling),
    ("get", "/v1/reservations/{id}", Selling),
    ("post", "/v1/reservations/{id}/lines", Selling),
    ("post", "/v1/reservations/{id}/commit", Selling),
    ("post", "/v1/reservations/{id}/fulfil", Selling),
    ("post", "/v1/reservations/{id}/release", Selling),
    ("post", "/v1/reservations/{id}/extend", Selling),
    ("post", "/v1/reservations/{id}/return", Selling),
    ("post", "/v1/returns", Selling),
    ("get", "/v1/movements", Selling),
    ("get", "/metrics", AnyToken),
    ("get", "/livez", Nothing),
    ("get", "/readyz", Nothing),
    ("get", "/openapi.json", Nothing),
    ("get", "/", Nothing),
    ("get", "/assets/{file}", Nothing),
    ("get", "/assets/client/{file}", Nothing),
];

/// A caller, by the token that it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Nobody,
    Wrong,
    Read,
    Sell,
    Admin,
}

impl Caller {
    const ALL: [Self; 5] = [Nobody, Wrong, Read, Sell, Admin];

    fn token(self) -> Option<&'static str> {
        match self {
            Nobody => None,
            Wrong => Some("saldo_admin_that_nobody_made"),
            Read => Some("saldo_read_of_the_tests_alone"),
            Sell => Some("saldo_sell_of_the_tests_alone"),
            Admin => Some("saldo_admin_of_the_tests_alone"),
        }
    }
}

/// The tokens of [`Caller`], hashed.
pub(crate) const TOKENS: &str = "\
read:reader:8a642c1c56b0fa8f39fed2ed3a63862d1a26332442c78cec6d741cf5a621729f,\
sell:till:db175a01cc94f65d3454a723c1a65149fcd55ef202f29f2638fff9afd4e797c8,\
admin:office:ffd6d4715a02091a796f8351198814bc4bfa3be99dd7a2c0e2f91676bf50e3c3";

/// A kind of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum House {
    WithoutTokens,
    WithTokens,
    /// And callers without one may read.
    Public,
    /// And see bands alone.
    PublicInBands,
}

impl House {
    async fn engine(self) -> Engine {
        let settings: &[_] = match self {
            Self::WithoutTokens => &[],
            Self::WithTokens => &[("tokens", TOKENS)],
            Self::Public => &[("tokens", TOKENS), ("anonymous_read", "true")],
            Self::PublicInBands => {
                &[("tokens", TOKENS), ("anonymous_read", "true"), ("anonymous_view", "banded")]
            }
        };
        Engine::with(settings).await
    }

    /// The code that refuses the caller; none where it is let in. All callers are on this machine.
    fn refusal(self, caller: Caller, need: Need) -> Option<Code> {
        let of_reader = (need == Selling).then_some(Code::Forbidden);
        match (need, caller) {
            (Nothing, _) => None,
            (_, Wrong) => Some(Code::Unauthorized),
            (_, Nobody) => match self {
                Self::WithoutTokens => None,
                Self::WithTokens => Some(Code::Unauthorized),
                Self::PublicInBands if need == ExactLevels => Some(Code::Forbidden),
                Self::Public | Self::PublicInBands if need == AnyToken => Some(Code::Forbidden),
                Self::Public | Self::PublicInBands => of_reader,
            },
            _ if self == Self::WithoutTokens => Some(Code::Unauthorized),
            (_, Read) => of_reader,
            (_, Sell | Admin) => None,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_lets_in_whom_it_should() {
    for house in [House::WithoutTokens, House::WithTokens, House::Public, House::PublicInBands] {
        let engine = house.engine().await;
        let http = engine.http();
        assert_every_call_has_a_row(&http).await;
        for (method, path, need) in CALLS {
            for caller in Caller::ALL {
                let what = format!("{house:?}: {method} {path} by {caller:?}");
                let refusal = house.refusal(caller, need);
                let in_header = caller.token().map(|token| format!("Bearer {token}"));
                let header = in_header.map(|value| ("authorization", value));
                check(&send(&http, method, path, header).await, refusal, &what);
                if path == "/v1/feed" {
                    let offered =
                        caller.token().map(|it| format!("saldo.v1.json, saldo.token.{it}"));
                    let header = offered.map(|value| ("sec-websocket-protocol", value));
                    let what = format!("{what} in a subprotocol");
                    let told = send(&http, method, path, header).await;
                    check(&told, refusal, &what);
                    assert!(!told.header("sec-websocket-protocol").contains("token"), "{what}");
                }
            }
        }
        assert_no_token_was_logged(&engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_of_what_there_is() {
    let engine = House::WithTokens.engine().await;
    let http = engine.http();
    let token = Sell.token().unwrap_or_default();
    let receive = http
        .request("POST".parse().expect("a method"), "/v1/stock/TEE/OSLO/receive")
        .header("authorization", format!("bearer {token}"))
        .header("content-type", "application/json");
    assert_eq!(http.send(receive, r#"{"quantity":1}"#).await.status, 200);
    let there = http.get("/v1/stock/TEE/OSLO").await;
    for path in ["/v1/stock/TEE/BERGEN", "/v1/stock/../X", "/v1/stock/%FF/OSLO", "/v1/stock/A?x=1"]
    {
        let told = http.get(path).await;
        assert_eq!((told.status, &told.body), (401, &there.body), "{path}");
    }
    // The body is looked at by nobody: a malformed one is not told from a good one, nor a large one from a small one.
    for body in ["{".to_owned(), "x".repeat(2 << 20)] {
        let told = http.post_bytes("/v1/stock/TEE/OSLO/receive", body).await;
        assert_eq!((told.status, &told.body), (401, &there.body));
    }
}

/// Sends a call that is malformed where it could change anything, so that letting it in changes nothing.
async fn send(http: &Http, method: &str, path: &str, header: Option<(&str, String)>) -> Told {
    let path = path
        .replace("{sku}", "TEE")
        .replace("{location}", "OSLO")
        .replace("client/{file}", "client/index.js")
        .replace("{file}", "main.js")
        .replace("{id}", "01940000-0000-7000-8000-000000000001");
    // Otherwise the answer would have no end.
    let query = if path.ends_with("/sse") { "?mode=nonsense" } else { "" };
    let method = method.to_uppercase().parse().expect("a method");
    let mut request = http.request(method, &format!("{path}{query}"));
    if path == "/v1/feed" {
        for (name, value) in [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            request = request.header(name, value);
        }
    }
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    http.send(request, "").await
}

fn check(told: &Told, refusal: Option<Code>, what: &str) {
    match refusal {
        Some(code) => {
            assert_eq!((told.status, told.code().as_str()), (code.status(), code.slug()), "{what}");
            assert_eq!(told.header("content-type"), "application/problem+json", "{what}");
            let challenge = if code == Code::Unauthorized { "Bearer" } else { "" };
            assert_eq!(told.header("www-authenticate"), challenge, "{what}");
        }
        None => assert!(!matches!(told.status, 401 | 403 | 500..), "{what}: {}", told.text()),
    }
}

async fn assert_every_call_has_a_row(http: &Http) {
    let document = http.get("/openapi.json").await.json();
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, call) in item.as_object().expect("calls") {
            told.insert((method.clone(), path.clone()));
            let row = CALLS.iter().find(|row| (row.0, row.1) == (method.as_str(), path.as_str()));
            let needs_nothing = row.is_none_or(|row| row.2 == Nothing);
            assert_eq!(call["security"].is_null(), needs_nothing, "{method} {path}");
            for status in ["401", "403"] {
                let is_told = call["responses"][status].is_object();
                assert_eq!(is_told, !needs_nothing, "{status} of {method} {path}");
            }
        }
    }
    let rows: BTreeSet<_> =
        CALLS.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(told, rows, "each call has a row that says who may make it");
    assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
}

fn assert_no_token_was_logged(engine: &Engine) {
    let log = engine.log();
    for caller in Caller::ALL {
        assert!(caller.token().is_none_or(|token| !log.contains(token)), "{log}");
    }
}
