//! What a request does not take is refused, and the text names the field, what is allowed and what was found.

use saldo_protocol::*;
use serde::de::DeserializeOwned;

fn refusal<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
    parse_body::<T>(json.as_bytes()).expect_err(json).to_string()
}

#[track_caller]
fn names(refusal: &str, parts: &[&str]) {
    for part in parts {
        assert!(refusal.contains(part), "{refusal:?} must name {part:?}");
    }
}

#[test]
fn quantities_are_whole_and_in_range() {
    for (found, told) in [
        ("0", "found 0"),
        ("-1", "found -1"),
        ("2147483648", "found 2147483648"),
        ("18446744073709551615", "found 18446744073709551615"),
        ("1.5", "1.5"),
        ("1.0", "1.0"),
        ("1e400", "out of range"),
        ("\"1\"", "string \"1\""),
        ("null", "null"),
        ("true", "boolean `true`"),
        ("[]", "sequence"),
    ] {
        let text = refusal::<ReceiveRequest>(&format!("{{\"quantity\":{found}}}"));
        names(&text, &[told]);
        if found != "1e400" {
            names(&text, &["`quantity`", "whole number from 1 to 2147483647"]);
        }
    }
    names(&refusal::<ReceiveRequest>("{}"), &["missing field `quantity`"]);
    names(&refusal::<ReceiveRequest>(""), &["missing field `quantity`"]);
    names(
        &refusal::<ReceiveRequest>("{\"quantity\":1,\"quantity\":1}"),
        &["duplicate field `quantity`"],
    );
    assert!(parse_body::<ReceiveRequest>(b"{\"quantity\":2147483647}").is_ok());
}

#[test]
fn every_number_has_its_range() {
    names(&refusal::<AdjustRequest>("{\"delta\":0,\"reason\":\"r\"}"), &["`delta`", "not 0"]);
    let text = refusal::<AdjustRequest>("{\"delta\":-9007199254740992,\"reason\":\"r\"}");
    names(
        &text,
        &["`delta`", "from -9007199254740991 to 9007199254740991", "found -9007199254740992"],
    );
    names(&refusal::<CountRequest>("{\"counted\":-1}"), &["`counted`", "from 0 to", "found -1"]);
    let text = refusal::<CountRequest>("{\"counted\":1,\"at_version\":9007199254740992}");
    names(&text, &["`at_version`", "9007199254740991"]);
    names(&refusal::<PolicyRequest>("{\"safety_stock\":-1}"), &["`safety_stock`", "found -1"]);
    names(&refusal::<PolicyRequest>("{\"oversell_limit\":0.5}"), &["`oversell_limit`", "0.5"]);
    names(&refusal::<ExtendRequest>("{\"hold_seconds\":0}"), &["`hold_seconds`", "found 0"]);
}

#[test]
fn unknown_fields_are_refused_in_nested_lines_too() {
    let line = "{\"sku\":\"A\",\"location\":\"L\",\"quantity\":1,\"colour\":1}";
    for text in [
        refusal::<ReserveRequest>(&format!("{{\"lines\":[{line}]}}")),
        refusal::<AddLinesRequest>(&format!("{{\"lines\":[{line}]}}")),
        refusal::<CommitRequest>(&format!("{{\"lines\":[{line}]}}")),
        refusal::<FulfilRequest>(&format!("{{\"lines\":[{line}]}}")),
        refusal::<ReleaseRequest>(&format!("{{\"lines\":[{line}]}}")),
        refusal::<ReturnLinesRequest>(&format!("{{\"lines\":[{line}]}}")),
        refusal::<ReturnWithoutOrderRequest>(&format!("{{\"reason\":\"r\",\"lines\":[{line}]}}")),
        refusal::<AvailabilityQuery>("{\"items\":[{\"sku\":\"A\",\"colour\":1}]}"),
        refusal::<ReceiveRequest>("{\"quantity\":1,\"colour\":1}"),
        refusal::<AdjustRequest>("{\"delta\":1,\"reason\":\"r\",\"colour\":1}"),
        refusal::<CountRequest>("{\"counted\":1,\"colour\":1}"),
        refusal::<PolicyRequest>("{\"colour\":1}"),
        refusal::<SellRequest>("{\"quantity\":1,\"colour\":1}"),
        refusal::<ExtendRequest>("{\"hold_seconds\":1,\"colour\":1}"),
        refusal::<PageQuery>("{\"colour\":1}"),
        refusal::<ReservationsQuery>("{\"colour\":1}"),
        refusal::<MovementsQuery>("{\"colour\":1}"),
    ] {
        names(&text, &["unknown field `colour`", "expected"]);
    }
}

#[test]
fn lists_of_lines_have_an_entry() {
    let none = "{\"lines\":[]}";
    names(&refusal::<ReserveRequest>(none), &["`lines`", "at least 1 entry", "found 0"]);
    names(&refusal::<AddLinesRequest>(none), &["`lines`"]);
    // An empty list could mean all units or none: neither is done.
    names(&refusal::<CommitRequest>(none), &["`lines`"]);
    names(&refusal::<ReturnLinesRequest>(none), &["`lines`"]);
    assert_eq!(parse_body::<CommitRequest>(b"{\"lines\":null}").expect("left out").lines, None);
}

#[test]
fn texts_have_a_length_and_no_control_characters() {
    assert!(Sku::new("x".repeat(64)).is_ok());
    assert!(Location::new("x".repeat(32)).is_ok());
    for good in ["Å-1/2", "räv", "%2F", "...", " ", "a\u{a0}b"] {
        assert!(Sku::new(good).is_ok(), "{good:?}");
    }
    names(&Sku::new("").expect_err("empty").to_string(), &["`sku`", "1 to 64 bytes", "found 0"]);
    names(&Sku::new("ä".repeat(33)).expect_err("long").to_string(), &["found 66 bytes"]);
    names(&Location::new("x".repeat(33)).expect_err("long").to_string(), &["`location`", "32"]);
    for control in ["a\nb", "\u{0}", "\u{7f}", "\u{85}"] {
        names(&Sku::new(control).expect_err(control).to_string(), &["no control characters"]);
    }
    for dots in [".", ".."] {
        assert!(Sku::new(dots).is_err() && Location::new(dots).is_err());
        assert!(Reason::new(dots).is_ok());
    }
    names(&Reason::new("x".repeat(257)).expect_err("long").to_string(), &["`reason`", "256"]);
    let text = refusal::<ReserveRequest>("{\"lines\":[],\"order_reference\":\"\"}");
    assert!(text.contains("`lines`") || text.contains("`order_reference`"), "{text}");
    names(&refusal::<ReceiveRequest>("{\"quantity\":1,\"reason\":7}"), &["`reason`", "7"]);
    assert!(IdempotencyKey::new("!~".repeat(127)).is_ok());
    for key in ["", "a b", "ä", &"x".repeat(256)] {
        assert!(IdempotencyKey::new(key).is_err(), "{key:?}");
    }
}

#[test]
fn choices_name_what_there_is() {
    let line = "{\"sku\":\"A\",\"location\":\"L\",\"quantity\":1}";
    let text = refusal::<ReserveRequest>(&format!("{{\"lines\":[{line}],\"mode\":\"some\"}}"));
    names(&text, &["`some`", "`all_or_nothing`", "`partial`"]);
    names(&refusal::<ReleaseRequest>("{\"from\":\"cart\"}"), &["`cart`", "`held`", "`committed`"]);
    let text = refusal::<ReserveRequest>(&format!("{{\"lines\":[{line}],\"id\":\"x\"}}"));
    names(&text, &["UUID"]);
}

#[test]
fn bodies_are_json_objects_in_utf8() {
    names(&refusal::<ExtendRequest>("[900]"), &["sequence", "an object"]);
    names(&refusal::<ReserveRequest>("{\"lines\":[[\"A\",\"L\",1]]}"), &["sequence", "an object"]);
    names(&refusal::<ExtendRequest>("900"), &["integer `900`", "an object"]);
    names(&refusal::<ExtendRequest>("{\"hold_seconds\":"), &["EOF"]);
    names(&refusal::<ExtendRequest>("{\"hold_seconds\":9} x"), &["trailing characters"]);
    names(&refusal::<ReserveRequest>(&"[".repeat(100_000)), &["an object"]);
    let deep = format!("{{\"lines\":{}", "[".repeat(100_000));
    assert!(refusal::<ReserveRequest>(&deep).len() < 300);
    let broken = parse_body::<ExtendRequest>(b"{\"hold_seconds\":\xff}").expect_err("not UTF-8");
    names(&broken.to_string(), &["UTF-8", "byte 16"]);
}
