//! The command line's forms, and what becomes of its options.

use clap::{CommandFactory, error::ErrorKind};
use saldo::config::{self, Durability, LogLevel, Settings, SettingsError, Sources};

use super::*;

fn parsed(words: &str) -> Cli {
    Cli::try_parse_from(words.split(' ')).unwrap_or_else(|error| panic!("{words}: {error}"))
}

fn refused(words: &str) -> ErrorKind {
    Cli::try_parse_from(words.split(' ')).expect_err("not to be taken").kind()
}

/// The settings of a `serve` line, without this process's environment and files.
fn settings(words: &str) -> Result<Settings, SettingsError> {
    let cli = parsed(words);
    let options = match cli.command {
        None => cli.serve,
        Some(Command::Serve(options)) => options,
        Some(other) => panic!("{other:?} is not serve"),
    };
    let sources = Sources { directory: "/nonexistent".into(), ..Sources::default() };
    config::load(&options.onto(sources)).map(|loaded| loaded.settings)
}

#[test]
fn the_commands_are_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn without_a_command_it_serves_with_the_same_options() {
    assert_eq!(settings("saldo").expect("defaults"), Settings::default());
    let expected = Settings {
        listen: "127.0.0.1:0".parse().expect("an address"),
        data_dir: "/tmp/x".into(),
        log: LogLevel::Warn,
        durability: Durability::ProcessCrash,
        drain_seconds: 1,
        ..Settings::default()
    };
    let options = "--listen 127.0.0.1:0 --data-dir /tmp/x --log warn --durability process_crash --set drain_seconds=1";
    assert_eq!(settings(&format!("saldo {options}")).expect("settings"), expected);
    assert_eq!(settings(&format!("saldo serve {options}")).expect("settings"), expected);
}

#[test]
fn an_option_of_its_own_wins_over_set() {
    let settings =
        settings("saldo --log debug --set log=off --set drain_seconds=1 --set drain_seconds=2");
    let settings = settings.expect("settings");
    assert_eq!(settings.log, LogLevel::Debug);
    assert_eq!(settings.drain_seconds, 2);
}

#[test]
fn mistakes_name_the_option() {
    let sentence = settings("saldo --listen here").expect_err("no address").to_string();
    assert!(
        sentence.starts_with("command line, --listen: `listen` is `here`, but must be"),
        "{sentence}"
    );
    let sentence = settings("saldo --data-dir= --log info").expect_err("no path").to_string();
    assert!(sentence.starts_with("command line, --data-dir: `data_dir` is ``"), "{sentence}");
}

#[test]
fn what_no_command_takes_is_refused() {
    assert_eq!(refused("saldo --nonsense"), ErrorKind::UnknownArgument);
    assert_eq!(refused("saldo nonsense"), ErrorKind::InvalidSubcommand);
    assert_eq!(refused("saldo --set drain_seconds"), ErrorKind::ValueValidation);
    assert_eq!(refused("saldo verify --listen 127.0.0.1:0"), ErrorKind::UnknownArgument);
    assert_eq!(refused("saldo backup"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("saldo backup to --keep 0"), ErrorKind::ValueValidation);
    assert_eq!(refused("saldo backup to --keep 2 --check"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("saldo restore"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("saldo inspect TEE"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("saldo token new"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("saldo token new --role owner"), ErrorKind::InvalidValue);
    assert_eq!(refused("saldo watch --sku ."), ErrorKind::ValueValidation);
    assert_eq!(refused("saldo watch --view dim"), ErrorKind::InvalidValue);
    assert_eq!(refused("saldo watch --events --view exact"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("saldo token revoke"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("saldo inspect TEE OSLO --movements 1001"), ErrorKind::ValueValidation);
    assert_eq!(
        refused("saldo inspect TEE OSLO --url http://h --data-dir d"),
        ErrorKind::ArgumentConflict
    );
}

#[test]
fn tokens_are_made_in_the_file_that_is_named() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("shop.toml");
    let words = format!("saldo token new --role read --config {}", path.display());
    let Some(Command::Token(options)) = parsed(&words).command else {
        panic!("not token");
    };
    token::run(options).expect("a token");
    let sources = Sources { file: Some(path), ..Sources::default() };
    let tokens = config::load(&sources).expect("settings").settings.tokens;
    assert_eq!(tokens.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["read-1"]);
}

#[test]
fn help_and_version_are_no_errors_of_use() {
    assert_eq!(refused("saldo --help"), ErrorKind::DisplayHelp);
    assert_eq!(refused("saldo verify --help"), ErrorKind::DisplayHelp);
    assert_eq!(refused("saldo --version"), ErrorKind::DisplayVersion);
}

#[test]
fn a_key_that_cannot_be_is_an_error_of_use() {
    let Some(Command::Inspect(options)) = parsed("saldo inspect .. OSLO").command else {
        panic!("not inspect");
    };
    let error = inspect::run(&options).expect_err("no key");
    assert_eq!(error.to_string(), "SKU `..` at location `OSLO`: the text must not be `.` or `..`");
    assert_eq!(error.exit_code(), ExitCode::from(2));
    assert_eq!(error::CliError::Unsound.exit_code(), ExitCode::from(1));
}
