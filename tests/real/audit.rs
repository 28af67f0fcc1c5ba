//! Holds what clients were told since the last audit against the journal: every effect has its one call, every call its
//! one effect, and each key's calls and answers have an order that explains them.

use std::collections::{HashMap, HashSet};

use saldo_loadtest::history::log::Span;
use saldo_loadtest::history::witness::{KeyHistory, Observation, Seen, Violation};
use saldo_protocol::MovementKind;
use uuid::Uuid;

use super::call::{Call, Deed, KeyNumber, Outcome, Units, Way};
use super::journal::{Event, Story};

/// Who made an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Maker {
    Reservation(Uuid),
    Reference(String),
    /// A command without a reference.
    Nobody,
}

/// Events of one key and kind by one maker, as versions, rising.
type Unclaimed = HashMap<(KeyNumber, MovementKind, Maker), Vec<u64>>;

/// What an audit goes through.
struct Audit<'a> {
    stories: &'a [Story],
    unclaimed: Unclaimed,
    histories: Vec<KeyHistory>,
    observations: Vec<Vec<Observation>>,
    /// The call of each version, by key.
    writers: HashMap<(KeyNumber, u64), &'a Call>,
    wrong: Vec<String>,
}

/// What was checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    /// Calls.
    pub calls: u64,
    /// Reads and refusals for want of stock, in the keys' histories.
    pub observations: u64,
}

/// Audits. `brief` are reservations whose holds may have run out.
///
/// # Errors
/// All that does not agree.
pub fn audit(
    stories: &[Story],
    calls: &[Call],
    brief: &HashSet<Uuid>,
) -> Result<Checked, Vec<String>> {
    let mut audit = Audit::of(stories);
    let mut late = Vec::new();
    // From the last call to the first, taking each maker's newest event: what a plan that was withdrawn left in the
    // journal is older than the steps of its own repeat.
    let mut calls: Vec<&Call> = calls.iter().collect();
    calls.sort_unstable_by_key(|call| call.span.sent_ns);
    for call in calls.iter().rev() {
        audit.claim(call, &mut late);
    }
    // Commands that were answered as repeats name no version: any event that nobody else made is theirs.
    for (key, kind, quantity) in late {
        audit.claim_any(key, kind, quantity);
    }
    let baskets = calls.iter().filter_map(|call| match &call.deed {
        Deed::Reserve { id, lines, .. } if lines.len() > 1 => Some(*id),
        _ => None,
    });
    let known: HashSet<Uuid> = calls.iter().filter_map(|call| call.reservation()).collect();
    audit.check_unclaimed(&baskets.collect(), &known, brief);
    let mut checked = Checked { calls: calls.len() as u64, observations: 0 };
    audit.check_histories(&calls, &mut checked);
    if audit.wrong.is_empty() { Ok(checked) } else { Err(audit.wrong) }
}

impl<'a> Audit<'a> {
    fn of(stories: &'a [Story]) -> Self {
        let mut unclaimed = Unclaimed::new();
        let mut histories = Vec::new();
        for (key, story) in stories.iter().enumerate() {
            let mut history = KeyHistory::new(story.begins.0, story.begins.1);
            for event in &story.events {
                history.push(event.available);
                let maker = match (event.reservation, &event.reference) {
                    (Some(id), _) => Maker::Reservation(id),
                    (None, Some(reference)) => Maker::Reference(reference.clone()),
                    (None, None) => Maker::Nobody,
                };
                unclaimed.entry((key, event.kind, maker)).or_default().push(event.version);
            }
            histories.push(history);
        }
        let observations = vec![Vec::new(); stories.len()];
        let writers = HashMap::new();
        Self { stories, unclaimed, histories, observations, writers, wrong: Vec::new() }
    }

    fn event(&self, key: KeyNumber, version: u64) -> Option<&'a Event> {
        let story = self.stories.get(key)?;
        let place = version.checked_sub(story.begins.0 + 1)?;
        story.events.get(usize::try_from(place).ok()?)
    }

    fn claim(&mut self, call: &'a Call, late: &mut Vec<(KeyNumber, MovementKind, i64)>) {
        let (version, available, replayed) = match &call.outcome {
            Outcome::Done { version, available, replayed } => (*version, *available, *replayed),
            Outcome::Refused { short, .. } => {
                for short in short {
                    let seen = Seen::Short { asked: short.asked, available: short.available };
                    self.observe(short.key, call.span, seen);
                }
                return;
            }
            Outcome::Unknown => {
                self.wrong.push(format!("never settled: {call:?}"));
                return;
            }
        };
        let seen = Seen::State { version, available };
        match &call.deed {
            Deed::Read(key) => self.observe(*key, call.span, seen),
            Deed::Change(kind, units) => {
                if replayed {
                    self.observe(units.key, call.span, seen);
                }
                match (call.way, replayed) {
                    (Way::Http, _) => {
                        let maker = Maker::Reference(call.key.clone());
                        let told = version.filter(|_| !replayed);
                        self.claim_one(call, *units, *kind, maker, told);
                    }
                    (Way::Frame, false) => {
                        self.claim_one(call, *units, *kind, Maker::Nobody, version);
                    }
                    (Way::Frame, true) => late.push((units.key, *kind, units.quantity)),
                }
            }
            Deed::Reserve { id, lines, .. } => {
                self.claim_lines(call, lines, MovementKind::Reserved, *id, version);
            }
            Deed::Step { id, verb, lines, .. } => {
                self.claim_lines(call, lines, verb.movement(), *id, version);
            }
            Deed::Return { id, units, to } => {
                let arrived = Units { key: *to, ..*units };
                self.claim_lines(call, &[arrived], MovementKind::Returned, *id, version);
            }
        }
    }

    fn claim_lines(
        &mut self,
        call: &'a Call,
        lines: &[Units],
        kind: MovementKind,
        id: Uuid,
        version: Option<u64>,
    ) {
        let is_replayed = matches!(call.outcome, Outcome::Done { replayed: true, .. });
        for units in lines {
            let told = version.filter(|_| !is_replayed && call.way == Way::Frame);
            self.claim_one(call, *units, kind, Maker::Reservation(id), told);
        }
    }

    /// Finds the one event of a call at a key, which is the one with the told version where one was told.
    fn claim_one(
        &mut self,
        call: &'a Call,
        units: Units,
        kind: MovementKind,
        maker: Maker,
        told: Option<u64>,
    ) {
        let Units { key, quantity } = units;
        let stories = self.stories;
        let fits = |version: &u64| {
            let place = version - stories[key].begins.0 - 1;
            let event = usize::try_from(place).ok().and_then(|it| stories[key].events.get(it));
            event.is_some_and(|event| event.quantity == quantity)
                && told.is_none_or(|told| told == *version)
        };
        let versions = self.unclaimed.get_mut(&(key, kind, maker));
        let found = versions.and_then(|versions| {
            let place = versions.iter().rposition(fits)?;
            Some(versions.remove(place))
        });
        let Some(version) = found else {
            self.wrong.push(format!(
                "acknowledged, and not in the journal at key {key} as {kind:?} {quantity}: {call:?}"
            ));
            return;
        };
        if let (Some(_), Outcome::Done { available: Some(available), replayed: false, .. }) =
            (told, &call.outcome)
            && self.event(key, version).is_none_or(|event| event.available != *available)
        {
            self.wrong.push(format!("told another available than the journal has: {call:?}"));
        }
        self.writers.insert((key, version), call);
        if !self.histories[key].write(version, call.span) {
            self.wrong.push(format!("version {version} of key {key} has two writers: {call:?}"));
        }
    }

    fn claim_any(&mut self, key: KeyNumber, kind: MovementKind, quantity: i64) {
        let stories = self.stories;
        let is_it = |version: &u64| {
            let events = stories[key].events.iter();
            events.clone().any(|it| it.version == *version && it.quantity == quantity)
        };
        let versions = self.unclaimed.get_mut(&(key, kind, Maker::Nobody));
        let found = versions.and_then(|versions| {
            let place = versions.iter().rposition(is_it)?;
            Some(versions.remove(place))
        });
        if found.is_none() {
            self.wrong.push(format!(
                "said to be a repeat, and not in the journal: {kind:?} {quantity} at key {key}"
            ));
        }
    }

    fn observe(&mut self, key: KeyNumber, span: Span, seen: Seen) {
        let place = self.observations[key].len() as u64;
        self.observations[key].push(Observation { span, seen, place });
    }

    /// Every effect that no call claims must be the engine's own: an expiry, or a plan that it withdrew.
    fn check_unclaimed(
        &mut self,
        baskets: &HashSet<Uuid>,
        known: &HashSet<Uuid>,
        brief: &HashSet<Uuid>,
    ) {
        let mut plans: HashMap<(KeyNumber, Uuid), i64> = HashMap::new();
        for ((key, kind, maker), versions) in &self.unclaimed {
            for version in versions {
                let Some(event) = self.event(*key, *version) else { continue };
                let own = match (kind, maker) {
                    (MovementKind::Expired, Maker::Reservation(id)) => brief.contains(id),
                    // The home's closing events move nothing.
                    (_, Maker::Reservation(id)) if event.quantity == 0 => known.contains(id),
                    (MovementKind::Reserved, Maker::Reservation(id)) if baskets.contains(id) => {
                        *plans.entry((*key, *id)).or_default() += event.quantity;
                        true
                    }
                    (MovementKind::Released, Maker::Reservation(id)) if baskets.contains(id) => {
                        *plans.entry((*key, *id)).or_default() -= event.quantity;
                        true
                    }
                    _ => false,
                };
                if !own {
                    self.wrong.push(format!("an effect without a call, at key {key}: {event:?}"));
                }
            }
        }
        for ((key, id), units) in plans {
            if units != 0 {
                self.wrong.push(format!("{units} units of basket {id} were left at key {key}"));
            }
        }
    }

    fn check_histories(&mut self, calls: &[&Call], checked: &mut Checked) {
        let histories = std::mem::take(&mut self.histories);
        let observations = std::mem::take(&mut self.observations);
        for (key, (history, mut observations)) in
            histories.into_iter().zip(observations).enumerate()
        {
            checked.observations += observations.len() as u64;
            let linearity = history.check(&mut observations);
            for violation in linearity.kept {
                let version = match violation {
                    Violation::Order { overtaken, .. } => overtaken,
                    Violation::Unseen { lowest, .. } => lowest,
                };
                let writer = self.writers.get(&(key, version));
                let story = &self.stories[key];
                let near: Vec<(u64, i64)> = story
                    .events
                    .iter()
                    .filter(|event| event.version + 40 > version && event.version < version + 40)
                    .map(|event| (event.version, event.available))
                    .collect();
                let observer = match violation {
                    Violation::Unseen { observation, .. } => calls
                        .iter()
                        .find(|call| call.span == observation.span)
                        .map(|call| (&call.deed, call.way, &call.outcome)),
                    Violation::Order { .. } => None,
                };
                self.wrong.push(format!(
                    "key {key} is not linearizable: {violation:?}; version {version} is of {writer:?}; \
                     told to {observer:?}; available around it: {near:?}"
                ));
            }
        }
    }
}
