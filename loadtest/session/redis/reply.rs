//! The answers that our scripts give, as Redis writes them: a number, a text, a list of texts, an error.

use crate::session::SessionError;

/// An answer.
#[derive(Debug)]
pub(super) enum Reply<'a> {
    /// `:`
    Number(i64),
    /// `$` and `+`
    Text(&'a [u8]),
    /// `*`
    Texts(Vec<&'a [u8]>),
    /// `-`
    Error(&'a [u8]),
}

impl Reply<'_> {
    /// Why it cannot be what was asked for.
    pub(super) fn unexpected(&self) -> SessionError {
        SessionError::Answer(match self {
            Self::Number(number) => format!("the number {number}"),
            Self::Text(text) | Self::Error(text) => String::from_utf8_lossy(text).into_owned(),
            Self::Texts(texts) => format!("a list of {}", texts.len()),
        })
    }
}

/// The first answer of these bytes and its length; none while it is not there as a whole.
///
/// # Errors
/// [`SessionError::Answer`] where it is none of those above.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(Reply<'_>, usize)>, SessionError> {
    let Some((line, mut at)) = line(bytes) else { return Ok(None) };
    let Some((kind, rest)) = line.split_first() else { return Err(nonsense(line)) };
    let reply = match kind {
        b':' => Reply::Number(number(rest)?),
        b'+' => Reply::Text(rest),
        b'-' => Reply::Error(rest),
        b'$' => {
            let Some((found, length)) = text(bytes)? else { return Ok(None) };
            at = length;
            Reply::Text(found)
        }
        b'*' => {
            let count = usize::try_from(number(rest)?).map_err(|_| nonsense(line))?;
            let mut texts = Vec::with_capacity(count.min(bytes.len()));
            for _ in 0..count {
                let Some((found, length)) = text(&bytes[at..])? else { return Ok(None) };
                texts.push(found);
                at += length;
            }
            Reply::Texts(texts)
        }
        _ => return Err(nonsense(line)),
    };
    Ok(Some((reply, at)))
}

/// A text with its length before it, and how many bytes the two take.
fn text(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, SessionError> {
    let Some((line, at)) = line(bytes) else { return Ok(None) };
    let Some((b'$', rest)) = line.split_first() else { return Err(nonsense(line)) };
    let length = usize::try_from(number(rest)?).map_err(|_| nonsense(line))?;
    let end = at.saturating_add(length);
    let whole = end.saturating_add(2) <= bytes.len();
    Ok(whole.then(|| (&bytes[at..end], end + 2)))
}

/// Up to the end of the line, and where the next one begins.
fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    Some((&bytes[..end], end + 2))
}

fn number(digits: &[u8]) -> Result<i64, SessionError> {
    let text = std::str::from_utf8(digits).map_err(|_| nonsense(digits))?;
    text.parse().map_err(|_| nonsense(digits))
}

fn nonsense(bytes: &[u8]) -> SessionError {
    SessionError::Answer(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Reply, read};

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let whole = b"*2\r\n$3\r\n100\r\n$2\r\nDI\r\n:7\r\n";
        for end in 0..whole.len() - 4 {
            assert!(read(&whole[..end]).unwrap().is_none(), "{end} bytes are not enough");
        }
        let (reply, length) = read(whole).unwrap().unwrap();
        assert!(matches!(reply, Reply::Texts(texts) if texts == [b"100".as_slice(), b"DI"]));
        assert!(matches!(read(&whole[length..]), Ok(Some((Reply::Number(7), 4)))));
    }

    #[test]
    fn errors_and_nonsense_are_told() {
        assert!(matches!(read(b"-OOM\r\n"), Ok(Some((Reply::Error(b"OOM"), 6)))));
        for bytes in [b"?\r\n".as_slice(), b"\r\n", b"$-1\r\n", b":x\r\n", b"*1\r\n:1\r\n"] {
            assert!(read(bytes).is_err());
        }
    }
}
