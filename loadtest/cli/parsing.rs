//! How values of the command line are read.

use std::str::FromStr;

use toml::{Table, Value};

/// A text that can be read as `T`, kept as it was written.
///
/// # Errors
/// Why it cannot be read.
pub fn text_of<T: FromStr<Err = String>>(text: &str) -> Result<String, String> {
    text.parse::<T>().map(|_| text.to_owned())
}

/// `NAME=VALUE`; the value as in the settings file, and a text needs no quotes.
///
/// # Errors
/// What is missing.
pub fn name_and_value(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        format!("a setting is written NAME=VALUE, such as beyond=0.5, not {text:?}")
    })?;
    let (name, value) = (name.trim(), value.trim());
    let read = format!("value = {value}").parse::<Table>().ok().and_then(|mut table| {
        // More than one line would be more than one value.
        if table.len() == 1 { table.remove("value") } else { None }
    });
    Ok((name.to_owned(), read.unwrap_or_else(|| Value::String(value.to_owned()))))
}
