//! What does it cost to hand commands over to an actor that does nothing but count them, on the same thread and on another,
//! in messages of 1, 100 and 1,024?
//!
//! It is the bound that hand-over sets to a hot key, whatever the key then does.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix::{Actor, Addr, Arbiter, Context, Handler, MailboxError, Message, System};
use criterion::{Criterion, Throughput};
use saldo_ledger::{Command, Mode, ReservationId};

/// Commands of one message.
const SIZES: [usize; 3] = [1, 100, 1_024];
/// Messages that wait at most, as in the engine.
const MAILBOX: usize = 16_384;

/// Commands for one key.
struct Part(Vec<Command>);

impl Message for Part {
    type Result = ();
}

/// Answered behind all that came before.
struct Flushed;

impl Message for Flushed {
    type Result = ();
}

/// Counts.
#[derive(Default)]
struct Counter {
    commands: usize,
}

impl Actor for Counter {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Part> for Counter {
    type Result = ();

    fn handle(&mut self, Part(commands): Part, _: &mut Self::Context) {
        self.commands += std::hint::black_box(commands).len();
    }
}

impl Handler<Flushed> for Counter {
    type Result = ();

    fn handle(&mut self, Flushed: Flushed, _: &mut Self::Context) {}
}

fn main() -> ExitCode {
    let system = System::new();
    let Some(id) = ReservationId::new(1) else { return ExitCode::FAILURE };
    let one = Command::ReserveOne {
        id,
        fingerprint: 1,
        quantity: 1,
        hold_seconds: 900,
        mode: Mode::AllOrNothing,
    };
    println!("a reserve of one line: {} bytes", size_of::<Command>());
    let mut criterion = Criterion::default().configure_from_args();
    let arbiter = Arbiter::new();
    let here = system.block_on(async { Counter::default().start() });
    let there = Counter::start_in_arbiter(&arbiter.handle(), |_| Counter::default());
    let mut is_lost = false;
    for (thread, actor) in [("the same thread", here), ("another thread", there)] {
        let mut questions = criterion.benchmark_group(format!("to {thread}"));
        for size in SIZES {
            questions.throughput(Throughput::Elements(u64::try_from(size).unwrap_or(1)));
            questions.bench_function(format!("messages of {size}"), |bencher| {
                bencher.iter_custom(|times| {
                    let part = vec![one.clone(); size];
                    let took = system.block_on(hand_over(&actor, &part, times));
                    is_lost |= took.is_err();
                    took.unwrap_or(Duration::from_nanos(1))
                });
            });
        }
        questions.finish();
    }
    arbiter.stop();
    criterion.final_summary();
    if is_lost { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// From the first of so many messages until the actor has taken the last.
async fn hand_over(
    actor: &Addr<Counter>,
    part: &[Command],
    times: u64,
) -> Result<Duration, MailboxError> {
    let began = Instant::now();
    for _ in 0..times {
        if let Err(full) = actor.try_send(Part(part.to_vec())) {
            actor.send(full.into_inner()).await?;
        }
    }
    actor.send(Flushed).await?;
    Ok(began.elapsed())
}
