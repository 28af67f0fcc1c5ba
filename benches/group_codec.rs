//! What does a reserve cost in the journal, in bytes and nanoseconds, in a group of 1, 64 and 8,192 of one key?

use std::hint::black_box;
use std::process::ExitCode;

use criterion::{Criterion, Throughput};
use saldo::journal::group::{GroupWriter, Tale, tell};
use saldo_ledger::{Balances, Change, Event, Once, ReservationId, StockKey, Timestamp};

const GROUP_EVENTS: [u64; 3] = [1, 64, 8_192];
/// Now, as far as the length of its number is concerned.
const AT_US: u64 = 1_770_000_000_000_000;
/// Between two reserves of a hot key at a hundred thousand a second.
const LATER_US: u64 = 10;
/// A key that has seen as much.
const VERSION: u64 = 1_000_000;

fn main() -> ExitCode {
    let Ok(key) = StockKey::new("TEE-BLACK-M", "OSLO-1") else { return ExitCode::FAILURE };
    let mut criterion = Criterion::default().configure_from_args();
    for is_once in [false, true] {
        let with = if is_once { "with an idempotency key" } else { "plain" };
        let mut questions = criterion.benchmark_group(format!("reserves {with}"));
        for count in GROUP_EVENTS {
            let events: Vec<Event> =
                (1..=count).filter_map(|number| reserve(number, is_once)).collect();
            let mut writer = GroupWriter::default();
            write(&mut writer, &key, &events);
            let bytes = writer.bytes().to_vec();
            println!(
                "group of {count}, {with}: {} bytes, {:.1} a reserve",
                bytes.len(),
                bytes.len() as f64 / count as f64
            );
            questions.throughput(Throughput::Elements(count));
            questions.bench_function(format!("written in a group of {count}"), |bencher| {
                bencher.iter(|| write(&mut writer, black_box(&key), black_box(&events)));
            });
            questions.bench_function(format!("told again from a group of {count}"), |bencher| {
                bencher.iter(|| told(black_box(&bytes)));
            });
            if told(&bytes) != Ok(count) {
                eprintln!("group_codec: a group of {count} tells otherwise");
                return ExitCode::FAILURE;
            }
        }
        questions.finish();
    }
    criterion.final_summary();
    ExitCode::SUCCESS
}

/// A reserve with an id as random as a client's.
fn reserve(number: u64, is_once: bool) -> Option<Event> {
    let bits = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let once = is_once
        .then(|| Once { key: !bits, fingerprint: number.wrapping_mul(0x9e37_79b9_7f4a_7c15) });
    let change = Change::Reserved {
        id: ReservationId::new(bits)?,
        fingerprint: number.wrapping_mul(0xf39c_c060_5ced_c835),
        requested: 1,
        quantity: 1,
        hold_seconds: 900,
        references: None,
    };
    Some(Event { at: Timestamp::from_micros(AT_US + number * LATER_US), once, change })
}

fn write(writer: &mut GroupWriter, key: &StockKey, events: &[Event]) {
    let before = Balances { on_hand: 100_000, reserved: 40_000, ..Balances::default() };
    writer.open(key, 123_456_789, VERSION, &before, Timestamp::from_micros(AT_US));
    events.iter().for_each(|event| writer.add(event));
}

fn told(bytes: &[u8]) -> Result<u64, String> {
    let mut count = 0;
    let outcome = tell(bytes, 1, |tale| {
        count += u64::from(matches!(black_box(&tale), Tale::Event(_)));
        Ok::<_, Box<dyn std::error::Error>>(())
    });
    outcome.map(|()| count).map_err(|error| error.to_string())
}
