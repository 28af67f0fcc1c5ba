//! Room for thousands of sockets: the soft limit of open files raised to the hard one, which every child inherits.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Report;

/// What a process has open besides the sockets in question: the journal, the store, clients, listeners.
const OTHERS_MAX: u64 = 500;

/// Raises this process's soft limit as far as it may and tells what it is then.
pub(crate) fn raised() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where it is refused, the old one stays and is told.
    let _ = setrlimit(Resource::Nofile, wanted);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Whether a process may have so many sockets; where not, the report says what was left out and why.
///
/// Called before the engine and the readers are started, it raises the limit of all three.
pub fn has_room_for(sockets: u64, asked: &str, report: &mut Report) -> bool {
    let limit = raised();
    let fits = sockets.saturating_add(OTHERS_MAX) <= limit;
    if !fits {
        report
            .note(format!("left out: {asked}, for a process may open {limit} files (ulimit -Hn)"));
    }
    fits
}
