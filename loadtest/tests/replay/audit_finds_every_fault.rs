//! One changed answer, one unit too many, one movement that is not the one that was answered: the audit fails.

use crate::support::broken::{Altering, Told};
use crate::support::engine::{FakeEngine, Faults};
use crate::support::sales::{Sales, month};
use saldo_loadtest::replay::report::Report;
use saldo_loadtest::replay::transport::Failure;
use saldo_protocol::{Code, Level, MovementKind, Problem, Reservation};

/// A verb and what is done to its answer.
type ReservationChange = (&'static str, fn(&mut Reservation));

const WORKERS: [usize; 2] = [1, 16];

async fn altered(
    workers: usize,
    alter: impl Fn(&str, u64, Told<'_>) + Send + Sync + 'static,
) -> Report {
    let sales = month(7, 200).opening("0.4").concurrency(workers);
    let engine = FakeEngine { interleaves: workers > 1, ..FakeEngine::default() };
    sales.replay(Altering::new(engine, alter)).await.unwrap()
}

/// Changes the figures of the third granted reservation that this verb tells.
async fn reservation_altered(
    workers: usize,
    verb: &'static str,
    change: fn(&mut Reservation),
) -> Report {
    let granted = std::sync::atomic::AtomicU64::new(0);
    altered(workers, move |now, _, told| {
        if let Told::Reservation(Ok(told)) = told
            && now == verb
            && granted.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 2
        {
            change(&mut told.value);
        }
    })
    .await
}

async fn level_altered(workers: usize, verb: &'static str, change: fn(&mut Level)) -> Report {
    altered(workers, move |now, nth, told| {
        if now == verb && nth == 1 {
            match told {
                Told::Level(Ok(told)) => change(&mut told.value),
                Told::Levels(Ok(told)) => change(&mut told.value.levels[0]),
                _ => {}
            }
        }
    })
    .await
}

#[tokio::test]
async fn the_same_run_unaltered_agrees() {
    for workers in WORKERS {
        let report = altered(workers, |_, _, _| {}).await;
        assert!(report.agrees, "{report}");
    }
}

#[tokio::test]
async fn one_unit_more_or_less_in_an_answer_about_a_reservation() {
    let changes: [ReservationChange; 8] = [
        ("reserve", |r| r.lines[0].quantity += 1),
        ("reserve", |r| {
            (r.lines[0].quantity, r.lines[0].held, r.lines[0].requested) = (99, 99, 99)
        }),
        ("reserve", |r| r.lines[0].held -= 1),
        ("reserve", |r| r.lines.clear()),
        ("reserve", |r| r.id = uuid::Uuid::nil()),
        ("commit", |r| r.lines[0].committed -= 1),
        ("fulfil", |r| {
            (r.lines[0].fulfilled, r.lines[0].committed) = (r.lines[0].fulfilled - 1, 1)
        }),
        ("return", |r| r.lines[0].returned += 1),
    ];
    for workers in WORKERS {
        for (at, (verb, change)) in changes.into_iter().enumerate() {
            let report = reservation_altered(workers, verb, change).await;
            assert!(!report.agrees, "change {at} of {verb}, {workers} workers: {report}");
        }
    }
}

#[tokio::test]
async fn a_first_receive_that_tells_of_an_earlier_history_ends_the_run() {
    let sales = month(7, 20);
    let altering = Altering::new(FakeEngine::default(), |verb, nth, told| {
        if let Told::Level(Ok(told)) = told
            && (verb, nth) == ("receive", 1)
        {
            told.value.version += 1;
        }
    });
    assert_eq!(sales.replay(altering).await.unwrap_err().exit_code(), 1);
}

#[tokio::test]
async fn one_unit_more_in_an_answer_about_a_level() {
    for workers in WORKERS {
        for verb in ["receive", "adjust", "return_without_order", "level"] {
            let mut changes: Vec<fn(&mut Level)> = vec![
                |level| (level.on_hand, level.available) = (level.on_hand + 1, level.available + 1),
                |level| level.available += 1,
                |level| level.damaged += 1,
            ];
            // On a first receive that ends the run at once, see above.
            if verb != "receive" {
                changes.push(|level| level.version += 1);
            }
            for change in changes {
                let report = level_altered(workers, verb, change).await;
                assert!(!report.agrees, "{verb}, {workers} workers: {report}");
            }
        }
    }
}

#[tokio::test]
async fn a_grant_that_was_told_as_a_refusal() {
    for workers in WORKERS {
        let report = altered(workers, |verb, nth, told| {
            if let Told::Reservation(told) = told
                && (verb, nth) == ("reserve", 0)
            {
                *told =
                    Err(Failure::Refused(Box::new(Problem::new(Code::InsufficientStock, "no"))));
            }
        })
        .await;
        assert!(!report.agrees);
        assert!(report.audit.drift > 0, "{report}");
    }
}

#[tokio::test]
async fn a_refusal_that_names_the_wrong_line() {
    for workers in WORKERS {
        let report = altered(workers, |_, _, told| {
            if let Told::Reservation(Err(Failure::Refused(problem))) = told {
                problem.lines[0].requested += 1;
            }
        })
        .await;
        assert!(!report.agrees, "{report}");
    }
}

#[tokio::test]
async fn a_refusal_without_a_cause_is_noticed_while_nothing_else_is_in_flight() {
    let report = altered(1, |_, _, told| {
        if let Told::Reservation(Err(Failure::Refused(problem))) = told {
            problem.lines[0].available -= 1;
        }
    })
    .await;
    assert!(!report.agrees, "{report}");
}

#[tokio::test]
async fn a_movement_that_is_altered_missing_or_of_another_key() {
    let changes: [fn(&mut Vec<saldo_protocol::Movement>); 6] = [
        |page| page[0].quantity += 1,
        |page| page[1].after.on_hand += 1,
        |page| page[1].before.reserved += 1,
        |page| drop(page.remove(1)),
        |page| page[1].reservation_id = Some(uuid::Uuid::nil()),
        |page| page[1].kind = MovementKind::Extended,
    ];
    for change in changes {
        let report = altered(1, move |verb, nth, told| {
            if let Told::Movements(Ok(told)) = told
                && (verb, nth) == ("movements", 4)
                && told.value.movements.len() > 1
            {
                change(&mut told.value.movements);
            }
        })
        .await;
        assert!(!report.agrees, "{report}");
    }
}

#[tokio::test]
async fn an_engine_that_promises_what_is_not_there() {
    let engine = FakeEngine::default();
    engine.books.lock().oversells = true;
    let sales =
        Sales::new(&[("1", "11111", 5, "1", ""), ("2", "11111", 5, "1", "")]).opening("0.6");
    let report = sales.replay(engine).await.unwrap();
    assert!(!report.agrees);
    assert_eq!((report.audit.oversold, report.audit.drift), (4, 0), "{report}");
    assert!(report.to_string().contains("THE AUDIT FAILED"));
}

/// No balance is ever wrong here, only the books.
#[tokio::test]
async fn an_engine_whose_baskets_leave_other_traces_than_they_must() {
    for fault in [
        Faults::GrantsTwice,
        Faults::LeavesOpen,
        Faults::AsksBehind,
        Faults::AsksNobody,
        Faults::Invents,
        Faults::TellsAll,
    ] {
        for workers in WORKERS {
            let engine = FakeEngine { interleaves: workers > 1, ..FakeEngine::default() };
            engine.books.lock().faults = fault;
            let sales = month(7, 200).opening("0.4").concurrency(workers);
            let report = sales.replay(engine).await.unwrap();
            assert!(!report.agrees, "{report}");
            assert_eq!(report.audit.drift, 0, "{report}");
        }
    }
}

#[tokio::test]
async fn an_engine_that_forgot_a_key() {
    let report = altered(1, |verb, nth, told| {
        if let Told::Level(told) = told
            && (verb, nth) == ("level", 2)
        {
            *told = Err(Failure::Refused(Box::new(Problem::new(Code::UnknownStock, "none"))));
        }
    })
    .await;
    assert!(!report.agrees, "{report}");
}
