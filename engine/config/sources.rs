//! Puts the settings together: defaults, then the file, then the environment, then the command line.

use std::{env, ffi::OsString, path::PathBuf};

use super::{
    NAMES, Settings,
    error::{Place, SettingsError},
    file,
    value::Given,
};

/// What the name of an environment variable that is a setting begins with; the setting in upper case follows.
pub const ENVIRONMENT_PREFIX: &str = "SALDO__";

/// A setting given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The option as it was typed, for messages.
    pub option: String,
    /// The setting.
    pub name: String,
    /// Its value, a list parted by commas.
    pub value: String,
}

/// Where settings are taken from, besides the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file that the caller named. Without one, `saldo.toml` or else `config/saldo.toml` in `directory` is read
    /// if it is there.
    pub file: Option<PathBuf>,
    /// The working directory; empty for the process's own.
    pub directory: PathBuf,
    /// Environment variables; those without the prefix are passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// From the command line, in order.
    pub flags: Vec<Flag>,
}

impl Sources {
    /// The working directory and the environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self { environment: env::vars_os().collect(), ..Self::default() }
    }
}

/// Settings, and the file that had a part in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The settings, checked.
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// Puts the settings together and checks them.
///
/// # Errors
/// The first mistake found: the file's before the environment's before the command line's, and what does not go
/// together last.
pub fn load(sources: &Sources) -> Result<Loaded, SettingsError> {
    let mut settings = Settings::default();
    let file = match &sources.file {
        Some(named) => Some(named.clone()),
        None => file::find(&sources.directory)?,
    };
    if let Some(path) = &file {
        file::read(&mut settings, path)?;
    }
    apply_environment(&mut settings, &sources.environment)?;
    for Flag { option, name, value } in &sources.flags {
        apply(
            &mut settings,
            name,
            &Given::Text(value),
            Place::Flag(option.clone()),
            str::to_owned,
        )?;
    }
    settings.check()?;
    Ok(Loaded { settings, file })
}

fn apply_environment(
    settings: &mut Settings,
    environment: &[(OsString, OsString)],
) -> Result<(), SettingsError> {
    let mut ours: Vec<_> = environment
        .iter()
        .map(|(variable, value)| (variable.to_string_lossy(), value))
        .filter(|(variable, _)| variable.starts_with(ENVIRONMENT_PREFIX))
        .collect();
    // The order of an environment means nothing; of several mistakes the same one is always named.
    ours.sort();
    for (variable, value) in ours {
        let place = Place::Environment(variable.clone().into_owned());
        let suffix = &variable[ENVIRONMENT_PREFIX.len()..];
        // Small letters are no setting's variable: names are told apart by case here.
        let name = if suffix.chars().any(char::is_lowercase) {
            &*variable
        } else {
            &*suffix.to_ascii_lowercase()
        };
        let Some(text) = value.to_str() else {
            return Err(SettingsError::Value {
                place,
                name: name.to_owned(),
                value: "not UTF-8".to_owned(),
                expected: "text in UTF-8".to_owned(),
            });
        };
        let as_variable = |name: &str| format!("{ENVIRONMENT_PREFIX}{}", name.to_ascii_uppercase());
        apply(settings, name, &Given::Text(text), place, as_variable)?;
    }
    Ok(())
}

/// Sets one setting; `spell` writes a known name as it would stand at this place.
///
/// # Errors
/// [`SettingsError::Unknown`] and [`SettingsError::Value`].
pub(super) fn apply(
    settings: &mut Settings,
    name: &str,
    given: &Given<'_>,
    place: Place,
    spell: impl Fn(&str) -> String,
) -> Result<(), SettingsError> {
    match settings.set(name, given) {
        Some(Ok(())) => Ok(()),
        Some(Err(wrong)) => Err(SettingsError::Value {
            place,
            name: name.to_owned(),
            value: wrong.value,
            expected: wrong.expected,
        }),
        None => Err(SettingsError::Unknown {
            place,
            name: name.to_owned(),
            nearest: spell(nearest(name)),
        }),
    }
}

/// The known name that takes the fewest changes of a letter.
fn nearest(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("saldo__").unwrap_or(&name);
    NAMES
        .iter()
        .copied()
        .min_by_key(|known| strsim::damerau_levenshtein(known, name))
        .unwrap_or_default()
}
