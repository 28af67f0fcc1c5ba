//! What a message of levels says, found by looking at a few of its bytes: a reader must cost less than what it measures.

use std::time::{SystemTime, UNIX_EPOCH};

const VERSION: &[u8] = br#""version":"#;
const AS_OF: &[u8] = br#""as_of":""#;
const SKU: &[u8] = br#""sku":""#;
/// Where the time of day begins and ends in `2026-01-31T08:15:00.000000Z`.
const TIME_OF_DAY: std::ops::Range<usize> = 11..26;
const DAY_US: u64 = 86_400_000_000;

/// A message whose `type` is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Levels that changed.
    Delta,
    /// A page of the beginning.
    Snapshot {
        /// Whether it is the last one.
        done: bool,
    },
    /// That the engine did not take something.
    Error,
    /// Anything else.
    Other,
}

/// What kind of message this is.
pub(crate) fn said(text: &[u8]) -> Said {
    if text.starts_with(br#"{"type":"delta""#) {
        Said::Delta
    } else if text.starts_with(br#"{"type":"snapshot""#) {
        Said::Snapshot { done: last(text, br#""done":true"#).is_some() }
    } else if text.starts_with(br#"{"type":"error""#) {
        Said::Error
    } else {
        Said::Other
    }
}

/// How many levels a message holds: each is an object without another in it.
pub(crate) fn levels(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'{').count().saturating_sub(1)
}

/// The version of the last level.
pub(crate) fn version(text: &[u8]) -> Option<u64> {
    last(text, VERSION).map(number)
}

/// Where the digits of the last level's version lie.
pub(crate) fn version_digits(text: &[u8]) -> Option<std::ops::Range<usize>> {
    let rest = last(text, VERSION)?;
    let start = text.len() - rest.len();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some(start..start + digits)
}

/// Microseconds from the change of the last level, as its `as_of` says, to now; both are this machine's clock.
pub(crate) fn age_us(text: &[u8], now: SystemTime) -> Option<u64> {
    let time = last(text, AS_OF)?.get(TIME_OF_DAY)?;
    let part = |from: usize, to: usize| time.get(from..to).map(number);
    let seconds = part(0, 2)? * 3_600 + part(3, 5)? * 60 + part(6, 8)?;
    let changed = seconds * 1_000_000 + part(9, 15)?;
    let now = now.duration_since(UNIX_EPOCH).ok()?.as_micros() % u128::from(DAY_US);
    // The day may have changed in between.
    let age = (u64::try_from(now).ok()? + DAY_US - changed) % DAY_US;
    // The engine's time never runs backwards, so it may be ahead of the wall clock.
    Some(if age > DAY_US / 2 { 0 } else { age })
}

/// Calls with the SKU and the version of each level.
pub(crate) fn each_level(text: &str, mut heard: impl FnMut(&str, u64)) {
    let (sku, version) = (as_text(SKU), as_text(VERSION));
    let mut rest = text;
    while let Some((_, from_sku)) = rest.split_once(sku) {
        let Some((name, after)) = from_sku.split_once('"') else { return };
        let Some((_, digits)) = after.split_once(version) else { return };
        heard(name, number(digits.as_bytes()));
        rest = digits;
    }
}

/// Calls with the version of each reply.
pub(crate) fn each_version(text: &str, mut heard: impl FnMut(u64)) {
    for (at, found) in text.match_indices(as_text(VERSION)) {
        heard(number(&text.as_bytes()[at + found.len()..]));
    }
}

fn as_text(bytes: &'static [u8]) -> &'static str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// What follows the last place where `what` stands.
fn last<'a>(text: &'a [u8], what: &[u8]) -> Option<&'a [u8]> {
    // What is looked for begins with a quote and stands near the end, so few bytes are looked at.
    let mut end = text.len();
    while let Some(at) = text[..end].iter().rposition(|byte| *byte == b'"') {
        if let Some(rest) = text[at..].strip_prefix(what) {
            return Some(rest);
        }
        end = at;
    }
    None
}

/// The digits at the beginning.
fn number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DELTA: &[u8] = br#"{"type":"delta","id":"s","levels":[
        {"sku":"A","location":"X","available":9,"version":3,"as_of":"1970-01-01T23:59:59.500000Z"},
        {"sku":"B","location":"X","available":9,"version":12,"as_of":"1970-01-01T23:59:59.999999Z"}],"cursor":"a-3"}"#;

    #[test]
    fn a_delta_is_looked_at() {
        assert_eq!(said(DELTA), Said::Delta);
        assert_eq!((levels(DELTA), version(DELTA)), (2, Some(12)));
        let digits = version_digits(DELTA).expect("digits");
        assert_eq!(&DELTA[digits], b"12");
        let now = UNIX_EPOCH + Duration::from_hours(48) + Duration::from_micros(10);
        assert_eq!(age_us(DELTA, now), Some(11));
        assert_eq!(age_us(DELTA, now - Duration::from_micros(20)), Some(0), "from ahead");
        let mut heard = Vec::new();
        each_level(str::from_utf8(DELTA).expect("text"), |sku, version| {
            heard.push((sku.to_owned(), version));
        });
        assert_eq!(heard, [("A".to_owned(), 3), ("B".to_owned(), 12)]);
    }

    #[test]
    fn the_last_page_is_known() {
        let page = br#"{"type":"snapshot","id":"s","levels":[],"done":true,"cursor":"a-1"}"#;
        assert_eq!((said(page), levels(page)), (Said::Snapshot { done: true }, 0));
    }
}
