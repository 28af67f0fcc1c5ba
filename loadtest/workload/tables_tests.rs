//! Which value wins, and how slips are named.

use super::*;
use crate::workload::feed_settings::FeedSettings;
use crate::workload::settings::WorkloadSettings;

fn with(text: &str) -> Result<Tables, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, text).unwrap();
    Tables::read(Some(&path))
}

fn said(text: &str) -> String {
    with(text).unwrap_err().to_string()
}

#[test]
fn every_workload_has_a_table_and_no_table_is_of_none() {
    let builtin: Table = DEFAULTS.parse().unwrap();
    let mut names: Vec<&str> = Kind::ALL.map(Kind::name).into();
    names.extend([LOAD, FEED]);
    names.sort_unstable();
    let found: Vec<&str> = builtin.keys().map(String::as_str).collect();
    assert_eq!(found, names);
    FeedSettings::of(Tables::read(None).unwrap().feed(&[]).unwrap()).unwrap();
}

#[test]
fn the_command_line_wins_over_the_file_and_the_file_over_what_is_built_in() {
    let tables = with("[load]\nclients = 5\nframe = 1\nrate = 700\n[hot]\nclients = 6\n").unwrap();
    let given = |clients: i64| Given {
        place: "--clients".to_owned(),
        name: "clients".to_owned(),
        value: Value::Integer(clients),
    };
    let clients =
        |kind, given: &[Given]| WorkloadSettings::of(kind, &tables, given).unwrap().load().clients;
    assert_eq!(clients(Kind::Hot, &[]), 6);
    assert_eq!(clients(Kind::Zipf, &[]), 5);
    assert_eq!(clients(Kind::Hot, &[given(7)]), 7);
}

#[test]
fn slips_are_named_with_their_line() {
    let slip = said("# mine\n[hot]\nstock = 5\nbeyon = 0.1\n");
    assert!(slip.contains("mine.toml, line 4: there is no setting of hot \"beyon\""), "{slip}");
    assert!(slip.contains("did you mean \"beyond\"?"), "{slip}");
    let slip = said("[zip]\nskus = 5\n");
    assert!(slip.contains("line 1: there is no table \"zip\"; did you mean \"zipf\"?"), "{slip}");
    let slip = said("[zipf]\n\nskus = \"5\"\n");
    assert!(slip.contains("line 3: skus must be a whole number, not \"5\""), "{slip}");
    let slip = said("clients = 5\n");
    assert!(slip.contains("line 1: there is no table \"clients\""), "{slip}");
    let slip = said("[hot]\nstock = \n");
    assert!(slip.contains("line 2: this is no TOML"), "{slip}");
    let slip = Tables::read(Some(Path::new("/none.toml"))).unwrap_err().to_string();
    assert!(slip.contains("/none.toml"), "{slip}");
}

#[test]
fn a_whole_number_does_for_a_share_and_a_rate() {
    let tables = with("[mixed]\nread_share = 1\nrate = 5000\n").unwrap();
    let (own, load) = tables.of(Kind::Mixed, &[]).unwrap();
    assert_eq!(own["read_share"], Value::Float(1.0));
    assert_eq!(load["rate"], Value::String("5000".to_owned()));
}
