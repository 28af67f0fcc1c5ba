//! The file of sales as a stream of rows: CSV, plain or gzip, columns found by their names. Nothing is kept.

use std::fs::File;
use std::io::{BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use saldo_protocol::Timestamp;

use crate::replay::error::InputError;

/// The first two bytes of a gzip file; the name is not asked.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const MICROS_PER_SECOND: u64 = 1_000_000;

const COLUMNS: [&str; 6] =
    ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"];

/// One line of an invoice, as far as stock is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, counted from 1, the header included.
    pub line: u64,
    /// The invoice, trimmed.
    pub invoice: String,
    /// The stock code, trimmed and in upper case: two spellings are one article.
    pub code: String,
    /// Units: negative on returns and corrections.
    pub quantity: i64,
    /// Seconds since 1970 on the shop's clock.
    pub time: u64,
    /// Whether the unit price is 0.
    pub price_zero: bool,
    /// The customer without the `.0` that spreadsheets add; none where the column is empty.
    pub customer: Option<String>,
}

/// Bytes of the file, unpacked.
pub type SalesBytes = Box<dyn Read + Send>;

/// Rows from bytes, in the file's order.
pub struct RowReader<R> {
    path: PathBuf,
    csv: csv::Reader<R>,
    /// Where each of [`COLUMNS`] stands.
    columns: [usize; 6],
    record: csv::StringRecord,
}

/// Opens the file and unpacks it where it begins as gzip does.
///
/// # Errors
/// [`InputError::File`].
pub fn open(path: &Path) -> Result<SalesBytes, InputError> {
    let failed = |source| InputError::File { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut begin = Vec::with_capacity(GZIP_MAGIC.len());
    file.by_ref().take(2).read_to_end(&mut begin).map_err(failed)?;
    let packed = begin == GZIP_MAGIC;
    let whole: Chain<Cursor<Vec<u8>>, _> = Cursor::new(begin).chain(file);
    Ok(if packed { Box::new(BufReader::new(MultiGzDecoder::new(whole))) } else { Box::new(whole) })
}

impl<R: Read> RowReader<R> {
    /// Reads the header row. `path` is for messages.
    ///
    /// # Errors
    /// [`InputError::Header`] where a column is missing, [`InputError::Row`] where it is no CSV.
    pub fn new(bytes: R, path: &Path) -> Result<Self, InputError> {
        let mut csv = csv::ReaderBuilder::new().from_reader(bytes);
        let header = csv.headers().map_err(|error| unreadable(path, &error))?.clone();
        let mut columns = [0; COLUMNS.len()];
        let mut missing = Vec::new();
        for (place, name) in columns.iter_mut().zip(COLUMNS) {
            let is_it = |found: &str| {
                found.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(name)
            };
            match header.iter().position(is_it) {
                Some(found) => *place = found,
                None => missing.push(name),
            }
        }
        if !missing.is_empty() {
            return Err(InputError::Header { path: path.to_owned(), missing: missing.join(", ") });
        }
        Ok(Self { path: path.to_owned(), csv, columns, record: csv::StringRecord::new() })
    }

    /// The bytes' reader, after the last row.
    pub fn into_inner(self) -> R {
        self.csv.into_inner()
    }

    fn row(&self) -> Result<Row, InputError> {
        let line = self.record.position().map_or(0, csv::Position::line);
        let wrong = |reason: String| InputError::Row { path: self.path.clone(), line, reason };
        let [invoice, code, quantity, time, price, customer] =
            self.columns.map(|at| self.record.get(at).unwrap_or_default().trim());
        if invoice.is_empty() {
            return Err(wrong("InvoiceNo is empty".to_owned()));
        }
        Ok(Row {
            line,
            invoice: invoice.to_owned(),
            code: code.to_uppercase(),
            quantity: whole(quantity).ok_or_else(|| {
                wrong(format!("Quantity must be a whole number, found {quantity:?}"))
            })?,
            time: seconds(time).ok_or_else(|| {
                wrong(format!(
                    "InvoiceDate must be of the form 2010-12-01 08:26:00, found {time:?}"
                ))
            })?,
            price_zero: price
                .parse::<f64>()
                .map_err(|_| wrong(format!("UnitPrice must be a number, found {price:?}")))?
                == 0.0,
            customer: without_decimals(customer).map(ToOwned::to_owned),
        })
    }
}

impl<R: Read> Iterator for RowReader<R> {
    type Item = Result<Row, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.csv.read_record(&mut self.record) {
            Ok(true) => Some(self.row()),
            Ok(false) => None,
            Err(error) => Some(Err(unreadable(&self.path, &error))),
        }
    }
}

fn unreadable(path: &Path, error: &csv::Error) -> InputError {
    InputError::Row {
        path: path.to_owned(),
        line: error.position().map_or(1, csv::Position::line),
        reason: format!("this is not the CSV that was expected: {error}"),
    }
}

/// `6` and `6.0`, as a spreadsheet may write it.
fn whole(text: &str) -> Option<i64> {
    without_decimals(text)?.parse().ok()
}

/// None for an empty text.
fn without_decimals(text: &str) -> Option<&str> {
    let bare = text.strip_suffix(".0").unwrap_or(text);
    (!bare.is_empty()).then_some(bare)
}

/// `2010-12-01 08:26:00`, the seconds optional, a `T` or a blank in the middle.
fn seconds(text: &str) -> Option<u64> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let seconds = if time.len() == 5 { ":00" } else { "" };
    let whole = Timestamp::parse(&format!("{date}T{time}{seconds}.000000Z")).ok()?;
    Some(whole.as_micros() / MICROS_PER_SECOND)
}

#[cfg(test)]
#[path = "csv_rows_tests.rs"]
mod tests;
