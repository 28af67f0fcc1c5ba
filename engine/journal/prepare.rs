//! The thread that makes the coming segment and watches the free space, off the journal's own thread. Its
//! failure makes the journal read-only; it tries again until it succeeds.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    segment,
    shared::{Prepared, Preparing, Shared},
};

/// Runs until the journal closes. `next_number` is the number of the first segment to make.
pub(super) fn run<N>(shared: &Arc<Shared<N>>, mut next_number: u64) {
    let pause = Duration::from_millis(shared.options.space_check_ms);
    let mut state = shared.state.lock();
    loop {
        if state.closing || state.closed {
            return;
        }
        drop(state);
        look(shared, &mut next_number);
        state = shared.state.lock();
        if state.preparing != Preparing::Busy && !state.closing && !state.closed {
            shared.prepare.wait_for(&mut state, pause);
        }
    }
}

/// One look: makes the coming segment where it is missing, and tells whether there is room.
pub(super) fn look<N>(shared: &Shared<N>, next_number: &mut u64) {
    let missing = shared.state.lock().prepared.is_none();
    let outcome = round(shared, missing.then_some(*next_number));
    let mut state = shared.state.lock();
    let was_read_only = shared.read_only.load(Ordering::Relaxed);
    match outcome {
        Ok(made) => {
            if let Some(prepared) = made {
                *next_number = prepared.number + 1;
                state.prepared = Some(prepared);
            }
            state.preparing =
                if state.prepared.is_some() { Preparing::Ready } else { Preparing::Busy };
            shared.read_only.store(false, Ordering::Relaxed);
            if was_read_only {
                tracing::info!("there is room again: the journal takes events");
            }
        }
        Err(error) => {
            state.preparing = Preparing::Failed;
            shared.read_only.store(true, Ordering::Relaxed);
            if !was_read_only {
                tracing::error!(%error, "no room for a coming segment: the journal is read-only until there is");
            }
        }
    }
    shared.settled.notify_all();
}

/// Looks at the free space and makes a segment if one is missing.
fn round<N>(shared: &Shared<N>, missing: Option<u64>) -> io::Result<Option<Prepared>> {
    let free_bytes = shared.medium.free_bytes()?;
    let wanted = missing.map_or(0, |_| shared.options.segment_bytes);
    if free_bytes < shared.options.disk_free_bytes_min.saturating_add(wanted) {
        return Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!(
                "{free_bytes} bytes are free, {} must stay free and {wanted} are needed",
                shared.options.disk_free_bytes_min
            ),
        ));
    }
    let Some(number) = missing else {
        return Ok(None);
    };
    let file = segment::prepare(shared.medium.as_ref(), number, shared.options.segment_bytes)?;
    Ok(Some(Prepared { number, file }))
}
