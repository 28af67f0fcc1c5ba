//! The data directory: journal, baselines and store, kept from a second engine.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::clock;
use crate::config::{self, Settings};
use crate::journal::medium::{FsMedium, Medium};
use crate::journal::{Durability, Options, Origin};
use crate::server::ServeError;
use crate::store::recover::OpenOptions;
use crate::store::{StoreOptions, StorePlace, baseline};

/// What a data directory holds besides its lock.
pub const PARTS: [&str; 3] = ["journal", "baselines", "store"];
/// Where restored parts wait to be put in place, all there: while it exists, the directory is neither old nor new.
pub const RESTORED: &str = "restore.ready";

/// What a data directory holds, kept from others while this exists.
pub struct DataDir {
    _lock: Option<File>,
    /// The journal's directory.
    pub journal: Arc<dyn Medium>,
    /// The baselines' directory.
    pub baselines: Arc<dyn Medium>,
    /// The store's place.
    pub store: StorePlace,
    /// The id of a journal that is begun; a random one where there is none.
    journal_id: Option<u128>,
}

impl DataDir {
    /// Opens a data directory, making it where it is not there.
    ///
    /// # Errors
    /// [`ServeError::InUse`] where another engine has it.
    pub fn open(dir: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::DataDir { dir: dir.display().to_string(), source };
        let lock = Self::lock(dir)?;
        if dir.join(RESTORED).exists() {
            return Err(ServeError::RestoreCutShort { dir: dir.display().to_string() });
        }
        let medium = |name: &str| -> io::Result<Arc<dyn Medium>> {
            let path = dir.join(name);
            std::fs::create_dir_all(&path)?;
            Ok(Arc::new(FsMedium::open(&path)?))
        };
        Ok(Self {
            _lock: Some(lock),
            journal: medium("journal").map_err(failed)?,
            baselines: medium("baselines").map_err(failed)?,
            store: StorePlace::directory(dir.join("store")),
            journal_id: None,
        })
    }

    /// Keeps a directory from engines as long as the lock lives; makes the directory where it is not there.
    ///
    /// # Errors
    /// [`ServeError::InUse`] where an engine has it.
    pub fn lock(dir: &Path) -> Result<File, ServeError> {
        let failed = |source| ServeError::DataDir { dir: dir.display().to_string(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let lock = File::create(dir.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => ServeError::InUse { dir: dir.display().to_string() },
            TryLockError::Error(source) => failed(source),
        })?;
        Ok(lock)
    }

    /// A data directory that is only looked at, whoever uses it; its store is not to be opened.
    #[must_use]
    pub fn read_only(dir: &Path) -> Self {
        let medium =
            |name: &str| -> Arc<dyn Medium> { Arc::new(FsMedium::read_only(&dir.join(name))) };
        Self::on(medium("journal"), medium("baselines"), StorePlace::directory(dir.join("store")))
    }

    /// Data on other media than a directory of the file system. Nothing keeps others from them.
    #[must_use]
    pub fn on(journal: Arc<dyn Medium>, baselines: Arc<dyn Medium>, store: StorePlace) -> Self {
        Self { _lock: None, journal, baselines, store, journal_id: None }
    }

    /// Gives a journal that is begun here this id in place of a random one, so that a simulation repeats.
    #[must_use]
    pub fn with_journal_id(mut self, journal_id: u128) -> Self {
        self.journal_id = Some(journal_id);
        self
    }

    /// The journal's settings. A directory without a journal begins one, behind its newest baseline.
    ///
    /// # Errors
    /// [`ServeError::DataDir`] where the baselines cannot be read.
    pub fn journal_options(&self, settings: &Settings) -> Result<Options, ServeError> {
        let place = baseline::newest_place(self.baselines.as_ref())
            .map_err(|error| ServeError::Recover(error.into()))?;
        let origin = match place {
            Some(place) => Origin {
                journal_id: place.journal_id,
                last_sequence: place.sequence,
                last_logged_time_us: place.logged_time_us,
            },
            None => Origin {
                journal_id: self.journal_id.unwrap_or_else(|| uuid::Uuid::new_v4().as_u128()),
                last_sequence: 0,
                last_logged_time_us: 0,
            },
        };
        let mut options = Options::new(origin, clock::monotonic_us);
        options.segment_bytes = settings.segment_bytes;
        options.disk_free_bytes_min = settings.disk_free_bytes_min;
        options.durability = match settings.durability {
            config::Durability::PowerLoss => Durability::PowerLoss,
            config::Durability::ProcessCrash => Durability::ProcessCrash,
        };
        Ok(options)
    }
}

/// The store's settings.
#[must_use]
pub fn store_options(settings: &Settings) -> OpenOptions {
    let store = StoreOptions {
        cache_bytes: settings.store_cache_bytes,
        disk_free_bytes_min: settings.disk_free_bytes_min,
        // Beyond this changes are refused: checkpoints do not keep up.
        overlay_bytes_max: settings.checkpoint_bytes_max.saturating_mul(8),
    };
    let journal_is_synced = settings.durability == config::Durability::PowerLoss;
    OpenOptions { store, journal_is_synced }
}
