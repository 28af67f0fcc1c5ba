//! Each source, each kind of mistake, and the file that shows the defaults.

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt,
    path::Path,
};

use super::{check::ORDERED, *};

const SHOWN: &str = include_str!("../../config/saldo.toml");

/// The hash is that of `abc`, which no engine makes.
const TOKEN: &str = "sell:till:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn origin(text: &str) -> Origin {
    text.parse().expect("an origin")
}

fn from_file(text: &str) -> Result<Settings, SettingsError> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("saldo.toml"), text).expect("a settings file");
    let sources = Sources { directory: directory.path().into(), ..Sources::default() };
    load(&sources).map(|loaded| loaded.settings)
}

fn from_environment(variable: &str, value: &str) -> Result<Settings, SettingsError> {
    let environment = vec![(variable.into(), value.into())];
    load(&nowhere(Sources { environment, ..Sources::default() })).map(|loaded| loaded.settings)
}

fn from_flag(name: &str, value: &str) -> Result<Settings, SettingsError> {
    load(&nowhere(Sources { flags: vec![flag(name, value)], ..Sources::default() }))
        .map(|loaded| loaded.settings)
}

/// With a working directory that has no settings file.
fn nowhere(sources: Sources) -> Sources {
    Sources { directory: Path::new("/nonexistent").into(), ..sources }
}

fn flag(name: &str, value: &str) -> Flag {
    Flag { option: "--set".into(), name: name.into(), value: value.into() }
}

fn sentence(result: Result<Settings, SettingsError>) -> String {
    result.expect_err("a mistake").to_string()
}

#[test]
fn the_shown_file_says_exactly_the_defaults() {
    assert_eq!(from_file(SHOWN).expect("the shown file is right"), Settings::default());
}

#[test]
fn the_shown_file_tells_every_setting_with_its_unit_and_range() {
    let settings = Settings::default();
    for name in NAMES {
        let head = format!("\n{name} = ");
        let at = SHOWN.find(&head).unwrap_or_else(|| panic!("{name} is not shown"));
        let comment: Vec<_> =
            SHOWN[..at].lines().rev().take_while(|line| line.starts_with('#')).collect();
        let comment = comment
            .into_iter()
            .rev()
            .map(|line| line.trim_start_matches("# "))
            .collect::<Vec<_>>()
            .join(" ");
        assert!(!comment.is_empty(), "{name} has no comment");
        if let Some((_, _, limit)) =
            settings.numbers().into_iter().find(|(known, ..)| known == name)
        {
            let range = format!("({}, {} to {}", limit.unit, limit.min, limit.max);
            assert!(
                comment.replace('_', "").contains(&range.replace('_', "")),
                "{name}: {comment} has no {range}"
            );
        }
    }
    let shown = SHOWN.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
    assert_eq!(shown, NAMES.len());
}

#[test]
fn a_later_source_wins() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let text = "hold_seconds_default = 100\npage_items_default = 10\ndrain_seconds = 3\n";
    fs::write(directory.path().join("saldo.toml"), text).expect("a settings file");
    let sources = Sources {
        directory: directory.path().into(),
        environment: vec![
            ("SALDO__HOLD_SECONDS_DEFAULT".into(), "200".into()),
            ("SALDO__PAGE_ITEMS_DEFAULT".into(), "20".into()),
            ("PATH".into(), "/bin".into()),
        ],
        flags: vec![flag("hold_seconds_default", "250"), flag("hold_seconds_default", "300")],
        ..Sources::default()
    };
    let loaded = load(&sources).expect("settings");
    assert_eq!(loaded.settings.hold_seconds_default, 300);
    assert_eq!(loaded.settings.page_items_default, 20);
    assert_eq!(loaded.settings.drain_seconds, 3);
    assert_eq!(loaded.settings.segment_bytes, Settings::default().segment_bytes);
    assert_eq!(loaded.file, Some(directory.path().join("saldo.toml")));
}

#[test]
fn the_file_is_the_one_named_or_the_first_that_lies_there() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name);
    let mut sources = Sources { directory: directory.path().into(), ..Sources::default() };
    assert_eq!(load(&sources).expect("defaults").file, None);
    fs::create_dir(path("config")).expect("a directory");
    fs::write(path("config/saldo.toml"), "arbiters = 1").expect("a file");
    assert_eq!(load(&sources).expect("settings").settings.arbiters, 1);
    fs::write(path("saldo.toml"), "arbiters = 2").expect("a file");
    assert_eq!(load(&sources).expect("settings").settings.arbiters, 2);
    fs::write(path("other.toml"), "arbiters = 3").expect("a file");
    sources.file = Some(path("other.toml"));
    assert_eq!(load(&sources).expect("settings").settings.arbiters, 3);
    sources.file = Some(path("missing.toml"));
    let sentence = load(&sources).expect_err("no such file").to_string();
    assert!(sentence.contains("missing.toml: No such file"), "{sentence}");
}

#[test]
fn every_type_is_read_from_every_source() {
    let file = "listen = \"[::1]:80\"\ndata_dir = \"/srv\"\nlog = \"trace\"\ndurability = \"process_crash\"\n\
                anonymous_read = true\nanonymous_view = \"banded\"\norigins = [\"https://a\", \"https://b\"]\n\
                low_stock_thresholds = [\"TEE-=20\"]\nsegment_bytes = 0x20_0000\n";
    let file = &format!("{file}tokens = [\"{TOKEN}\"]\n");
    let expected = Settings {
        listen: "[::1]:80".parse().expect("an address"),
        data_dir: "/srv".into(),
        log: LogLevel::Trace,
        durability: Durability::ProcessCrash,
        anonymous_read: true,
        anonymous_view: View::Banded,
        origins: vec![origin("https://a"), origin("https://b")],
        tokens: vec![TOKEN.parse().expect("a token's entry")],
        low_stock_thresholds: vec!["TEE-=20".parse().expect("a threshold")],
        segment_bytes: 2 << 20,
        ..Settings::default()
    };
    assert_eq!(from_file(file).expect("settings"), expected);
    let texts = [
        ("listen", "[::1]:80"),
        ("data_dir", "/srv"),
        ("log", "trace"),
        ("durability", "process_crash"),
        ("anonymous_read", "true"),
        ("anonymous_view", "banded"),
        ("origins", "https://a, https://b"),
        ("tokens", TOKEN),
        ("low_stock_thresholds", "TEE-=20"),
        ("segment_bytes", "2_097_152"),
    ];
    let variable = |name: &str| OsString::from(format!("SALDO__{}", name.to_ascii_uppercase()));
    let environment = texts.iter().map(|(name, value)| (variable(name), value.into())).collect();
    assert_eq!(
        load(&nowhere(Sources { environment, ..Sources::default() })).expect("settings").settings,
        expected
    );
    let flags = texts.iter().map(|(name, value)| flag(name, value)).collect();
    assert_eq!(
        load(&nowhere(Sources { flags, ..Sources::default() })).expect("settings").settings,
        expected
    );
    assert_eq!(from_flag("origins", "").expect("an empty list").origins, Vec::new());
}

#[test]
fn an_unknown_setting_names_the_nearest_and_its_place() {
    let sentence = sentence(from_file("drain_seconds = 1\n\nhold_second_default = 5\n"));
    assert!(
        sentence.contains("saldo.toml, line 3: there is no setting `hold_second_default`"),
        "{sentence}"
    );
    assert!(sentence.ends_with("the nearest is `hold_seconds_default`"), "{sentence}");
    assert_eq!(
        self::sentence(from_environment("SALDO__LISTN", "x")),
        "environment variable SALDO__LISTN: there is no setting `listn`; the nearest is `SALDO__LISTEN`"
    );
    let sentence = self::sentence(from_environment("SALDO__listen", "127.0.0.1:1"));
    assert!(sentence.ends_with("the nearest is `SALDO__LISTEN`"), "{sentence}");
    assert_eq!(
        self::sentence(from_flag("Drain_Seconds", "1")),
        "command line, --set: there is no setting `Drain_Seconds`; the nearest is `drain_seconds`"
    );
    let sentence = self::sentence(from_file("[feed]\nping_seconds = 5\n"));
    assert!(sentence.contains("line 1: there is no setting `feed`"), "{sentence}");
}

#[test]
fn a_value_that_is_not_allowed_names_setting_value_range_and_unit() {
    let range = "a whole number of bytes from 1048576 to 4294967296";
    for (value, shown) in [
        ("1048575", "1048575"),
        ("-1", "-1"),
        ("4294967297", "4294967297"),
        ("99999999999999999999", "99999999999999999999"),
        ("1.5", "1.5"),
        ("\"64\"", "the text `64`"),
        ("true", "true"),
        ("[1]", "a list of 1"),
        ("{}", "a table"),
    ] {
        let sentence = sentence(from_file(&format!("segment_bytes = {value}")));
        assert!(
            sentence.ends_with(&format!("line 1: `segment_bytes` is {shown}, but must be {range}")),
            "{sentence}"
        );
    }
    for value in ["", " 5", "-1", "1048575", "64MiB", "1e7"] {
        let sentence = sentence(from_environment("SALDO__SEGMENT_BYTES", value));
        let expected = format!(
            "environment variable SALDO__SEGMENT_BYTES: `segment_bytes` is `{value}`, but must be {range}"
        );
        assert_eq!(sentence, expected);
    }
    // Lists do not repeat what was given: it may be a secret.
    for (value, fault) in [
        (
            "origins = \"https://a\"",
            "`origins` is no list of texts, but must be a list of web origins",
        ),
        ("origins = [1]", "`origins` is no list of texts,"),
        ("origins = [\"https://a\", \"\"]", "`origins` is a list whose entry 2 is empty,"),
        (
            "origins = [\"https://a\", \"*\"]",
            "`origins` is a list whose entry 2 is `*`, with which any web page",
        ),
        ("origins = [\"https://a/\"]", "`origins` is a list whose entry 1 has a path or a query"),
        ("tokens = [\"saldo_sell_x\"]", "`tokens` is a list whose entry 1 is a token itself"),
        ("low_stock_thresholds = [\"A=x\"]", "whose entry 1 has a threshold other than a number"),
    ] {
        let sentence = sentence(from_file(value));
        assert!(sentence.contains(fault) && !sentence.contains("sell_x"), "{sentence}");
    }
    for (name, value, expected) in [
        ("listen", "localhost", "an IP address and a port, such as 127.0.0.1:7700 or [::1]:7700"),
        ("listen", "127.0.0.1", "an IP address and a port, such as 127.0.0.1:7700 or [::1]:7700"),
        ("data_dir", "", "a path"),
        ("log", "inof", "one of off, error, warn, info, debug, trace"),
        ("durability", "disk", "one of power_loss, process_crash"),
        ("anonymous_read", "yes", "true or false"),
        ("anonymous_view", "all", "one of exact, banded, boolean"),
    ] {
        let sentence = sentence(from_flag(name, value));
        assert_eq!(
            sentence,
            format!("command line, --set: `{name}` is `{value}`, but must be {expected}")
        );
    }
}

#[test]
fn text_that_is_not_toml_names_its_line() {
    for text in
        ["arbiters = 1\narbiters = 2\n", "arbiters = 1\nlog = \"info\n", "arbiters = 1\nlog\n"]
    {
        let sentence = sentence(from_file(text));
        assert!(sentence.contains("saldo.toml, line 2: "), "{sentence}");
    }
}

#[test]
fn a_file_that_cannot_be_settings_is_not_read_whole() {
    let length = usize::try_from(limits::SETTINGS_FILE_BYTES_MAX).expect("64 bits") + 1;
    let sentence = sentence(from_file(&" ".repeat(length)));
    assert!(sentence.ends_with("has more than 1048576 bytes"), "{sentence}");
}

#[test]
fn a_variable_that_is_not_text_is_refused() {
    let environment = vec![("SALDO__DATA_DIR".into(), OsStr::from_bytes(b"/srv/\xff").into())];
    let result =
        load(&nowhere(Sources { environment, ..Sources::default() })).map(|loaded| loaded.settings);
    assert!(sentence(result).ends_with("`data_dir` is not UTF-8, but must be text in UTF-8"));
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check().expect_err("a relation that does not hold").to_string()
    };
    assert_eq!(
        refused(|settings| settings.hold_seconds_default = 604_801),
        "`hold_seconds_default` is 604801, but must be at most `hold_seconds_max`, which is 604800"
    );
    assert_eq!(
        refused(|settings| settings.segment_bytes += 1),
        "`segment_bytes` is 67108865, but must be a multiple of 4096 bytes"
    );
    assert_eq!(
        refused(|settings| settings.journal_bytes_max = 200_000_000),
        "`journal_bytes_max` is 200000000, but must be at least 268435456 bytes: \
         4 times `segment_bytes`, which is 67108864"
    );
    assert_eq!(
        refused(|settings| settings.returns_kept_days = 1),
        "`reservation_kept_hours` is 48, but must be at most `returns_kept_days`, which is 1 (days)"
    );
    assert_eq!(
        refused(|settings| settings.feed_ping_seconds = 120),
        "`feed_ping_seconds` is 120, but must be less than `feed_idle_seconds`, which is 120"
    );
    assert_eq!(
        refused(|settings| settings.connections_max = 0),
        "`connections_max` is 0, but must be a whole number of connections from 1 to 1000000"
    );
    assert_eq!(
        refused(|settings| settings.origins = vec![origin("https://a"); 1_001]),
        "`origins` has 1001 entries, but at most 1000 are allowed"
    );
    assert_eq!(
        refused(|settings| {
            settings.tokens = [TOKEN, TOKEN].map(|token| token.parse().expect("an entry")).into();
        }),
        "`tokens` names `till` twice: give one of the two entries another name, or leave it out"
    );
}

#[test]
fn ordered_pairs_name_settings_that_exist() {
    for (small, large) in ORDERED {
        assert!(NAMES.contains(&small) && NAMES.contains(&large), "{small}, {large}");
    }
}

#[test]
fn an_address_that_others_reach_is_refused_without_a_token() {
    for open in ["0.0.0.0:7700", "192.0.2.1:80", "[::]:7700", "[2001:db8::1]:1"] {
        let sentence = sentence(from_flag("listen", open));
        assert!(
            sentence.starts_with(&format!("`listen` is {open}, which other machines can reach")),
            "{sentence}"
        );
        assert!(sentence.contains("`tokens` is empty"), "{sentence}");
        let flags = vec![flag("listen", open), flag("tokens", TOKEN)];
        load(&nowhere(Sources { flags, ..Sources::default() })).expect("a token keeps others out");
        let flags = vec![flag("listen", open), flag("anonymous_read", "true")];
        load(&nowhere(Sources { flags, ..Sources::default() }))
            .expect_err("nobody could change it");
    }
    for own in ["127.0.0.1:0", "127.9.9.9:1", "[::1]:7700", "[::ffff:127.0.0.1]:7700"] {
        from_flag("listen", own).expect("this machine's own address");
    }
}
