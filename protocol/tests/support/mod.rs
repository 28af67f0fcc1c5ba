//! A server that plays a script: one step for each request, and a record of what it was sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What the server does with a request.
pub enum Step {
    /// Answers: status, a header, the body.
    Answer(u16, (&'static str, &'static str), String),
    /// Cuts the connection without an answer.
    Cut,
    /// Never answers.
    Silence,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub line: String,
    pub key: Option<String>,
    pub authorization: Option<String>,
    pub body: String,
}

/// The script's server, on a port of its own.
pub struct Script {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub async fn play(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let steps = Arc::new(Mutex::new(VecDeque::from(steps)));
        let script = Self { url, seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, steps) = (Arc::clone(&seen), Arc::clone(&steps));
                let service = service_fn(move |request| {
                    answer(request, Arc::clone(&seen), Arc::clone(&steps))
                });
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A cut connection is part of the script.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        script
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Seen>>>,
    steps: Arc<Mutex<VecDeque<Step>>>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let header = |name| {
        let value = request.headers().get(name)?;
        Some(value.to_str().ok()?.to_owned())
    };
    let line = format!("{} {}", request.method(), request.uri());
    let (key, authorization) = (header("idempotency-key"), header("authorization"));
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    seen.lock().expect("no panic").push(Seen { line, key, authorization, body });
    let step = steps.lock().expect("no panic").pop_front();
    match step.expect("more requests than the script has steps") {
        Step::Answer(status, (name, value), body) => Ok(Response::builder()
            .status(status)
            .header(name, value)
            .body(Full::from(body))
            .expect("an answer")),
        Step::Cut => Err(io::Error::other("cut by the script")),
        Step::Silence => {
            std::future::pending::<Infallible>().await;
            Err(io::Error::other("never"))
        }
    }
}
