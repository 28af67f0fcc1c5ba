//! A small run against a real engine: shoppers that keep logs as the load tester's own clients do.

use std::sync::Arc;
use std::time::Instant;

use saldo::config::Settings;
use saldo_loadtest::audit::{Run, SaldoAudit};
use saldo_loadtest::history::log::{ClientLog, Span};
use saldo_loadtest::measure::figures::AuditFigures;
use saldo_loadtest::targets::inproc::InProcess;
use saldo_loadtest::targets::saldo::Saldo;
use saldo_loadtest::workload::names::{Names, Ticket};
use saldo_loadtest::workload::op::{KeyIndex, Op, Verb};
use saldo_loadtest::workload::outcome::{NOT_TOLD, Outcome, Verdict};
use saldo_loadtest::workload::script::Expected;
use saldo_protocol::client::{
    Client, ClientConfig, ClientError, FeedClient, FeedForm, RetryPolicy,
};
use saldo_protocol::{
    Action, Code, Command, CommitRequest, Condition, ExtendRequest, FulfilRequest, HoldSeconds,
    Level, Line, Location, Quantity, ReceiveRequest, ReleaseFrom, ReleaseRequest, Reply,
    ReserveRequest, ReturnLine, ReturnLinesRequest, SellRequest, Sku,
};

/// An engine with stocked keys.
pub struct Stage {
    pub engine: InProcess,
    pub names: Arc<Names>,
    pub opening: Vec<u32>,
    cursor: String,
    began: Instant,
}

/// One client.
pub struct Shopper {
    http: Client,
    feed: Option<FeedClient>,
    names: Arc<Names>,
    began: Instant,
    client: u32,
    number: u64,
    pub log: ClientLog,
}

impl Stage {
    pub async fn new(keys: u32, opening: u32) -> Self {
        let engine = InProcess::start(Settings::default()).await.unwrap();
        let names = Arc::new(Names::new(0x5a1d0, keys, 1));
        let cursor = Saldo::new(engine.url(), None, None).unwrap().cursor(&names).await.unwrap();
        let client = Client::new(ClientConfig::new(engine.url())).unwrap();
        for stock in names.stocks() {
            let units = ReceiveRequest::new(Quantity::new(opening).unwrap());
            client.receive(&stock.sku, &stock.location, &units, None).await.unwrap();
        }
        let opening = vec![opening; names.stocks().len()];
        Self { engine, names, opening, cursor, began: Instant::now() }
    }

    /// A client of this address: the engine's, or a proxy's in front of it.
    pub fn shopper(&self, url: &str, client: u32) -> Shopper {
        let config = ClientConfig { retry: RetryPolicy::never(), ..ClientConfig::new(url) };
        Shopper {
            http: Client::new(config).unwrap(),
            feed: None,
            names: Arc::clone(&self.names),
            began: self.began,
            client,
            number: 0,
            log: ClientLog::default(),
        }
    }

    /// Audits through this address.
    pub async fn audit(&self, url: &str, logs: &[ClientLog], sells_out: bool) -> AuditFigures {
        let expected = Expected { sells_out };
        let run = Run { names: &self.names, opening: &self.opening, logs, expected };
        let audit = SaldoAudit { url, token: None, cursor: &self.cursor, seed: 7, run };
        let mut told = (0, 0);
        let figures = audit.audit(|done, total| told = (done, total)).await;
        assert!(told.0 == told.1 || !figures.is_clean(), "{told:?}: {figures:#?}");
        figures
    }
}

impl Shopper {
    /// Sends commands over the WebSocket from here on.
    pub async fn over_feed(mut self, url: &str, form: FeedForm) -> Self {
        let config = ClientConfig { form, ..ClientConfig::new(url) };
        self.feed = Some(FeedClient::connect(&config).await.unwrap());
        self
    }

    /// The next operation: one that makes a reservation of its own, or has none.
    pub fn op(&mut self, verb: Verb, key: KeyIndex, quantity: u32) -> Op {
        self.number += 1;
        let name = Ticket::new(self.client, self.number - 1);
        Op { verb, ..Op::reserve(name, key, quantity, 0) }
    }

    /// The next operation, on what another one reserved.
    pub fn on(&mut self, verb: Verb, reserve: &Op) -> Op {
        self.number += 1;
        let name = Ticket::new(self.client, self.number - 1);
        let quantity = if verb == Verb::Extend { 0 } else { reserve.quantity };
        Op { verb, name, quantity, hold_seconds: 600, is_whole: true, ..reserve.clone() }
    }

    /// Asks over HTTP, and notes the answer.
    pub async fn ask(&mut self, op: &Op) -> Outcome {
        let sent_ns = self.now();
        let outcome = self.call(op).await;
        let span = Span { sent_ns, answered_ns: self.now() };
        self.log.add(span, std::slice::from_ref(op), &[outcome]);
        outcome
    }

    /// Asks over the WebSocket in one frame, and notes the answers.
    pub async fn ask_all(&mut self, ops: &[Op]) {
        let commands = ops.iter().map(|op| self.command(op)).collect();
        let sent_ns = self.now();
        let replies = self.feed.as_ref().unwrap().commands(commands).await.unwrap();
        let span = Span { sent_ns, answered_ns: self.now() };
        let outcomes: Vec<Outcome> = replies.into_iter().map(of_reply).collect();
        self.log.add(span, ops, &outcomes);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap()
    }

    async fn call(&self, op: &Op) -> Outcome {
        let stock = self.names.stock(op.key);
        let (sku, location) = (&*stock.sku, &*stock.location);
        let id = self.names.reservation(op.reservation);
        let key = self.names.idempotency_key(op.name);
        let key = Some(key.as_str());
        let http = &self.http;
        let quantity = Quantity::new(op.quantity.max(1)).unwrap();
        match op.verb {
            Verb::Receive => {
                level(http.receive(sku, location, &ReceiveRequest::new(quantity), key).await)
            }
            Verb::Sell => level(http.sell(sku, location, &SellRequest::new(quantity), key).await),
            Verb::Read => level(http.level(sku, location).await),
            Verb::Reserve => {
                let request =
                    ReserveRequest { id: Some(id), ..ReserveRequest::new(self.lines(op)) };
                plain(http.reserve(&request, key).await)
            }
            Verb::Extend => {
                let hold_seconds = HoldSeconds::new(op.hold_seconds).unwrap();
                plain(http.extend(id, &ExtendRequest { hold_seconds }, key).await)
            }
            Verb::Commit => plain(http.commit(id, &CommitRequest { lines: None }, key).await),
            Verb::Fulfil => plain(http.fulfil(id, &FulfilRequest { lines: None }, key).await),
            Verb::Release | Verb::Cancel => {
                let from = match op.verb {
                    Verb::Release => ReleaseFrom::Held,
                    _ => ReleaseFrom::Committed,
                };
                plain(http.release(id, &ReleaseRequest { lines: None, from }, key).await)
            }
            Verb::Return => {
                let lines = self.lines(op).into_iter().map(|line| ReturnLine {
                    sku: line.sku,
                    location: line.location,
                    quantity: line.quantity,
                    to_location: None,
                    condition: Condition::Sellable,
                });
                let request = ReturnLinesRequest { lines: lines.collect() };
                plain(http.return_lines(id, &request, key).await)
            }
        }
    }

    fn lines(&self, op: &Op) -> Vec<Line> {
        let line = |line: saldo_loadtest::workload::op::Line| {
            let stock = self.names.stock(line.key);
            Line {
                sku: Sku::new(&*stock.sku).unwrap(),
                location: Location::new(&*stock.location).unwrap(),
                quantity: Quantity::new(line.quantity).unwrap(),
            }
        };
        op.each_line().map(line).collect()
    }

    fn command(&self, op: &Op) -> Command {
        let stock = self.names.stock(op.key);
        let reservation_id = self.names.reservation(op.reservation);
        let quantity = Quantity::new(op.quantity).unwrap();
        let action = match op.verb {
            Verb::Reserve => Action::Reserve { reservation_id, quantity, hold_seconds: None },
            Verb::Sell => Action::Sell { quantity },
            Verb::Commit => Action::Commit { reservation_id, quantity: None },
            other => panic!("{other:?} is not sent here"),
        };
        Command {
            key: None,
            sku: Sku::new(&*stock.sku).unwrap(),
            location: Location::new(&*stock.location).unwrap(),
            action,
        }
    }
}

fn of_reply(reply: Reply) -> Outcome {
    match reply {
        Reply::Done { version, available, .. } => {
            Outcome { verdict: Verdict::Done, version, available }
        }
        Reply::Refused { code, available } => Outcome {
            available: available.unwrap_or(NOT_TOLD),
            ..Outcome::plain(Verdict::Refused(code))
        },
    }
}

type Called<T> = Result<saldo_protocol::client::Answer<T>, ClientError>;

fn level(answer: Called<Level>) -> Outcome {
    match answer {
        Ok(answer) => Outcome {
            verdict: Verdict::Done,
            version: answer.value.version,
            available: answer.value.available,
        },
        Err(error) => refused(&error),
    }
}

fn plain<T>(answer: Called<T>) -> Outcome {
    match answer {
        Ok(_) => Outcome::plain(Verdict::Done),
        Err(error) => refused(&error),
    }
}

fn refused(error: &ClientError) -> Outcome {
    match error {
        ClientError::Refused { problem, .. } => {
            let line = problem.lines.as_slice().first();
            let told = line.filter(|_| problem.code == Code::InsufficientStock);
            Outcome {
                available: told.map_or(NOT_TOLD, |line| line.available),
                ..Outcome::refused(problem.code)
            }
        }
        _ => Outcome::plain(Verdict::Unknown),
    }
}

/// Units of the key that everyone wants.
pub const STOCK: u32 = 40;
/// Clients.
pub const SHOPPERS: u32 = 4;
/// Reserves of each, of one unit.
pub const TRIES: u32 = 20;

/// The hot run: everyone wants the same article, over HTTP. Refused is half of it.
pub async fn hot_over_http(stage: &Stage, url: &str) -> Vec<ClientLog> {
    together(stage, url, |mut shopper| async move {
        for _ in 0..TRIES {
            let op = shopper.op(Verb::Reserve, 0, 1);
            shopper.ask(&op).await;
        }
        shopper.log
    })
    .await
}

/// The same over the WebSocket, in frames of 4.
pub async fn hot_over_feed(stage: &Stage, url: &str, form: FeedForm) -> Vec<ClientLog> {
    let url_of_feed = url.to_owned();
    together(stage, url, move |shopper| {
        let url = url_of_feed.clone();
        async move {
            let mut shopper = shopper.over_feed(&url, form).await;
            for _ in 0..TRIES / 4 {
                let ops: Vec<Op> = (0..4).map(|_| shopper.op(Verb::Reserve, 0, 1)).collect();
                shopper.ask_all(&ops).await;
            }
            shopper.log
        }
    })
    .await
}

/// Lets the shoppers act at the same time.
async fn together<F: Future<Output = ClientLog> + Send + 'static>(
    stage: &Stage,
    url: &str,
    act: impl Fn(Shopper) -> F,
) -> Vec<ClientLog> {
    let acting: Vec<_> =
        (0..SHOPPERS).map(|client| tokio::spawn(act(stage.shopper(url, client)))).collect();
    let mut logs = Vec::new();
    for shopper in acting {
        logs.push(shopper.await.unwrap());
    }
    logs
}
