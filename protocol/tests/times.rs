//! Times are RFC 3339 in UTC with six decimals, and say the same microsecond both ways.

use saldo_protocol::{Timestamp, TimestampError};

#[test]
fn text_and_microseconds_are_one() {
    for (text, micros) in [
        ("1970-01-01T00:00:00.000000Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1972-02-29T23:59:59.999999Z", 68_255_999_999_999),
        ("2000-02-29T12:00:00.500000Z", 951_825_600_500_000),
        ("2000-03-01T00:00:00.000000Z", 951_868_800_000_000),
        ("2026-01-31T08:15:00.000000Z", 1_769_847_300_000_000),
        ("2100-02-28T23:59:59.000000Z", 4_107_542_399_000_000),
        ("2100-03-01T00:00:00.000000Z", 4_107_542_400_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ] {
        let time = Timestamp::from_micros(micros).expect("in range");
        assert_eq!(time.text().as_str(), text);
        assert_eq!(time.text().as_bytes(), text.as_bytes());
        assert_eq!(Timestamp::parse(text), Ok(time));
        assert_eq!(serde_json::to_string(&time).expect("a string"), format!("{text:?}"));
    }
}

#[test]
fn every_day_follows_the_one_before() {
    const DAY: u64 = 86_400_000_000;
    let days_to_9999 = Timestamp::MAX.as_micros() / DAY;
    let mut before = String::new();
    for day in 0..=days_to_9999 {
        let time = Timestamp::from_micros_clamped(day * DAY + DAY - 1);
        let text = time.to_string();
        assert!(before < text, "{text} must follow {before}");
        assert_eq!(Timestamp::parse(&text), Ok(time));
        before = text;
    }
    assert_eq!(before, "9999-12-31T23:59:59.999999Z");
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "2026-01-31",
        "2026-01-31T08:15:00Z",
        "2026-01-31T08:15:00.000Z",
        "2026-01-31 08:15:00.000000Z",
        "2026-01-31T08:15:00.000000+",
        "2026-01-3aT08:15:00.000000Z",
        "+026-01-31T08:15:00.000000Z",
    ] {
        assert_eq!(Timestamp::parse(text), Err(TimestampError::Form), "{text}");
    }
    for text in [
        "1969-12-31T23:59:59.999999Z",
        "2026-00-31T08:15:00.000000Z",
        "2026-13-01T08:15:00.000000Z",
        "2026-04-31T08:15:00.000000Z",
        "2023-02-29T08:15:00.000000Z",
        "2100-02-29T08:15:00.000000Z",
        "2026-01-00T08:15:00.000000Z",
        "2026-01-31T24:00:00.000000Z",
        "2026-01-31T08:60:00.000000Z",
        "2016-12-31T23:59:60.000000Z",
    ] {
        assert_eq!(Timestamp::parse(text), Err(TimestampError::Range), "{text}");
    }
    assert!(Timestamp::from_micros(Timestamp::MAX.as_micros() + 1).is_err());
    assert_eq!(Timestamp::from_micros_clamped(u64::MAX), Timestamp::MAX);
}
