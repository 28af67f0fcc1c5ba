//! Short texts with a length and without control characters: the macro that defines them, and the free texts
//! of requests. What they mean is the caller's business; the engine keeps and tells them as given.

use crate::InvalidField;

/// What most texts take, in the words of an error.
pub(crate) const NO_CONTROL_CHARACTERS: &str = "no control characters";

/// The rule of one text field.
#[derive(Clone, Copy)]
pub(crate) struct TextRule {
    pub(crate) field: &'static str,
    pub(crate) bytes_max: usize,
    /// Which characters are allowed, and in words.
    pub(crate) takes: fn(char) -> bool,
    pub(crate) allowed: &'static str,
    /// Whether `.` and `..` are refused, because the text is a path segment of a URL.
    pub(crate) path_segment: bool,
}

impl TextRule {
    pub(crate) fn check(self, text: &str) -> Result<(), InvalidField> {
        let field = self.field;
        if text.is_empty() || text.len() > self.bytes_max {
            return Err(InvalidField::Length {
                field,
                bytes_max: self.bytes_max,
                bytes_found: text.len(),
            });
        }
        if let Some((at, found)) = text.char_indices().find(|&(_, c)| !(self.takes)(c)) {
            return Err(InvalidField::Character { field, allowed: self.allowed, found, at });
        }
        if self.path_segment && matches!(text, "." | "..") {
            return Err(InvalidField::Dots { field, found: text.into() });
        }
        Ok(())
    }

    /// Which characters the text takes, as a regular expression of ECMA-262.
    #[cfg(feature = "schema")]
    fn pattern(self) -> String {
        let characters = if (self.takes)('å') { r"[^\x00-\x1f\x7f-\x9f]" } else { "[!-~]" };
        // Not `.` and `..` alone, which a URL's path would lose.
        let front = if self.path_segment { r"(?!\.{1,2}$)" } else { "" };
        format!("^{front}{characters}+$")
    }

    /// The rule as OpenAPI tells it. OpenAPI counts characters, the engine bytes.
    #[cfg(feature = "schema")]
    pub(crate) fn schema(
        self,
        description: &[&str],
        example: &str,
    ) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(self.bytes_max))
            .pattern(Some(self.pattern()))
            .description(Some(crate::number::joined(description)))
            .examples([serde_json::json!(example)])
            .into()
    }
}

impl serde::de::Visitor<'_> for TextRule {
    type Value = Box<str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "`{}` as a string of 1 to {} bytes with {}",
            self.field, self.bytes_max, self.allowed
        )
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Box<str>, E> {
        self.check(text).map_err(E::custom)?;
        Ok(text.into())
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Box<str>, E> {
        self.check(&text).map_err(E::custom)?;
        Ok(text.into_boxed_str())
    }
}

/// True for every character that is not a control character (Unicode category Cc).
pub(crate) fn is_not_control(c: char) -> bool {
    !c.is_control()
}

/// Defines a newtype over a text whose rule is an invariant, with its serde form.
macro_rules! bounded_text {
    (
        $(#[doc = $doc:literal])*
        $name:ident, $field:literal, bytes_max: $bytes_max:expr,
        takes: $takes:expr, allowed: $allowed:expr, path_segment: $path_segment:literal,
        example: $example:literal
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The greatest length in bytes of UTF-8.
            pub const BYTES_MAX: usize = $bytes_max;

            const RULE: $crate::text::TextRule = $crate::text::TextRule {
                field: $field,
                bytes_max: $bytes_max,
                takes: $takes,
                allowed: $allowed,
                path_segment: $path_segment,
            };

            /// Takes a text as it is; nothing is trimmed or changed.
            ///
            /// # Errors
            /// When it is empty, too long or holds a character that is not allowed.
            pub fn new(text: impl AsRef<str> + Into<Box<str>>) -> Result<Self, $crate::InvalidField> {
                Self::RULE.check(text.as_ref())?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, without a copy.
            #[must_use]
            pub fn into_boxed_str(self) -> Box<str> {
                self.0
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                Self::RULE.schema(&[$($doc),*], $example)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Self::RULE).map(Self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidField;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use bounded_text;

bounded_text! {
    /// Why a change was made, for whoever reads the movements: 1 to 256 bytes, no control characters.
    Reason, "reason", bytes_max: 256,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: false, example: "broken in transit"
}

bounded_text! {
    /// The caller's own document, such as a delivery note: 1 to 256 bytes, no control characters.
    Reference, "reference", bytes_max: 256,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: false, example: "DN-2291"
}

bounded_text! {
    /// The caller's order, by which reservations can be found: 1 to 256 bytes, no control characters.
    OrderReference, "order_reference", bytes_max: 256,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: false, example: "O-1001"
}

bounded_text! {
    /// The caller's customer, by which reservations can be found and holds counted: 1 to 256 bytes, no control
    /// characters.
    CustomerReference, "customer_reference", bytes_max: 256,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: false, example: "C-77"
}

bounded_text! {
    /// Where the sale comes from, such as `web` or a till: 1 to 256 bytes, no control characters.
    Channel, "channel", bytes_max: 256,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: false, example: "web"
}
