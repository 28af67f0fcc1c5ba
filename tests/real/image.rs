//! A file system of its own on a loop device, whose power can be cut: the file system's shutdown ioctl without a flush
//! of its log (`_IOR('X', 125, u32)` with flag 2, the same number on ext4 and xfs, sent by `xfs_io -x -c shutdown`).
//! What was synced is in the image afterwards, what was not is gone. It does not model a disk's own cache.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// How the folders of all images begin; the process's number follows.
const PREFIX: &str = "saldo-image-";

/// Which file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// ext4.
    Ext4,
    /// XFS.
    Xfs,
}

impl FileSystem {
    fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mounted image. Dropping it unmounts it and deletes it.
#[derive(Debug)]
pub struct Image {
    folder: PathBuf,
}

impl Image {
    /// Makes and mounts an image of so many MiB.
    ///
    /// # Errors
    /// Why that cannot be done here, such as for want of root.
    pub fn new(file_system: FileSystem, mebibytes: u64) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !rustix::process::geteuid().is_root() {
            return Err("an image is mounted by root alone: run this as root".to_owned());
        }
        sweep();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        let image = Self { folder: std::env::temp_dir().join(name) };
        let failed = |error| format!("no image in {}: {error}", image.folder.display());
        fs::create_dir_all(image.mount_point()).map_err(failed)?;
        let file = fs::File::create(image.file()).map_err(failed)?;
        file.set_len(mebibytes << 20).map_err(failed)?;
        let path = image.file();
        match file_system {
            FileSystem::Ext4 => run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), &path])?,
            FileSystem::Xfs => run("mkfs.xfs", &["-q".as_ref(), "-f".as_ref(), &path])?,
        }
        image.mount()?;
        Ok(image)
    }

    /// Where it is mounted.
    #[must_use]
    pub fn mount_point(&self) -> PathBuf {
        self.folder.join("mounted")
    }

    fn file(&self) -> PathBuf {
        self.folder.join("image")
    }

    fn mount(&self) -> Result<(), String> {
        run("mount", &["-o".as_ref(), "loop".as_ref(), &self.file(), &self.mount_point()])
    }

    /// Cuts the power: from now on nothing reaches the image.
    ///
    /// # Errors
    /// Why it could not be cut.
    pub fn cut(&self) -> Result<(), String> {
        let command = ["-x".as_ref(), "-c".as_ref(), "shutdown".as_ref()];
        let [one, two, three] = command;
        run("xfs_io", &[one, two, three, &self.mount_point()])
    }

    /// Brings it back: what the file system's log has is replayed. Nobody may have a file of it open.
    ///
    /// # Errors
    /// Why it could not be mounted.
    pub fn mount_again(&self) -> Result<(), String> {
        run("umount", &[&self.mount_point()])?;
        self.mount()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// Unmounts and deletes what runs that were broken off have left.
fn sweep() {
    let entries = fs::read_dir(std::env::temp_dir());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            remove(&entry.path());
        }
    }
}

fn remove(folder: &Path) {
    let mounted = folder.join("mounted");
    // Where nothing is mounted any more this says so, to nobody.
    if run("umount", &[&mounted]).is_err() {
        let _ = run("umount", &["-l".as_ref(), &mounted]);
    }
    let _ = fs::remove_dir_all(folder);
}

fn run(program: &str, arguments: &[&Path]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{program} {arguments:?} failed: {complaint}"))
}
