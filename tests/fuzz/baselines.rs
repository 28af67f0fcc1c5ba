//! A baseline, read and loaded into a store: edited, or with payloads that are the input's and checksums that hold. Edits
//! never make a file pass for whole that is not what was written. The first byte chooses.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use saldo::journal::medium::{Medium, MemoryMedium};
use saldo::journal::{FramedReader, FramedWriter, PAGE_BYTES};
use saldo::store::baseline;
use saldo::store::state::{self, BaselineOpening};
use saldo::store::{MemoryTree, Store, StoreOptions, StorePlace};

use super::input::Input;

/// Edits of one input.
const EDITS_MAX: usize = 64;
/// Bytes of changes after which a new store is made.
const OVERLAY_BYTES_MAX: u64 = 4 << 20;

/// Reads what the input makes.
///
/// # Panics
/// Where a damaged baseline passes for whole.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    if input.byte().is_multiple_of(2) { edited(&mut input) } else { forged(&mut input) }
}

/// Runs with an open store on a simulated disk; another one once much was put into it.
pub(super) fn with_store<T>(run: impl FnOnce(&Store) -> T) -> T {
    thread_local! {
        static STORE: RefCell<Option<Store>> = const { RefCell::new(None) };
    }
    STORE.with_borrow_mut(|kept| {
        if kept.as_ref().is_some_and(|store| store.overlay_bytes() > OVERLAY_BYTES_MAX) {
            *kept = None;
        }
        run(kept.get_or_insert_with(|| {
            let options = StoreOptions {
                cache_bytes: 1 << 20,
                disk_free_bytes_min: 0,
                overlay_bytes_max: 4 * OVERLAY_BYTES_MAX,
            };
            let place = StorePlace::simulated(Arc::new(MemoryMedium::new()), MemoryTree::new());
            Store::open(&place, options).expect("an empty store")
        }))
    })
}

/// A baseline's name.
fn name() -> String {
    baseline::name_of(7)
}

fn opening() -> Vec<u8> {
    state::put(&BaselineOpening { sequence: 7, journal_id: [9; 16], logged_time: 5 })
}

fn framed(payloads: &[Vec<u8>]) -> MemoryMedium {
    let medium = MemoryMedium::new();
    let shared: Arc<dyn Medium> = Arc::new(medium.clone());
    let mut writer = FramedWriter::create(shared, &name()).expect("a file in memory");
    for payload in payloads {
        writer.record(payload).expect("a short record");
    }
    writer.finish().expect("a file in memory");
    medium
}

fn edited(input: &mut Input<'_>) {
    static WRITTEN: LazyLock<(Vec<Vec<u8>>, Vec<u8>)> = LazyLock::new(|| {
        let entries = |from: u8| -> Vec<(Vec<u8>, Vec<u8>)> {
            (from..from + 40).map(|at| (vec![b'x', at], vec![at; 60])).collect()
        };
        let payloads = vec![opening(), state::put(&entries(0)), state::put(&entries(40))];
        let bytes = framed(&payloads).bytes(&name()).expect("what was written");
        (payloads, bytes)
    });
    let (payloads, written) = &*WRITTEN;
    let mut bytes = written.clone();
    for _ in 0..EDITS_MAX {
        if input.is_empty() || bytes.is_empty() {
            break;
        }
        let at = usize::from(input.short()) % bytes.len();
        match input.byte() % 4 {
            0 => bytes[at] = input.byte(),
            1 => bytes.truncate(at),
            2 => {
                let page = at / PAGE_BYTES * PAGE_BYTES;
                let end = (page + PAGE_BYTES).min(bytes.len());
                bytes[page..end].fill(0);
            }
            _ => bytes.extend_from_within(at / PAGE_BYTES * PAGE_BYTES..),
        }
        bytes.truncate(2 * written.len());
    }
    let medium = MemoryMedium::new();
    medium.put(&name(), bytes);
    let mut reader = FramedReader::open(&medium, &name()).expect("a file in memory");
    let mut read = Vec::new();
    let whole = loop {
        match reader.next() {
            Ok(Some(payload)) => read.push(payload.to_vec()),
            Ok(None) => break true,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                break false;
            }
        }
    };
    assert!(payloads.starts_with(&read), "a payload was invented");
    assert!(
        !whole || read == *payloads,
        "{} of {} payloads pass for all",
        read.len(),
        payloads.len()
    );
}

fn forged(input: &mut Input<'_>) {
    let mut payloads = vec![if input.byte() < 0xc0 { opening() } else { input.piece().to_vec() }];
    while !input.is_empty() && payloads.len() < EDITS_MAX {
        payloads.push(input.piece().to_vec());
    }
    let medium = framed(&payloads);
    with_store(|store| {
        if let Err(error) = baseline::load(store, &medium, &name()) {
            assert!(!error.to_string().is_empty());
        }
    });
}
