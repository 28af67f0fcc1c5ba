//! A load of changes without holds, by frames of commands: memory that grows under it is not the load's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::task::JoinSet;

use crate::{BenchError, FeedSocket, Replies, delta};

/// What a frame of replies begins with; the frame's number follows.
const REPLIES: &str = r#"{"type":"replies","id":"f"#;
/// How much of an answer an error shows, in bytes.
const SHOWN_BYTES: usize = 300;

/// How a load is sent.
#[derive(Clone, Copy, Debug)]
pub struct LoadShape {
    /// Connections, each with keys of its own where there are enough.
    pub connections: usize,
    /// Commands of a frame.
    pub frame_commands: usize,
    /// Frames in flight on each connection.
    pub in_flight: usize,
}

/// Changes that go round the keys until they are stopped.
#[derive(Debug)]
pub struct ChangeLoad {
    tasks: JoinSet<Result<(), BenchError>>,
    told: Arc<Told>,
}

/// What the load was told.
#[derive(Debug)]
struct Told {
    /// The newest acknowledged version of each key, by its number.
    versions: Vec<AtomicU64>,
    changes: AtomicU64,
    stopped: AtomicBool,
}

/// A frame that is sent again and again.
#[derive(Debug)]
struct Frame {
    text: String,
    /// The key of each command, by its number.
    keys: Vec<usize>,
}

impl ChangeLoad {
    /// Begins to receive one unit of each of these SKUs at `location`, round and round. SKUs need no escape here.
    ///
    /// # Errors
    /// [`BenchError`]: no connection.
    pub async fn start(
        authority: &str,
        skus: &[String],
        location: &str,
        shape: LoadShape,
    ) -> Result<Self, BenchError> {
        let told = Arc::new(Told {
            versions: skus.iter().map(|_| AtomicU64::new(0)).collect(),
            changes: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        let connections = shape.connections.max(1);
        for connection in 0..connections {
            let mut own: Vec<usize> = (connection..skus.len()).step_by(connections).collect();
            if own.is_empty() {
                own.extend(0..skus.len());
            }
            let frames = frames(&own, skus, location, shape.frame_commands.max(1));
            let socket = FeedSocket::connect(authority).await?;
            tasks.spawn(send(socket, frames, shape.in_flight.max(1), Arc::clone(&told)));
        }
        Ok(Self { tasks, told })
    }

    /// Changes that were acknowledged so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.told.changes.load(Ordering::Relaxed)
    }

    /// The newest acknowledged version of each key, in the order of the SKUs; 0 where none is.
    #[must_use]
    pub fn versions(&self) -> Vec<u64> {
        self.told.versions.iter().map(|version| version.load(Ordering::Acquire)).collect()
    }

    /// Stops, once all that is in flight is answered, and tells how many changes were acknowledged.
    ///
    /// # Errors
    /// [`BenchError`]: something was refused, or a connection ended.
    pub async fn stop(mut self) -> Result<u64, BenchError> {
        self.told.stopped.store(true, Ordering::Release);
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(|error| BenchError::Answer(error.to_string()))??;
        }
        Ok(self.changes())
    }
}

/// All keys once or, where they are fewer than a frame's commands, as often as fill it.
fn frames(own: &[usize], skus: &[String], location: &str, commands: usize) -> Vec<Frame> {
    let mut keys: Vec<usize> = own.iter().copied().cycle().take(own.len().max(commands)).collect();
    let rest = keys.len() % commands;
    if rest > 0 {
        // The last frame is as long as the others.
        keys.extend(own.iter().copied().cycle().take(commands - rest));
    }
    let all = keys.chunks(commands).enumerate().map(|(number, keys)| {
        let receive = |key: &usize| {
            let sku = &skus[*key];
            format!(r#"{{"op":"receive","sku":"{sku}","location":"{location}","quantity":1}}"#)
        };
        let commands: Vec<String> = keys.iter().map(receive).collect();
        let commands = commands.join(",");
        let text = format!(r#"{{"type":"commands","id":"f{number}","commands":[{commands}]}}"#);
        Frame { text, keys: keys.to_vec() }
    });
    all.collect()
}

async fn send(
    mut socket: FeedSocket,
    frames: Vec<Frame>,
    in_flight_max: usize,
    told: Arc<Told>,
) -> Result<(), BenchError> {
    let mut turns = frames.iter().cycle();
    let mut in_flight = 0;
    loop {
        while !told.stopped.load(Ordering::Acquire) && in_flight < in_flight_max {
            let Some(frame) = turns.next() else { return Ok(()) };
            socket.send(frame.text.clone()).await?;
            in_flight += 1;
        }
        if in_flight == 0 {
            return Ok(());
        }
        in_flight -= 1;
        let text = socket.next().await?;
        told.read(&text, &frames)?;
    }
}

impl Told {
    /// Notes the versions of a frame of replies; answers may come in another order than the frames.
    fn read(&self, text: &str, frames: &[Frame]) -> Result<(), BenchError> {
        let unfit = || BenchError::Answer(text.chars().take(SHOWN_BYTES).collect());
        let rest = text.strip_prefix(REPLIES).ok_or_else(unfit)?;
        let (number, _) = rest.split_once('"').ok_or_else(unfit)?;
        let number: usize = number.parse().map_err(|_| unfit())?;
        let keys = &frames.get(number).ok_or_else(unfit)?.keys;
        let mut places = keys.iter();
        delta::each_version(text, |version| {
            if let Some(place) = places.next().and_then(|key| self.versions.get(*key)) {
                place.fetch_max(version, Ordering::AcqRel);
            }
        });
        let replies = Replies::read(text);
        let changes = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        if replies.granted != changes {
            return Err(unfit());
        }
        self.changes.fetch_add(changes, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_full_and_hold_every_key() {
        let skus: Vec<String> = ["A", "B", "C"].map(str::to_owned).into();
        let all = frames(&[0, 1, 2], &skus, "X", 2);
        let keys: Vec<&[usize]> = all.iter().map(|frame| &frame.keys[..]).collect();
        assert_eq!(keys, [&[0, 1][..], &[2, 0]]);
        assert_eq!(frames(&[1], &skus, "X", 3)[0].keys, [1, 1, 1]);
        serde_json::from_str::<saldo_protocol::ClientMessage>(&all[1].text).expect("a frame");
    }
}
