//! Room for connections: each takes a file descriptor, and the limit that a shell gives is often 1,024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{debug, warn};

/// What an engine has open besides its connections: journal, store, listener, lock.
const OTHERS: u64 = 256;

/// Raises this process's soft limit of open files to the hard one, and says where that is too low for as many
/// connections as the settings allow.
pub fn raise(connections_max: u64) {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        debug!(%error, "the limit of open files stays as it is");
    }
    let files_max = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if files_max < connections_max.saturating_add(OTHERS) {
        warn!(
            files_max,
            connections_max,
            "fewer files may be open than connections_max asks for: raise `ulimit -n` (LimitNOFILE), or lower the setting"
        );
    }
}
