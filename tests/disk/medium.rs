//! A directory of files in memory that knows, in their order, all pages and names that no sync has covered, and gives
//! every state that a loss of power can leave of them.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use saldo::journal::PAGE_BYTES;
use saldo::journal::medium::{FileHandle, Medium, MediumFile, Operation};

use super::pages::Pages;

/// Numbers changes in their order over all media that share it, and counts operations of each kind.
#[derive(Clone, Debug, Default)]
pub struct Order(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    changes: AtomicU64,
    operations: [AtomicU64; COUNTED.len()],
}

/// Operations that are counted.
const COUNTED: [Operation; 8] = [
    Operation::Write,
    Operation::Read,
    Operation::Sync,
    Operation::Allocate,
    Operation::Rename,
    Operation::Open,
    Operation::Remove,
    Operation::SyncDir,
];

impl Order {
    fn next(&self) -> u64 {
        self.0.changes.fetch_add(1, Ordering::Relaxed)
    }

    fn note(&self, operation: Operation) {
        if let Some(place) = COUNTED.iter().position(|counted| *counted == operation) {
            self.0.operations[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many operations of a kind there were; none of the tree's.
    pub fn count(&self, operation: Operation) -> u64 {
        let place = COUNTED.iter().position(|counted| *counted == operation);
        place.map_or(0, |place| self.0.operations[place].load(Ordering::Relaxed))
    }

    /// How many operations there were that change something.
    pub fn count_changes(&self) -> u64 {
        let changing = |it: &&Operation| !matches!(it, Operation::Read | Operation::Open);
        COUNTED.iter().filter(changing).map(|operation| self.count(*operation)).sum()
    }
}

/// What becomes of something unsynced in a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It never reached the disk.
    Lost,
    /// It did.
    Kept,
    /// Of a page, the sectors whose bits are set did. Of a name: it did.
    Torn(u8),
    /// The same, and nothing behind it did: a file that was being made has half its length.
    TornLast(u8),
}

/// Something that no sync has covered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Page(usize, usize),
    Created(String, usize),
    Renamed(String, String, usize),
    Removed(String),
}

#[derive(Clone, Debug, Default)]
struct File {
    live: Pages,
    durable: Pages,
}

type Names = BTreeMap<String, usize>;

/// `live` is what every call sees, `durable` what only a sync reaches. Files are named by their place in `files`.
#[derive(Clone, Debug, Default)]
struct Content {
    live: Names,
    durable: Names,
    files: Vec<File>,
    unsynced: Vec<(u64, Change)>,
    capacity_bytes: Option<u64>,
}

/// The medium; clones share it.
#[derive(Clone, Debug)]
pub struct PagedMedium {
    content: Arc<Mutex<Content>>,
    order: Order,
}

impl PagedMedium {
    /// An empty directory.
    pub fn new(order: &Order) -> Self {
        Self::of(Content::default(), order)
    }

    fn of(content: Content, order: &Order) -> Self {
        Self { content: Arc::new(Mutex::new(content)), order: order.clone() }
    }

    /// The numbers of what is unsynced, in order.
    pub fn unsynced(&self) -> Vec<u64> {
        self.content.lock().unsynced.iter().map(|(order, _)| *order).collect()
    }

    /// What a killed process leaves: all of it, synced or not.
    pub fn process_crash(&self, order: &Order) -> Self {
        Self::of(self.content.lock().clone(), order)
    }

    /// What a loss of power leaves, where `fate` decides about each unsynced change by its number.
    pub fn power_cut(&self, order: &Order, fate: &dyn Fn(u64) -> Fate) -> Self {
        let content = self.content.lock();
        let mut names = content.durable.clone();
        let mut files: Vec<Pages> = content.files.iter().map(|file| file.durable.clone()).collect();
        for (number, change) in &content.unsynced {
            let fate = fate(*number);
            let sectors = match fate {
                Fate::Lost => continue,
                Fate::Kept => u8::MAX,
                Fate::Torn(sectors) | Fate::TornLast(sectors) => sectors,
            };
            match change {
                Change::Page(file, page) => {
                    files[*file].take_page(&content.files[*file].live, *page, sectors);
                }
                Change::Created(name, file) => {
                    if matches!(fate, Fate::TornLast(_)) {
                        let half = files[*file].len() / 2;
                        files[*file].cut(half);
                    }
                    names.insert(name.clone(), *file);
                }
                Change::Renamed(from, to, file) => {
                    names.remove(from);
                    names.insert(to.clone(), *file);
                }
                Change::Removed(name) => {
                    names.remove(name);
                }
            }
        }
        let mut left = Content { capacity_bytes: content.capacity_bytes, ..Content::default() };
        for (name, file) in names {
            left.put(&name, files[file].clone());
        }
        Self::of(left, order)
    }

    /// The bytes of a file.
    pub fn pages(&self, name: &str) -> Option<Pages> {
        let content = self.content.lock();
        content.live.get(name).map(|file| content.files[*file].live.clone())
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<String> {
        self.content.lock().live.keys().cloned().collect()
    }

    /// Puts a file there, name and bytes synced.
    pub fn put(&self, name: &str, pages: Pages) {
        self.content.lock().put(name, pages);
    }

    /// Adds what every call sees to a hash.
    pub fn hash_live(&self, state: &mut impl Hasher) {
        let content = self.content.lock();
        for (name, file) in &content.live {
            (name, &content.files[*file].live).hash(state);
        }
    }
}

impl Content {
    fn put(&mut self, name: &str, pages: Pages) {
        self.files.push(File { live: pages.clone(), durable: pages });
        self.live.insert(name.to_owned(), self.files.len() - 1);
        self.durable.insert(name.to_owned(), self.files.len() - 1);
    }

    fn free_bytes(&self) -> u64 {
        let used = self.live.values().map(|file| self.files[*file].live.len() as u64).sum();
        self.capacity_bytes.unwrap_or(1 << 40).saturating_sub(used)
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl PagedMedium {
    fn changed(&self, content: &mut Content, change: Change) {
        // A page that is written again is as new as its last write.
        if matches!(change, Change::Page(..)) {
            content.unsynced.retain(|(_, older)| *older != change);
        }
        content.unsynced.push((self.order.next(), change));
    }

    fn make(&self, name: &str, pages: Pages) -> FileHandle {
        let mut content = self.content.lock();
        content.files.push(File { live: pages.clone(), durable: pages });
        let file = content.files.len() - 1;
        content.live.insert(name.to_owned(), file);
        self.changed(&mut content, Change::Created(name.to_owned(), file));
        Arc::new(PagedFile { medium: self.clone(), file })
    }
}

impl Medium for PagedMedium {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names())
    }

    fn create(&self, name: &str) -> io::Result<FileHandle> {
        self.order.note(Operation::Allocate);
        Ok(self.make(name, Pages::default()))
    }

    fn create_preallocated(&self, name: &str, bytes: u64) -> io::Result<FileHandle> {
        self.order.note(Operation::Allocate);
        if self.content.lock().free_bytes() < bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let bytes = usize::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        Ok(self.make(name, Pages::zeros(bytes)))
    }

    fn open(&self, name: &str) -> io::Result<FileHandle> {
        self.order.note(Operation::Open);
        let file = *self.content.lock().live.get(name).ok_or_else(missing)?;
        Ok(Arc::new(PagedFile { medium: self.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.order.note(Operation::Rename);
        let mut content = self.content.lock();
        let file = content.live.remove(from).ok_or_else(missing)?;
        content.live.insert(to.to_owned(), file);
        self.changed(&mut content, Change::Renamed(from.to_owned(), to.to_owned(), file));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.order.note(Operation::Remove);
        let mut content = self.content.lock();
        content.live.remove(name).ok_or_else(missing)?;
        self.changed(&mut content, Change::Removed(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.order.note(Operation::SyncDir);
        let mut content = self.content.lock();
        content.durable = content.live.clone();
        content.unsynced.retain(|(_, change)| matches!(change, Change::Page(..)));
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.content.lock().free_bytes())
    }
}

struct PagedFile {
    medium: PagedMedium,
    file: usize,
}

/// A place that memory has room for.
fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

impl MediumFile for PagedFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.medium.order.note(Operation::Write);
        let start = place(offset)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let mut content = self.medium.content.lock();
        content.files[self.file].live.write(bytes, start);
        for page in start / PAGE_BYTES..=(start + bytes.len() - 1) / PAGE_BYTES {
            self.medium.changed(&mut content, Change::Page(self.file, page));
        }
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.medium.order.note(Operation::Read);
        Ok(self.medium.content.lock().files[self.file].live.read(buffer, place(offset)?))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.medium.order.note(Operation::Sync);
        let mut content = self.medium.content.lock();
        let mut unsynced = std::mem::take(&mut content.unsynced);
        let file = &mut content.files[self.file];
        unsynced.retain(|(_, change)| match change {
            Change::Page(number, page) if *number == self.file => {
                file.durable.take_page(&file.live, *page, u8::MAX);
                false
            }
            _ => true,
        });
        content.unsynced = unsynced;
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.medium.content.lock().files[self.file].live.len() as u64)
    }
}
