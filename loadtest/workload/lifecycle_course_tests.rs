//! Courses step by step.

use super::*;
use crate::workload::kind::Kind;
use crate::workload::settings::Parameters;
use crate::workload::settings_tests::settings;

/// The steps of a course, all carried out.
fn steps(given: &[&str], number: u64) -> Vec<(Verb, u32, bool)> {
    let Parameters::Lifecycle(settings) = settings(Kind::Lifecycle, given).parameters else {
        panic!("these are a lifecycle's");
    };
    let name = Ticket::new(3, number);
    let (quantity, hold) = first_step(&settings, 9, name);
    let mut op = Op::reserve(name, 1, quantity, hold);
    let mut steps = Vec::new();
    loop {
        steps.push((op.verb, op.quantity, op.is_whole));
        match step_after(&settings, 9, &op) {
            Some(next) => op = next,
            None => return steps,
        }
    }
}

const ALWAYS: [&str; 6] = [
    "commit_share=1",
    "release_share=0",
    "extend_share=1",
    "fulfil_share=1",
    "cancel_share=0",
    "return_share=1",
];

#[test]
fn a_whole_course_takes_everything_at_once() {
    let given = [&ALWAYS[..], &["part_share=0"]].concat();
    for number in 0..50 {
        let [(Verb::Reserve, units, false), rest @ ..] = &steps(&given, number)[..] else {
            panic!("it begins with a reserve");
        };
        let whole = |verb| (verb, *units, true);
        assert_eq!(
            rest,
            [
                (Verb::Extend, 0, false),
                whole(Verb::Commit),
                whole(Verb::Fulfil),
                whole(Verb::Return)
            ]
        );
    }
}

#[test]
fn a_course_in_parts_takes_the_rest_behind_the_part() {
    let given = [&ALWAYS[..], &["part_share=1"]].concat();
    let mut parts = 0;
    for number in 0..50 {
        let steps = steps(&given, number);
        let units = steps[0].1;
        for verb in [Verb::Commit, Verb::Fulfil] {
            let of: Vec<_> = steps.iter().filter(|step| step.0 == verb).collect();
            assert_eq!(of.iter().map(|step| step.1).sum::<u32>(), units);
            assert!(of.last().unwrap().2 && of.len() == if units > 1 { 2 } else { 1 });
        }
        parts += usize::from(units > 1);
    }
    assert!(parts > 20);
}

#[test]
fn what_is_left_to_expire_has_no_next_step() {
    let given = ["commit_share=0", "release_share=0"];
    assert!((0..50).all(|number| steps(&given, number).len() == 1));
}
