//! The table of codes is complete, stable and in the order of precedence.

use saldo_protocol::Code;

/// Slug, number, status. Never change a row: other people's programs rely on it.
const TABLE: [(&str, u16, u16); 23] = [
    ("malformed", 1, 400),
    ("unauthorized", 2, 401),
    ("forbidden", 3, 403),
    ("limit_exceeded", 4, 422),
    ("idempotency_key_reused", 5, 422),
    ("unknown_stock", 6, 404),
    ("unknown_reservation", 7, 404),
    ("version_mismatch", 8, 412),
    ("reservation_expired", 9, 410),
    ("reservation_closed", 10, 409),
    ("quantity_exceeds_held", 11, 409),
    ("quantity_exceeds_committed", 12, 409),
    ("quantity_exceeds_fulfilled", 13, 409),
    ("hold_limit", 14, 429),
    ("insufficient_stock", 15, 409),
    ("overloaded", 16, 503),
    ("read_only", 17, 503),
    ("not_ready", 18, 503),
    ("not_found", 19, 404),
    ("method_not_allowed", 20, 405),
    ("payload_too_large", 21, 413),
    ("unsupported_media_type", 22, 415),
    ("outcome_unknown", 23, 500),
];

#[test]
fn the_table_is_stable() {
    assert_eq!(Code::ALL.map(|code| (code.slug(), code.number(), code.status())), TABLE);
}

#[test]
fn precedence_is_the_order_of_the_table() {
    assert!(Code::ALL.is_sorted());
    let several = [Code::InsufficientStock, Code::UnknownStock, Code::HoldLimit];
    assert_eq!(several.into_iter().min(), Some(Code::UnknownStock));
}

#[test]
fn slugs_and_numbers_lead_back() {
    for code in Code::ALL {
        assert_eq!(Code::from_slug(code.slug()), Some(code));
        assert_eq!(Code::from_number(code.number()), Some(code));
        assert_eq!(serde_json::to_value(code).expect("a string"), code.slug());
        assert_eq!(serde_json::from_value::<Code>(code.slug().into()).expect("a code"), code);
        assert!(!code.title().is_empty());
    }
    assert_eq!(Code::from_slug("out_of_coffee"), None);
    assert_eq!(Code::from_number(0), None);
}

#[test]
fn transient_are_the_three_that_did_nothing() {
    let transient: Vec<&str> =
        Code::ALL.into_iter().filter(|code| code.is_transient()).map(Code::slug).collect();
    assert_eq!(transient, ["overloaded", "read_only", "not_ready"]);
    assert!(Code::OutcomeUnknown.is_retryable());
    assert!(!Code::InsufficientStock.is_retryable());
}
