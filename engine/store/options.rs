//! Limits of the store.

/// How much memory and disk the store may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// sled's cache, bytes. Real memory is about ten times this figure; default 16 MiB.
    pub cache_bytes: u64,
    /// No checkpoint begins that could leave less free on the disk, bytes; default 256 MiB.
    pub disk_free_bytes_min: u64,
    /// From here on [`super::Store::overlay_is_full`] says so, and the caller checkpoints or stops taking changes;
    /// bytes, default 64 MiB.
    pub overlay_bytes_max: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { cache_bytes: 16 << 20, disk_free_bytes_min: 256 << 20, overlay_bytes_max: 64 << 20 }
    }
}
