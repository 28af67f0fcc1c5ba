//! Writes to standard output and standard error; a reader that has gone away is no failure.

use std::{
    error::Error,
    fmt::{Display, Write as _},
    io::{self, Write},
};

use super::error::CliError;

/// Writes a text and a line's end to standard output, at once.
///
/// # Errors
/// [`CliError::System`] when it cannot be written, unless its reader has gone away (`saldo inspect … | head`).
pub fn tell(text: &dyn Display) -> Result<(), CliError> {
    write_line(&mut io::stdout().lock(), text).map_err(CliError::system("write to standard output"))
}

/// Writes a value as JSON to standard output.
///
/// # Errors
/// As [`tell`].
pub fn tell_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::System { action: "write JSON", cause: error.into() })?;
    tell(&json)
}

/// Writes a line to standard error that nobody needs.
pub fn note(text: &str) {
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn write_line(out: &mut impl Write, text: &dyn Display) -> io::Result<()> {
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes an error with its causes to standard error.
pub fn complain(error: &dyn Error) {
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "error: {}", chain(error));
}

/// An error's sentence, then those of its causes that the sentence does not have already.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let sentence = error.to_string();
        if !text.contains(&sentence) {
            // Writing to a text cannot fail.
            let _ = write!(text, ": {sentence}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(io::ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        assert!(write_line(&mut Closed(io::ErrorKind::BrokenPipe), &"text").is_ok());
        assert!(write_line(&mut Closed(io::ErrorKind::StorageFull), &"text").is_err());
    }

    #[test]
    fn causes_are_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] Inner);
        #[derive(Debug, thiserror::Error)]
        #[error("inner")]
        struct Inner;
        #[derive(Debug, thiserror::Error)]
        #[error("told: {0}")]
        struct Told(#[source] Inner);
        assert_eq!(chain(&Outer(Inner)), "outer: inner");
        assert_eq!(chain(&Told(Inner)), "told: inner");
    }
}
