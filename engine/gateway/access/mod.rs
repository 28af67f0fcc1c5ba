//! Who may call: bearer tokens with roles, the peer's address, the `Origin` of web pages. Decided from a request's
//! head alone, before its body is read, in one place for all calls.

mod cors;
mod credentials;
mod grant;
mod origins;
mod refusals;
mod tokens;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use saldo_protocol::View;

pub(crate) use cors::{Cors, preflight};
pub(crate) use credentials::{TOKEN_PROTOCOL_PREFIX, offered_protocols};
pub(crate) use grant::{Access, Need};

use super::failure::Failure;
use crate::config::{Role, Settings};
use credentials::Carriers;
use origins::Origins;
use tokens::Tokens;

/// What a call asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What its caller must be allowed.
    pub(crate) need: Need,
    /// Whether pages of foreign origins are refused: it changes something, or opens a WebSocket, whose frames no
    /// browser keeps from a foreign page.
    pub(crate) is_guarded: bool,
    /// Whether a token may also come as a WebSocket's subprotocol, for browsers, which send no header with it.
    pub(crate) takes_subprotocol: bool,
}

/// The settings that say who may call, ready to be asked at each request.
#[derive(Debug)]
pub(crate) struct Rules {
    tokens: Tokens,
    origins: Origins,
    /// What a caller without a token is shown, if anything.
    anonymous: Option<View>,
}

impl Rules {
    /// `listening` is where the engine really listens, its port not 0.
    pub(crate) fn new(settings: &Settings, listening: SocketAddr) -> Self {
        Self {
            tokens: Tokens::new(&settings.tokens),
            origins: Origins::new(&settings.origins, listening),
            anonymous: settings.anonymous_read.then_some(settings.anonymous_view),
        }
    }

    /// What the sender of a request may do, where that is enough for the call.
    ///
    /// It takes no memory, and where no token is sent no hash. A good token is not remembered for the connection's
    /// next request: comparing it with what is sent would tell by its time how much of a guess was right to others
    /// who share the connection through a proxy, and one SHA-256 of a token is one block of it.
    ///
    /// # Errors
    /// `malformed` where credentials are given twice, `unauthorized`, `forbidden`.
    pub(crate) fn admit(
        &self,
        asked: Asked,
        peer: IpAddr,
        headers: &HeaderMap,
    ) -> Result<Access, Failure> {
        if asked.need == Need::Nothing {
            return Ok(Access::NONE);
        }
        let carriers = Carriers { subprotocol: asked.takes_subprotocol };
        let access = match carriers.token(headers)? {
            Some(token) => self.tokens.access(token).ok_or_else(refusals::unknown_token)?,
            None => self.without_token(peer, headers)?,
        };
        if asked.is_guarded && !self.origins.all_allowed(headers) {
            return Err(refusals::foreign_origin(headers));
        }
        if access.may(asked.need) {
            Ok(access)
        } else {
            Err(refusals::not_allowed(access, asked.need))
        }
    }

    fn without_token(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Access, Failure> {
        // An IPv4 address written as IPv6 (`::ffff:127.0.0.1`) is as local as it is.
        if self.tokens.is_empty() && peer.to_canonical().is_loopback() {
            // A page whose own name was made to lead here would count as local, and its reads carry no `Origin`.
            return match self.origins.rebound_host(headers) {
                None => Ok(Access::EVERYTHING),
                Some(host) => Err(refusals::rebound_host(host)),
            };
        }
        match self.anonymous {
            Some(view_max) => Ok(Access::anonymous(view_max)),
            None => Err(refusals::no_token()),
        }
    }

    /// What the answer to this request says to a browser, where a page sent it.
    pub(crate) fn cors(&self, headers: &HeaderMap) -> Option<Cors> {
        self.origins.cors(headers)
    }
}
