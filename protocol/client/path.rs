//! Percent-encoding of path segments and query strings (RFC 3986), so that every SKU fits into a URL.

/// A text as one path segment or query value: everything but the unreserved characters is encoded, byte by byte.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    push_encoded(&mut encoded, text);
    encoded
}

/// Undoes [`percent_encoded`]; `+` stays `+`. None where an escape is broken or the bytes are not UTF-8.
#[must_use]
pub fn percent_decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn push_encoded(encoded: &mut String, text: &str) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                encoded.push(DIGITS[usize::from(byte >> 4)]);
                encoded.push(DIGITS[usize::from(byte & 15)]);
            }
        }
    }
}

/// A path with its query string, made piece by piece.
pub(super) struct Target(String);

impl Target {
    /// A path that needs no encoding.
    pub(super) fn new(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// `/v1/stock/{sku}/{location}` and a last segment, which may be empty.
    pub(super) fn stock(sku: &str, location: &str, call: &str) -> Self {
        Self::new("/v1/stock").segment(sku).segment(location).then(call)
    }

    /// Adds one segment, encoded.
    pub(super) fn segment(mut self, segment: &str) -> Self {
        self.0.push('/');
        push_encoded(&mut self.0, segment);
        self
    }

    /// Adds a segment that needs no encoding; nothing when it is empty.
    pub(super) fn then(mut self, segment: &str) -> Self {
        if !segment.is_empty() {
            self.0.push('/');
            self.0.push_str(segment);
        }
        self
    }

    /// Adds a parameter, where there is a value.
    pub(super) fn query(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.0.push(if self.0.contains('?') { '&' } else { '?' });
            self.0.push_str(name);
            self.0.push('=');
            push_encoded(&mut self.0, value);
        }
        self
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits_into_a_segment_and_comes_back() {
        for (text, encoded) in [
            ("TEE-BLACK_m.~1", "TEE-BLACK_m.~1"),
            ("Å-1/2", "%C3%85-1%2F2"),
            ("räv", "r%C3%A4v"),
            ("%2F", "%252F"),
            ("a b?c#d&e=f+g", "a%20b%3Fc%23d%26e%3Df%2Bg"),
            ("日本", "%E6%97%A5%E6%9C%AC"),
        ] {
            assert_eq!(percent_encoded(text), encoded);
            assert_eq!(percent_decoded(encoded).as_deref(), Some(text));
        }
        assert_eq!(percent_decoded("%2f").as_deref(), Some("/"));
        for broken in ["%", "%2", "%zz", "%C3"] {
            assert_eq!(percent_decoded(broken), None);
        }
    }

    #[test]
    fn a_target_is_path_and_query() {
        let target = Target::stock("Å-1/2", "OSLO 1", "receive");
        assert_eq!(target.as_str(), "/v1/stock/%C3%85-1%2F2/OSLO%201/receive");
        let target = Target::new("/v1/movements")
            .query("sku", Some("a&b"))
            .query("cursor", None)
            .query("limit", Some("10"));
        assert_eq!(target.as_str(), "/v1/movements?sku=a%26b&limit=10");
    }
}
