//! Answers over HTTP, read as far as a load test needs: the status, and of the body what was granted, which version a
//! key has, or why not.

use saldo_protocol::Code;
use serde::Deserialize;

use crate::session::SessionError;
use crate::workload::names::Names;
use crate::workload::op::{Op, Verb};
use crate::workload::outcome::{NOT_TOLD, Outcome, Verdict};

/// Headers of an answer at most.
const HEADERS_MAX: usize = 32;
const CONTENT_LENGTH: &str = "content-length";
const REPLAYED: &str = "idempotent-replayed";
/// Characters of an answer that an error shows.
const SHOWN_BYTES: usize = 300;

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// Its length in bytes, the empty line included.
    pub head_bytes: usize,
    /// The length of the body behind it.
    pub body_bytes: usize,
    /// Whether the answer is of an earlier call with the same name.
    pub is_replayed: bool,
}

/// The head at the beginning of `bytes`; none while it is not whole.
///
/// # Errors
/// [`SessionError::Answer`] where it is no HTTP or tells no length.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, SessionError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut headers);
    let parsed = answer.parse(bytes).map_err(|error| unfit(&error.to_string(), bytes))?;
    let httparse::Status::Complete(head_bytes) = parsed else { return Ok(None) };
    let status = answer.code.unwrap_or_default();
    let (mut body_bytes, mut is_replayed) = (None, false);
    for header in answer.headers.iter() {
        if header.name.eq_ignore_ascii_case(CONTENT_LENGTH) {
            body_bytes =
                str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok());
        } else if header.name.eq_ignore_ascii_case(REPLAYED) {
            is_replayed = header.value == b"true";
        }
    }
    let body_bytes = body_bytes.ok_or_else(|| unfit("it tells no length", bytes))?;
    Ok(Some(Head { status, head_bytes, body_bytes, is_replayed }))
}

#[derive(Deserialize)]
struct ReservationSeen<'a> {
    #[serde(borrow)]
    id: &'a str,
    lines: Vec<LineSeen>,
}

#[derive(Deserialize)]
struct LineSeen {
    quantity: u64,
}

#[derive(Deserialize)]
struct LevelSeen {
    version: u64,
    available: i64,
}

#[derive(Deserialize)]
struct ProblemSeen {
    code: Code,
    #[serde(default)]
    lines: Vec<ShortSeen>,
}

#[derive(Deserialize)]
struct ShortSeen {
    available: Option<i64>,
}

/// What became of the operation.
///
/// # Errors
/// [`SessionError::Answer`] where the body is not what the operation is answered with.
pub fn outcome(head: &Head, body: &[u8], op: &Op, names: &Names) -> Result<Outcome, SessionError> {
    if !matches!(head.status, 200 | 201) {
        let problem: ProblemSeen = parsed(body)?;
        return Ok(match problem.code {
            Code::OutcomeUnknown => Outcome::plain(Verdict::Unknown),
            code => Outcome {
                available: match problem.lines.as_slice() {
                    [line] if op.lines.is_none() => line.available.unwrap_or(NOT_TOLD),
                    _ => NOT_TOLD,
                },
                ..Outcome::refused(code)
            },
        });
    }
    let told = match op.verb {
        Verb::Receive | Verb::Sell | Verb::Read => {
            let LevelSeen { version, available } = parsed(body)?;
            Outcome { verdict: Verdict::Done, version, available }
        }
        verb => {
            let seen: ReservationSeen<'_> = parsed(body)?;
            if seen.id.parse() != Ok(names.reservation(op.reservation)) {
                return Err(unfit("another reservation than was asked for", body));
            }
            let granted: u64 = seen.lines.iter().map(|line| line.quantity).sum();
            if verb == Verb::Reserve && granted != u64::from(op.quantity) {
                return Err(unfit("not what was asked for, though all or nothing was", body));
            }
            Outcome::plain(Verdict::Done)
        }
    };
    // A repeat tells how things are now, not how they were after it.
    Ok(if head.is_replayed { Outcome::plain(Verdict::Replayed) } else { told })
}

fn parsed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, SessionError> {
    serde_json::from_slice(body).map_err(|error| unfit(&error.to_string(), body))
}

fn unfit(why: &str, bytes: &[u8]) -> SessionError {
    let shown = bytes.get(..SHOWN_BYTES).unwrap_or(bytes);
    SessionError::Answer(format!("{why}: {}", String::from_utf8_lossy(shown)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::names::Ticket;

    fn reserve() -> (Op, Names) {
        (Op::reserve(Ticket::new(3, 4), 0, 2, 0), Names::new(7, 1, 1))
    }

    #[test]
    fn a_head_is_whole_or_waited_for() {
        let bytes =
            b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nIdempotent-Replayed: true\r\n\r\n{}";
        for end in 0..bytes.len() - 2 {
            assert_eq!(head(&bytes[..end]).unwrap(), None, "{end}");
        }
        let found = head(bytes).unwrap().unwrap();
        assert_eq!((found.status, found.body_bytes, found.is_replayed), (201, 12, true));
        assert_eq!(found.head_bytes, bytes.len() - 2);
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(head(b"SSH-2.0-x\r\n\r\n").is_err());
    }

    #[test]
    fn a_grant_must_be_of_what_was_asked_for() {
        let (op, names) = reserve();
        let granted = Head { status: 201, head_bytes: 0, body_bytes: 0, is_replayed: false };
        let id = names.reservation(op.reservation);
        let body = format!(r#"{{"id":"{id}","status":"held","lines":[{{"quantity":2}}]}}"#);
        let told = outcome(&granted, body.as_bytes(), &op, &names).unwrap();
        assert_eq!(told, Outcome::plain(Verdict::Done));
        let repeat = Head { is_replayed: true, status: 200, ..granted };
        let told = outcome(&repeat, body.as_bytes(), &op, &names).unwrap();
        assert_eq!(told.verdict, Verdict::Replayed);
        for wrong in [
            body.replace(":2}", ":1}"),
            body.replace(&id.to_string(), "01940000-0000-7000-8000-000000000001"),
            "{}".to_owned(),
        ] {
            assert!(outcome(&granted, wrong.as_bytes(), &op, &names).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_tells_what_there_is() {
        let (op, names) = reserve();
        let refused = Head { status: 409, head_bytes: 0, body_bytes: 0, is_replayed: false };
        let body =
            br#"{"type":"x","code":"insufficient_stock","lines":[{"sku":"S","available":1}]}"#;
        let told = outcome(&refused, body, &op, &names).unwrap();
        assert!(told.verdict.is_sold_out());
        assert_eq!(told.available, 1);
        let unknown = Head { status: 500, ..refused };
        let told = outcome(&unknown, br#"{"code":"outcome_unknown"}"#, &op, &names).unwrap();
        assert_eq!(told.verdict, Verdict::Unknown);
    }
}
