//! The sentences of those who may not call. None repeats what was sent as a token.

use axum::http::{HeaderMap, header};
use saldo_protocol::Code;

use super::{Access, Need};
use crate::gateway::failure::Failure;
use crate::gateway::path::shortened;

pub(super) fn no_token() -> Failure {
    Failure::new(
        Code::Unauthorized,
        "this needs a token: send Authorization: Bearer and a token of this engine, such as `saldo token new` makes",
    )
}

pub(super) fn unknown_token() -> Failure {
    Failure::new(
        Code::Unauthorized,
        "the token is not one of this engine's: mistyped, revoked, or made after the engine read its settings",
    )
}

pub(super) fn two_tokens() -> Failure {
    Failure::new(
        Code::Unauthorized,
        "the Authorization header and the subprotocol saldo.token.… carry different tokens: send one of them",
    )
}

pub(super) fn given_twice(what: &str) -> Failure {
    Failure::malformed(format!("there is more than one {what}: send one, or none"))
}

pub(super) fn not_allowed(access: Access, need: Need) -> Failure {
    let whose = if access.is_anonymous() {
        "a caller without a token".to_owned()
    } else {
        format!("a token of the role {}", access.role_word())
    };
    let what = match need {
        Need::Nothing | Need::Levels => "this needs a token of any role",
        Need::ExactLevels => {
            "this tells every balance, and the setting anonymous_view allows less without a token: subscribe to the feed, which tells what it allows, or send a token"
        }
        Need::Figures => "the engine's figures need a token, of any role",
        Need::Sell => "this needs a token of the role sell or admin",
    };
    Failure::new(Code::Forbidden, format!("{whose} may not do this: {what}"))
}

pub(super) fn foreign_origin(headers: &HeaderMap) -> Failure {
    let origin = headers.get(header::ORIGIN).and_then(|it| it.to_str().ok()).unwrap_or("?");
    Failure::new(
        Code::Forbidden,
        format!(
            "pages of the origin {:?} may not do this: add it to the setting origins where they should",
            shortened(origin)
        ),
    )
}

pub(super) fn rebound_host(host: &str) -> Failure {
    Failure::new(
        Code::Forbidden,
        format!(
            "the host {:?} is a public name, by which a web page could reach this machine without a token: call by address or as localhost, configure a token, or add the host's origin to the setting origins",
            shortened(host)
        ),
    )
}
