//! The transport over HTTP/1.1: one keep-alive connection a client, a request an operation, batches in flight
//! pipelined. Requests are written and answers parsed in the connection's own buffers; `httparse` reads the heads.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::fmt::Hyphenated;

use crate::session::http_answer::{Head, head, outcome};
use crate::session::{Connector, Session, SessionError};
use crate::workload::names::{Names, Stock};
use crate::workload::op::{Line, Op, Verb};
use crate::workload::outcome::Outcome;

/// First capacity of a connection's buffers, in bytes; they grow with what passes through.
const BUFFER_BYTES: usize = 4 << 10;

/// Makes connections to one engine.
#[derive(Debug)]
pub struct HttpConnector {
    names: Arc<Names>,
    authority: String,
    /// `Host` and, where there is a token, `Authorization`; each with its line end.
    headers: String,
}

impl HttpConnector {
    /// For an address such as `http://127.0.0.1:7700`.
    ///
    /// # Errors
    /// [`SessionError::Unfit`] for another scheme.
    pub fn new(names: Arc<Names>, url: &str, token: Option<&str>) -> Result<Self, SessionError> {
        let authority = authority(url)?;
        let mut headers = format!("Host: {authority}\r\n");
        if let Some(token) = token {
            // A String takes everything.
            let _ = write!(headers, "Authorization: Bearer {token}\r\n");
        }
        Ok(Self { names, authority, headers })
    }
}

/// `HOST:PORT` of an address.
///
/// # Errors
/// [`SessionError::Unfit`] for another scheme than `http`.
pub fn authority(url: &str) -> Result<String, SessionError> {
    let rest = url.strip_prefix("http://").ok_or_else(|| {
        SessionError::Unfit(format!(
            "{url}: the address must begin with http:// (TLS belongs to a proxy)"
        ))
    })?;
    let authority = rest.split('/').next().unwrap_or_default();
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Ok(if has_port { authority.to_owned() } else { format!("{authority}:80") })
}

impl Connector for HttpConnector {
    type Session = HttpSession;

    async fn connect(&self, _client: u32) -> Result<HttpSession, SessionError> {
        let failed = |error: std::io::Error| SessionError::Connect {
            to: self.authority.clone(),
            reason: error.to_string(),
        };
        let stream = TcpStream::connect(&self.authority).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(HttpSession {
            stream,
            names: Arc::clone(&self.names),
            headers: self.headers.clone(),
            request: String::with_capacity(BUFFER_BYTES),
            body: String::with_capacity(BUFFER_BYTES),
            answers: Vec::with_capacity(BUFFER_BYTES),
            waiting: VecDeque::new(),
        })
    }
}

/// One connection.
#[derive(Debug)]
pub struct HttpSession {
    stream: TcpStream,
    names: Arc<Names>,
    headers: String,
    request: String,
    body: String,
    /// What was read and not yet understood.
    answers: Vec<u8>,
    /// Requests without an answer: batch, and what was asked.
    waiting: VecDeque<(u64, Op)>,
}

impl Session for HttpSession {
    async fn send(&mut self, batch: u64, ops: &[Op]) -> Result<(), SessionError> {
        let [op] = ops else {
            return Err(SessionError::Unfit(
                "over HTTP a request is one operation: --frame 1".to_owned(),
            ));
        };
        self.write_request(op);
        self.waiting.push_back((batch, op.clone()));
        Ok(self.stream.write_all(self.request.as_bytes()).await?)
    }

    async fn receive(&mut self, outcomes: &mut Vec<Outcome>) -> Result<u64, SessionError> {
        loop {
            if let Some(found) = head(&self.answers)? {
                let Head { head_bytes, body_bytes, .. } = found;
                let whole = head_bytes + body_bytes;
                if let Some(body) = self.answers.get(head_bytes..whole) {
                    let (batch, op) = self.waiting.pop_front().ok_or_else(|| {
                        SessionError::Answer("an answer to no request".to_owned())
                    })?;
                    outcomes.push(outcome(&found, body, &op, &self.names)?);
                    self.answers.drain(..whole);
                    return Ok(batch);
                }
            }
            if self.stream.read_buf(&mut self.answers).await? == 0 {
                return Err(SessionError::Connection("the server closed it".to_owned()));
            }
        }
    }
}

impl HttpSession {
    /// Puts the request's bytes into `request`. Names of a run need no escape, in paths or in JSON.
    fn write_request(&mut self, op: &Op) {
        let Self { request, body, names, headers, .. } = self;
        request.clear();
        body.clear();
        write_body(body, op, names);
        let id = names.reservation(op.reservation);
        let Stock { sku, location } = names.stock(op.key);
        // A String takes everything.
        let _ = match op.verb {
            Verb::Read => write!(request, "GET /v1/stock/{sku}/{location}"),
            Verb::Receive | Verb::Sell => {
                write!(request, "POST /v1/stock/{sku}/{location}/{}", op.verb.name())
            }
            Verb::Reserve => write!(request, "POST /v1/reservations"),
            Verb::Cancel => write!(request, "POST /v1/reservations/{}/release", text(&id)),
            verb => write!(request, "POST /v1/reservations/{}/{}", text(&id), verb.name()),
        };
        let _ = write!(request, " HTTP/1.1\r\n{headers}");
        if op.verb == Verb::Read {
            request.push_str("\r\n");
            return;
        }
        if op.verb != Verb::Reserve {
            let _ = write!(request, "Idempotency-Key: {}\r\n", names.idempotency_key(op.name));
        }
        let length = body.len();
        let _ = write!(
            request,
            "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
    }
}

fn text(id: &uuid::Uuid) -> &Hyphenated {
    id.as_hyphenated()
}

fn write_body(body: &mut String, op: &Op, names: &Names) {
    let _ = match op.verb {
        Verb::Read => Ok(()),
        Verb::Receive | Verb::Sell => write!(body, r#"{{"quantity":{}}}"#, op.quantity),
        Verb::Extend => write!(body, r#"{{"hold_seconds":{}}}"#, op.hold_seconds),
        Verb::Reserve => {
            let _ = write!(body, r#"{{"id":"{}","#, text(&names.reservation(op.reservation)));
            write_lines(body, op, names);
            match op.hold_seconds {
                0 => write!(body, "}}"),
                seconds => write!(body, r#","hold_seconds":{seconds}}}"#),
            }
        }
        Verb::Commit | Verb::Fulfil | Verb::Release | Verb::Cancel | Verb::Return => {
            body.push('{');
            if !op.is_whole || op.verb == Verb::Return {
                write_lines(body, op, names);
            }
            if op.verb == Verb::Cancel {
                let comma = if body.len() > 1 { "," } else { "" };
                let _ = write!(body, r#"{comma}"from":"committed""#);
            }
            write!(body, "}}")
        }
    };
}

fn write_lines(body: &mut String, op: &Op, names: &Names) {
    body.push_str(r#""lines":["#);
    for (place, Line { key, quantity }) in op.each_line().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        let Stock { sku, location } = names.stock(key);
        let _ = write!(
            body,
            r#"{comma}{{"sku":"{sku}","location":"{location}","quantity":{quantity}}}"#
        );
    }
    body.push(']');
}
