//! What a ledger is about: a SKU at a location, validated once at the edge.

use alloc::{boxed::Box, string::String, sync::Arc};
use core::fmt;
use core::hash::{Hash, Hasher};

/// Longest SKU in bytes of UTF-8.
pub const SKU_BYTES_MAX: usize = 64;
/// Longest location in bytes of UTF-8.
pub const LOCATION_BYTES_MAX: usize = 32;

/// A SKU at a location; orders by the bytes of the SKU, then of the location.
///
/// Both texts stand in one, parted by a NUL, which neither may contain. NUL sorts before every
/// allowed byte, so comparing the whole text is comparing (sku, location), and all locations of a
/// SKU are neighbours in an ordered store. A key is one pointer, for tables hold millions of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StockKey(Arc<Texts>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Texts {
    text: Box<str>,
    sku_bytes: u8,
}

/// Why a text is no SKU or location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The text is empty.
    Empty,
    /// The text has more bytes than allowed.
    TooLong {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// The text has a control character (Unicode category Cc).
    ControlCharacter,
    /// The text is `.` or `..`, which a URL's path cannot carry.
    Dots,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "must not be empty"),
            Self::TooLong { bytes, bytes_max } => {
                write!(f, "has {bytes} bytes of UTF-8, at most {bytes_max} are allowed")
            }
            Self::ControlCharacter => write!(f, "must not contain control characters"),
            Self::Dots => write!(f, "must not be `.` or `..`"),
        }
    }
}

impl core::error::Error for KeyError {}

/// Checks that a text may be a SKU.
///
/// # Errors
/// [`KeyError`] says what is wrong with it.
pub fn check_sku(text: &str) -> Result<(), KeyError> {
    check(text, SKU_BYTES_MAX)
}

/// Checks that a text may be a location.
///
/// # Errors
/// [`KeyError`] says what is wrong with it.
pub fn check_location(text: &str) -> Result<(), KeyError> {
    check(text, LOCATION_BYTES_MAX)
}

fn check(text: &str, bytes_max: usize) -> Result<(), KeyError> {
    match text {
        "" => Err(KeyError::Empty),
        "." | ".." => Err(KeyError::Dots),
        _ if text.len() > bytes_max => Err(KeyError::TooLong { bytes: text.len(), bytes_max }),
        _ if text.chars().any(char::is_control) => Err(KeyError::ControlCharacter),
        _ => Ok(()),
    }
}

impl StockKey {
    /// Makes a key of valid texts.
    ///
    /// # Errors
    /// [`KeyError`] of the first text that is not valid.
    pub fn new(sku: &str, location: &str) -> Result<Self, KeyError> {
        check_sku(sku)?;
        check_location(location)?;
        let mut text = String::with_capacity(sku.len() + 1 + location.len());
        text.push_str(sku);
        text.push('\0');
        text.push_str(location);
        let sku_bytes = u8::try_from(sku.len())
            .map_err(|_| KeyError::TooLong { bytes: sku.len(), bytes_max: SKU_BYTES_MAX })?;
        Ok(Self(Arc::new(Texts { text: text.into_boxed_str(), sku_bytes })))
    }

    /// The key whose [`StockKey::as_str`] this is; none where it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sku, location) = text.split_once('\0')?;
        Self::new(sku, location).ok()
    }

    /// The SKU.
    #[must_use]
    pub fn sku(&self) -> &str {
        &self.0.text[..usize::from(self.0.sku_bytes)]
    }

    /// The location.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.0.text[usize::from(self.0.sku_bytes) + 1..]
    }

    /// The whole text: SKU, NUL, location.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }
}

impl Hash for StockKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl fmt::Display for StockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.sku(), self.location())
    }
}

impl fmt::Debug for StockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StockKey({self})")
    }
}
