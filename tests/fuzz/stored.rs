//! Values of the store: a value is refused, or what it says is written and read back the same; and whatever is stored of a
//! key, its ledger is loaded or refused. The first byte chooses.

use std::fmt::Debug;

use saldo::actor::once::OnceTable;
use saldo::store::state::{self, StateError};
use saldo::store::{keys, save};
use saldo_ledger::{Head, PAGE_SLOTS, StockKey, StockLedger, Terms};

use super::baselines::with_store;
use super::input::Input;

/// Pages and baskets of one key at most.
const VALUES_MAX: usize = 16;
/// Idempotency keys that the table remembers.
const ENTRIES_MAX: usize = 100;

/// Reads a value as one of the kinds.
///
/// # Panics
/// Where a value is not read back as it was written.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    match input.byte() % 8 {
        0 => same(input.0, state::decode_head, state::encode_head),
        1 => same(input.0, state::decode_basket, state::encode_basket),
        2 => same(input.0, state::decode_closed, state::encode_closed),
        3 => same(input.0, state::decode_once, |(start, entries)| {
            state::encode_once(*start, entries.clone())
        }),
        4 => page(input.0),
        5 => once(&mut input),
        6 => names(input.0),
        _ => key(&mut input),
    }
}

fn same<T: Debug + PartialEq>(
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, StateError>,
    encode: impl Fn(&T) -> Vec<u8>,
) {
    match decode(bytes) {
        Ok(value) => {
            let again = decode(&encode(&value)).expect("its own bytes");
            assert_eq!(again, value);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn tee() -> StockKey {
    StockKey::new("TEE", "OSLO").expect("a key")
}

fn page(bytes: &[u8]) {
    let Ok(slots) = state::decode_page(bytes) else { return };
    let Some(number) = slots.first().map(|first| first.place / PAGE_SLOTS) else { return };
    // A page far out makes as large a table: of that, another kind sees that it is refused.
    if number > 64 || slots.iter().any(|slot| slot.place / PAGE_SLOTS != number) {
        return;
    }
    let is_rising = slots.windows(2).all(|pair| pair[0].place < pair[1].place);
    let mut ledger = StockLedger::restore(tee(), Head::default(), slots.clone());
    let again = state::encode_page(&ledger.page(number)).expect("a page with slots");
    let again = state::decode_page(&again).expect("its own bytes");
    assert!(!is_rising || again == slots, "{again:?} was {slots:?}");
}

fn once(input: &mut Input<'_>) {
    let table = OnceTable::new(ENTRIES_MAX, 3_600);
    for _ in 0..VALUES_MAX {
        if input.is_empty() {
            break;
        }
        let (chunk, bytes) = (input.number(), input.piece());
        if table.restore(chunk, bytes).is_err() {
            return;
        }
    }
    assert!(table.remembered() <= ENTRIES_MAX, "{} entries", table.remembered());
}

fn names(bytes: &[u8]) {
    if let Some((second, id)) = keys::forget_of(bytes) {
        assert_eq!(keys::forget(second, id), bytes);
    }
    if let Some(chunk) = keys::once_of(bytes) {
        assert_eq!(keys::once(chunk), bytes);
    }
    if let Some(key) = keys::head_of(bytes) {
        assert_eq!(keys::head(&key), bytes);
    }
    if let Some((key, number)) = keys::numbered_of(bytes) {
        assert_eq!(keys::page(&key, number)[1..], bytes[1..]);
    }
    let _ = keys::reference_of(bytes);
}

/// A key of which head, pages and baskets are the input's.
fn key(input: &mut Input<'_>) {
    let key = tee();
    with_store(|store| {
        let mut names = vec![keys::head(&key)];
        store.put(&names[0], input.piece().to_vec());
        for _ in 0..VALUES_MAX {
            if input.is_empty() {
                break;
            }
            let (is_page, number) = (input.byte() < 0xc0, u32::from(input.byte()));
            let name = if is_page { keys::page(&key, number) } else { keys::basket(&key, number) };
            store.put(&name, input.piece().to_vec());
            names.push(name);
        }
        match save::load(store, &key) {
            Ok(mut ledger) => {
                assert_eq!(ledger.key(), &key);
                let terms = Terms::default();
                ledger.earliest_deadline(&terms);
                for (_, slot) in ledger.slots() {
                    assert!(ledger.view(slot.id, &terms).is_none_or(|view| view.id == slot.id));
                }
                assert!(ledger.open_lines() <= VALUES_MAX * 64, "{} lines", ledger.open_lines());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        names.iter().for_each(|name| store.delete(name));
    });
}
