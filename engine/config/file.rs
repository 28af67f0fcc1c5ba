//! Reads a settings file: TOML with one level, the names of settings and nothing else.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use toml::de::DeTable;

use super::{
    Settings,
    error::{Place, SettingsError},
    sources::apply,
    value::Given,
};
use crate::limits::SETTINGS_FILE_BYTES_MAX;

/// Where a file is looked for when none is named, relative to the working directory; the first found is read.
pub(super) const PLACES: [&str; 2] = ["saldo.toml", "config/saldo.toml"];

/// The first of [`PLACES`] that is there.
///
/// # Errors
/// [`SettingsError::Unreadable`] where that cannot be told.
pub(super) fn find(directory: &Path) -> Result<Option<PathBuf>, SettingsError> {
    for place in PLACES {
        let path = directory.join(place);
        match path.try_exists() {
            Ok(true) => return Ok(Some(path)),
            Ok(false) => {}
            Err(cause) => return Err(SettingsError::Unreadable { path, cause }),
        }
    }
    Ok(None)
}

/// Puts what a file says into the settings.
///
/// # Errors
/// The first thing wrong, with its line.
pub(super) fn read(settings: &mut Settings, path: &Path) -> Result<(), SettingsError> {
    read_text(settings, path, &text_of(path)?)
}

/// Puts what the text of the file at `path` says into the settings.
///
/// # Errors
/// The first thing wrong, with its line.
pub(super) fn read_text(
    settings: &mut Settings,
    path: &Path,
    text: &str,
) -> Result<(), SettingsError> {
    let place = |offset: usize| Place::File { path: path.to_owned(), line: line_of(text, offset) };
    let table = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
        place: place(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    // By line, so that of several mistakes the first is named.
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    for (name, value) in entries {
        apply(
            settings,
            name.get_ref(),
            &Given::Toml(value.get_ref()),
            place(name.span().start),
            str::to_owned,
        )?;
    }
    Ok(())
}

/// The text of a settings file.
///
/// # Errors
/// [`SettingsError::Unreadable`] and [`SettingsError::TooLong`].
pub(super) fn text_of(path: &Path) -> Result<String, SettingsError> {
    let unreadable = |cause: io::Error| SettingsError::Unreadable { path: path.to_owned(), cause };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(SETTINGS_FILE_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(unreadable)
        .and_then(|bytes| match u64::try_from(bytes) {
            Ok(bytes) if bytes <= SETTINGS_FILE_BYTES_MAX => Ok(text),
            _ => Err(SettingsError::TooLong {
                path: path.to_owned(),
                bytes_max: SETTINGS_FILE_BYTES_MAX,
            }),
        })
}

/// The line, from 1, that a byte offset lies in.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}
