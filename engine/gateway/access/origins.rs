//! Which web pages may call: those of the engine's own origins and of the configured ones.
//!
//! The engine's own are told from where it listens, never from the `Host` header: a page whose name was made to
//! lead to this machine (DNS rebinding) sends an `Origin` and a `Host` that agree.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderValue, header};

use super::Cors;
use crate::config::Origin;

/// How this machine names itself to its own browser.
const LOCAL_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The origins whose pages may call.
#[derive(Debug)]
pub(super) struct Origins(HashSet<Origin>);

impl Origins {
    pub(super) fn new(configured: &[Origin], listening: SocketAddr) -> Self {
        let address = match listening.ip().to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let own = LOCAL_HOSTS
            .into_iter()
            .chain([address.as_str()])
            .filter_map(|host| Origin::http(host, listening.port()).ok());
        Self(own.chain(configured.iter().cloned()).collect())
    }

    /// Whether a request comes from no web page, or from pages that may call.
    pub(super) fn all_allowed(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::ORIGIN).iter().all(|origin| self.allows(origin))
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().ok().and_then(|text| text.parse().ok());
        origin.is_some_and(|origin: Origin| self.0.contains(&origin))
    }

    /// What the answer says to a browser; nothing where no page sent the request.
    pub(super) fn cors(&self, headers: &HeaderMap) -> Option<Cors> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins.next()?;
        let allowed = origins.next().is_none() && self.allows(origin);
        Some(Cors { allowed: allowed.then(|| origin.clone()) })
    }

    /// The request's `Host` where it is a name that strangers could have: one with a dot that is neither an address
    /// nor the host of an origin that may call.
    pub(super) fn rebound_host<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let host = headers.get(header::HOST)?;
        // What is no text is no name either; a browser sends none such.
        let authority = host.to_str().ok()?;
        let port = authority.rfind(':').filter(|_| !authority.ends_with(']'));
        let name = authority.get(..port.unwrap_or(authority.len()))?;
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_public = name.contains('.')
            && !name.starts_with('[')
            && name.parse::<IpAddr>().is_err()
            && !name.to_ascii_lowercase().ends_with(".localhost")
            && !self.0.iter().any(|origin| origin.host().eq_ignore_ascii_case(name));
        is_public.then_some(name)
    }
}
