//! The bytes of a file as pages that copies share: a disk's state at every moment of a run costs little to keep.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use saldo::journal::PAGE_BYTES;

/// Bytes of a sector: what a disk writes whole or not at all.
pub const SECTOR_BYTES: usize = 512;
/// Sectors of a page.
pub const SECTORS: usize = PAGE_BYTES / SECTOR_BYTES;

#[derive(Debug)]
struct Page {
    bytes: [u8; PAGE_BYTES],
    checksum: u32,
}

/// A file's bytes. A page that is all zeros takes no memory.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    pages: Vec<Option<Arc<Page>>>,
    bytes: usize,
}

impl Pages {
    /// As many zeros.
    pub fn zeros(bytes: usize) -> Self {
        Self { pages: vec![None; bytes.div_ceil(PAGE_BYTES)], bytes }
    }

    /// Length in bytes.
    pub const fn len(&self) -> usize {
        self.bytes
    }

    /// Length in pages.
    pub const fn page_count(&self) -> usize {
        self.pages.len()
    }

    fn page(&self, page: usize) -> [u8; PAGE_BYTES] {
        match self.pages.get(page) {
            Some(Some(page)) => page.bytes,
            _ => [0; PAGE_BYTES],
        }
    }

    fn set_page(&mut self, page: usize, bytes: [u8; PAGE_BYTES]) {
        if self.pages.len() <= page {
            self.pages.resize(page + 1, None);
        }
        let is_blank = bytes.iter().all(|byte| *byte == 0);
        let made = || Arc::new(Page { bytes, checksum: crc32c::crc32c(&bytes) });
        self.pages[page] = (!is_blank).then(made);
    }

    /// Copies what there is at `offset` into `buffer`; how many bytes that was.
    pub fn read(&self, buffer: &mut [u8], offset: usize) -> usize {
        let length = buffer.len().min(self.bytes.saturating_sub(offset));
        let mut done = 0;
        while done < length {
            let (page, within) = ((offset + done) / PAGE_BYTES, (offset + done) % PAGE_BYTES);
            let part = (PAGE_BYTES - within).min(length - done);
            let into = &mut buffer[done..done + part];
            match self.pages.get(page) {
                Some(Some(page)) => into.copy_from_slice(&page.bytes[within..within + part]),
                _ => into.fill(0),
            }
            done += part;
        }
        length
    }

    /// Puts bytes there, behind the end too.
    pub fn write(&mut self, bytes: &[u8], offset: usize) {
        let mut done = 0;
        while done < bytes.len() {
            let (page, within) = ((offset + done) / PAGE_BYTES, (offset + done) % PAGE_BYTES);
            let part = (PAGE_BYTES - within).min(bytes.len() - done);
            let mut content = self.page(page);
            content[within..within + part].copy_from_slice(&bytes[done..done + part]);
            self.set_page(page, content);
            done += part;
        }
        self.bytes = self.bytes.max(offset + bytes.len());
    }

    /// Takes over a page of `from`, or of it only the sectors whose bits are set, and its length as far as that page.
    pub fn take_page(&mut self, from: &Self, page: usize, sectors: u8) {
        let end = ((page + 1) * PAGE_BYTES).min(from.bytes);
        if sectors == u8::MAX {
            if self.pages.len() <= page {
                self.pages.resize(page + 1, None);
            }
            self.pages[page] = from.pages.get(page).cloned().flatten();
        } else {
            let (mut mixed, new) = (self.page(page), from.page(page));
            for sector in (0..SECTORS).filter(|sector| sectors & (1 << sector) != 0) {
                let range = sector * SECTOR_BYTES..(sector + 1) * SECTOR_BYTES;
                mixed[range.clone()].copy_from_slice(&new[range]);
            }
            self.set_page(page, mixed);
        }
        self.bytes = self.bytes.max(end);
    }

    /// Turns a bit; false where there is none.
    pub fn flip(&mut self, offset: usize, bit: u8) -> bool {
        if offset >= self.bytes {
            return false;
        }
        let mut content = self.page(offset / PAGE_BYTES);
        content[offset % PAGE_BYTES] ^= 1 << (bit % 8);
        self.set_page(offset / PAGE_BYTES, content);
        true
    }

    /// Cuts everything behind.
    pub fn cut(&mut self, bytes: usize) {
        let mut kept = Self::default();
        for page in 0..bytes.min(self.bytes).div_ceil(PAGE_BYTES) {
            kept.take_page(self, page, u8::MAX);
        }
        kept.bytes = bytes.min(self.bytes);
        if !kept.bytes.is_multiple_of(PAGE_BYTES) {
            let last = kept.bytes / PAGE_BYTES;
            let mut content = kept.page(last);
            content[kept.bytes % PAGE_BYTES..].fill(0);
            kept.set_page(last, content);
        }
        *self = kept;
    }
}

impl Hash for Pages {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
        for (number, page) in self.pages.iter().enumerate() {
            if let Some(page) = page {
                (number, page.checksum).hash(state);
            }
        }
    }
}
