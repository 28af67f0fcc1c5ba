//! Whole numbers with a range: one visitor and one macro, so that every numeric field of a request refuses
//! `1.5`, `"1"` and what is out of range in the same words.

use std::fmt;

use serde::de::{Error, Visitor};

use crate::InvalidField;

/// The range of a numeric field and the name under which errors speak of it.
#[derive(Clone, Copy)]
pub(crate) struct WholeNumber {
    pub(crate) field: &'static str,
    pub(crate) min: i64,
    pub(crate) max: i64,
    /// False where 0 lies in the range and is refused all the same.
    pub(crate) zero_allowed: bool,
}

impl WholeNumber {
    /// The value as it was given, or why the field does not take it.
    pub(crate) fn check(self, found: i128) -> Result<i64, InvalidField> {
        let out_of_range =
            InvalidField::OutOfRange { field: self.field, min: self.min, max: self.max, found };
        let value = i64::try_from(found).map_err(|_| out_of_range.clone())?;
        if value == 0 && !self.zero_allowed {
            return Err(InvalidField::Zero { field: self.field, min: self.min, max: self.max });
        }
        if value < self.min || value > self.max {
            return Err(out_of_range);
        }
        Ok(value)
    }

    /// The range as OpenAPI tells it.
    #[cfg(feature = "schema")]
    pub(crate) fn schema(
        self,
        description: &[&str],
        example: i64,
    ) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(self.min))
            .maximum(Some(self.max))
            .description(Some(joined(description)))
            .examples([serde_json::json!(example)])
            .into()
    }
}

impl Visitor<'_> for WholeNumber {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` as a whole number from {} to {}", self.field, self.min, self.max)
    }

    fn visit_i64<E: Error>(self, found: i64) -> Result<i64, E> {
        self.check(i128::from(found)).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, found: u64) -> Result<i64, E> {
        self.check(i128::from(found)).map_err(E::custom)
    }
}

/// The lines of a doc comment as one text.
#[cfg(feature = "schema")]
pub(crate) fn joined(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// Defines a newtype over an integer whose range is an invariant, with its serde form.
macro_rules! whole_number {
    (
        $(#[doc = $doc:literal])*
        $name:ident: $repr:ty, $field:literal, $min:expr, $max:expr, zero_allowed: $zero:literal, example: $example:expr
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name($repr);

        impl $name {
            /// The least allowed value.
            pub const MIN: i64 = $min;
            /// The greatest allowed value.
            pub const MAX: i64 = $max;

            const RANGE: $crate::number::WholeNumber = $crate::number::WholeNumber {
                field: $field,
                min: $min,
                max: $max,
                zero_allowed: $zero,
            };

            /// Takes any integer.
            ///
            /// # Errors
            /// When the value is outside the stated range.
            pub fn new(value: impl Into<i128>) -> Result<Self, $crate::InvalidField> {
                Self::from_found(value.into())
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> $repr {
                self.0
            }

            fn from_found(found: i128) -> Result<Self, $crate::InvalidField> {
                let value = Self::RANGE.check(found)?;
                <$repr>::try_from(value).map(Self).map_err(|_| $crate::InvalidField::OutOfRange {
                    field: $field,
                    min: $min,
                    max: $max,
                    found,
                })
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                Self::RANGE.schema(&[$($doc),*], $example)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = deserializer.deserialize_i64(Self::RANGE)?;
                Self::new(value).map_err(serde::de::Error::custom)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for $repr {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

pub(crate) use whole_number;
