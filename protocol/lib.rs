//! What clients and the engine say to each other: the JSON of every HTTP call and feed message, the codes of
//! every refusal, and (feature `client`) a Rust client. Knows no rule of stock and no server.
//!
//! Requests refuse unknown fields; answers tolerate them, so that an engine may add to what it tells.
//! A field of a request that may be left out may also be `null`. Integers in JSON are at most 2^53 − 1.

mod availability;
pub mod binary;
mod body;
mod code;
mod feed;
mod feed_command;
mod feed_reply;
mod idempotency;
mod invalid;
mod key;
mod level;
mod level_view;
mod movement;
mod number;
mod object;
mod optional;
mod page;
mod problem;
mod quantity;
mod reservation;
mod reservation_calls;
mod returns;
mod stock_calls;
mod text;
mod time;

#[cfg(feature = "client")]
pub mod client;

pub use availability::{Availability, AvailabilityItem, AvailabilityQuery, UnknownItem};
pub use body::{MalformedBody, parse_body};
pub use code::Code;
pub use feed::{ClientMessage, EARLIEST, FeedMode, FrameId, ServerMessage, SkuPrefix, Subscribe};
pub use feed_command::{Action, Command};
pub use feed_reply::Reply;
pub use idempotency::{IDEMPOTENCY_KEY_HEADER, IDEMPOTENT_REPLAYED_HEADER, IdempotencyKey};
pub use invalid::InvalidField;
pub use key::{Location, Sku};
pub use level::{Level, SkuLevels};
pub use level_view::{BandedLevel, BooleanLevel, LevelView, StockBand, View};
pub use movement::{Balances, Movement, MovementKind, Movements};
pub use page::{Cursor, MovementsQuery, PageLimit, PageQuery, ReservationsQuery};
pub use problem::{PROBLEM_CONTENT_TYPE, Problem, ProblemLine};
pub use quantity::{AtVersion, Counted, Delta, HoldSeconds, OversellLimit, Quantity, SafetyStock};
pub use reservation::{Reservation, ReservationLine, ReservationStatus, Reservations};
pub use reservation_calls::{
    AddLinesRequest, CommitRequest, ExtendRequest, FulfilRequest, Line, Mode, ReleaseFrom,
    ReleaseRequest, ReserveRequest,
};
pub use returns::{
    Condition, ReturnLine, ReturnLinesRequest, ReturnWithoutOrderLine, ReturnWithoutOrderRequest,
    ReturnedLevels,
};
pub use stock_calls::{
    AdjustRequest, Bucket, CountRequest, PolicyRequest, ReceiveRequest, SellRequest,
};
pub use text::{Channel, CustomerReference, OrderReference, Reason, Reference};
pub use time::{Timestamp, TimestampError, TimestampText};

/// The largest integer that any field carries: 2^53 − 1, which every JSON reader holds exactly.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;
