//! What does it cost to decide and apply a reserve where a million holds of the key are open: how long, and how many
//! allocations?

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use criterion::Criterion;
use saldo_benches::asked_by_test;
use saldo_ledger::{
    Command, Event, Mode, Refusal, ReservationId, Selection, StockKey, StockLedger, Terms,
    Timestamp, Verb,
};

const OPEN_HOLDS: u64 = 1_000_000;
const OPEN_HOLDS_IN_TEST: u64 = 10_000;
/// Reserves in a row between which nothing is released.
const BATCH: u64 = 10_000;
/// Reserves whose allocations are counted while the hold table grows.
const COUNTED: u64 = 100_000;
const HOLD_SECONDS: u32 = 900;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("ledger_reserve: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (holds, counted) =
        if asked_by_test() { (OPEN_HOLDS_IN_TEST, 1_000) } else { (OPEN_HOLDS, COUNTED) };
    let mut table = Table::filled(holds)?;
    tell_growth(&mut table, counted)?;
    let mut criterion = Criterion::default().configure_from_args();
    for open in [1_000, holds] {
        let mut table = Table::filled(open)?;
        let mut failed = None;
        let name = format!("reserve, decided and applied, {open} holds open");
        criterion.bench_function(&name, |bencher| {
            bencher.iter_custom(|times| {
                table.timed(times).unwrap_or_else(|refusal| {
                    failed = Some(refusal);
                    Duration::from_nanos(1)
                })
            });
        });
        if let Some(refusal) = failed {
            return Err(format!("refused: {refusal:?}"));
        }
    }
    criterion.final_summary();
    Ok(())
}

/// A key with holds, and the numbers of the next ones.
struct Table {
    ledger: StockLedger,
    terms: Terms,
    next_id: u128,
    now_us: u64,
}

impl Table {
    /// A key with so many open holds.
    fn filled(holds: u64) -> Result<Self, String> {
        let key = StockKey::new("HOT", "X").map_err(|error| error.to_string())?;
        let ledger = StockLedger::new(key);
        let mut table =
            Self { ledger, terms: Terms::default(), next_id: 0, now_us: 1_700_000_000_000_000 };
        let receive = Command::Receive { quantity: 1 << 30, from_incoming: false, note: None };
        table.carry_out(&receive).map_err(|refusal| format!("{refusal:?}"))?;
        for _ in 0..holds {
            table.reserve().map_err(|refusal| format!("{refusal:?}"))?;
        }
        Ok(table)
    }

    fn carry_out(&mut self, command: &Command) -> Result<Event, Refusal> {
        self.now_us += 1;
        let now = Timestamp::from_micros(self.now_us);
        let event = self.ledger.decide(black_box(command), &self.terms, now)?;
        self.ledger.apply(black_box(&event));
        Ok(event)
    }

    fn reserve(&mut self) -> Result<(), Refusal> {
        self.next_id += 1;
        let command = Command::ReserveOne {
            id: id(self.next_id)?,
            fingerprint: 0,
            quantity: 1,
            hold_seconds: HOLD_SECONDS,
            mode: Mode::AllOrNothing,
        };
        self.carry_out(&command).map(|event| drop(black_box(event)))
    }

    /// Time of so many reserves. Between batches, untimed, as many of the oldest holds are released, so that as many
    /// stay open and places in the table are taken again as they are in a shop.
    fn timed(&mut self, times: u64) -> Result<Duration, Refusal> {
        let mut took = Duration::ZERO;
        let mut left = times;
        while left > 0 {
            let batch = left.min(BATCH);
            let began = Instant::now();
            for _ in 0..batch {
                self.reserve()?;
            }
            took += began.elapsed();
            self.release(batch)?;
            left -= batch;
        }
        Ok(took)
    }

    fn release(&mut self, holds: u64) -> Result<(), Refusal> {
        let open = u128::try_from(self.ledger.open_lines()).unwrap_or_default();
        let oldest = self.next_id - open + 1;
        for number in oldest..oldest + u128::from(holds) {
            let release =
                Command::Settle { id: id(number)?, verb: Verb::Release, selection: Selection::All };
            self.carry_out(&release)?;
        }
        // The store takes closed reservations away at every checkpoint; here nobody keeps them.
        drop(self.ledger.take_changes());
        Ok(())
    }
}

fn id(number: u128) -> Result<ReservationId, Refusal> {
    // Spread as random ids are; an odd factor maps no two numbers to one.
    let bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    ReservationId::new(bits).ok_or_else(|| Refusal::plain(saldo_ledger::RefusalCode::Malformed))
}

/// Counts allocations while the table grows, and then while places are taken again.
fn tell_growth(table: &mut Table, reserves: u64) -> Result<(), String> {
    let refused = |refusal: Refusal| format!("refused: {refusal:?}");
    let open = table.ledger.open_lines();
    tell(&format!("{reserves} reserves from {open} open holds on, table grows"), table, reserves)?;
    table.release(reserves).map_err(refused)?;
    tell(&format!("{reserves} reserves from {open} open holds on, places free"), table, reserves)
}

fn tell(what: &str, table: &mut Table, reserves: u64) -> Result<(), String> {
    let (mut allocations, mut bytes, mut allocating, mut slowest) = (0, 0, 0_u64, Duration::ZERO);
    for _ in 0..reserves {
        let mut outcome = Ok(());
        let began = Instant::now();
        let counted = measure(|| outcome = table.reserve());
        slowest = slowest.max(began.elapsed());
        outcome.map_err(|refusal| format!("refused: {refusal:?}"))?;
        allocations += counted.count_total;
        bytes += counted.bytes_total;
        allocating += u64::from(counted.count_total > 0);
    }
    println!("{what}:");
    println!(
        "  {allocations} allocations of {bytes} bytes in all, by {allocating} of {reserves} reserves"
    );
    println!(
        "  {:.4} allocations a reserve; the slowest took {} us",
        allocations as f64 / reserves as f64,
        slowest.as_micros()
    );
    Ok(())
}
