//! All readers of the process, and the one wait for all of them.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::connection::Connection;
use super::heard::Heard;
use super::orders::{Change, Group};
use crate::BenchError;
use crate::monotonic::monotonic_ns;

/// What a reader reads at once at most: more than a page of 500 levels takes.
const READ_BYTES: usize = 256 << 10;
/// Sockets of one wait.
const EVENTS_MAX: usize = 1_024;
/// The token of standard input; readers are counted from 0.
const ORDERS: u64 = u64::MAX;
/// How long readers may take to have their snapshots.
const OPEN_MAX: Duration = Duration::from_secs(120);

/// All readers.
pub(super) struct Crowd {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
    /// By token; None where the connection ended.
    connections: Vec<Option<Connection>>,
    pub(super) heard: Heard,
    /// Whether an order waits.
    is_ordered: bool,
}

impl Crowd {
    /// Nobody yet; `orders` is where orders come from.
    pub(super) fn new(orders: impl AsFd) -> Result<Self, BenchError> {
        let polling = || BenchError::io("waiting for sockets");
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|e| polling()(e.into()))?;
        epoll::add(&epoll, orders, epoll::EventData::new_u64(ORDERS), epoll::EventFlags::IN)
            .map_err(|error| polling()(error.into()))?;
        Ok(Self {
            epoll,
            events: Vec::with_capacity(EVENTS_MAX),
            buffer: vec![0; READ_BYTES],
            connections: Vec::new(),
            heard: Heard::default(),
            is_ordered: false,
        })
    }

    /// Opens connections and reads until each has its snapshot.
    pub(super) fn open(&mut self, group: &Group) -> Result<(), BenchError> {
        let first = self.connections.len();
        for number in 0..group.readers {
            let connection = Connection::open(group, number)?;
            let token = u64::try_from(self.connections.len()).unwrap_or(ORDERS);
            let data = epoll::EventData::new_u64(token);
            epoll::add(&self.epoll, connection.stream(), data, epoll::EventFlags::IN)
                .map_err(|error| BenchError::io("waiting for one more socket")(error.into()))?;
            self.connections.push(Some(connection));
        }
        let mut waiting = first..self.connections.len();
        let mut is_open = |crowd: &Self| {
            // Each is looked at until it is ready, and not again.
            let ready = |reader: &Option<Connection>| reader.as_ref().is_none_or(|it| it.is_ready);
            while waiting.start < waiting.end && ready(&crowd.connections[waiting.start]) {
                waiting.start += 1;
            }
            waiting.start == waiting.end
        };
        if !self.read_until(OPEN_MAX, &mut is_open)? {
            let seconds = OPEN_MAX.as_secs();
            return Err(BenchError::Late { what: "all snapshots".to_owned(), seconds });
        }
        if self.heard.lost.readers > 0 {
            let why = &self.heard.lost.why;
            return Err(BenchError::Answer(format!("a reader was lost while they came: {why}")));
        }
        for connection in self.connections[first..].iter().flatten().filter(|it| !it.reads_on) {
            epoll::delete(&self.epoll, connection.stream())
                .map_err(|error| BenchError::io("leaving a socket alone")(error.into()))?;
        }
        Ok(())
    }

    /// Closes all; the next are counted from 0.
    pub(super) fn close(&mut self) {
        self.connections = Vec::new();
        self.heard = Heard::default();
    }

    /// How many of those who read on would hear of these changes.
    pub(super) fn listeners(&self, changes: &[Change]) -> u64 {
        let mut changes_of = HashMap::<u64, u64>::new();
        for change in changes {
            *changes_of.entry(change.key).or_default() += 1;
        }
        let all = self.connections.iter().flatten().filter(|connection| connection.reads_on);
        all.filter_map(|connection| changes_of.get(&connection.key())).sum()
    }

    /// Reads until an order waits.
    pub(super) fn read_until_ordered(&mut self) -> Result<(), BenchError> {
        self.is_ordered = false;
        while !self.is_ordered {
            self.turn(None)?;
        }
        Ok(())
    }

    /// Reads until something is so; false where it was not in time.
    pub(super) fn read_until(
        &mut self,
        longest: Duration,
        is_so: &mut dyn FnMut(&Self) -> bool,
    ) -> Result<bool, BenchError> {
        let ends_ns = monotonic_ns() + u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX / 2);
        while !is_so(self) {
            let left_ns = ends_ns.saturating_sub(monotonic_ns());
            if left_ns == 0 {
                return Ok(false);
            }
            self.turn(Some(Duration::from_nanos(left_ns)))?;
        }
        Ok(true)
    }

    /// Waits for sockets and reads what there is.
    fn turn(&mut self, longest: Option<Duration>) -> Result<(), BenchError> {
        let longest = longest.and_then(|longest| Timespec::try_from(longest).ok());
        self.events.clear();
        let waited = epoll::wait(&self.epoll, spare_capacity(&mut self.events), longest.as_ref());
        match waited.map_err(io::Error::from) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(BenchError::io("waiting for sockets")(error)),
            Ok(_) => {}
        }
        for event in &self.events {
            let token = event.data.u64();
            if token == ORDERS {
                self.is_ordered = true;
                continue;
            }
            let place = usize::try_from(token).ok().and_then(|at| self.connections.get_mut(at));
            let Some(place) = place else { continue };
            let Some(connection) = place else { continue };
            if let Err(why) = connection.read(&mut self.buffer, &mut self.heard) {
                self.heard.lost.readers += 1;
                self.heard.lost.why = why;
                *place = None;
            }
        }
        Ok(())
    }
}
