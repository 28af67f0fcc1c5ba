//! Texts with rules of their own: the protocol, the ledger and the client agree on what may be one, and whatever is read
//! is written the same. The first byte chooses the kind.

use std::fmt::Debug;
use std::str::FromStr;

use saldo_ledger::{StockKey, check_location, check_sku};
use saldo_protocol::client::{percent_decoded, percent_encoded};
use saldo_protocol::{
    Channel, Cursor, CustomerReference, FrameId, IdempotencyKey, Location, OrderReference, Reason,
    Reference, Sku, SkuPrefix, Timestamp,
};

/// Reads a text as one of its kinds.
///
/// # Panics
/// Where two readers disagree, or a text is not read back as it was written.
pub fn run(bytes: &[u8]) {
    const READERS: &[fn(&str)] = &[
        key,
        time,
        escapes,
        bounded::<Cursor>,
        bounded::<OrderReference>,
        bounded::<CustomerReference>,
        bounded::<Channel>,
        bounded::<Reason>,
        bounded::<Reference>,
        bounded::<IdempotencyKey>,
        bounded::<FrameId>,
        bounded::<SkuPrefix>,
    ];
    let Some((kind, text)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    READERS[usize::from(*kind) % READERS.len()](text);
}

fn key(text: &str) {
    assert_eq!(Sku::new(text).is_ok(), check_sku(text).is_ok(), "sku {text:?}");
    assert_eq!(Location::new(text).is_ok(), check_location(text).is_ok(), "location {text:?}");
    let (sku, location) = text.split_once('/').unwrap_or((text, ""));
    let both = check_sku(sku).is_ok() && check_location(location).is_ok();
    match StockKey::new(sku, location) {
        Ok(key) => {
            assert!(both);
            assert_eq!((key.sku(), key.location()), (sku, location));
            assert_eq!(StockKey::parse(key.as_str()), Some(key));
        }
        Err(_) => assert!(!both, "{sku:?} at {location:?}"),
    }
    if let Some(key) = StockKey::parse(text) {
        assert_eq!(key.as_str(), text);
    }
}

fn time(text: &str) {
    if let Ok(time) = Timestamp::parse(text) {
        assert_eq!(time.text().as_str(), text);
        assert!(time <= Timestamp::MAX);
    }
    let mut micros = [0; 8];
    micros.iter_mut().zip(text.bytes()).for_each(|(into, from)| *into = from);
    let time = Timestamp::from_micros_clamped(u64::from_le_bytes(micros));
    assert_eq!(Timestamp::parse(time.text().as_str()), Ok(time));
}

fn escapes(text: &str) {
    assert_eq!(percent_decoded(&percent_encoded(text)).as_deref(), Some(text));
    if let Some(decoded) = percent_decoded(text) {
        assert!(decoded.len() <= text.len());
        assert_eq!(percent_decoded(&percent_encoded(&decoded)), Some(decoded));
    }
}

fn bounded<T: FromStr + ToString + PartialEq + Debug>(text: &str)
where
    T::Err: ToString,
{
    match T::from_str(text) {
        Ok(value) => {
            assert_eq!(value.to_string(), text);
            assert!(!text.is_empty() && text.len() <= 256, "{} bytes", text.len());
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
