//! Where a store is: in a directory of the file system, or on a simulated disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::memory_tree::MemoryTree;
use crate::journal::medium::Medium;

/// Where a store is, whether there is one already or not.
#[derive(Clone)]
pub struct StorePlace {
    path: PathBuf,
    pub(super) disk: PlaceDisk,
}

/// What is there.
#[derive(Clone)]
pub(super) enum PlaceDisk {
    /// The file system, and sled.
    Real,
    /// Files of a medium, and a tree in memory in sled's place.
    Simulated { medium: Arc<dyn Medium>, tree: MemoryTree },
}

impl StorePlace {
    /// A directory, with sled in it; one opener at a time, over all processes.
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), disk: PlaceDisk::Real }
    }

    /// A simulated disk: the store's own files are on `medium`, the entries in `tree`.
    ///
    /// Nothing there takes time, has a thread or a lock of its own: who opens it twice has two stores on one disk.
    #[must_use]
    pub fn simulated(medium: Arc<dyn Medium>, tree: MemoryTree) -> Self {
        Self { path: PathBuf::from("simulated-store"), disk: PlaceDisk::Simulated { medium, tree } }
    }

    /// The directory; for a simulated disk a name that messages have instead.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
