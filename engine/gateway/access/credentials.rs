//! Where a request carries a token: `Authorization: Bearer` (RFC 6750), or a subprotocol of a WebSocket.

use axum::http::{HeaderMap, header};

use super::refusals;
use crate::gateway::failure::Failure;

/// What a subprotocol that is a token begins with; it is never chosen and never answered.
pub(crate) const TOKEN_PROTOCOL_PREFIX: &str = "saldo.token.";

/// Where a call looks for a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carriers {
    /// Among the offered subprotocols as well.
    pub(super) subprotocol: bool,
}

impl Carriers {
    /// The token that a request carries, if any. Credentials of another scheme are somebody else's, such as a proxy's,
    /// and count as none.
    ///
    /// # Errors
    /// `malformed` where there are several of a kind, `unauthorized` where the two kinds differ.
    pub(super) fn token(self, headers: &HeaderMap) -> Result<Option<&str>, Failure> {
        let in_header = of_header(headers)?;
        if !self.subprotocol {
            return Ok(in_header);
        }
        let in_subprotocol = of_subprotocols(headers)?;
        match (in_header, in_subprotocol) {
            // Both came from one sender, who learns nothing from the time that this takes.
            (Some(one), Some(other)) if one != other => Err(refusals::two_tokens()),
            (Some(token), _) | (None, Some(token)) => Ok(Some(token)),
            (None, None) => Ok(None),
        }
    }
}

fn of_header(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(refusals::given_twice("Authorization header"));
    }
    // A token is visible ASCII; what is not is no token that is known here.
    let text = value.to_str().unwrap_or("Bearer");
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    Ok(scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_matches(' ')))
}

fn of_subprotocols(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut tokens =
        offered_protocols(headers).filter_map(|it| it.strip_prefix(TOKEN_PROTOCOL_PREFIX));
    let token = tokens.next();
    if tokens.next().is_some() {
        return Err(refusals::given_twice("subprotocol saldo.token.…"));
    }
    Ok(token)
}

/// The subprotocols that a client offers, in its order.
pub(crate) fn offered_protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}
