//! Scripts made up from a seed: any calls in any order, with crashes, checkpoints and time between them.

use std::fmt::Write as _;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

/// Steps of a script.
const STEPS: usize = 60;
const KEYS: [&str; 4] = ["a@x", "a@y", "b@x", "c@x"];
/// What befalls the engine.
const EVENTS: [&str; 10] = [
    "checkpoint",
    "checkpoint",
    "retain",
    "sweep",
    "tick 400",
    "tick 901",
    "sleep",
    "stop",
    "crash",
    "power",
];

/// The text of a script. Nothing is expected of its calls.
pub fn script(seed: u64) -> String {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut text = String::from(
        "receive a@x 20 -> *\nreceive a@y 9 -> *\nreceive b@x 9 -> *\nreceive c@x 9 -> *\n",
    );
    let mut made = 0_u8;
    for _ in 0..STEPS {
        let key = KEYS[dice.random_range(0..KEYS.len())];
        let other = KEYS[dice.random_range(0..KEYS.len())];
        let (units, more) = (dice.random_range(1..5), dice.random_range(1..4));
        let id = char::from(b'A' + dice.random_range(0..=made.min(20)));
        let line = match dice.random_range(0..24) {
            0..=5 => EVENTS[dice.random_range(0..EVENTS.len())].to_owned(),
            6 => format!("receive {key} {units} -> *"),
            7 => format!(
                "torn receive {key} {units} with {}\nreceive {other} {more} -> *",
                units * 4_000
            ),
            8 => format!("count {key} {} -> *", units * 3),
            9 => format!("sell {key} {units} -> * & receive {other} {more} -> *"),
            10 => format!("policy {key} {more} 0 -> *"),
            11..=14 => {
                made += 1;
                let id = char::from(b'A' + made.min(20));
                let mode = if dice.random_range(0..3) == 0 { "partial" } else { "reserve" };
                format!("{mode} {id} {key} {units} {other} {more} -> *")
            }
            15 => format!("add {id} {key} {units} {other} {more} -> *"),
            16 | 17 => format!("commit {id} -> *"),
            18 => format!("fulfil {id} -> *"),
            19 => format!("release {id} -> * & commit {id} -> *"),
            20 => format!("cancel {id} -> *"),
            21 => format!("extend {id} 600 -> *"),
            22 => format!(
                "return {id} {key} 1 to {}@{} damaged -> *",
                &key[..1],
                if units > 2 { "x" } else { "y" }
            ),
            _ => format!("fill {key} {} -> *", units * 120_000),
        };
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    text
}
