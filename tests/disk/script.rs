//! The script of a run: what is asked and what befalls the engine, as readable lines.

use saldo::actor::call::{Call, ReturnLine};
use saldo_ledger::{Bucket, Condition, Mode, Note, References, ReservationId, StockKey, Verb};

use super::broken::{Broken, Held};
use super::made_up;

/// The script that every attack runs.
pub const SCRIPT: &str = include_str!("script.txt");

/// A call, and what it leads to where nothing fails.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The script's line, from 1.
    pub line: usize,
    /// What is asked.
    pub call: Call,
    /// Its idempotency key. The same call asked again has the same.
    pub once: String,
    /// The code of its refusal; none where it is granted; `*` where anything may be answered.
    pub refused: Option<String>,
}

/// A step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Calls under way at once.
    Ask(Vec<Ask>),
    /// A checkpoint.
    Checkpoint,
    /// A baseline where one is wanted, and segments that may go are removed.
    Retain,
    /// Seconds pass.
    Tick(u64),
    /// Holds past their deadline are expired.
    Sweep,
    /// All actors leave memory.
    Sleep,
    /// A clean stop and a start.
    Stop,
    /// The process is killed, and the engine started again.
    Crash,
    /// The power goes and comes back; nothing unsynced survives.
    Power,
    /// A call is written, not synced, and all but its first page survives a loss of power.
    Torn(Ask),
}

/// A script, and the ids and keys that it names.
#[derive(Debug, Default)]
pub struct Script {
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// Every reservation that is named.
    pub ids: Vec<ReservationId>,
}

/// A script, and one that goes another way with as many events.
#[derive(Debug)]
pub struct Scripts {
    /// The script.
    pub script: Script,
    /// The other one, where there is one.
    pub other: Option<Script>,
}

/// Where the other one goes another way: the line, and what it is there.
const DIVERGES: (&str, &str) = ("receive b@x 7", "receive b@x 8");

impl Scripts {
    /// The fixed one.
    ///
    /// # Errors
    /// Names the line that cannot be read.
    pub fn fixed() -> Held<Self> {
        let other = Script::parse(&SCRIPT.replace(DIVERGES.0, DIVERGES.1))?;
        Ok(Self { script: Script::parse(SCRIPT)?, other: Some(other) })
    }

    /// One made up from a seed.
    ///
    /// # Errors
    /// Names the line that cannot be read.
    pub fn of_seed(seed: u64) -> Held<Self> {
        Ok(Self { script: Script::parse(&made_up::script(seed))?, other: None })
    }
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Names the line that cannot be read.
    pub fn parse(text: &str) -> Held<Self> {
        let mut script = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let step = script.step(line, number);
            let bad = || Broken::new("script", format!("line {number} cannot be read: {line}"));
            script.steps.push(step.ok_or_else(bad)?);
        }
        Ok(script)
    }

    /// Every call that is asked, in order.
    pub fn asks(&self) -> impl Iterator<Item = &Ask> {
        self.steps.iter().flat_map(|step| match step {
            Step::Ask(asks) => asks.as_slice(),
            Step::Torn(ask) => std::slice::from_ref(ask),
            _ => &[],
        })
    }

    fn step(&mut self, line: &str, number: usize) -> Option<Step> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match verb {
            "checkpoint" => Step::Checkpoint,
            "retain" => Step::Retain,
            "tick" => Step::Tick(rest.parse().ok()?),
            "sweep" => Step::Sweep,
            "sleep" => Step::Sleep,
            "stop" => Step::Stop,
            "crash" => Step::Crash,
            "power" => Step::Power,
            "torn" => Step::Torn(self.ask(rest, number)?),
            "again" => {
                let call = self.ask(rest, number)?.call;
                let earlier = self.asks().find(|ask| ask.call == call)?.clone();
                Step::Ask(vec![Ask { line: number, ..earlier }])
            }
            _ => {
                let asks = line.split(" & ").map(|line| self.ask(line, number));
                Step::Ask(asks.collect::<Option<_>>()?)
            }
        })
    }

    fn ask(&mut self, line: &str, number: usize) -> Option<Ask> {
        let (call, refused) = match line.split_once(" -> ") {
            Some((call, code)) => (call, Some(code.trim().to_owned())),
            None => (line, None),
        };
        let words: Vec<&str> = call.split_whitespace().collect();
        let parsed = self.call(&words)?;
        // What was torn is asked again under the same key.
        let torn = self.steps.last().and_then(|step| match step {
            Step::Torn(ask) if ask.call == parsed => Some(ask.once.clone()),
            _ => None,
        });
        let once = torn.unwrap_or_else(|| format!("{number}: {call}"));
        Some(Ask { line: number, call: parsed, once, refused })
    }

    fn call(&mut self, words: &[&str]) -> Option<Call> {
        let (verb, rest) = words.split_first()?;
        let note = Note::default();
        let first_key = || key(rest.first()?);
        let number = |place: usize| -> Option<i64> { rest.get(place)?.parse().ok() };
        let units = |place: usize| -> Option<u32> { rest.get(place)?.parse().ok() };
        Some(match *verb {
            "receive" => {
                let long = rest.get(2).filter(|word| **word == "with").and_then(|_| number(3));
                receive(first_key()?, units(1)?, long.unwrap_or(0))?
            }
            "fill" => receive(first_key()?, 1, number(1)?)?,
            "policy" => Call::SetPolicy {
                key: first_key()?,
                safety_stock: Some(number(1)?),
                oversell_limit: Some(number(2)?),
            },
            "adjust" => {
                Call::Adjust { key: first_key()?, delta: number(1)?, bucket: Bucket::OnHand, note }
            }
            "count" => {
                Call::Count { key: first_key()?, counted: number(1)?, at_version: None, note }
            }
            "sell" => {
                Call::Sell { key: first_key()?, quantity: units(1)?, handed_over: false, note }
            }
            _ => return self.call_of_reservation(verb, rest),
        })
    }

    fn call_of_reservation(&mut self, verb: &str, rest: &[&str]) -> Option<Call> {
        let (name, rest) = rest.split_first()?;
        let id = ReservationId::new(u128::from(*name.as_bytes().first()?))?;
        if !self.ids.contains(&id) {
            self.ids.push(id);
        }
        let mode = if verb == "partial" { Mode::Partial } else { Mode::AllOrNothing };
        let settle = |verb| {
            let lines = lines(rest)?;
            Some(Call::Settle { id, verb, lines: (!lines.is_empty()).then_some(lines) })
        };
        match verb {
            "reserve" | "partial" => {
                let order = Some(format!("order {name}").into());
                let references = References { order, customer: None, channel: None };
                Some(Call::Reserve {
                    id: Some(id),
                    lines: lines(rest)?,
                    hold_seconds: None,
                    mode,
                    references,
                })
            }
            "add" => Some(Call::AddLines { id, lines: lines(rest)?, hold_seconds: None, mode }),
            "extend" => Some(Call::Extend { id, hold_seconds: rest.first()?.parse().ok()? }),
            "commit" => settle(Verb::Commit),
            "fulfil" => settle(Verb::Fulfil),
            "release" => settle(Verb::Release),
            "cancel" => settle(Verb::Cancel),
            "return" => {
                let [line, quantity, "to", to, condition] = rest else { return None };
                let condition = match *condition {
                    "sellable" => Condition::Sellable,
                    "damaged" => Condition::Damaged,
                    "quality_control" => Condition::QualityControl,
                    _ => return None,
                };
                let (key, quantity, to) = (key(line)?, quantity.parse().ok()?, key(to)?);
                Some(Call::Return { id, lines: vec![ReturnLine { key, quantity, to, condition }] })
            }
            _ => None,
        }
    }
}

/// Goods arrive, with a reason of so many bytes.
fn receive(key: StockKey, quantity: u32, reason_bytes: i64) -> Option<Call> {
    let reason = "long ".repeat(usize::try_from(reason_bytes).ok()?.div_ceil(5));
    let reason = (!reason.is_empty()).then(|| reason.into());
    let note = Note { reason, reference: None };
    Some(Call::Receive { key, quantity, from_incoming: false, note })
}

fn key(word: &str) -> Option<StockKey> {
    let (sku, location) = word.split_once('@')?;
    StockKey::new(sku, location).ok()
}

fn lines(words: &[&str]) -> Option<Vec<(StockKey, u32)>> {
    words.chunks(2).map(|pair| Some((key(pair.first()?)?, pair.get(1)?.parse().ok()?))).collect()
}
