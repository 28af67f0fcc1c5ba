//! From words to acts.

use saldo::actor::call::{Call, ReturnLine};
use saldo_ledger::{Bucket, Condition, Mode, Note, References, Status, StockKey, Verb};

use super::lines::lines;
use super::words::{Words, code_of, id_of, usual_key};
use crate::model::expect::{Expect, Figure, State};
use crate::model::movements::HANDED_OVER;
use crate::model::{Act, Crash};

/// Reads one line.
pub fn act(line: &str) -> Result<Act, String> {
    let mut words = Words::of(line);
    let act = match words.next()? {
        "tick" => tick(&mut words)?,
        "clock" => Act::Wall(clock(&mut words)?),
        "sweep" => Act::Sweep,
        "passivate" => Act::Passivate,
        "checkpoint" => Act::Checkpoint,
        "tidy" if words.take("up") => Act::TidyUp,
        "again" => Act::Repeat(0, false),
        "crash" if words.take("during") => return Err("it is read with its call".to_owned()),
        "crash" => Act::Crash(crash(false, false, &mut words)?),
        "power" if words.take("cut") => Act::Crash(crash(true, false, &mut words)?),
        "lose" if words.take("store") => Act::Crash(crash(false, true, &mut words)?),
        "expect" => Act::Expect(expect(&mut words)?),
        first => match first.parse::<u32>() {
            Ok(count) if words.take("carts reserve") => carts(count, &mut words)?,
            _ => call(first, &mut words)?,
        },
    };
    words.end()?;
    Ok(act)
}

fn tick(words: &mut Words<'_>) -> Result<Act, String> {
    if words.take("to deadline of") {
        return Ok(Act::TickTo(words.reservation()?, 0));
    }
    if words.take("to before deadline of") {
        return Ok(Act::TickTo(words.reservation()?, 1));
    }
    Ok(Act::Tick(words.time_us()?))
}

fn clock(words: &mut Words<'_>) -> Result<i64, String> {
    let word = words.next()?;
    let (sign, time) = word.split_at(1.min(word.len()));
    let by_us = i64::try_from(Words::of(time).time_us()?).map_err(|_| "that is too long")?;
    match sign {
        "+" => Ok(by_us),
        "-" => Ok(-by_us),
        _ => Err("say by how much, such as +1h or -1h".to_owned()),
    }
}

fn crash(power_cut: bool, loses_store: bool, words: &mut Words<'_>) -> Result<Crash, String> {
    let outage_us = if words.take("for") { words.time_us()? } else { 0 };
    Ok(Crash { during: None, power_cut, survivors: 0x5EED, outage_us, loses_store })
}

fn carts(count: u32, words: &mut Words<'_>) -> Result<Act, String> {
    let quantity = words.number()?;
    let key = words.key()?;
    let hold_seconds = if words.take("for") { Some(words.time_seconds()?) } else { None };
    let calls = (0..count).map(|cart| {
        let id = Some(id_of(&format!("cart-{cart}")));
        let lines = vec![(key.clone(), quantity)];
        let mode = Mode::AllOrNothing;
        (Call::Reserve { id, lines, hold_seconds, mode, references: References::default() }, None)
    });
    Ok(Act::InOrder(calls.collect()))
}

/// Reads a call of which the first word is taken, and the key that it is made under.
fn call(first: &str, words: &mut Words<'_>) -> Result<Act, String> {
    let call = match first {
        "receive" | "adjust" | "count" | "policy" | "sell" => of_stock(first, words)?,
        "reserve" | "add" | "extend" | "commit" | "fulfil" | "release" | "cancel" | "return" => {
            of_order(first, words)?
        }
        _ => return Err(format!("there is no step `{first}`")),
    };
    let key = if words.take("under") { Some(words.next()?.to_owned()) } else { None };
    Ok(Act::Call(call, key))
}

fn of_stock(first: &str, words: &mut Words<'_>) -> Result<Call, String> {
    let mut note = Note::default();
    Ok(match first {
        "receive" => {
            let quantity = words.number()?;
            let key = words.key()?;
            Call::Receive { key, quantity, from_incoming: words.take("from incoming"), note }
        }
        "adjust" => {
            let bucket = bucket(words)?;
            let delta = words.number()?;
            Call::Adjust { key: words.key()?, delta, bucket, note }
        }
        "count" => {
            let counted = words.number()?;
            let key = words.key()?;
            let at_version = if words.take("at version") { Some(words.number()?) } else { None };
            Call::Count { key, counted, at_version, note }
        }
        "policy" => {
            let safety_stock = if words.take("safety") { Some(words.number()?) } else { None };
            let oversell_limit = if words.take("oversell") { Some(words.number()?) } else { None };
            Call::SetPolicy { key: words.key()?, safety_stock, oversell_limit }
        }
        _ => {
            let quantity = words.number()?;
            let key = words.key()?;
            let handed_over = words.take("handed over");
            note.reference = handed_over.then(|| HANDED_OVER.into());
            Call::Sell { key, quantity, handed_over, note }
        }
    })
}

fn of_order(first: &str, words: &mut Words<'_>) -> Result<Call, String> {
    let id = words.reservation()?;
    let verb = match first {
        "reserve" | "add" => {
            let lines = lines(words)?.ok_or("say how many")?;
            let hold_seconds = if words.take("for") { Some(words.time_seconds()?) } else { None };
            let mode = if words.take("partial") { Mode::Partial } else { Mode::AllOrNothing };
            return Ok(if first == "add" {
                Call::AddLines { id, lines, hold_seconds, mode }
            } else {
                let references = References::default();
                Call::Reserve { id: Some(id), lines, hold_seconds, mode, references }
            });
        }
        "extend" => return Ok(Call::Extend { id, hold_seconds: words.time_seconds()? }),
        "return" => return Ok(Call::Return { id, lines: returned(words)? }),
        "commit" => Verb::Commit,
        "fulfil" => Verb::Fulfil,
        "release" => Verb::Release,
        _ => Verb::Cancel,
    };
    Ok(Call::Settle { id, verb, lines: lines(words)? })
}

fn returned(words: &mut Words<'_>) -> Result<Vec<ReturnLine>, String> {
    let lines = lines(words)?.ok_or("say how many")?;
    let location = if words.take("to") { Some(words.next()?) } else { None };
    let condition = match words.peek() {
        Some("damaged") => Condition::Damaged,
        Some("quality_control") => Condition::QualityControl,
        _ => Condition::Sellable,
    };
    if condition != Condition::Sellable {
        words.next()?;
    }
    let arrives = |key: &StockKey| match location {
        None => Ok(key.clone()),
        Some(location) => StockKey::new(key.sku(), location),
    };
    lines
        .into_iter()
        .map(|(key, quantity)| {
            let to = arrives(&key).map_err(|error| format!("{error:?}"))?;
            Ok(ReturnLine { key, quantity, to, condition })
        })
        .collect()
}

fn bucket(words: &mut Words<'_>) -> Result<Bucket, String> {
    Ok(match words.next()? {
        "on_hand" => Bucket::OnHand,
        "damaged" => Bucket::Damaged,
        "quality_control" => Bucket::QualityControl,
        "incoming" => Bucket::Incoming,
        word => return Err(format!("`{word}` is no balance that can be adjusted")),
    })
}

fn expect(words: &mut Words<'_>) -> Result<Expect, String> {
    if words.take("no stock") {
        return Ok(Expect::NoStock(words.key()?));
    }
    if words.take("no reservation") {
        return Ok(Expect::NoReservation(words.reservation()?));
    }
    let first = words.next()?;
    let figure = match first {
        "refused" => return Ok(Expect::Refused(code_of(words.next()?)?)),
        "replayed" => return Ok(Expect::Replayed),
        "accepted" => {
            let all = words.number_if_any();
            return Ok(all.map_or(Expect::Accepted, Expect::AcceptedOfAll));
        }
        "on_hand" => Figure::OnHand,
        "reserved" => Figure::Reserved,
        "committed" => Figure::Committed,
        "damaged" => Figure::Damaged,
        "quality_control" => Figure::QualityControl,
        "safety_stock" => Figure::SafetyStock,
        "incoming" => Figure::Incoming,
        "available" => Figure::Available,
        "version" => Figure::Version,
        name => return of_reservation(name, words),
    };
    let number = words.number()?;
    Ok(Expect::Figure(words.key_if_any()?.unwrap_or_else(usual_key), figure, number))
}

fn of_reservation(name: &str, words: &mut Words<'_>) -> Result<Expect, String> {
    let id = Words::of(name).reservation()?;
    let word = words.next()?;
    let state = match word {
        "held" => Some((State::Held, Status::Held)),
        "committed" => Some((State::Committed, Status::Committed)),
        "fulfilled" => Some((State::Fulfilled, Status::Fulfilled)),
        "released" => Some((State::Released, Status::Released)),
        "expired" => Some((State::Expired, Status::Expired)),
        _ => None,
    };
    let units: Option<u64> = words.number_if_any();
    match (word, state, units) {
        (_, Some((state, _)), Some(units)) => Ok(Expect::Units(id, state, units)),
        (_, Some((_, status)), None) => Ok(Expect::Status(id, status)),
        ("returned", None, Some(units)) => Ok(Expect::Units(id, State::Returned, units)),
        ("mixed", None, None) => Ok(Expect::Status(id, Status::Mixed)),
        _ => Err(format!("`{word}` is no state of a reservation")),
    }
}
