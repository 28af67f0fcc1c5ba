//! The second pass: rows gathered to invoices, handed out in order of time.
//!
//! An invoice stands where its first row stands. It is handed out when all its rows are read, so only invoices
//! that are still open are in memory, usually one. A file that is not in order of time is read whole and sorted.

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use crate::replay::csv_rows::{Row, RowReader, SalesBytes, open};
use crate::replay::error::InputError;
use crate::replay::goods::{Demand, LeftOut, demand};
use crate::replay::survey::Survey;

/// One invoice with what it asks of the stock, in the file's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invoice {
    /// Its number.
    pub number: String,
    /// Seconds since 1970 of its earliest row.
    pub time: u64,
    /// Rows in the file.
    pub rows: u64,
    /// Who bought or brings back; none where the file names nobody.
    pub customer: Option<String>,
    /// Sold lines: code and units. A code may stand on several.
    pub sales: Vec<(String, u32)>,
    /// Returned lines: code and units.
    pub returns: Vec<(String, u32)>,
    /// Corrections: code and signed units.
    pub adjustments: Vec<(String, i32)>,
    /// What moves no stock: code and why.
    pub left_out: Vec<(String, LeftOut)>,
}

impl Invoice {
    /// Lines that move stock.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.sales.len() + self.returns.len() + self.adjustments.len()
    }

    fn take(&mut self, row: Row) {
        self.time = if self.rows == 0 { row.time } else { self.time.min(row.time) };
        self.rows += 1;
        match demand(&row) {
            Demand::Sale(units) => self.sales.push((row.code, units)),
            Demand::Return(units) => self.returns.push((row.code, units)),
            Demand::Adjustment(delta) => self.adjustments.push((row.code, delta)),
            Demand::Nothing(reason) => self.left_out.push((row.code, reason)),
        }
        if self.customer.is_none() {
            self.customer = row.customer;
        }
    }
}

/// Invoices of a file whose survey is known.
pub struct Invoices {
    rows: RowReader<SalesBytes>,
    /// Rows that are still to come, by invoice.
    rows_left: HashMap<String, u64>,
    /// In order of their first row, with the rows that each still lacks.
    open: VecDeque<(Invoice, u64)>,
}

/// All invoices in order of time.
///
/// # Errors
/// [`InputError`]; the iterator gives one too, where the file was changed since its survey.
pub fn in_order_of_time(
    path: &Path,
    survey: &Survey,
) -> Result<Box<dyn Iterator<Item = Result<Invoice, InputError>> + Send>, InputError> {
    let invoices = Invoices {
        rows: RowReader::new(open(path)?, path)?,
        rows_left: survey.invoice_rows.clone(),
        open: VecDeque::new(),
    };
    if survey.in_order {
        return Ok(Box::new(invoices));
    }
    let mut all = invoices.collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|invoice| invoice.time);
    Ok(Box::new(all.into_iter().map(Ok)))
}

impl Invoices {
    fn take(&mut self, row: Row) {
        let known = self.open.iter_mut().rev().find(|(invoice, _)| invoice.number == row.invoice);
        if let Some((invoice, lacking)) = known {
            *lacking = lacking.saturating_sub(1);
            invoice.take(row);
            return;
        }
        let rows = self.rows_left.remove(&row.invoice).unwrap_or(1);
        let mut invoice = Invoice { number: row.invoice.clone(), ..Invoice::default() };
        invoice.take(row);
        self.open.push_back((invoice, rows.saturating_sub(1)));
    }
}

impl Iterator for Invoices {
    type Item = Result<Invoice, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.open.front().is_some_and(|(_, lacking)| *lacking == 0) {
                return self.open.pop_front().map(|(invoice, _)| Ok(invoice));
            }
            match self.rows.next() {
                Some(Ok(row)) => self.take(row),
                Some(Err(error)) => return Some(Err(error)),
                None => return self.open.pop_front().map(|(invoice, _)| Ok(invoice)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::survey::survey;

    fn read(rows: &[&str]) -> (Survey, Vec<Invoice>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sales.csv");
        let mut text =
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
                .to_owned();
        for row in rows {
            text.push_str(row);
            text.push('\n');
        }
        std::fs::write(&path, text).unwrap();
        let survey = survey(&path).unwrap();
        let invoices: Result<Vec<_>, _> = in_order_of_time(&path, &survey).unwrap().collect();
        (survey, invoices.unwrap())
    }

    fn numbers(invoices: &[Invoice]) -> Vec<&str> {
        invoices.iter().map(|i| i.number.as_str()).collect()
    }

    #[test]
    fn an_invoice_whose_rows_are_apart_is_one_and_stands_at_its_first_row() {
        let (_, invoices) = read(&[
            "1,11111,,1,2010-12-01 09:00:00,1,,UK",
            "2,22222,,2,2010-12-01 09:00:00,1,,UK",
            "1,33333,,3,2010-12-01 09:01:00,1,,UK",
        ]);
        assert_eq!(numbers(&invoices), ["1", "2"]);
        assert_eq!(invoices[0].sales, [("11111".to_owned(), 1), ("33333".to_owned(), 3)]);
    }

    #[test]
    fn a_file_out_of_order_is_sorted() {
        let (survey, invoices) = read(&[
            "2,22222,,2,2010-12-01 09:05:00,1,,UK",
            "3,22222,,2,2010-12-01 09:05:00,1,,UK",
            "1,11111,,1,2010-12-01 09:00:00,1,,UK",
        ]);
        assert!(!survey.in_order);
        assert_eq!(numbers(&invoices), ["1", "2", "3"]);
    }

    #[test]
    fn the_survey_counts_sold_units_across_spellings_and_knows_what_comes_back() {
        let (survey, invoices) = read(&[
            "1,85123a,,2,2010-12-01 09:00:00,1,7.0,UK",
            "1,85123A,,3,2010-12-01 09:00:00,1,7.0,UK",
            "1,POST,,1,2010-12-01 09:00:00,1,7.0,UK",
            "2,85123A,,-9,2010-12-01 09:00:00,0,,UK",
            "C3,85123A,,-1,2010-12-01 09:02:00,1,7.0,UK",
            "C4,85123A,,-1,2010-12-01 09:02:00,1,,UK",
        ]);
        assert_eq!(survey.rows, 6);
        assert_eq!(survey.sold, BTreeMap::from([("85123A".to_owned(), 5)]));
        assert_eq!(survey.returned.len(), 1);
        assert_eq!(invoices[0].left_out, [("POST".to_owned(), LeftOut::Postage)]);
        assert_eq!(invoices[0].lines(), 2);
        assert_eq!(invoices[1].adjustments, [("85123A".to_owned(), -9)]);
        assert_eq!(invoices[3].customer, None);
    }

    use std::collections::BTreeMap;
}
