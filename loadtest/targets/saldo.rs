//! An engine as a run needs it besides its load: what it is, its opening stock, where the feed stood before, and
//! its levels afterwards.

use std::collections::VecDeque;
use std::time::Duration;

use saldo_protocol::client::{
    Client, ClientConfig, ClientError, FeedClient, FeedError, FeedForm, PendingReplies,
};
use saldo_protocol::{
    Action, AvailabilityItem, AvailabilityQuery, Code, Command, FeedMode, FrameId, IdempotencyKey,
    InvalidField, Level, Location, Quantity, Reply, Sku, SkuPrefix, Subscribe,
};
use thiserror::Error;

use crate::targets::{build_info, durability};
use crate::workload::names::{CLIENTS_MAX, Names, Stock, Ticket};

/// The most that a frame holds (the protocol's own limit).
const FRAME_COMMANDS: usize = 8_192;
/// Frames in flight: one is decided while the next is read, and all fit into the engine's `commands_in_flight_max`.
const FRAMES_IN_FLIGHT: usize = 4;
/// Items of one availability query (the protocol's own limit).
const ITEMS_MAX: usize = 1_000;
/// How often a receive that was `overloaded` is sent again.
const ROUNDS_MAX: u32 = 1_000;
/// How long one answer is waited for: a frame of thousands of keys takes a slow disk a while.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Why an engine cannot be used.
#[derive(Debug, Error)]
pub enum SaldoError {
    /// A call.
    #[error("{what}: {source}")]
    Call {
        /// What was asked for.
        what: &'static str,
        /// Why there is no answer.
        source: ClientError,
    },
    /// A frame.
    #[error("{what}: {source}")]
    Feed {
        /// What was asked for.
        what: &'static str,
        /// Why there is no answer.
        source: FeedError,
    },
    /// A name or a number that the protocol does not take.
    #[error("the workload asks for what the protocol does not take: {0}")]
    Field(#[from] InvalidField),
    /// The opening stock was refused.
    #[error("the opening stock of {sku} was refused: {code}")]
    Refused {
        /// Of which SKU.
        sku: String,
        /// Why.
        code: Code,
    },
    /// An answer that does not fit the question.
    #[error("{what}: {found} answers to {asked} questions")]
    Answer {
        /// What was asked for.
        what: &'static str,
        /// How much.
        asked: usize,
        /// How many answers came.
        found: usize,
    },
}

/// What an engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Its version; none where it does not tell.
    pub version: Option<String>,
    /// `release`, or `debug` where it is not optimised; none where it does not tell.
    pub profile: Option<String>,
    /// `power_loss` or `process_crash`; none where it does not tell.
    pub durability: Option<String>,
}

/// A running engine.
#[derive(Clone, Debug)]
pub struct Saldo {
    /// `http://host:port`.
    pub url: String,
    /// Its bearer token, where it asks for one.
    pub token: Option<String>,
    /// Its process, where that is one of ours.
    pub pid: Option<u32>,
    client: Client,
}

impl Saldo {
    /// An engine at an address.
    ///
    /// # Errors
    /// [`SaldoError::Call`] where no request can be made with the address or token.
    pub fn new(url: &str, token: Option<String>, pid: Option<u32>) -> Result<Self, SaldoError> {
        let url = url.trim_end_matches('/').to_owned();
        let client = Client::new(config(&url, token.as_deref())).map_err(calling("the address"))?;
        Ok(Self { url, token, pid, client })
    }

    /// The client over HTTP, for whatever else is to be asked.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the engine says of itself.
    ///
    /// # Errors
    /// [`SaldoError::Call`]: it does not answer.
    pub async fn about(&self) -> Result<About, SaldoError> {
        let page = self.client.metrics_text().await.map_err(calling("the engine's figures"))?;
        let build = build_info::told_by(&page);
        Ok(About {
            version: build.version,
            profile: build.profile,
            durability: durability::told_by(&page).map(str::to_owned),
        })
    }

    /// Receives the opening stock of all keys, in frames of thousands, each receive under an idempotency key of its
    /// own. A key that opens with 0 units is left out: no event makes it. Gives the units received.
    ///
    /// # Errors
    /// [`SaldoError`]: the engine did not take all of it.
    pub async fn open_stock(&self, names: &Names, opening: &[u32]) -> Result<u64, SaldoError> {
        let mut commands = Vec::with_capacity(opening.len());
        for ((number, stock), units) in (0..).zip(names.stocks()).zip(opening) {
            if *units > 0 {
                commands.push(receive(names, number, stock, *units)?);
            }
        }
        let feed = self.feed().await?;
        for _ in 0..ROUNDS_MAX {
            if commands.is_empty() {
                break;
            }
            commands = carry_out(&feed, commands).await?;
        }
        if let Some(left) = commands.first() {
            return Err(SaldoError::Refused { sku: left.sku.to_string(), code: Code::Overloaded });
        }
        feed.close().await.map_err(feeding("closing the feed"))?;
        Ok(opening.iter().copied().map(u64::from).sum())
    }

    /// Where the feed of this run's events stands now: whoever reads from this cursor on misses none that come.
    ///
    /// # Errors
    /// [`SaldoError::Feed`]: the subscription was not taken.
    pub async fn cursor(&self, names: &Names) -> Result<String, SaldoError> {
        let subscribe = Subscribe {
            sku_prefixes: Some(vec![SkuPrefix::new(names.sku_prefix())?]),
            mode: FeedMode::Events,
            ..Subscribe::all(FrameId::new("cursor")?)
        };
        let feed = self.feed().await?;
        let subscription = feed.subscribe(subscribe).await.map_err(feeding("the feed's cursor"))?;
        let cursor = subscription.cursor().to_owned();
        feed.close().await.map_err(feeding("closing the feed"))?;
        Ok(cursor)
    }

    /// The levels of all keys, in their order; none of a key that does not exist.
    ///
    /// # Errors
    /// [`SaldoError`]: the engine does not answer, or with something else.
    pub async fn levels(&self, names: &Names) -> Result<Vec<Option<Level>>, SaldoError> {
        let mut levels: Vec<Option<Level>> = vec![None; names.stocks().len()];
        for stocks in names.stocks().chunks(ITEMS_MAX) {
            let item = |stock: &Stock| -> Result<_, InvalidField> {
                let location = Some(Location::new(&*stock.location)?);
                Ok(AvailabilityItem { sku: Sku::new(&*stock.sku)?, location })
            };
            let items = stocks.iter().map(item).collect::<Result<Vec<_>, _>>()?;
            let asked = self.client.query_availability(&AvailabilityQuery { items }).await;
            for level in asked.map_err(calling("the levels"))?.value.levels {
                let key = names.key(&level.sku, &level.location);
                let place = key.and_then(|key| levels.get_mut(usize::try_from(key).ok()?));
                if let Some(place) = place {
                    *place = Some(level);
                }
            }
        }
        Ok(levels)
    }

    async fn feed(&self) -> Result<FeedClient, SaldoError> {
        let config = config(&self.url, self.token.as_deref());
        FeedClient::connect(&config).await.map_err(feeding("a connection of the feed"))
    }
}

fn config(url: &str, token: Option<&str>) -> ClientConfig {
    ClientConfig {
        token: token.map(str::to_owned),
        form: FeedForm::Binary,
        attempt_timeout: ANSWER_MAX,
        ..ClientConfig::new(url)
    }
}

/// The opening stock's operations are those of a client that no run has: the last one that a ticket can name.
fn receive(names: &Names, number: u64, stock: &Stock, units: u32) -> Result<Command, InvalidField> {
    let key = names.idempotency_key(Ticket::new(CLIENTS_MAX - 1, number));
    Ok(Command {
        key: Some(IdempotencyKey::new(key)?),
        sku: Sku::new(&*stock.sku)?,
        location: Location::new(&*stock.location)?,
        action: Action::Receive { quantity: Quantity::new(units)? },
    })
}

/// Sends all commands and gives those that nothing became of, since too much was in flight.
async fn carry_out(feed: &FeedClient, commands: Vec<Command>) -> Result<Vec<Command>, SaldoError> {
    let (mut again, mut in_flight) = (Vec::new(), VecDeque::new());
    for frame in commands.chunks(FRAME_COMMANDS) {
        if in_flight.len() >= FRAMES_IN_FLIGHT
            && let Some(oldest) = in_flight.pop_front()
        {
            answered(oldest, &mut again).await?;
        }
        let sent = feed.send_commands(frame.to_vec()).await;
        in_flight.push_back((frame, sent.map_err(feeding("the opening stock"))?));
    }
    for frame in in_flight {
        answered(frame, &mut again).await?;
    }
    Ok(again)
}

async fn answered(
    (frame, pending): (&[Command], PendingReplies),
    again: &mut Vec<Command>,
) -> Result<(), SaldoError> {
    let what = "the opening stock";
    let replies = pending.receive().await.map_err(feeding(what))?;
    if replies.len() != frame.len() {
        return Err(SaldoError::Answer { what, asked: frame.len(), found: replies.len() });
    }
    for (command, reply) in frame.iter().zip(replies) {
        match reply {
            Reply::Done { .. } => {}
            Reply::Refused { code: Code::Overloaded, .. } => again.push(command.clone()),
            Reply::Refused { code, .. } => {
                return Err(SaldoError::Refused { sku: command.sku.to_string(), code });
            }
        }
    }
    Ok(())
}

fn calling(what: &'static str) -> impl FnOnce(ClientError) -> SaldoError {
    move |source| SaldoError::Call { what, source }
}

fn feeding(what: &'static str) -> impl FnOnce(FeedError) -> SaldoError {
    move |source| SaldoError::Feed { what, source }
}
