//! What one connection may use, from the settings, in the types that the code counts with.

use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::config::Settings;
use crate::feed::Room;

/// Taken at a time, in bytes, of what was read ahead; allocated for every connection, so small.
const READ_BUFFER_BYTES: usize = 512;

/// Gathered before it is written to the socket, in bytes.
const WRITE_GATHERED_BYTES: usize = 16_384;

/// Bounds of one connection, each the setting `feed_…` of its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketLimits {
    pub(super) frame_bytes_max: usize,
    pub(super) frame_commands_max: usize,
    pub(super) frames_in_flight_max: usize,
    pub(super) subscriptions_max: usize,
    /// Entries of any one list of a subscription.
    pub(super) skus_max: usize,
    /// Levels or events in one message.
    pub(super) snapshot_levels: usize,
    /// `feed_pending_levels_max` and `feed_pending_events_max`.
    pub(super) room: Room,
    pub(super) write_buffer_bytes_max: usize,
    /// `feed_idle_seconds`: without any frame for this long, or with a write that gets nowhere for this long,
    /// the connection ends.
    pub(super) idle: Duration,
    /// `feed_ping_seconds`.
    pub(super) ping: Duration,
}

impl SocketLimits {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            frame_bytes_max: count(settings.feed_frame_bytes_max),
            frame_commands_max: count(settings.feed_frame_commands_max),
            frames_in_flight_max: count(settings.feed_frames_in_flight_max),
            subscriptions_max: count(settings.feed_subscriptions_max),
            skus_max: count(settings.feed_skus_max),
            snapshot_levels: count(settings.feed_snapshot_levels),
            room: Room {
                levels_max: count(settings.feed_pending_levels_max),
                events_max: count(settings.feed_pending_events_max),
            },
            write_buffer_bytes_max: count(settings.feed_write_buffer_bytes_max),
            idle: Duration::from_secs(settings.feed_idle_seconds),
            ping: Duration::from_secs(settings.feed_ping_seconds),
        }
    }

    /// The limits that the WebSocket protocol's own code keeps.
    pub(super) fn protocol(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_GATHERED_BYTES)
            .max_write_buffer_size(self.write_buffer_bytes_max.max(2 * WRITE_GATHERED_BYTES))
            .max_message_size(Some(self.frame_bytes_max))
            .max_frame_size(Some(self.frame_bytes_max))
    }
}

/// More than memory can hold is as good as the most that it can.
fn count(setting: u64) -> usize {
    usize::try_from(setting).unwrap_or(usize::MAX)
}
