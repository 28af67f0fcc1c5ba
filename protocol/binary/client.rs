//! What a client sends, in binary.

use super::codec::{BinaryFault, BorrowDecode, Encode, Row, front, put, take};
use super::command::CommandRecord;
use crate::{
    ClientMessage, Cursor, FeedMode, FrameId, InvalidField, Location, Sku, SkuPrefix, Subscribe,
    View,
};

/// A frame of a client.
#[derive(Clone, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub enum ClientFrame<'a> {
    /// 0: begin a subscription.
    Subscribe(SubscribeFrame<'a>),
    /// 1: end it.
    Unsubscribe {
        /// Its name.
        id: &'a str,
    },
    /// 2: is anyone there?
    Ping,
    /// 3: carry out commands.
    Commands {
        /// The client's name for the frame.
        id: &'a str,
        /// The keys that commands name by their place here; each at most once is best.
        stocks: Row<StockName<'a>>,
        /// At most 8,192.
        commands: Row<CommandRecord<'a>>,
    },
}

/// A key by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, BorrowDecode)]
pub struct StockName<'a> {
    /// What.
    pub sku: &'a str,
    /// Where.
    pub location: &'a str,
}

/// The fields of [`Subscribe`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct SubscribeFrame<'a> {
    /// The client's name for the subscription.
    pub id: &'a str,
    /// SKUs; all when left out.
    pub skus: Option<Row<&'a str>>,
    /// First bytes of SKUs; adds to `skus`.
    pub sku_prefixes: Option<Row<&'a str>>,
    /// Locations; all when left out.
    pub locations: Option<Row<&'a str>>,
    /// Every event, not the newest levels.
    pub events: bool,
    /// 0 exact, 1 banded, 2 boolean.
    pub view: Option<u8>,
    /// Where the last connection stopped.
    pub cursor: Option<&'a str>,
}

impl<'a> ClientFrame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`BinaryFault`], where the bytes are none.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, BinaryFault> {
        take(bytes)
    }

    /// The name that the client gave a frame that cannot be read, where that much of it can: for `error` answers.
    #[must_use]
    pub fn id_of_unread(bytes: &'a [u8]) -> Option<&'a str> {
        // The frames that have a name begin with it; a ping has none.
        let (variant, id) = front::<(u32, &str)>(bytes)?;
        matches!(variant, 0 | 1 | 3).then_some(id)
    }

    /// The frame's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(self, &mut bytes);
        bytes
    }

    /// The name that the client gave the frame, fit or not.
    #[must_use]
    pub const fn id(&self) -> Option<&'a str> {
        match self {
            Self::Subscribe(SubscribeFrame { id, .. })
            | Self::Unsubscribe { id }
            | Self::Commands { id, .. } => Some(id),
            Self::Ping => None,
        }
    }
}

impl<'a> From<&'a ClientMessage> for ClientFrame<'a> {
    fn from(message: &'a ClientMessage) -> Self {
        match message {
            ClientMessage::Subscribe(subscribe) => Self::Subscribe(subscribe.into()),
            ClientMessage::Unsubscribe { id } => Self::Unsubscribe { id: id.as_str() },
            ClientMessage::Ping => Self::Ping,
            ClientMessage::Commands { id, commands } => {
                let mut stocks: Vec<StockName<'a>> = Vec::new();
                let mut places = std::collections::HashMap::new();
                let commands = commands
                    .iter()
                    .map(|command| {
                        let name = StockName {
                            sku: command.sku.as_str(),
                            location: command.location.as_str(),
                        };
                        let stock = *places.entry(name).or_insert_with(|| {
                            stocks.push(name);
                            u32::try_from(stocks.len() - 1).unwrap_or(u32::MAX)
                        });
                        CommandRecord {
                            stock,
                            key: command.key.as_ref().map(crate::IdempotencyKey::as_str),
                            action: command.action.into(),
                        }
                    })
                    .collect();
                Self::Commands { id: id.as_str(), stocks: Row(stocks), commands }
            }
        }
    }
}

impl TryFrom<ClientFrame<'_>> for ClientMessage {
    type Error = InvalidField;

    /// # Errors
    /// The first text or number outside its stated range. Whoever answers commands one by one takes
    /// [`CommandRecord::command`] instead.
    fn try_from(frame: ClientFrame<'_>) -> Result<Self, InvalidField> {
        Ok(match frame {
            ClientFrame::Subscribe(subscribe) => Self::Subscribe(subscribe.try_into()?),
            ClientFrame::Unsubscribe { id } => Self::Unsubscribe { id: FrameId::new(id)? },
            ClientFrame::Ping => Self::Ping,
            ClientFrame::Commands { id, stocks, commands } => {
                let commands = commands.0.iter().map(|command| command.command(&stocks.0));
                let commands = commands.collect::<Result<_, _>>();
                Self::Commands { id: FrameId::new(id)?, commands: commands? }
            }
        })
    }
}

impl<'a> From<&'a Subscribe> for SubscribeFrame<'a> {
    fn from(subscribe: &'a Subscribe) -> Self {
        Self {
            id: subscribe.id.as_str(),
            skus: subscribe.skus.as_ref().map(|list| list.iter().map(Sku::as_str).collect()),
            sku_prefixes: subscribe
                .sku_prefixes
                .as_ref()
                .map(|list| list.iter().map(SkuPrefix::as_str).collect()),
            locations: subscribe
                .locations
                .as_ref()
                .map(|list| list.iter().map(Location::as_str).collect()),
            events: subscribe.mode == FeedMode::Events,
            view: subscribe.view.map(view_number),
            cursor: subscribe.cursor.as_ref().map(Cursor::as_str),
        }
    }
}

impl TryFrom<SubscribeFrame<'_>> for Subscribe {
    type Error = InvalidField;

    /// # Errors
    /// A text or number outside its stated range, or a view of events.
    fn try_from(frame: SubscribeFrame<'_>) -> Result<Self, InvalidField> {
        let subscribe = Self {
            id: FrameId::new(frame.id)?,
            skus: list(frame.skus, Sku::new)?,
            sku_prefixes: list(frame.sku_prefixes, SkuPrefix::new)?,
            locations: list(frame.locations, Location::new)?,
            mode: if frame.events { FeedMode::Events } else { FeedMode::Levels },
            view: frame.view.map(view_of).transpose()?,
            cursor: frame.cursor.map(Cursor::new).transpose()?,
        };
        subscribe.checked()
    }
}

fn list<'a, T>(
    row: Option<Row<&'a str>>,
    make: impl FnMut(&'a str) -> Result<T, InvalidField>,
) -> Result<Option<Vec<T>>, InvalidField> {
    row.map(|row| row.0.into_iter().map(make).collect()).transpose()
}

pub(super) const fn view_number(view: View) -> u8 {
    match view {
        View::Exact => 0,
        View::Banded => 1,
        View::Boolean => 2,
    }
}

pub(super) fn view_of(number: u8) -> Result<View, InvalidField> {
    match number {
        0 => Ok(View::Exact),
        1 => Ok(View::Banded),
        2 => Ok(View::Boolean),
        found => {
            Err(InvalidField::OutOfRange { field: "view", min: 0, max: 2, found: found.into() })
        }
    }
}
