//! A web origin (RFC 6454): scheme, host and port, in the one form that equal origins share.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::value::Entry;

/// A web origin such as `https://shop.example`. Host and scheme are kept in small letters, a scheme's own port is
/// left out, so that two of them are the same origin where they are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// The origin of pages that this host serves over plain HTTP at this port.
    ///
    /// # Errors
    /// What is wrong with the host.
    pub fn http(host: &str, port: u16) -> Result<Self, String> {
        format!("http://{host}:{port}").parse()
    }

    /// The host, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Origin {
    /// What is wrong with the text, for a sentence that begins with "an entry".
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "*" => {
                return Err(
                    "is `*`, with which any web page could change the stock through its visitor's browser".to_owned(),
                );
            }
            "null" => {
                return Err(
                    "is `null`, which is what pages without an origin of their own say, anyone's among them".to_owned(),
                );
            }
            _ => {}
        }
        let (scheme, authority) =
            text.split_once("://").ok_or("has no scheme, such as `https://`")?;
        if !is_scheme(scheme) {
            return Err("has a scheme that is none, such as `https://`".to_owned());
        }
        let scheme = scheme.to_ascii_lowercase();
        if authority.contains(['/', '?', '#']) {
            return Err("has a path or a query: an origin ends with its host or port".to_owned());
        }
        let (host, port) = split_port(authority)?;
        let host = normal_host(host)?;
        let port = port.filter(|port| default_port(&scheme) != Some(*port));
        Ok(Self { scheme, host, port })
    }
}

fn is_scheme(scheme: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(rest)
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Parts `host:port`; the colons of an IPv6 address stand in brackets.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    let end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority[end..].rfind(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(end + colon);
    let port = &port[1..];
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if digits && port > 0 => Ok((host, Some(port))),
        _ => Err("has a port other than a number from 1 to 65535".to_owned()),
    }
}

fn normal_host(host: &str) -> Result<String, String> {
    if let Some(inside) = host.strip_prefix('[') {
        let address = inside.strip_suffix(']').and_then(|text| text.parse::<Ipv6Addr>().ok());
        return address
            .map(|address| format!("[{address}]"))
            .ok_or_else(|| "has brackets around what is no IPv6 address".to_owned());
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if host.is_empty() || !host.bytes().all(fits) {
        return Err(
            "has a host other than letters, digits, `.`, `-` and `_` (write others as a browser does: `xn--…`)"
                .to_owned(),
        );
    }
    Ok(host.to_ascii_lowercase())
}

impl Entry for Origin {
    const EXPECTED: &'static str =
        "a list of web origins, each a scheme and a host such as https://shop.example";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_origins_have_one_form() {
        for (text, form) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("http://shop.example:443", "http://shop.example:443"),
            ("http://[::1]:7700", "http://[::1]:7700"),
            ("http://[0:0::1]:7700", "http://[::1]:7700"),
            ("http://127.0.0.1:7700", "http://127.0.0.1:7700"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            let origin: Origin = text.parse().unwrap_or_else(|fault| panic!("{text} {fault}"));
            assert_eq!(origin.to_string(), form);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for (text, fault) in [
            ("*", "any web page could change the stock"),
            ("null", "is `null`"),
            ("shop.example", "no scheme"),
            ("//shop.example", "no scheme"),
            ("://shop.example", "scheme that is none"),
            ("https://shop.example/", "path"),
            ("https://shop.example?x", "path or a query"),
            ("https://shop.example:", "port"),
            ("https://shop.example:0", "port"),
            ("https://shop.example:+1", "port"),
            ("https://shop.example:65536", "port"),
            ("https://", "host"),
            ("https://a@shop.example", "host"),
            ("https://*.shop.example", "host"),
            ("https://butikk\u{e5}.example", "xn--"),
            ("https://[::1", "brackets"),
            ("https://[::g]", "brackets"),
            ("https://::1", "host"),
        ] {
            let found = text.parse::<Origin>().expect_err(text);
            assert!(found.contains(fault), "{text}: {found}");
        }
    }
}
