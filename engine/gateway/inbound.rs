//! A request as the calls see it: its head, and its body read whole. What every change needs of it stands here:
//! the body as its type, the media type, the idempotency key.

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use saldo_protocol::{Code, IDEMPOTENCY_KEY_HEADER, IdempotencyKey, parse_body};
use serde::de::DeserializeOwned;

use super::access::Access;
use super::failure::Failure;
use super::query;

/// A request whose body has been read.
pub(crate) struct Inbound {
    /// Method, path, headers.
    pub(crate) parts: Parts,
    /// The body, empty where there is none.
    pub(crate) body: Bytes,
    /// What its sender may do; enough for the call, which was seen before.
    pub(crate) access: Access,
}

impl Inbound {
    /// The request's path and query.
    pub(crate) fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// What a change needs: its body, and the idempotency key if there is one. All of it is checked before any
    /// limit is, for `malformed` comes first.
    pub(crate) fn change<T: DeserializeOwned>(&self) -> Result<(T, Option<&str>), Failure> {
        query::none(self.uri())?;
        let once = self.idempotency_key()?;
        Ok((self.json()?, once))
    }

    /// The body as the call's type; an empty one fits where every field is optional, whatever its media type.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        if !self.body.is_empty() {
            check_media_type(&self.parts.headers)?;
        }
        parse_body(&self.body).map_err(|error| Failure::malformed(error.to_string()))
    }

    /// The `Idempotency-Key`, if the request has one.
    fn idempotency_key(&self) -> Result<Option<&str>, Failure> {
        let mut values = self.parts.headers.get_all(IDEMPOTENCY_KEY_HEADER).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Failure::malformed(
                "there is more than one Idempotency-Key header: send one, or none",
            ));
        }
        let text = value.to_str().map_err(|_| {
            Failure::malformed("Idempotency-Key must be 1 to 255 visible ASCII characters")
        })?;
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || text.is_empty() || text.len() > IdempotencyKey::BYTES_MAX {
            return Err(Failure::malformed(format!(
                "Idempotency-Key must be 1 to {} visible ASCII characters, found {} bytes{}",
                IdempotencyKey::BYTES_MAX,
                text.len(),
                if visible { "" } else { " with a space or tab" }
            )));
        }
        Ok(Some(text))
    }
}

/// `application/json`, with any parameters but a charset other than UTF-8.
fn check_media_type(headers: &HeaderMap) -> Result<(), Failure> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let refused = |found: &str| {
        Err(Failure::new(
            Code::UnsupportedMediaType,
            format!(
                "the body must be sent as Content-Type: application/json in UTF-8, found {found}"
            ),
        ))
    };
    let Some(value) = values.next() else {
        return refused("a body without a Content-Type");
    };
    if values.next().is_some() {
        return refused("more than one Content-Type");
    }
    let text = value.to_str().unwrap_or_default();
    if text == "application/json" || is_json(text) {
        return Ok(());
    }
    refused(&format!("{:?}", super::path::shortened(text)))
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let charset_is_utf8 = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        !name.trim().eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8")
    };
    essence.eq_ignore_ascii_case("application/json") && parts.all(charset_is_utf8)
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn only_json_in_utf8_is_json() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; profile=x",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/problem+json",
            "application/json; charset=latin1",
            "application/json; charset",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
