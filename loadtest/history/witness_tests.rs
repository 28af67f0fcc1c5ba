//! The check agrees with a search through all orders of small histories, finds planted faults, and takes any length.

use super::*;

fn span(sent_ns: u64, answered_ns: u64) -> Span {
    Span { sent_ns, answered_ns }
}

fn short(sent_ns: u64, answered_ns: u64, available: i64) -> Observation {
    let seen = Seen::Short { asked: 1, available: Some(available) };
    Observation { span: span(sent_ns, answered_ns), seen, place: 0 }
}

fn read(sent_ns: u64, answered_ns: u64, version: u64) -> Observation {
    let seen = Seen::State { version: Some(version), available: None };
    Observation { span: span(sent_ns, answered_ns), seen, place: 0 }
}

/// A key with `stock` units from which each span takes one, in this order.
fn sold(stock: i64, spans: &[Span]) -> KeyHistory {
    let mut history = KeyHistory::new(1, stock);
    for (version, &span) in (2..).zip(spans) {
        let left = history.available(version - 1).unwrap() - 1;
        history.push(left);
        assert!(history.write(version, span));
    }
    history
}

#[test]
fn a_version_has_one_writer() {
    let mut history = sold(2, &[span(0, 10)]);
    assert!(!history.write(2, span(0, 10)), "twice");
    assert!(!history.write(1, span(0, 10)), "the state before");
    assert!(!history.write(3, span(0, 10)), "not there yet");
    assert_eq!((history.last(), history.available(2), history.available(3)), (2, Some(1), None));
}

#[test]
fn an_answer_before_another_is_sent_has_the_lower_version() {
    let fine = sold(3, &[span(0, 10), span(5, 30), span(11, 20)]);
    assert_eq!(fine.check(&mut []).violations, 0);
    let wrong = sold(3, &[span(21, 30), span(0, 10), span(11, 20)]);
    let found = wrong.check(&mut []);
    assert_eq!(found.violations, 1);
    let Violation::Order { version, overtaken, .. } = found.kept[0] else { panic!("{found:?}") };
    assert_eq!((version, overtaken), (2, 3));
}

#[test]
fn what_was_never_answered_may_have_happened_at_any_time_after_it_was_sent() {
    let mut history = sold(2, &[span(50, u64::MAX), span(60, 70)]);
    assert_eq!(history.clone().check(&mut []).violations, 0);
    // An event of the engine's own.
    history.push(1);
    assert_eq!(history.clone().check(&mut [short(80, 90, 0), read(95, 99, 4)]).violations, 0);
    assert_eq!(sold(1, &[span(0, 5), span(50, u64::MAX)]).check(&mut []).violations, 0);
}

#[test]
fn a_refusal_while_there_is_stock_is_found() {
    let history = sold(2, &[span(0, 10), span(20, 30)]);
    assert_eq!(history.clone().check(&mut [short(15, 25, 0)]).violations, 0);
    let found = history.clone().check(&mut [short(12, 18, 0)]);
    let Violation::Unseen { lowest, highest, after, .. } = found.kept[0] else { panic!() };
    assert_eq!((lowest, highest, after), (2, 2, None));
    let too_much = Seen::Short { asked: 1, available: Some(1) };
    let observation = Observation { span: span(5, 15), seen: too_much, place: 0 };
    assert_eq!(
        history.clone().check(&mut [observation]).violations,
        1,
        "it says that there was enough"
    );
}

#[test]
fn observations_never_go_back() {
    // The write lasts from 0 to 100, so each alone could come before or after it.
    let history = sold(1, &[span(0, 100)]);
    assert_eq!(history.clone().check(&mut [read(10, 20, 1), read(30, 40, 2)]).violations, 0);
    assert_eq!(history.clone().check(&mut [read(10, 35, 2), read(30, 40, 1)]).violations, 0);
    let found = history.clone().check(&mut [read(30, 40, 1), read(10, 20, 2)]);
    let Violation::Unseen { observation, after, .. } = found.kept[0] else { panic!("{found:?}") };
    assert_eq!((observation, after), (read(30, 40, 1), Some(read(10, 20, 2))));
}

/// An operation of a small history, as the search sees it.
#[derive(Clone, Copy)]
enum Step {
    Write(u64, Span),
    Observe(Observation),
}

impl Step {
    fn span(self) -> Span {
        match self {
            Self::Write(_, span) => span,
            Self::Observe(observation) => observation.span,
        }
    }

    /// The version after it, where it can come at this version.
    fn from(self, version: u64, available: &[i64]) -> Option<u64> {
        match self {
            Self::Write(own, _) => (own == version + 1).then_some(own),
            Self::Observe(observation) => {
                let state = available[usize_of(version - 1)];
                let fits = match observation.seen {
                    Seen::State { version: told, available } => {
                        told.is_none_or(|told| told == version)
                            && available.is_none_or(|told| told == state)
                    }
                    Seen::Short { asked, available } => {
                        state < asked && available.is_none_or(|told| told == state)
                    }
                };
                fits.then_some(version)
            }
        }
    }
}

/// Whether any order of the steps that keeps to real time explains them: tries all.
fn any_order(steps: &[Step], version: u64, available: &[i64]) -> bool {
    let earliest = steps.iter().map(|step| step.span().answered_ns).min().unwrap_or(u64::MAX);
    steps.is_empty()
        || steps.iter().enumerate().any(|(place, step)| {
            step.span().sent_ns <= earliest
                && step.from(version, available).is_some_and(|version| {
                    let rest = [&steps[..place], &steps[place + 1..]].concat();
                    any_order(&rest, version, available)
                })
        })
}

#[test]
fn agrees_with_a_search_through_all_orders() {
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (mut explained, mut unexplained) = (0, 0);
    for _ in 0..30_000 {
        let mut available = vec![2_i64];
        let (mut steps, mut history) = (Vec::new(), KeyHistory::new(1, 2));
        let mut observations = Vec::new();
        for version in 2..2 + draw(4) {
            let moved = if draw(4) == 0 { 1 } else { -1 };
            available.push(available.last().unwrap() + moved);
            history.push(*available.last().unwrap());
            let (sent, length) = (draw(6) + version, draw(8));
            let answered = if draw(8) == 0 { u64::MAX } else { sent + length };
            let span = if draw(10) == 0 { ALWAYS } else { span(sent, answered) };
            assert!(history.write(version, span));
            steps.push(Step::Write(version, span));
        }
        for place in 0..draw(4) {
            let sent = draw(12);
            let told = i64::try_from(draw(3)).unwrap();
            let seen = match draw(4) {
                0 => Seen::State { version: Some(1 + draw(5)), available: None },
                1 => Seen::State { version: None, available: Some(told) },
                2 => Seen::Short { asked: 1 + told, available: None },
                _ => Seen::Short { asked: 2, available: Some(told) },
            };
            if let Seen::State { version: Some(version), .. } = seen
                && version > history.last()
            {
                continue;
            }
            let observation = Observation { span: span(sent, sent + draw(8)), seen, place };
            observations.push(observation);
            steps.push(Step::Observe(observation));
        }
        let expected = any_order(&steps, 1, &available);
        let found = history.clone().check(&mut observations.clone());
        assert_eq!(found.violations == 0, expected, "{history:?} {observations:?} {found:?}");
        if expected { explained += 1 } else { unexplained += 1 }
    }
    assert!(explained > 2_000 && unexplained > 2_000, "{explained} and {unexplained}");
}

#[test]
fn a_million_writes_and_refusals_take_no_more_than_sorting_them() {
    let count = 1_000_000_u64;
    let mut history = KeyHistory::new(0, i64::try_from(count).unwrap());
    for version in 1..=count {
        history.push(i64::try_from(count - version).unwrap());
        assert!(history.write(version, span(version * 10, version * 10 + 300)));
    }
    let refused = |after: u64| short((count + 31 + after) * 10, (count + 90 + after) * 10, 0);
    let mut observations: Vec<Observation> = (0..count).map(refused).collect();
    assert_eq!(history.clone().check(&mut observations).violations, 0);
    observations.push(short(900, 1_000, 0));
    assert_eq!(history.check(&mut observations).violations, 1);
}
