//! Which earlier sale a return undoes, and when that is known.
//!
//! The file seldom says, so it is decided: of the same customer's earlier lines of the same code that were handed
//! over, the latest one that still has all the returned units; else the latest that has any. What exceeds that
//! line goes without an order, and so does everything where there is no such line: nobody is named, nothing was
//! sold before, or the sale was refused and never handed over.
//!
//! A return waits until every earlier invoice of that customer and code is settled, so the choice depends on the
//! file and on what was granted, never on which answer came first.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use crate::replay::invoices::Invoice;
use crate::replay::stock::Basket;
use crate::replay::survey::CustomerCode;

/// A line that was handed over.
#[derive(Debug)]
struct SoldLine {
    /// The place of its invoice in the order of time.
    place: u64,
    reservation: Uuid,
    sold: u64,
    returned: u64,
}

#[derive(Debug, Default)]
struct History {
    lines: Vec<SoldLine>,
    /// Places of invoices that have begun and are not settled.
    unsettled: BTreeSet<u64>,
}

/// Where returned units go.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    /// The order, the units against it, and how many came back to that line before.
    pub order: Option<(Uuid, u64, u64)>,
    /// Units without an order.
    pub without_order: u64,
}

/// The sales that may come back: only of customers and codes of which the file returns something.
#[derive(Debug)]
pub struct SoldLines {
    watched: HashMap<CustomerCode, History>,
}

impl SoldLines {
    /// Remembers the sales of these.
    #[must_use]
    pub fn new(returned: HashSet<CustomerCode>) -> Self {
        Self { watched: returned.into_iter().map(|pair| (pair, History::default())).collect() }
    }

    /// An invoice begins. Called in the order of time.
    pub fn begin(&mut self, place: u64, invoice: &Invoice) {
        self.each(invoice, |history| {
            history.unsettled.insert(place);
        });
    }

    /// Whether an earlier invoice that this one may undo is still under way.
    #[must_use]
    pub fn must_wait(&self, place: u64, invoice: &Invoice) -> bool {
        pairs(invoice).any(|pair| {
            self.watched
                .get(&pair)
                .and_then(|history| history.unsettled.first())
                .is_some_and(|&first| first < place)
        })
    }

    /// The invoice's goods were handed over.
    pub fn handed_over(&mut self, place: u64, customer: Option<&str>, id: Uuid, sold: &Basket) {
        let Some(customer) = customer else { return };
        for (code, &units) in sold {
            if let Some(history) = self.watched.get_mut(&(customer.to_owned(), code.clone())) {
                history.lines.push(SoldLine { place, reservation: id, sold: units, returned: 0 });
            }
        }
    }

    /// Takes the units off the line that they undo.
    pub fn claim(&mut self, place: u64, customer: Option<&str>, code: &str, units: u64) -> Claim {
        let nothing = Claim { order: None, without_order: units };
        let Some(history) = customer
            .and_then(|customer| self.watched.get_mut(&(customer.to_owned(), code.to_owned())))
        else {
            return nothing;
        };
        let best = history
            .lines
            .iter_mut()
            .filter(|line| line.place < place && line.sold > line.returned)
            .max_by_key(|line| (line.sold - line.returned >= units, line.place));
        let Some(line) = best else { return nothing };
        let before = line.returned;
        let taken = units.min(line.sold - before);
        line.returned += taken;
        Claim { order: Some((line.reservation, taken, before)), without_order: units - taken }
    }

    /// Nothing more will come of this invoice that others wait for.
    pub fn settle(&mut self, place: u64, invoice: &Invoice) {
        self.each(invoice, |history| {
            history.unsettled.remove(&place);
        });
    }

    fn each(&mut self, invoice: &Invoice, act: impl Fn(&mut History)) {
        for pair in pairs(invoice) {
            if let Some(history) = self.watched.get_mut(&pair) {
                act(history);
            }
        }
    }
}

fn pairs(invoice: &Invoice) -> impl Iterator<Item = CustomerCode> + '_ {
    let lines = invoice.sales.iter().chain(&invoice.returns);
    invoice
        .customer
        .iter()
        .flat_map(move |customer| lines.clone().map(|(code, _)| (customer.clone(), code.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Option<&str> = Some("17850");

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// Sales of 22423 to one customer, as (place, units).
    fn sold(lines: &[(u64, u64)]) -> SoldLines {
        let pair = ("17850".to_owned(), "22423".to_owned());
        let mut book = SoldLines::new(HashSet::from([pair]));
        for &(place, units) in lines {
            let basket = Basket::from([("22423".to_owned(), units), ("OTHER1".to_owned(), 1)]);
            book.handed_over(place, ANN, id(u128::from(place)), &basket);
        }
        book
    }

    fn claim(order: Option<(Uuid, u64, u64)>, without_order: u64) -> Claim {
        Claim { order, without_order }
    }

    #[test]
    fn the_latest_line_that_has_all_the_units_is_undone() {
        let mut book = sold(&[(3, 6), (1, 6), (5, 2)]);
        assert_eq!(book.claim(9, ANN, "22423", 4), claim(Some((id(3), 4, 0)), 0));
        assert_eq!(book.claim(9, ANN, "22423", 2), claim(Some((id(5), 2, 0)), 0));
        assert_eq!(book.claim(9, ANN, "22423", 2), claim(Some((id(3), 2, 4)), 0));
    }

    #[test]
    fn what_exceeds_the_line_goes_without_an_order() {
        let mut book = sold(&[(1, 3), (2, 2)]);
        assert_eq!(book.claim(9, ANN, "22423", 10), claim(Some((id(2), 2, 0)), 8));
        assert_eq!(book.claim(9, ANN, "22423", 10), claim(Some((id(1), 3, 0)), 7));
        assert_eq!(book.claim(9, ANN, "22423", 10), claim(None, 10));
    }

    #[test]
    fn later_sales_and_other_customers_are_not_undone() {
        let mut book = sold(&[(7, 3)]);
        assert_eq!(book.claim(5, ANN, "22423", 1), claim(None, 1));
        assert_eq!(book.claim(9, Some("1"), "22423", 1), claim(None, 1));
        assert_eq!(book.claim(9, None, "22423", 1), claim(None, 1));
        assert_eq!(book.claim(9, ANN, "OTHER1", 1), claim(None, 1));
    }

    #[test]
    fn a_return_waits_for_earlier_invoices_of_its_customer_and_code_only() {
        let mut book = sold(&[]);
        let invoice = |customer: &str| Invoice {
            customer: Some(customer.to_owned()),
            sales: vec![("22423".to_owned(), 1)],
            ..Invoice::default()
        };
        let (own, other) = (invoice("17850"), invoice("1"));
        book.begin(1, &own);
        book.begin(2, &other);
        book.begin(3, &own);
        assert!(!book.must_wait(1, &own));
        assert!(book.must_wait(3, &own));
        assert!(!book.must_wait(3, &other));
        book.settle(1, &own);
        assert!(!book.must_wait(3, &own));
    }
}
