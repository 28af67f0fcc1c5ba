//! What a row of the file asks of the stock: a sale, a return, an adjustment, or nothing, and then why.
//!
//! Which codes are goods: those with an **article number**, a run of at least four digits (`85123A`, `15056BL`,
//! `DCGS0003`). Fees, postage and manual entries have names (`POST`, `M`, `AMAZONFEE`) or at most a serial digit
//! or two (`C2`). Gift vouchers carry a number too (`GIFT_0001_40`) and are told by their prefix: money, no stock.
//! The names below only say *why* a row is left out; a name that is not among them is left out all the same.

use std::fmt;

use saldo_protocol::Sku;
use serde::Serialize;

use crate::replay::csv_rows::Row;

/// Digits in a row that make an article number.
const ARTICLE_DIGITS_MIN: usize = 4;
const VOUCHER_PREFIX: &str = "GIFT";
/// Invoices that begin so undo a sale.
const RETURN_PREFIX: [char; 2] = ['C', 'c'];

/// Why a row moves no stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Postage and carriage.
    Postage,
    /// A manual entry.
    Manual,
    /// A discount.
    Discount,
    /// Fees, charges and bad debt.
    Fee,
    /// Samples, booked as a sum of money.
    Samples,
    /// A gift voucher.
    Voucher,
    /// Any other code without an article number.
    NoArticleNumber,
    /// A code that cannot name stock: longer than 64 bytes, or with control characters.
    CodeNotAllowed,
    /// A quantity of 0.
    QuantityZero,
    /// More than 2^31 − 1 units.
    QuantityTooLarge,
    /// A positive quantity on an invoice that undoes a sale.
    PositiveOnReturn,
    /// A negative quantity with a price on an ordinary invoice: neither a sale nor an adjustment.
    NegativeWithPrice,
}

impl LeftOut {
    /// The reason in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postage => "postage",
            Self::Manual => "manual entry",
            Self::Discount => "discount",
            Self::Fee => "fee",
            Self::Samples => "samples",
            Self::Voucher => "gift voucher",
            Self::NoArticleNumber => "no article number",
            Self::CodeNotAllowed => "code not allowed",
            Self::QuantityZero => "quantity 0",
            Self::QuantityTooLarge => "quantity too large",
            Self::PositiveOnReturn => "positive on a return",
            Self::NegativeWithPrice => "negative with a price",
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a row asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Units sold, at least 1.
    Sale(u32),
    /// Units that came back, at least 1.
    Return(u32),
    /// A signed correction, not 0.
    Adjustment(i32),
    /// Nothing.
    Nothing(LeftOut),
}

/// Reads a row: invoices that begin with `C` return, a negative line at price 0 corrects, a positive one sells
/// (at price 0 too: goods given away leave the shelf as well).
#[must_use]
pub fn demand(row: &Row) -> Demand {
    if let Some(reason) = not_goods(&row.code) {
        return Demand::Nothing(reason);
    }
    let Ok(signed) = i32::try_from(row.quantity) else {
        return Demand::Nothing(LeftOut::QuantityTooLarge);
    };
    let units = signed.unsigned_abs();
    if units > i32::MAX.unsigned_abs() {
        return Demand::Nothing(LeftOut::QuantityTooLarge);
    }
    match (signed.signum(), row.invoice.starts_with(RETURN_PREFIX)) {
        (0, _) => Demand::Nothing(LeftOut::QuantityZero),
        (1, false) => Demand::Sale(units),
        (1, true) => Demand::Nothing(LeftOut::PositiveOnReturn),
        (_, true) => Demand::Return(units),
        (_, false) if row.price_zero => Demand::Adjustment(signed),
        (_, false) => Demand::Nothing(LeftOut::NegativeWithPrice),
    }
}

fn not_goods(code: &str) -> Option<LeftOut> {
    match code {
        "POST" | "DOT" | "C2" | "C3" => Some(LeftOut::Postage),
        "M" => Some(LeftOut::Manual),
        "D" => Some(LeftOut::Discount),
        "AMAZONFEE" | "BANK CHARGES" | "CRUK" | "B" => Some(LeftOut::Fee),
        "S" => Some(LeftOut::Samples),
        _ if code.starts_with(VOUCHER_PREFIX) => Some(LeftOut::Voucher),
        _ if !has_article_number(code) => Some(LeftOut::NoArticleNumber),
        _ => Sku::new(code).err().map(|_| LeftOut::CodeNotAllowed),
    }
}

fn has_article_number(code: &str) -> bool {
    code.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= ARTICLE_DIGITS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(invoice: &str, code: &str, quantity: i64, price_zero: bool) -> Row {
        Row {
            line: 2,
            invoice: invoice.to_owned(),
            code: code.to_owned(),
            quantity,
            time: 0,
            price_zero,
            customer: None,
        }
    }

    #[test]
    fn article_numbers_are_goods() {
        for code in ["85123A", "22423", "15056BL", "DCGS0003", "SP1002", "47503J"] {
            assert_eq!(not_goods(code), None, "{code}");
        }
    }

    #[test]
    fn names_and_vouchers_are_not_and_say_why() {
        for (code, reason) in [
            ("POST", LeftOut::Postage),
            ("DOT", LeftOut::Postage),
            ("C2", LeftOut::Postage),
            ("M", LeftOut::Manual),
            ("D", LeftOut::Discount),
            ("S", LeftOut::Samples),
            ("AMAZONFEE", LeftOut::Fee),
            ("BANK CHARGES", LeftOut::Fee),
            ("GIFT_0001_40", LeftOut::Voucher),
            ("TEST001", LeftOut::NoArticleNumber),
            ("A NEW FEE", LeftOut::NoArticleNumber),
            ("", LeftOut::NoArticleNumber),
            ("85123\u{7}", LeftOut::CodeNotAllowed),
        ] {
            assert_eq!(not_goods(code), Some(reason), "{code}");
        }
        assert_eq!(not_goods(&"1".repeat(65)), Some(LeftOut::CodeNotAllowed));
    }

    #[test]
    fn the_invoice_the_sign_and_the_price_tell_what_is_asked() {
        let cases = [
            (row("536365", "85123A", 6, false), Demand::Sale(6)),
            (row("536365", "85123A", 6, true), Demand::Sale(6)),
            (row("C536379", "85123A", -2, false), Demand::Return(2)),
            (row("c536379", "85123A", -2, false), Demand::Return(2)),
            (row("536589", "21777", -10, true), Demand::Adjustment(-10)),
            (row("1", "21777", -10, false), Demand::Nothing(LeftOut::NegativeWithPrice)),
            (row("C1", "21777", 10, false), Demand::Nothing(LeftOut::PositiveOnReturn)),
            (row("1", "21777", 0, false), Demand::Nothing(LeftOut::QuantityZero)),
            (row("1", "21777", 1 << 31, false), Demand::Nothing(LeftOut::QuantityTooLarge)),
            (row("C1", "21777", -(1 << 31), false), Demand::Nothing(LeftOut::QuantityTooLarge)),
            (row("C1", "D", -1, false), Demand::Nothing(LeftOut::Discount)),
        ];
        for (row, asked) in cases {
            assert_eq!(demand(&row), asked, "{row:?}");
        }
    }
}
