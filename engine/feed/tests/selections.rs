//! Which keys a selection holds, and that it names none of them twice.

use super::super::Selection;
use super::{key, selection};

#[test]
fn lists_left_out_mean_all() {
    assert!(Selection::all().contains(&key("A", "OSLO")));
    let only_locations = selection(&[], &[], &["OSLO"]);
    assert!(only_locations.contains(&key("A", "OSLO")));
    assert!(!only_locations.contains(&key("A", "BERGEN")));
}

#[test]
fn skus_and_prefixes_add_up_and_locations_narrow() {
    let selection = selection(&["A", "räv"], &["TEE-"], &["OSLO", "BERGEN"]);
    for (sku, location, held) in [
        ("A", "OSLO", true),
        ("A", "BERGEN", true),
        ("A", "MALMÖ", false),
        ("AB", "OSLO", false),
        ("räv", "OSLO", true),
        ("TEE-1", "OSLO", true),
        ("TEE-", "OSLO", true),
        ("TEE", "OSLO", false),
        ("tee-1", "OSLO", false),
    ] {
        assert_eq!(selection.contains(&key(sku, location)), held, "{sku}@{location}");
    }
}

#[test]
fn no_key_is_named_twice() {
    let selection = selection(
        &["AB", "AB", "C", "TEE-1", "TEE"],
        &["TEE-", "A", "ABC", "TEE-BLACK", "A"],
        &["OSLO", "OSLO"],
    );
    let texts = |texts: &[Box<str>]| texts.join(" ");
    assert_eq!(texts(selection.prefixes()), "A TEE-");
    assert_eq!(texts(selection.skus()), "C TEE");
    assert_eq!(selection.locations().map(texts).unwrap(), "OSLO");
}
