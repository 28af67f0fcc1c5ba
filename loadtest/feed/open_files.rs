//! Room for connections: each takes a file descriptor, and the limit that a shell gives is often 1,024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What this program has open besides its connections.
const OTHERS: u64 = 128;

/// Raises this process's soft limit of open files to the hard one, and says so where that is too low for as many
/// connections. An engine within reach of the same shell has the same limit.
///
/// # Errors
/// The sentence to show.
pub fn make_room(connections: u64) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where it stays as it is, the figure below says whether that is enough.
    setrlimit(Resource::Nofile, wanted).unwrap_or_default();
    enough(getrlimit(Resource::Nofile).current, connections)
}

fn enough(files_max: Option<u64>, connections: u64) -> Result<(), String> {
    let wanted = connections.saturating_add(OTHERS);
    match files_max {
        Some(files_max) if files_max < wanted => Err(format!(
            "{connections} connections need {wanted} open files, and the system allows this process {files_max}: \
             raise the hard limit (`ulimit -Hn`, LimitNOFILE) or ask for fewer"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn too_low_a_limit_is_named() {
        assert_eq!(super::make_room(10), Ok(()));
        assert_eq!(super::enough(None, 1 << 40), Ok(()));
        let said = super::enough(Some(1_024), 5_000).unwrap_err();
        assert!(said.contains("5000 connections") && said.contains("1024"), "{said}");
    }
}
