//! Files of sales as `saldo-loadtest replay` reads them, plain or gzip: each row is refused with its line, or is one that
//! a shop could have written.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use saldo_loadtest::replay::csv_rows::{RowReader, open};

/// Rows of one input at most: a few bytes of gzip can be very many.
const ROWS_MAX: usize = 10_000;

/// Reads the bytes as a file.
///
/// # Panics
/// Where a row is taken that cannot be.
pub fn run(bytes: &[u8]) {
    rows(bytes, Path::new("sales.csv"));
    if bytes.starts_with(&[0x1f, 0x8b]) {
        static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
            let folder = tempfile::tempdir().expect("a temporary directory");
            let path = folder.path().join("sales.csv.gz");
            (folder, path)
        });
        std::fs::write(&FILE.1, bytes).expect("a temporary file");
        rows(open(&FILE.1).expect("a file"), &FILE.1);
    }
}

fn rows(bytes: impl Read, path: &Path) {
    let reader = match RowReader::new(bytes, path) {
        Ok(reader) => reader,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let mut line = 1;
    for row in reader.take(ROWS_MAX) {
        match row {
            Ok(row) => {
                assert!(row.line > line, "line {} behind {line}", row.line);
                line = row.line;
                assert!(!row.invoice.is_empty() && row.invoice.trim() == row.invoice);
                assert_eq!(row.code.trim(), row.code);
                assert!(row.time <= 253_402_300_799, "{} s", row.time);
                assert!(row.customer.is_none_or(|customer| !customer.is_empty()));
            }
            Err(error) => {
                let told = error.to_string();
                assert!(told.contains(&path.display().to_string()), "{told}");
                return;
            }
        }
    }
}
