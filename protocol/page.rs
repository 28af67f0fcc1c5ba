//! Lists that come in pages: the cursor, the limit, and the query strings of the listing calls.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use crate::number::WholeNumber;
use crate::text::bounded_text;
use crate::{CustomerReference, InvalidField, Location, OrderReference, Sku};

bounded_text! {
    /// A place in a list or in the journal, as an answer gave it: opaque, 1 to 64 visible ASCII characters.
    Cursor, "cursor", bytes_max: 64,
    takes: |c| c.is_ascii_graphic(), allowed: "visible ASCII characters only", path_segment: false,
    example: "1a-4f"
}

/// How many entries a page has at most: 1 to 1,000, 100 when left out. In a query string it is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct PageLimit(u16);

impl PageLimit {
    /// The greatest page.
    pub const MAX: u16 = 1000;

    const RANGE: WholeNumber =
        WholeNumber { field: "limit", min: 1, max: 1000, zero_allowed: true };

    /// Takes a number of entries.
    ///
    /// # Errors
    /// When it is not 1 to 1,000.
    pub fn new(entries: impl Into<i128>) -> Result<Self, InvalidField> {
        let found = entries.into();
        let value = Self::RANGE.check(found)?;
        u16::try_from(value).map(Self).map_err(|_| InvalidField::OutOfRange {
            field: Self::RANGE.field,
            min: Self::RANGE.min,
            max: Self::RANGE.max,
            found,
        })
    }

    /// The number of entries.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for PageLimit {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        Self::RANGE.schema(&["Entries a page at most: 1 to 1,000, 100 when left out."], 100)
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for PageLimit {}

impl Default for PageLimit {
    fn default() -> Self {
        Self(100)
    }
}

impl<'de> Deserialize<'de> for PageLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = PageLimit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`limit` as a whole number from 1 to 1000")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PageLimit, E> {
                let number: u64 = text.parse().map_err(|_| {
                    E::custom(format_args!(
                        "`limit` must be a whole number from 1 to 1000, found {text:?}"
                    ))
                })?;
                PageLimit::new(number).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Digits)
    }
}

/// The query string of a list that needs nothing else: `?cursor=&limit=`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// `next_cursor` of the page before; the first page when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Entries a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<PageLimit>,
}

/// `GET /v1/reservations?order_reference=` or `customer_reference=`: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ReservationsQuery {
    /// All reservations of this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_reference: Option<OrderReference>,
    /// All reservations of this customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<CustomerReference>,
    /// `next_cursor` of the page before; the first page when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Entries a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<PageLimit>,
}

/// `GET /v1/movements?sku=&location=`: the events of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct MovementsQuery {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: Location,
    /// `next_cursor` of the page before; the newest page when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Entries a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<PageLimit>,
}
