//! The messages of the WebSocket feed, one JSON object a text frame: what a client sends and what it hears.
//!
//! A frame is read into one flat struct and then told apart by its `type`, so that a frame of thousands of
//! commands is not buffered first and a field that its type does not take is refused by name.

use serde::{Deserialize, Deserializer, Serialize};

use crate::object::{Object, objects_or_none};
use crate::optional::{is_false, null_is_default};
use crate::text::{NO_CONTROL_CHARACTERS, bounded_text, is_not_control};
use crate::{Code, Command, Cursor, InvalidField, LevelView, Location, Movement, Reply, Sku, View};

bounded_text! {
    /// The client's name for a subscription or a frame of commands, told back in every answer to it: 1 to 64
    /// bytes, no control characters.
    FrameId, "id", bytes_max: 64,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: false, example: "a"
}

bounded_text! {
    /// The first bytes of SKUs: 1 to 64 bytes, no control characters.
    SkuPrefix, "sku_prefixes", bytes_max: 64,
    takes: is_not_control, allowed: NO_CONTROL_CHARACTERS, path_segment: false, example: "TEE-"
}

/// What a subscription hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FeedMode {
    /// The newest level of each key.
    #[default]
    Levels,
    /// Every event.
    Events,
}

/// Which keys a subscription hears of: those whose SKU is listed or begins with a listed prefix, at one of the
/// listed locations. Left out lists mean all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Subscribe {
    /// The client's name for the subscription.
    pub id: FrameId,
    /// SKUs, as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skus: Option<Vec<Sku>>,
    /// First bytes of SKUs; adds to `skus`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_prefixes: Option<Vec<SkuPrefix>>,
    /// Locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<Location>>,
    /// What is told; `levels` when left out.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub mode: FeedMode,
    /// How much of each level is told; the most that the connection may see when left out. Only with `levels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// Where the last connection stopped. With `levels` only what changed since is told again; with `events` the
    /// events after it, and `earliest` is the oldest that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
}

impl Subscribe {
    /// The levels of every key.
    #[must_use]
    pub fn all(id: FrameId) -> Self {
        Self {
            id,
            skus: None,
            sku_prefixes: None,
            locations: None,
            mode: FeedMode::default(),
            view: None,
            cursor: None,
        }
    }

    /// Itself, where its fields go together.
    ///
    /// # Errors
    /// [`InvalidField::NotTaken`]: a `view` with mode `events`, which has none.
    pub fn checked(self) -> Result<Self, InvalidField> {
        match (self.mode, self.view) {
            (FeedMode::Events, Some(_)) => {
                Err(InvalidField::NotTaken { field: "view", beside: "`\"mode\":\"events\"`" })
            }
            _ => Ok(self),
        }
    }
}

/// The cursor that stands for the oldest event that is kept.
pub const EARLIEST: &str = "earliest";

/// A frame of the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Begin a subscription.
    Subscribe(Subscribe),
    /// End it.
    Unsubscribe {
        /// Its name.
        id: FrameId,
    },
    /// Is anyone there?
    Ping,
    /// Carry out commands.
    Commands {
        /// The client's name for the frame.
        id: FrameId,
        /// At most 8,192.
        #[cfg_attr(feature = "schema", schema(max_items = 8192))]
        commands: Vec<Command>,
    },
}

/// A frame of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The subscription stands; comes before anything else of it.
    Subscribed {
        /// The subscription.
        id: String,
        /// Where it begins.
        cursor: String,
        /// How much of each level is told; left out where that is everything.
        #[serde(default, skip_serializing_if = "is_exact")]
        #[cfg_attr(feature = "schema", schema(required = false))]
        view: View,
    },
    /// A page of the levels as they were when the subscription began.
    Snapshot {
        /// The subscription.
        id: String,
        /// The page.
        levels: Vec<LevelView>,
        /// Whether this is the last page.
        done: bool,
        /// Where it stands.
        cursor: String,
        /// Present and true where a cursor was given that is too old, so that all levels are told.
        #[serde(default, skip_serializing_if = "is_false")]
        #[cfg_attr(feature = "schema", schema(required = false))]
        full: bool,
    },
    /// Levels that changed. May come between the pages of the snapshot: keep the highest version of each key.
    Delta {
        /// The subscription.
        id: String,
        /// The newest level of each key that changed.
        levels: Vec<LevelView>,
        /// Where it stands.
        cursor: String,
    },
    /// Events, in the journal's order; of each key none is left out and none comes twice.
    Events {
        /// The subscription.
        id: String,
        /// One or more; the `cursor` of the last one is where to resume.
        events: Vec<Movement>,
    },
    /// Events after the given cursor are not kept any more, or never were in this journal. The subscription has
    /// ended.
    Gap {
        /// The subscription.
        id: String,
        /// From here on all events are kept.
        earliest: String,
    },
    /// The subscription has ended; nothing of it comes after this.
    Unsubscribed {
        /// The subscription.
        id: String,
    },
    /// Someone is there.
    Pong,
    /// What became of a frame of commands.
    Replies {
        /// The frame.
        id: String,
        /// In the commands' order, all durable.
        replies: Vec<Reply>,
    },
    /// A frame that was not understood or not allowed.
    Error {
        /// The frame, where it could be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The slug.
        code: Code,
        /// What is wrong, for people.
        detail: String,
    },
}

/// For `skip_serializing_if`: a view is told where it is not the whole.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands every field by reference")]
fn is_exact(view: &View) -> bool {
    *view == View::Exact
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FrameType {
    Subscribe,
    Unsubscribe,
    Ping,
    Commands,
}

impl FrameType {
    const fn name(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Ping => "ping",
            Self::Commands => "commands",
        }
    }
}

/// Every field of every frame of a client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    #[serde(rename = "type")]
    frame_type: FrameType,
    id: Option<FrameId>,
    skus: Option<Vec<Sku>>,
    sku_prefixes: Option<Vec<SkuPrefix>>,
    locations: Option<Vec<Location>>,
    mode: Option<FeedMode>,
    view: Option<View>,
    cursor: Option<Cursor>,
    #[serde(default, deserialize_with = "objects_or_none")]
    commands: Option<Vec<Command>>,
}

impl Frame {
    /// The name of a field that is there although this type does not take it.
    fn stray_field(&self) -> Option<&'static str> {
        let subscribes = matches!(self.frame_type, FrameType::Subscribe);
        let commands = matches!(self.frame_type, FrameType::Commands);
        let named = !matches!(self.frame_type, FrameType::Ping);
        [
            (self.id.is_some() && !named, "id"),
            (self.skus.is_some() && !subscribes, "skus"),
            (self.sku_prefixes.is_some() && !subscribes, "sku_prefixes"),
            (self.locations.is_some() && !subscribes, "locations"),
            (self.mode.is_some() && !subscribes, "mode"),
            (self.view.is_some() && !subscribes, "view"),
            (self.cursor.is_some() && !subscribes, "cursor"),
            (self.commands.is_some() && !commands, "commands"),
        ]
        .into_iter()
        .find_map(|(stray, field)| stray.then_some(field))
    }
}

impl<'de> Deserialize<'de> for ClientMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        let frame = Object::<Frame>::deserialize(deserializer)?.0;
        if let Some(field) = frame.stray_field() {
            let name = frame.frame_type.name();
            return Err(D::Error::custom(format_args!(
                "a frame of type `{name}` takes no `{field}`"
            )));
        }
        let id = frame.id.ok_or_else(|| D::Error::missing_field("id"));
        Ok(match frame.frame_type {
            FrameType::Ping => Self::Ping,
            FrameType::Unsubscribe => Self::Unsubscribe { id: id? },
            FrameType::Commands => Self::Commands {
                id: id?,
                commands: frame.commands.ok_or_else(|| D::Error::missing_field("commands"))?,
            },
            FrameType::Subscribe => {
                let subscribe = Subscribe {
                    id: id?,
                    skus: frame.skus,
                    sku_prefixes: frame.sku_prefixes,
                    locations: frame.locations,
                    mode: frame.mode.unwrap_or_default(),
                    view: frame.view,
                    cursor: frame.cursor,
                };
                Self::Subscribe(subscribe.checked().map_err(D::Error::custom)?)
            }
        })
    }
}

/// The `id` of a frame that is JSON but not a message, so that the error can name it.
#[derive(Deserialize)]
struct FrameName {
    #[serde(default, deserialize_with = "null_is_default")]
    id: Option<FrameId>,
}

impl ClientMessage {
    /// The `id` of a frame that [`ClientMessage`] does not read, where it has a fit one: for `error` answers.
    #[must_use]
    pub fn id_of_unread(frame: &str) -> Option<FrameId> {
        serde_json::from_str::<FrameName>(frame).ok()?.id
    }
}
