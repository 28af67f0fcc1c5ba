//! How a call goes over the wire, by HTTP or in a frame of commands, and how its answer is read.

use hyper::Method;
use saldo_protocol::client::FeedClient;
use saldo_protocol::{
    Action, Code, Command, HoldSeconds, IdempotencyKey, Location, MovementKind, Quantity,
    ReleaseFrom, Reply, Sku,
};
use serde_json::{Value, json};

use super::call::{Call, Deed, Keys, Outcome, Short, Units, Verb, now_ns};
use crate::{Http, Told};

/// Sends a call by HTTP, once, and notes what it was told.
pub async fn by_http(http: &Http, call: &mut Call) {
    begin(call);
    let (method, path, body) = request(call);
    let mut request = http.request(method, &path);
    let body = match body {
        Some(body) => {
            request = request
                .header("content-type", "application/json")
                .header("idempotency-key", &call.key);
            body.to_string()
        }
        None => String::new(),
    };
    let told = http.try_send(request, body).await;
    call.outcome = told.map_or(Outcome::Unknown, |told| outcome(&call.deed, &told));
    call.span.answered_ns = now_ns();
}

/// Sends calls in one frame, once, and notes what each was told. False where the connection has ended.
pub async fn by_frame(feed: &FeedClient, calls: &mut [Call]) -> bool {
    calls.iter_mut().for_each(begin);
    let commands = calls.iter().map(command).collect();
    let told = feed.commands(commands).await;
    let now = now_ns();
    let replies = match told {
        Ok(replies) if replies.len() == calls.len() => replies,
        _ => {
            for call in calls {
                call.outcome = Outcome::Unknown;
                call.span.answered_ns = now;
            }
            return false;
        }
    };
    for (call, reply) in calls.iter_mut().zip(replies) {
        call.outcome = replied(&call.deed, reply);
        call.span.answered_ns = now;
    }
    true
}

fn begin(call: &mut Call) {
    call.span.sent_ns = call.span.sent_ns.min(now_ns());
}

fn request(call: &Call) -> (Method, String, Option<Value>) {
    let lines = |lines: &[Units]| lines.iter().map(|units| units.line()).collect::<Vec<_>>();
    let step = |id, verb: &str| format!("/v1/reservations/{id}/{verb}");
    let (path, body) = match &call.deed {
        Deed::Read(key) => return (Method::GET, Keys::path(*key), None),
        Deed::Change(kind, units) => {
            let verb = if *kind == MovementKind::Sold { "sell" } else { "receive" };
            let body = json!({"quantity": units.quantity, "reference": call.key});
            (format!("{}/{verb}", Keys::path(units.key)), body)
        }
        Deed::Reserve { id, lines: wanted, hold_seconds } => {
            let mut body = json!({"id": id, "lines": lines(wanted)});
            if let Some(seconds) = hold_seconds {
                body["hold_seconds"] = json!(seconds);
            }
            ("/v1/reservations".to_owned(), body)
        }
        Deed::Step { id, verb, lines: moved, in_part } => {
            let mut body = if *in_part { json!({"lines": lines(moved)}) } else { json!({}) };
            if *verb == Verb::Cancel {
                body["from"] = json!("committed");
            }
            (step(id, verb.path()), body)
        }
        Deed::Return { id, units, to } => {
            let mut line = units.line();
            line["to_location"] = json!(Keys::location(*to));
            (step(id, "return"), json!({"lines": [line]}))
        }
    };
    (Method::POST, path, Some(body))
}

fn outcome(deed: &Deed, told: &Told) -> Outcome {
    let body = told.json();
    match told.status {
        200 | 201 => Outcome::Done {
            version: body["version"].as_u64(),
            available: body["available"].as_i64(),
            replayed: told.is_replayed(),
        },
        500 => Outcome::Unknown,
        _ => {
            let short = |line: &Value| {
                let key = Keys::number(line["sku"].as_str()?, line["location"].as_str()?)?;
                let asked = line["requested"].as_i64()?;
                let is_short = line["code"] == "insufficient_stock";
                is_short.then(|| Short { key, asked, available: line["available"].as_i64() })
            };
            let lines = body["lines"].as_array();
            let mut short: Vec<Short> = lines.into_iter().flatten().filter_map(short).collect();
            let code = told.code();
            if code == "insufficient_stock" && short.is_empty() {
                short.extend(asked(deed));
            }
            Outcome::Refused { code, short }
        }
    }
}

/// What a single-line deed that was refused for want of stock had asked for.
fn asked(deed: &Deed) -> Option<Short> {
    let units = match deed {
        Deed::Change(_, units) => *units,
        Deed::Reserve { lines, .. } if lines.len() == 1 => lines[0],
        _ => return None,
    };
    Some(Short { key: units.key, asked: units.quantity, available: None })
}

fn replied(deed: &Deed, reply: Reply) -> Outcome {
    match reply {
        Reply::Done { version, available, replayed, .. } => {
            Outcome::Done { version: Some(version), available: Some(available), replayed }
        }
        Reply::Refused { code: Code::OutcomeUnknown, .. } => Outcome::Unknown,
        Reply::Refused { code, available } => {
            let short = (code == Code::InsufficientStock).then(|| asked(deed)).flatten();
            let short = short.map(|short| Short { available, ..short });
            Outcome::Refused { code: code.slug().to_owned(), short: short.into_iter().collect() }
        }
    }
}

/// The command of a deed that frames can say.
fn command(call: &Call) -> Command {
    let quantity = |units: i64| Quantity::new(i128::from(units)).expect("a quantity");
    let (key, action) = match &call.deed {
        Deed::Change(kind, units) => {
            let quantity = quantity(units.quantity);
            let is_sale = *kind == MovementKind::Sold;
            (
                units.key,
                if is_sale { Action::Sell { quantity } } else { Action::Receive { quantity } },
            )
        }
        Deed::Reserve { id, lines, hold_seconds } => {
            let hold = hold_seconds.map(|it| HoldSeconds::new(i128::from(it)).expect("a time"));
            let quantity = quantity(lines[0].quantity);
            (lines[0].key, Action::Reserve { reservation_id: *id, quantity, hold_seconds: hold })
        }
        Deed::Step { id: reservation_id, verb, lines, in_part } => {
            let reservation_id = *reservation_id;
            let quantity = in_part.then(|| quantity(lines[0].quantity));
            let action = match verb {
                Verb::Commit => Action::Commit { reservation_id, quantity },
                Verb::Fulfil => Action::Fulfil { reservation_id, quantity },
                Verb::Release => {
                    Action::Release { reservation_id, quantity, from: ReleaseFrom::Held }
                }
                Verb::Cancel => {
                    Action::Release { reservation_id, quantity, from: ReleaseFrom::Committed }
                }
            };
            (lines[0].key, action)
        }
        Deed::Read(_) | Deed::Return { .. } => panic!("no frame says {:?}", call.deed),
    };
    Command {
        key: Some(IdempotencyKey::new(call.key.clone()).expect("a key")),
        sku: Sku::new(Keys::sku(key)).expect("a SKU"),
        location: Location::new(Keys::location(key)).expect("a location"),
        action,
    }
}
