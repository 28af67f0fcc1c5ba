//! A man in the middle, in front of a real engine, that plants one fault: HTTP/1.1 with connections that are kept
//! alive, and the WebSocket in both of its forms. Any number of connections; what the fault does not touch goes
//! through unchanged, byte for byte or frame for frame. It waits for no clock.

mod fault;
mod http;
mod websocket;
mod wire;

pub use fault::Fault;

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use fault::Plan;
use wire::Wire;

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    plan: Arc<Plan>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port in front of an engine (`http://HOST:PORT`).
    pub async fn start(engine: &str, fault: Fault) -> Self {
        let engine = engine.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let plan = Arc::new(Plan::new(fault));
        let task = tokio::spawn(accept(listener, engine, Arc::clone(&plan)));
        Self { url, plan, task }
    }

    /// Its address, in place of the engine's.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the fault has happened.
    pub fn has_struck(&self) -> bool {
        self.plan.has_struck()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, engine: String, plan: Arc<Plan>) {
    // Connections end with the proxy.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (engine, plan) = (engine.clone(), Arc::clone(&plan));
        connections.spawn(async move {
            // A connection that fails is one that the client sees fail.
            if let Ok(engine) = TcpStream::connect(engine).await {
                http::serve(Wire::new(client), Wire::new(engine), &plan).await.unwrap_or_default();
            }
        });
    }
}
