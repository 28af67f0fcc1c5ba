//! Percent-encoding (RFC 3986, section 2.1), read strictly: a `%` without two hexadecimal digits and bytes that
//! are not UTF-8 are errors, never guessed at.

use std::borrow::Cow;

use super::failure::Failure;

/// The text of a path segment or of a query's name or value. `what` names it in the error.
///
/// # Errors
/// `malformed`.
pub(crate) fn decoded<'a>(raw: &'a str, what: &str) -> Result<Cow<'a, str>, Failure> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = behind;
            continue;
        }
        let [high, low, behind @ ..] = behind else {
            return Err(bad_escape(raw, what, raw.len() - rest.len()));
        };
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            return Err(bad_escape(raw, what, raw.len() - rest.len()));
        };
        bytes.push(high << 4 | low);
        rest = behind;
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|error| {
        Failure::malformed(format!(
            "{what} must be UTF-8 behind its percent-encoding; byte {} begins no UTF-8 character",
            error.utf8_error().valid_up_to()
        ))
    })
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

fn bad_escape(raw: &str, what: &str, at: usize) -> Failure {
    let found: String = raw.get(at..).unwrap_or_default().chars().take(3).collect();
    Failure::malformed(format!(
        "{what} has {found:?} at byte {at}: a % must be followed by two hexadecimal digits; write % itself as %25"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_well_formed() {
        for (raw, text) in [
            ("TEE-1", "TEE-1"),
            ("%C3%85-1%2F2", "Å-1/2"),
            ("r%c3%a4v", "räv"),
            ("100%25", "100%"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(decoded(raw, "`sku`").unwrap(), text);
        }
    }

    #[test]
    fn refuses_what_is_not() {
        for raw in ["%", "A%2", "%zz", "%C3", "%ff%fe", "%2", "%%41"] {
            assert!(decoded(raw, "`sku`").is_err(), "{raw}");
        }
    }
}
