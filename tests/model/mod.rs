//! A model of the rules of stock, written from their description and not from the ledger, and tables of steps.
//!
//! The model shares the engine's words (its calls and names), but not one of its rules: maps, sums and plain `if`s, slow and
//! obvious. Where the description leaves a choice, such as how many events a basket takes, the model allows a range and
//! learns from the engine what it chose.

pub mod act;
mod case;
mod compare;
mod disks;
mod expect;
mod figures;
mod ledger_alone;
mod movements;
mod once;
mod order;
mod refusal;
mod reserving;
mod returning;
mod rules;
pub mod run;
mod settling;
mod shop;
pub mod steps;
mod stock;
mod stock_changes;
mod subject;
mod whole_engine;

pub use act::{Act, Crash, Draft};
pub use case::Case;
pub use figures::Figures;
pub use order::{Line, Order, Standing};
pub use refusal::{No, NoLine};
pub use rules::Rules;
pub use shop::{About, Done, Model};
pub use stock::Stock;
pub use subject::{Subject, Told};
