//! What is checked once a seed's lives are over: histories, effects, and that the store changes nothing.

use std::collections::BTreeMap;

use saldo::simulation::{Simulated, live};
use saldo_ledger::{Level, ReservationView};
use saldo_loadtest::history::log::Span;
use saldo_loadtest::history::witness::KeyHistory;

use super::book::fold;
use super::broken::{Broken, Held};
use super::disk::{SimDisk, StoreFate};
use super::story::Story;

/// Reservations that are compared after the two recoveries, newest first.
const COMPARED_MAX: usize = 200;

/// There is an order of all calls on each key that explains every answer (P3), and no call that was refused for good
/// has an effect (P7).
pub fn check_histories(story: &mut Story) -> Held {
    let calls = &story.judge.calls;
    let mut spans: BTreeMap<u64, Span> = BTreeMap::new();
    for asked in &calls.asked {
        if !asked.effects.is_empty() && asked.may_have + asked.under_way == 0 {
            return Err(Broken::new(
                "P7",
                format!("every attempt was refused, and it happened: {asked:?}"),
            ));
        }
        for effect in &asked.effects {
            let answered_ns = effect.told.unwrap_or(u64::MAX);
            spans.insert(effect.sequence, Span { sent_ns: asked.sent, answered_ns });
        }
    }
    for (key, versions) in &story.book.keys {
        let mut history = KeyHistory::new(0, 0);
        for (version, (sequence, after)) in (1..).zip(&versions.versions) {
            history.push(fold::available(after) + after.oversell_limit);
            let cause = story.book.event(*sequence).and_then(|it| it.cause);
            let span = spans.get(sequence).or_else(|| spans.get(&cause?));
            if let Some(span) = span
                && !history.write(version, *span)
            {
                return Err(Broken::new(
                    "P3",
                    format!("version {version} of {key} has two writers"),
                ));
            }
        }
        let mut seen = story.judge.seen.remove(key).unwrap_or_default();
        story.figures.observations += seen.len() as u64;
        let found = history.check(&mut seen);
        if let Some(violation) = found.kept.first() {
            return Err(Broken::new("P3", format!("{key} is not linearizable: {violation:?}")));
        }
    }
    Ok(())
}

/// Everything that a recovery tells.
type Recovered = (Vec<Level>, Vec<Option<ReservationView>>);

/// A recovery with the store and one without tell the same (P5).
pub fn check_recoveries(story: &mut Story) -> Held {
    let with = story.disk.process_crash();
    let mut without = story.disk.process_crash();
    without.hurt_store(StoreFate::Lost, &mut story.dice.disk);
    let (with, without) = (recovered(story, &with)?, recovered(story, &without)?);
    if with == without {
        return Ok(());
    }
    let levels = with.0.iter().zip(&without.0).find(|(a, b)| a != b);
    // When a reservation is forgotten once its time is over, is nobody's promise.
    let is_forgotten = |with: &Option<ReservationView>, without: &Option<ReservationView>| {
        let told = with.as_ref().xor(without.as_ref());
        told.is_some_and(|view| story.may_be_forgotten(view.id))
    };
    let mut views = with.1.iter().zip(&without.1);
    let views = views.find(|(with, without)| with != without && !is_forgotten(with, without));
    if levels.is_none() && views.is_none() && with.0.len() == without.0.len() {
        return Ok(());
    }
    Err(Broken::new(
        "P5",
        format!("recoveries with and without the store differ: {levels:?} {views:?}"),
    ))
}

fn recovered(story: &Story, disk: &SimDisk) -> Held<Recovered> {
    let settings = &story.world.settings;
    let ids: Vec<_> = story.book.carts.keys().rev().take(COMPARED_MAX).copied().collect();
    live(async {
        let failed = |error| Broken::new("P2", format!("the engine does not start: {error}"));
        let sim = Simulated::start(settings, disk.data_dir(), story.wall).await.map_err(failed)?;
        let engine = sim.engine().clone();
        let told = sim.finish(async move {
            let placed = engine.levels(None, "", COMPARED_MAX).await;
            let mut views = Vec::new();
            for id in ids {
                views.push(engine.reservation(id).await.ok());
            }
            placed.map(|placed| (placed.into_iter().map(|it| it.level).collect(), views))
        });
        let told: Result<Recovered, _> = told.await;
        let (levels, mut views) =
            told.map_err(|refusal| Broken::new("P2", format!("not readable: {refusal:?}")))?;
        // The start itself moves deadlines.
        views.iter_mut().flatten().for_each(|view| view.expires_at = None);
        for level in &levels {
            // What nobody had heard of yet may have survived.
            let last = story.book.keys.get(&level.key).and_then(|it| it.at(level.version));
            if last.is_some_and(|(_, balances)| balances != level.balances) {
                return Err(Broken::new(
                    "P2",
                    format!("{level:?} was recovered, the book has {last:?}"),
                ));
            }
        }
        Ok((levels, views))
    })
}
