//! What became of the rows: counted by each worker, added up at the end.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::replay::goods::LeftOut;
use crate::replay::invoices::Invoice;

/// Why an invoice is refused that no engine would take: a reservation has at most 1,000 lines.
pub const OVER_LINES_MAX: &str = "over_1000_lines";

/// Counts by name, in order of name.
pub type Counts = BTreeMap<String, u64>;

/// Rows, invoices and units of a run. Nothing here depends on time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Rows read.
    pub rows: u64,
    /// Invoices read, of any kind.
    pub invoices: u64,
    /// Invoices that were reserved, committed and fulfilled.
    pub granted: u64,
    /// Invoices that were not, by the refusal's code.
    pub refused: Counts,
    /// Units received before the first sale.
    pub units_opening: u64,
    /// Units handed over.
    pub units_sold: u64,
    /// Units of refused invoices.
    pub units_refused: u64,
    /// Rows that sell. Each row read is one that sells, returns, adjusts or is left out.
    pub sales: u64,
    /// Rows that return.
    pub returns: u64,
    /// Units returned to the order that sold them.
    pub units_returned_to_order: u64,
    /// Units returned without an order.
    pub units_returned_without_order: u64,
    /// Rows that adjust.
    pub adjustments: u64,
    /// Units that adjustments added.
    pub units_adjusted_up: u64,
    /// Units that adjustments took away.
    pub units_adjusted_down: u64,
    /// Rows that move no stock, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// The same by code.
    pub left_out_codes: Counts,
}

impl Tally {
    /// Counts an invoice's rows by what they ask for.
    pub fn take(&mut self, invoice: &Invoice) {
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        self.rows += invoice.rows;
        self.invoices += 1;
        self.sales += count(invoice.sales.len());
        self.returns += count(invoice.returns.len());
        self.adjustments += count(invoice.adjustments.len());
        for (code, why) in &invoice.left_out {
            *self.left_out.entry(*why).or_default() += 1;
            *self.left_out_codes.entry(code.clone()).or_default() += 1;
        }
    }

    /// Counts a refused invoice.
    pub fn refuse(&mut self, why: &str, units: u64) {
        *self.refused.entry(why.to_owned()).or_default() += 1;
        self.units_refused += units;
    }

    /// Adds another worker's counts.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.invoices += other.invoices;
        self.granted += other.granted;
        self.units_opening += other.units_opening;
        self.units_sold += other.units_sold;
        self.units_refused += other.units_refused;
        self.sales += other.sales;
        self.returns += other.returns;
        self.units_returned_to_order += other.units_returned_to_order;
        self.units_returned_without_order += other.units_returned_without_order;
        self.adjustments += other.adjustments;
        self.units_adjusted_up += other.units_adjusted_up;
        self.units_adjusted_down += other.units_adjusted_down;
        add(&mut self.refused, other.refused);
        add(&mut self.left_out, other.left_out);
        add(&mut self.left_out_codes, other.left_out_codes);
    }
}

fn add<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (name, count) in from {
        *into.entry(name).or_default() += count;
    }
}
