//! The one place of the protocol that names bincode: how values become bytes and are read back within limits.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::de::BorrowDecoder;
use bincode::de::read::Reader;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
pub(super) use bincode::{BorrowDecode, Encode};
use thiserror::Error;

/// The most that one frame may hold, in bytes as decoded (a number counts with its full width), whatever a
/// connection allows.
pub const FRAME_BYTES_MAX: usize = 64 << 20;

/// Places that a list gets at once; more are added as elements are found.
const ROW_CAPACITY: usize = 1_024;

type Config = Configuration<LittleEndian, Varint, Limit<FRAME_BYTES_MAX>>;

const fn config() -> Config {
    bincode::config::standard().with_limit::<FRAME_BYTES_MAX>()
}

/// Why bytes are no frame.
#[derive(Debug, Error)]
pub enum BinaryFault {
    /// They end early, or say what the encoding has no meaning for.
    #[error("not a frame of saldo.v1.bin: {}", in_words(.0))]
    Bytes(DecodeError),
    /// A frame, and something behind it.
    #[error("not a frame of saldo.v1.bin: {left} bytes are left over behind it")]
    LeftOver {
        /// How many.
        left: usize,
    },
}

/// What is wrong, in words of the protocol and not of the decoder.
fn in_words(error: &DecodeError) -> String {
    match error {
        DecodeError::UnexpectedEnd { .. } => "it ends early".to_owned(),
        DecodeError::Utf8 { .. } => "a text is not UTF-8".to_owned(),
        DecodeError::InvalidBooleanValue(found) => {
            format!("{found} is no boolean, only 0 and 1 are")
        }
        DecodeError::UnexpectedVariant { found, .. } => format!("there is no variant {found} here"),
        DecodeError::InvalidIntegerType { .. } => "a number is wider than its field".to_owned(),
        DecodeError::LimitExceeded => format!("it holds more than {FRAME_BYTES_MAX} bytes"),
        _ => "it cannot be read".to_owned(),
    }
}

/// A list on the wire: its length, then its elements. Unlike bincode's own lists it takes no memory for elements
/// that are announced but not there: each takes a byte at least, so a length beyond the frame's end is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<T>(pub Vec<T>);

impl<T: Encode> Encode for Row<T> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        // As bincode writes the length of its own lists.
        u64::try_from(self.0.len()).unwrap_or(u64::MAX).encode(encoder)?;
        self.0.iter().try_for_each(|element| element.encode(encoder))
    }
}

impl<'de, T: BorrowDecode<'de, Context>, Context> BorrowDecode<'de, Context> for Row<T> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        let announced: u64 = bincode::Decode::decode(&mut *decoder)?;
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if decoder.reader().peek_read(announced).is_none() {
            return Err(DecodeError::UnexpectedEnd { additional: announced });
        }
        let mut elements = Vec::with_capacity(announced.min(ROW_CAPACITY));
        for _ in 0..announced {
            elements.push(T::borrow_decode(decoder)?);
        }
        Ok(Self(elements))
    }
}

impl<T> FromIterator<T> for Row<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

/// Appends a value's bytes.
pub(super) fn put(value: &impl Encode, bytes: &mut Vec<u8>) {
    // Writing into memory cannot fail, and no type here has a form that bincode refuses.
    if let Err(error) = bincode::encode_into_std_write(value, bytes, config()) {
        unreachable!("a frame does not encode: {error}");
    }
}

/// Reads a value that takes all of the bytes.
pub(super) fn take<'a, T: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Result<T, BinaryFault> {
    let (value, used) =
        bincode::borrow_decode_from_slice(bytes, config()).map_err(BinaryFault::Bytes)?;
    match bytes.len() - used {
        0 => Ok(value),
        left => Err(BinaryFault::LeftOver { left }),
    }
}

/// Reads a value that the bytes begin with.
pub(super) fn front<'a, T: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Option<T> {
    Some(bincode::borrow_decode_from_slice(bytes, config()).ok()?.0)
}
