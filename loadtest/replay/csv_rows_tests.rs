//! Tests of the row reader: what real files do to it.

use super::*;

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

fn rows(body: &str) -> Result<Vec<Row>, InputError> {
    let text = format!("{HEADER}{body}");
    RowReader::new(Cursor::new(text), Path::new("sales.csv"))?.collect()
}

fn error(body: &str) -> String {
    rows(body).unwrap_err().to_string()
}

#[test]
fn quotes_commas_and_line_breaks_stay_within_their_field() {
    let found = rows(concat!(
        "1,85123A,\"LOUNGE,METAL \"\"7\"\" SIGN\",2,2010-12-01 09:41:00,2.1,15311.0,UK\n",
        "2,85123B,\"two\nlines\",3,2010-12-01 09:42:00,2.1,15311.0,UK\n",
        "3,85123C,,4,2010-12-01 09:43:00,2.1,,UK\n",
    ))
    .unwrap();
    let short: Vec<_> = found.iter().map(|r| (r.line, r.code.as_str(), r.quantity)).collect();
    assert_eq!(short, [(2, "85123A", 2), (3, "85123B", 3), (5, "85123C", 4)]);
}

#[test]
fn customers_lose_their_decimals_and_may_be_missing() {
    let found = rows(concat!(
        "1,1,,1,2010-12-01 09:41:00,1,17850.0,UK\n",
        "1,1,,1,2010-12-01 09:41:00,1,17850,UK\n",
        "1,1,,1,2010-12-01 09:41:00,1,,UK\n",
    ))
    .unwrap();
    let customers: Vec<_> = found.iter().map(|row| row.customer.as_deref()).collect();
    assert_eq!(customers, [Some("17850"), Some("17850"), None]);
}

#[test]
fn codes_are_trimmed_and_upper_cased() {
    let found = rows("1, 85123a ,,1,2010-12-01 09:41:00,0.0,,UK\n").unwrap();
    assert_eq!(found[0].code, "85123A");
    assert!(found[0].price_zero);
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let text = "\u{feff}customerid,Quantity,InvoiceDate,UnitPrice,StockCode,InvoiceNo\n\
                7.0,-3,2010-12-01T09:41,0,22,C9\n";
    let mut reader = RowReader::new(Cursor::new(text), Path::new("sales.csv")).unwrap();
    let row = reader.next().unwrap().unwrap();
    assert_eq!((row.invoice.as_str(), row.quantity), ("C9", -3));
    assert_eq!(row.time, 1_291_196_460);
}

#[test]
fn what_cannot_be_read_is_named_with_its_line() {
    let missing = RowReader::new(Cursor::new("InvoiceNo,StockCode\n"), Path::new("sales.csv"));
    let missing = missing.err().unwrap().to_string();
    assert!(missing.contains("lacks Quantity, InvoiceDate, UnitPrice, CustomerID"), "{missing}");
    let quantity = error("1,1,,1.5,2010-12-01 09:41:00,1,,UK\n");
    assert_eq!(quantity, "sales.csv, line 2: Quantity must be a whole number, found \"1.5\"");
    assert!(error("1,1,,1,yesterday,1,,UK\n").contains("InvoiceDate must be of the form"));
    assert!(error("1,1,,1,2010-02-30 09:41:00,1,,UK\n").contains("2010-02-30"));
    assert!(error(",1,,1,2010-12-01 09:41:00,1,,UK\n").contains("InvoiceNo is empty"));
    assert!(error("1,1,,1,2010-12-01 09:41:00\n").contains("line 2"));
}

#[test]
fn gzip_is_known_by_its_first_bytes() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}1,1,,1,2010-12-01 09:41:00,1,,UK\n");
    let path = folder.path().join("named-otherwise.txt");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    for bytes in [packed.finish().unwrap(), text.into_bytes()] {
        std::fs::write(&path, bytes).unwrap();
        let rows: Result<Vec<_>, _> =
            RowReader::new(open(&path).unwrap(), &path).unwrap().collect();
        assert_eq!(rows.unwrap().len(), 1);
    }
    assert!(open(&folder.path().join("none")).is_err());
}
