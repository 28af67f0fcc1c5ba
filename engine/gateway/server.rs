//! The accept loop and the stop. It takes its socket and its stop signal as arguments, so that tests bind port 0.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{debug, warn};

use super::connection::OpenConnection;
use super::service::Service;
use super::turned_away::{self, TURNED_AWAY_MAX};
use super::{Gateway, connection};
use crate::config::Settings;
use crate::engine::Engine;

/// How often samples are folded into the histograms' buckets.
const UPKEEP: Duration = Duration::from_secs(5);
/// Pause after an accept that failed for want of something, such as file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that had not finished within `drain_seconds` and were cut off.
    pub connections_cut: usize,
}

/// Serves connections until `shutdown` is done, then lets those under way finish for at most `drain_seconds`.
/// Each connection runs where the engine puts it. Ends with the stop alone: an accept that fails is logged.
pub async fn run(
    listener: TcpListener,
    engine: Engine,
    settings: Arc<Settings>,
    shutdown: impl Future<Output = ()>,
) -> Stopped {
    let (stop, stopping) = watch::channel(false);
    let (cut, cutting) = watch::channel(false);
    // Without its own address the engine's own pages are those of the address that was asked for.
    let listening = listener.local_addr().unwrap_or(settings.listen);
    let gateway = Arc::new(Gateway::new(engine, settings, listening, stopping, cutting));
    let server = Server {
        connections: Arc::new(Semaphore::new(connections_max(&gateway.settings))),
        turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
        service: Service::new(Arc::clone(&gateway)),
        gateway,
    };
    server.accept_until(listener, shutdown).await;
    stop.send_replace(true);
    let connections_cut = server.drain().await;
    cut.send_replace(true);
    Stopped { connections_cut }
}

fn connections_max(settings: &Settings) -> usize {
    usize::try_from(settings.connections_max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

struct Server {
    gateway: Arc<Gateway>,
    service: Service,
    connections: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
}

impl Server {
    /// Drops the listener when done, so that new clients are refused by the system at once.
    async fn accept_until(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut upkeep = interval(UPKEEP);
        upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                _ = upkeep.tick() => self.gateway.meters.upkeep(),
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.open(stream, peer.ip()),
                    Err(error) if of_one_connection(error.kind()) => {
                        debug!(%error, "a connection ended before it was accepted");
                    }
                    Err(error) => {
                        warn!(%error, "no connection can be accepted; trying again");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    fn open(&self, stream: TcpStream, peer: IpAddr) {
        let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() else {
            self.turn_away(stream);
            return;
        };
        let moved = stream.set_nodelay(true).and_then(|()| stream.into_std());
        match moved {
            Ok(stream) => {
                let open = OpenConnection::new(Arc::clone(&self.gateway), permit);
                let serving = connection::serve(stream, peer, self.service.clone(), open);
                self.gateway.engine.spawn(serving);
            }
            Err(error) => debug!(%error, "a connection ended as it was accepted"),
        }
    }

    fn turn_away(&self, stream: TcpStream) {
        self.gateway.meters.turned_away.increment(1);
        if let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() {
            let connections_max = self.gateway.settings.connections_max;
            tokio::spawn(turned_away::tell(stream, connections_max, permit));
        }
    }

    /// Waits until every connection has ended, for as long as the settings allow; tells how many have not.
    async fn drain(&self) -> usize {
        let all = connections_max(&self.gateway.settings);
        let every_permit = u32::try_from(all).unwrap_or(u32::MAX);
        let ended = self.connections.acquire_many(every_permit);
        let patience = Duration::from_secs(self.gateway.settings.drain_seconds);
        if timeout(patience, ended).await.is_ok() {
            return 0;
        }
        all - self.connections.available_permits()
    }
}

/// Errors of the connection that was to be accepted, not of the listener.
fn of_one_connection(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
