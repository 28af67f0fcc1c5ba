//! A request's query string, read into its type: names and values are percent-decoded strictly, `+` is a space
//! (as in HTML forms), and an unknown or repeated name is malformed.

use std::borrow::Cow;

use axum::http::Uri;
use saldo_protocol::PageLimit;
use serde::de::value::{CowStrDeserializer, Error, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::failure::Failure;
use super::percent::decoded;
use crate::config::Settings;

/// Names that a query string may have before it is not read on.
const NAMES_MAX: usize = 16;

/// The query as the call's own type.
///
/// # Errors
/// `malformed`.
pub(crate) fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, Failure> {
    let pairs = pairs(uri, NAMES_MAX)?.into_iter().map(|(name, value)| (name, Value(value)));
    T::deserialize(MapDeserializer::new(pairs))
        .map_err(|error| Failure::malformed(format!("the query string cannot be read: {error}")))
}

/// A name and its value.
type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Names and values in their order, at most so many.
///
/// # Errors
/// `malformed`.
pub(crate) fn pairs(uri: &Uri, pairs_max: usize) -> Result<Vec<Pair<'_>>, Failure> {
    let raw = uri.query().unwrap_or_default();
    let mut pairs = Vec::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == pairs_max {
            return Err(Failure::malformed(format!(
                "the query string has more than {pairs_max} parameters; this call takes no more"
            )));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = form_decoded(name, "a parameter's name in the query string")?;
        let value = form_decoded(value, &format!("`{name}` in the query string"))?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Nothing may stand in the query string of a call that takes no parameters.
pub(crate) fn none(uri: &Uri) -> Result<(), Failure> {
    match uri.query() {
        None | Some("") => Ok(()),
        Some(_) => Err(Failure::malformed(
            "this call takes no parameters in the query string: leave out what follows the `?`",
        )),
    }
}

/// How many entries a page shall have.
pub(crate) fn limit(asked: Option<PageLimit>, settings: &Settings) -> Result<usize, Failure> {
    let entries = asked.map_or(settings.page_items_default, |limit| u64::from(limit.get()));
    if entries > settings.page_items_max && asked.is_some() {
        return Err(Failure::limit_exceeded(format!(
            "`limit` is {entries}, the setting page_items_max allows {}: ask for shorter pages",
            settings.page_items_max
        )));
    }
    let entries = entries.min(settings.page_items_max);
    Ok(usize::try_from(entries).unwrap_or(usize::from(PageLimit::MAX)))
}

fn form_decoded<'a>(raw: &'a str, what: &str) -> Result<Cow<'a, str>, Failure> {
    if raw.contains('+') {
        let spaced = raw.replace('+', " ");
        return Ok(Cow::Owned(decoded(&spaced, what)?.into_owned()));
    }
    decoded(raw, what)
}

/// A value of a query string: always a text, and there where its name is.
struct Value<'a>(Cow<'a, str>);

impl<'de> IntoDeserializer<'de, Error> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text: CowStrDeserializer<'de, Error> = self.0.into_deserializer();
        text.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
