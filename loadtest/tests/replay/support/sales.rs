//! Files of sales, and a replay of one against a transport.

use std::fmt::Write;
use std::path::PathBuf;

use indicatif::ProgressBar;
use saldo_loadtest::replay::error::ReplayError;
use saldo_loadtest::replay::queue::Speed;
use saldo_loadtest::replay::report::Report;
use saldo_loadtest::replay::run::{ReplayPlan, replay};
use saldo_loadtest::replay::transport::Transport;
use saldo_protocol::Location;
use tempfile::TempDir;

pub const LOCATION: &str = "UK-DC";

/// A file of sales; each row gets the next minute unless it repeats its invoice.
pub struct Sales {
    folder: TempDir,
    pub plan: ReplayPlan,
}

impl Sales {
    /// Rows as `(invoice, code, quantity, price, customer)`.
    pub fn new(rows: &[(&str, &str, i64, &str, &str)]) -> Self {
        let mut text =
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
                .to_owned();
        let (mut minute, mut last) = (0, "");
        for &(invoice, code, quantity, price, customer) in rows {
            minute += u32::from(invoice != last);
            last = invoice;
            let (hour, minute) = (minute / 60, minute % 60);
            writeln!(
                text,
                "{invoice},{code},\"A THING, \"\"NEW\"\"\",{quantity},2010-12-01 {hour:02}:{minute:02}:00,{price},{customer},UK"
            )
            .unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sales.csv");
        std::fs::write(&file, text).unwrap();
        let plan = ReplayPlan {
            file,
            opening_stock: "1".parse().unwrap(),
            location: Location::new(LOCATION).unwrap(),
            concurrency: 1,
            speed: Speed::Max,
            seed: 0,
            carry_on: None,
        };
        Self { folder, plan }
    }

    pub fn opening(mut self, share: &str) -> Self {
        self.plan.opening_stock = share.parse().unwrap();
        self
    }

    pub fn concurrency(mut self, workers: usize) -> Self {
        self.plan.concurrency = workers;
        self
    }

    pub fn carried_on(mut self) -> Self {
        self.plan.carry_on = Some(self.path("run.jsonl"));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn replay(&self, transport: impl Transport) -> Result<Report, ReplayError> {
        replay(&self.plan, transport, ProgressBar::hidden()).await
    }
}

/// A month in small, made of a seed: scarce articles, customers who come back and bring back, corrections.
pub fn month(seed: u64, invoices: u32) -> Sales {
    let mut state = seed;
    let mut draw = move |below: u64| {
        // Numerical Recipes' linear congruential generator; its high bits are good enough here.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut rows = Vec::new();
    for number in 0..invoices {
        let kind = draw(10);
        let customer = match draw(4) {
            0 => String::new(),
            customer => format!("1785{customer}.0"),
        };
        let invoice = if kind < 3 { format!("C{number}") } else { number.to_string() };
        for _ in 0..=draw(5) {
            let code = format!("8512{}{}", draw(8), if draw(2) == 0 { "a" } else { "A" });
            let units = i64::try_from(draw(9)).unwrap() + 1;
            match kind {
                0..3 => rows.push((invoice.clone(), code, -units, "1.5", customer.clone())),
                3 => rows.push((invoice.clone(), code, -units, "0.0", String::new())),
                _ => rows.push((invoice.clone(), code, units, "1.5", customer.clone())),
            }
        }
        if draw(5) == 0 {
            rows.push((invoice, "POST".to_owned(), 1, "18.0", customer));
        }
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(i, c, q, p, who)| (i.as_str(), c.as_str(), *q, *p, who.as_str()))
        .collect();
    Sales::new(&rows)
}
