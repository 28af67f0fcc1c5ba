//! Where one engine keeps its data and its log; removed at the end.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::{BenchError, Common, engine_binary};

/// How much of a log an error shows, in bytes.
const LOG_SHOWN_BYTES: usize = 3_000;

/// A temporary directory.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

impl Folder {
    /// A new one, where the options say. The system's own place for temporary files may be memory, where a sync costs
    /// nothing, so it is not used.
    pub fn new(common: &Common) -> Result<Self, BenchError> {
        let parent = match &common.dir {
            Some(dir) => dir.clone(),
            None => engine_binary::profile_dir()?,
        };
        let making = BenchError::io(format!("a directory in {}", parent.display()));
        tempfile::Builder::new()
            .prefix("saldo-bench-")
            .tempdir_in(&parent)
            .map(Self)
            .map_err(making)
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().to_path_buf()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.0.path().join("engine.log")
    }

    /// The log, to be added to.
    pub fn log_file(&self) -> Result<File, BenchError> {
        let opened = OpenOptions::new().create(true).append(true).open(self.log_path());
        opened.map_err(BenchError::io("the engine's log"))
    }

    /// The end of the log.
    pub fn log_end(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        let start = bytes.len().saturating_sub(LOG_SHOWN_BYTES);
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }
}
