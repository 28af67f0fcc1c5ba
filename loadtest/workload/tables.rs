//! The settings as tables: what is built in, under what a file says, under what the command line says. Names and types
//! are held against what is built in, so that the settings file alone says what there is.

use std::path::Path;

use toml::de::DeTable;
use toml::{Table, Value};

use crate::workload::kind::Kind;
use crate::workload::settings_error::SettingsError;

/// The settings file whose lines are the defaults.
pub const DEFAULTS: &str = include_str!("../../config/loadtest.toml");
/// The table of what is the same for every workload.
pub const LOAD: &str = "load";
/// The table of the subscribers.
pub const FEED: &str = "feed";

/// A name and a value from the command line; `place` is the option.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Which option, as it is written.
    pub place: String,
    /// The setting.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// All tables, with what a file says laid over what is built in.
#[derive(Clone, Debug)]
pub struct Tables {
    builtin: Table,
    /// What the file says; empty without one.
    file: Table,
}

impl Tables {
    /// The built-in tables, and a file's where there is one.
    ///
    /// # Errors
    /// [`SettingsError`]: where the file cannot be read, or names what there is not.
    pub fn read(file: Option<&Path>) -> Result<Self, SettingsError> {
        let builtin = parsed(DEFAULTS, "the built-in settings")?;
        let Some(path) = file else { return Ok(Self { builtin, file: Table::new() }) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::File { path: path.to_owned(), source })?;
        let file = checked(&builtin, &text, &path.display().to_string())?;
        Ok(Self { builtin, file })
    }

    /// The settings of a workload, and those of its load: each with what wins.
    ///
    /// # Errors
    /// [`SettingsError`]: where the command line names what there is not.
    pub fn of(&self, kind: Kind, given: &[Given]) -> Result<(Table, Table), SettingsError> {
        let layers = [
            table(&self.builtin, LOAD),
            table(&self.builtin, kind.name()),
            table(&self.file, LOAD),
            table(&self.file, kind.name()),
        ];
        let mut merged = Table::new();
        for layer in layers.into_iter().flatten() {
            merged.extend(layer.clone());
        }
        for Given { place, name, value } in given {
            let value = fitting(&self.builtin, kind.name(), name, value, place)?;
            merged.insert(name.clone(), value);
        }
        let is_load = |name: &str| table(&self.builtin, LOAD).is_some_and(|l| l.contains_key(name));
        Ok(merged.into_iter().partition(|(name, _)| !is_load(name)))
    }

    /// The settings of the subscribers.
    ///
    /// # Errors
    /// [`SettingsError`]: where the command line names what there is not.
    pub fn feed(&self, given: &[Given]) -> Result<Table, SettingsError> {
        let mut merged = table(&self.builtin, FEED).cloned().unwrap_or_default();
        merged.extend(table(&self.file, FEED).cloned().unwrap_or_default());
        for Given { place, name, value } in given {
            merged.insert(name.clone(), fitting(&self.builtin, FEED, name, value, place)?);
        }
        Ok(merged)
    }
}

fn table<'a>(tables: &'a Table, name: &str) -> Option<&'a Table> {
    tables.get(name).and_then(Value::as_table)
}

fn parsed(text: &str, place: &str) -> Result<Table, SettingsError> {
    text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        let reason = error.message().to_owned();
        SettingsError::Syntax { place: format!("{place}, line {line}"), reason }
    })
}

/// Lines count from 1.
fn line_of(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}

/// A file's tables, each name and type held against what is built in.
fn checked(builtin: &Table, text: &str, path: &str) -> Result<Table, SettingsError> {
    let values = parsed(text, path)?;
    // The same text again: only this form knows where a name stands.
    let spans = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
        place: path.to_owned(),
        reason: error.message().to_owned(),
    })?;
    let mut found = Table::new();
    for (name, content) in spans.get_ref() {
        let place = |byte: usize| format!("{path}, line {}", line_of(text, byte));
        let here = place(name.span().start);
        let name: &str = name.get_ref();
        if !builtin.contains_key(name) {
            let known = builtin.keys().map(String::as_str);
            return Err(unknown("table", name, known, here));
        }
        let (Some(lines), Some(given)) = (content.get_ref().as_table(), table(&values, name))
        else {
            return Err(SettingsError::Type {
                place: here,
                name: name.to_owned(),
                expected: format!("a table: a line [{name}] with its settings below"),
                found: "a value".to_owned(),
            });
        };
        let mut checked = Table::new();
        for (setting, _) in lines {
            let here = place(setting.span().start);
            let setting: &str = setting.get_ref();
            if let Some(value) = given.get(setting) {
                let value = fitting(builtin, name, setting, value, &here)?;
                checked.insert(setting.to_owned(), value);
            }
        }
        found.insert(name.to_owned(), Value::Table(checked));
    }
    Ok(found)
}

/// The value in the type of the built-in one.
fn fitting(
    builtin: &Table,
    owner: &str,
    name: &str,
    value: &Value,
    place: &str,
) -> Result<Value, SettingsError> {
    let own = table(builtin, owner);
    let load = table(builtin, LOAD).filter(|_| owner != FEED);
    let known = own.and_then(|own| own.get(name)).or_else(|| load.and_then(|load| load.get(name)));
    let Some(known) = known else {
        let names = own.into_iter().chain(load).flat_map(Table::keys).map(String::as_str);
        return Err(unknown(&format!("setting of {owner}"), name, names, place.to_owned()));
    };
    match (known, value) {
        (known, value) if known.same_type(value) => Ok(value.clone()),
        (Value::Float(_), Value::Integer(whole)) => match whole.to_string().parse() {
            Ok(float) => Ok(Value::Float(float)),
            Err(_) => Err(wrong_type(known, value, name, place)),
        },
        // A rate is a text, and may be a mere number.
        (Value::String(_), Value::Integer(_) | Value::Float(_)) => {
            Ok(Value::String(value.to_string()))
        }
        _ => Err(wrong_type(known, value, name, place)),
    }
}

fn wrong_type(known: &Value, value: &Value, name: &str, place: &str) -> SettingsError {
    let words = |value: &Value| match value {
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::String(_) => "a text in quotes",
        Value::Array(_) => "a list",
        Value::Boolean(_) => "true or false",
        Value::Table(_) => "a table",
        Value::Datetime(_) => "a date",
    };
    SettingsError::Type {
        place: place.to_owned(),
        name: name.to_owned(),
        expected: words(known).to_owned(),
        found: format!("{value}"),
    }
}

/// With the known name that takes the fewest changes of a letter.
fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    place: String,
) -> SettingsError {
    let name_low = name.to_ascii_lowercase();
    let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(known, &name_low));
    SettingsError::Unknown {
        place,
        what: what.to_owned(),
        name: name.to_owned(),
        nearest: nearest.unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
