//! Calls become commands: lines are summed, the home is found, and the answer awaited.

use std::collections::BTreeMap;
use std::sync::Arc;

use saldo_ledger::{
    Command, LineRefusal, Mode, Note, Once, PlanLine, QUANTITY_MAX, References, Refusal,
    RefusalCode, ReservationId, Reserve, Selection, StockKey, Take,
};
use tokio::sync::oneshot;

use super::call::{Answer, Call, CallResult};
use super::message::{AnswerTo, Asked, Job, Want};
use super::once::Known;
use super::{Shared, fingerprint, history, lookups, returns};

/// Units asked for, by key.
pub(super) type Sums = BTreeMap<StockKey, u64>;

/// Carries a call out.
///
/// # Errors
/// The refusal; of baskets it names the lines that fell short.
pub async fn call(shared: &Arc<Shared>, call: Call, key: Option<&str>) -> CallResult {
    let once = key.map(|key| fingerprint::once(key, print(shared, &call)));
    match call {
        Call::Reserve { .. } => reserve(shared, call, once).await,
        Call::AddLines { id, lines, hold_seconds, mode } => {
            let sums = summed(shared, &lines, hold_seconds)?;
            let home = home_of(shared, id, once, &sums).await?;
            let command = |own, others| {
                let references = None;
                let reserve = Reserve {
                    id,
                    fingerprint: 0,
                    adding: true,
                    own,
                    others,
                    hold_seconds,
                    mode,
                    references,
                };
                Command::Reserve(Box::new(reserve))
            };
            let (own, others) = split(&home, &sums);
            let answer =
                ask(shared, &home, command(own, others), once, Want::Reservation, sums.len()).await;
            name_lines(shared, answer, &home, &sums).await
        }
        Call::Extend { id, hold_seconds } => {
            check_hold(shared, hold_seconds)?;
            let none = Sums::new();
            let home = home_of(shared, id, once, &none).await?;
            ask(shared, &home, Command::Extend { id, hold_seconds }, once, Want::Reservation, 1)
                .await
        }
        Call::Settle { id, verb, lines } => {
            let sums = lines.as_deref().map(sum).unwrap_or_default();
            check_lines(shared, sums.len())?;
            let home = home_of(shared, id, once, &sums).await?;
            let selection = lines.map_or(Selection::All, |_| Selection::Lines(takes(&sums)));
            let command = Command::Settle { id, verb, selection };
            let answer =
                ask(shared, &home, command, once, Want::Reservation, sums.len().max(1)).await;
            name_lines(shared, answer, &home, &sums).await
        }
        Call::Return { id, lines } => returns::of_order(shared, id, &lines, once).await,
        Call::ReturnWithoutOrder { lines, reason } => {
            returns::without_order(shared, &lines, reason, once).await
        }
        stock => {
            let (key, command) = on_stock(shared, stock, once).await?;
            ask(shared, &key, command, once, Want::Level, 1).await
        }
    }
}

/// What binds an idempotency key to a call.
fn print(shared: &Shared, call: &Call) -> u64 {
    fingerprint::of(call, hold_default(shared))
}

fn hold_default(shared: &Shared) -> u32 {
    u32::try_from(shared.settings.hold_seconds_default).unwrap_or(u32::MAX)
}

fn known(shared: &Shared, once: Option<Once>) -> Option<Known> {
    once.and_then(|once| shared.once.known(once, shared.clock.now()))
}

/// A call about one key's stock, as its command.
async fn on_stock(
    shared: &Arc<Shared>,
    call: Call,
    once: Option<Once>,
) -> Result<(StockKey, Command), Refusal> {
    Ok(match call {
        Call::Receive { key, quantity, from_incoming, note } => {
            (key, Command::Receive { quantity, from_incoming, note: boxed(note) })
        }
        Call::Adjust { key, delta, bucket, note } => {
            (key, Command::Adjust { delta, bucket, note: boxed(note) })
        }
        Call::Count { key, counted, at_version, note } => {
            let on_hand_then = match at_version {
                None => None,
                Some(version) => match history::on_hand_at(shared, &key, version).await {
                    Ok(then) => Some(then),
                    Err(refusal) => match known(shared, once) {
                        // The key's reuse comes before a version that nobody can tell of.
                        Some(Known::Reused) => return Err(RefusalCode::IdempotencyKeyReused.into()),
                        // A repeat is answered as it is now, however far the journal still reaches. Were its key
                        // forgotten meanwhile, it would be a count that nobody can carry out any more: refused, never
                        // taken for one of now.
                        Some(_) => Some(i64::MIN),
                        None => return Err(refusal),
                    },
                },
            };
            (key, Command::Count { counted, on_hand_then, note: boxed(note) })
        }
        Call::SetPolicy { key, safety_stock, oversell_limit } => {
            (key, Command::SetPolicy { safety_stock, oversell_limit })
        }
        Call::Sell { key, quantity, handed_over, note } => {
            (key, Command::Sell { quantity, handed_over, note: boxed(note) })
        }
        Call::Reserve { .. }
        | Call::AddLines { .. }
        | Call::Extend { .. }
        | Call::Settle { .. }
        | Call::Return { .. }
        | Call::ReturnWithoutOrder { .. } => {
            unreachable!("calls about reservations are told apart before")
        }
    })
}

pub(super) fn boxed(note: Note) -> Option<Box<Note>> {
    (note.reason.is_some() || note.reference.is_some()).then(|| Box::new(note))
}

async fn reserve(shared: &Arc<Shared>, call: Call, once: Option<Once>) -> CallResult {
    // An id that the engine makes is nobody's key.
    let fingerprint = match &call {
        Call::Reserve { id: Some(_), .. } => print(shared, &call),
        _ => 0,
    };
    let Call::Reserve { id, lines, hold_seconds, mode, references } = call else {
        unreachable!("asked for a reserve only")
    };
    let sums = summed(shared, &lines, hold_seconds)?;
    let hold_seconds = hold_seconds.unwrap_or_else(|| hold_default(shared));
    let id = id.unwrap_or_else(|| new_id(shared));
    let Some(home) = sums.keys().next().cloned() else {
        return Err(Refusal::plain(RefusalCode::Malformed));
    };
    let command = reserve_command(&home, id, fingerprint, &sums, hold_seconds, mode, references);
    let answer = ask(shared, &home, command, once, Want::Reservation, sums.len()).await;
    name_lines(shared, answer, &home, &sums).await
}

fn reserve_command(
    home: &StockKey,
    id: ReservationId,
    fingerprint: u64,
    sums: &Sums,
    hold_seconds: u32,
    mode: Mode,
    references: References,
) -> Command {
    let (own, others) = split(home, sums);
    if others.is_empty() && references.is_empty() {
        return Command::ReserveOne { id, fingerprint, quantity: own, hold_seconds, mode };
    }
    Command::Reserve(Box::new(Reserve {
        id,
        fingerprint,
        adding: false,
        own,
        others,
        hold_seconds: Some(hold_seconds),
        mode,
        references: (!references.is_empty()).then(|| Box::new(references)),
    }))
}

/// A UUID of version 7 (RFC 9562, section 5.7), never nil.
pub(super) fn new_id(shared: &Shared) -> ReservationId {
    let random = shared.ids.new_bits().to_be_bytes();
    let mut tail = [0; 10];
    tail.copy_from_slice(&random[6..]);
    let millis = shared.clock.wall().as_micros() / 1_000;
    let bits = uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid().as_u128();
    ReservationId::new(bits).unwrap_or_else(|| unreachable!("a UUID of version 7 is never nil"))
}

/// Sums lines of the same key and checks them against the limits.
fn summed(
    shared: &Shared,
    lines: &[(StockKey, u32)],
    hold_seconds: Option<u32>,
) -> Result<Sums, Refusal> {
    check_lines(shared, lines.len())?;
    if let Some(hold_seconds) = hold_seconds {
        check_hold(shared, hold_seconds)?;
    }
    let sums = sum(lines);
    if sums.values().any(|units| *units > u64::from(QUANTITY_MAX)) {
        return Err(Refusal::plain(RefusalCode::LimitExceeded));
    }
    Ok(sums)
}

fn sum(lines: &[(StockKey, u32)]) -> Sums {
    let mut sums = Sums::new();
    for (key, quantity) in lines {
        *sums.entry(key.clone()).or_default() += u64::from(*quantity);
    }
    sums
}

pub(super) fn check_lines(shared: &Shared, lines: usize) -> Result<(), Refusal> {
    if lines as u64 > shared.settings.reservation_lines_max {
        return Err(Refusal::plain(RefusalCode::LimitExceeded));
    }
    Ok(())
}

fn check_hold(shared: &Shared, hold_seconds: u32) -> Result<(), Refusal> {
    if u64::from(hold_seconds) > shared.settings.hold_seconds_max {
        return Err(Refusal::plain(RefusalCode::LimitExceeded));
    }
    Ok(())
}

/// The home's own units, and the lines of other keys.
fn split(home: &StockKey, sums: &Sums) -> (u32, Vec<PlanLine>) {
    let units = |quantity: u64| u32::try_from(quantity).unwrap_or(u32::MAX);
    let others = sums.iter().filter(|(key, _)| *key != home);
    (
        sums.get(home).map_or(0, |quantity| units(*quantity)),
        others
            .map(|(key, quantity)| PlanLine { key: key.clone(), requested: units(*quantity) })
            .collect(),
    )
}

pub(super) fn takes(sums: &Sums) -> Vec<Take> {
    sums.iter().map(|(key, quantity)| Take { key: key.clone(), quantity: *quantity }).collect()
}

/// The home of a reservation, open or closed.
pub(super) async fn home_of(
    shared: &Arc<Shared>,
    id: ReservationId,
    once: Option<Once>,
    lines: &Sums,
) -> Result<StockKey, Refusal> {
    if let Some(home) = shared.ids.home(id) {
        return Ok(home);
    }
    if let Some(home) = lookups::closed_home(shared, id)? {
        return Ok(home);
    }
    // Refusals that come before `unknown_reservation`.
    if matches!(known(shared, once), Some(Known::Reused)) {
        return Err(Refusal::plain(RefusalCode::IdempotencyKeyReused));
    }
    let unknown = unknown_lines(shared, lines, |_| true).await;
    Err(Refusal::of_lines(unknown)
        .unwrap_or_else(|| Refusal::plain(RefusalCode::UnknownReservation)))
}

/// Those of a call's lines whose key does not exist.
async fn unknown_lines(
    shared: &Arc<Shared>,
    lines: &Sums,
    asked: impl Fn(&StockKey) -> bool,
) -> Vec<LineRefusal> {
    let mut unknown = Vec::new();
    for (key, requested) in lines.iter().filter(|(key, _)| asked(key)) {
        if let Err(refusal) = shared.level(key).await
            && refusal.code == RefusalCode::UnknownStock
        {
            let (key, code) = (key.clone(), refusal.code);
            unknown.push(LineRefusal { key, code, requested: *requested, available: 0 });
        }
    }
    unknown
}

/// Has a refusal name its lines, and tells keys that do not exist from lines that are not there.
pub(super) async fn name_lines(
    shared: &Arc<Shared>,
    answer: CallResult,
    home: &StockKey,
    sums: &Sums,
) -> CallResult {
    let mut refusal = match answer {
        Err(refusal) if !refusal.code.is_transient() => refusal,
        answer => return answer,
    };
    if refusal.lines.is_empty() && refusal.code > RefusalCode::UnknownStock {
        let unknown = unknown_lines(shared, sums, |_| true).await;
        if let Some(unknown) = Refusal::of_lines(unknown) {
            return Err(unknown);
        }
    }
    if refusal.lines.is_empty() {
        let named =
            matches!(refusal.code, RefusalCode::InsufficientStock | RefusalCode::UnknownStock);
        if let (true, Some(requested)) = (named, sums.get(home)) {
            let (key, code, available) = (home.clone(), refusal.code, refusal.available);
            refusal.lines = vec![LineRefusal { key, code, requested: *requested, available }];
        }
        return Err(refusal);
    }
    let short =
        |key: &StockKey| refusal.lines.iter().any(|line| line.key == *key && line.available == 0);
    for unknown in unknown_lines(shared, sums, short).await {
        if let Some(line) = refusal.lines.iter_mut().find(|line| line.key == unknown.key) {
            *line = unknown;
        }
    }
    Err(Refusal::of_lines(refusal.lines).unwrap_or_else(|| Refusal::plain(refusal.code)))
}

/// Sends a command to its actor and awaits the durable answer.
pub(super) async fn ask(
    shared: &Arc<Shared>,
    key: &StockKey,
    command: Command,
    once: Option<Once>,
    want: Want,
    commands: usize,
) -> CallResult {
    let permit = shared.admission.admit(commands)?;
    let (tell, told) = oneshot::channel();
    let answer = AnswerTo::Caller { want, tell };
    let asked = Asked { command, once: once.map(Box::new) };
    shared.deliver_job(key, Job { asked, answer, permit: Some(permit) });
    match told.await {
        Ok(Ok(done)) => Ok(Answer { outcome: done.outcome, replayed: done.replayed }),
        Ok(Err(refusal)) => Err(refusal),
        // Its actor panicked, or the engine stops: nobody can say what came of it.
        Err(_) => Err(Refusal::plain(RefusalCode::OutcomeUnknown)),
    }
}
