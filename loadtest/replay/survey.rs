//! The first pass over the file: what has to be known before the first invoice is sent. Memory grows with codes,
//! invoices and returns, never with rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use crate::replay::csv_rows::{RowReader, open};
use crate::replay::error::InputError;
use crate::replay::goods::{Demand, demand};

/// One article of one customer.
pub type CustomerCode = (String, String);

/// What the first pass learned.
#[derive(Debug, Default)]
pub struct Survey {
    /// Rows behind the header.
    pub rows: u64,
    /// Units that the file sells of each code, in order of code: the base of the opening stock.
    pub sold: BTreeMap<String, u64>,
    /// What customers bring back. Only of these are sales remembered during the run.
    pub returned: HashSet<CustomerCode>,
    /// Rows of each invoice, so that the second pass knows when it has all of them.
    pub invoice_rows: HashMap<String, u64>,
    /// Whether no row is earlier than the one before it.
    pub in_order: bool,
    /// Which file this is, whatever it is called and however it is packed.
    pub identity: FileIdentity,
}

/// The file's content in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileIdentity {
    /// CRC-32C of the unpacked bytes.
    pub crc: u32,
    /// How many there are.
    pub bytes: u64,
}

/// Reads the file once.
///
/// # Errors
/// [`InputError`] for the first row that cannot be read; nothing has been sent by then.
pub fn survey(path: &Path) -> Result<Survey, InputError> {
    let summing = Summing { inner: open(path)?, seen: FileIdentity::default() };
    let mut reader = RowReader::new(summing, path)?;
    let mut found = Survey { in_order: true, ..Survey::default() };
    let mut latest = 0;
    for row in reader.by_ref() {
        let row = row?;
        found.rows += 1;
        found.in_order &= row.time >= latest;
        latest = latest.max(row.time);
        match demand(&row) {
            Demand::Sale(units) => *found.sold.entry(row.code).or_default() += u64::from(units),
            Demand::Return(_) => {
                if let Some(customer) = row.customer {
                    found.returned.insert((customer, row.code));
                }
            }
            Demand::Adjustment(_) | Demand::Nothing(_) => {}
        }
        *found.invoice_rows.entry(row.invoice).or_default() += 1;
    }
    found.identity = reader.into_inner().seen;
    Ok(found)
}

struct Summing<R> {
    inner: R,
    seen: FileIdentity,
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        self.seen.crc = crc32c::crc32c_append(self.seen.crc, read);
        self.seen.bytes = self.seen.bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}
