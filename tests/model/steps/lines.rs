//! The lines of a call: `4`, `4 @paris`, or `shirt@berlin 2 + shoe@paris 1`.

use saldo_ledger::StockKey;

use super::words::{Words, usual_key};

/// Takes the lines of a call; none where none follow.
pub fn lines(words: &mut Words<'_>) -> Result<Option<Vec<(StockKey, u32)>>, String> {
    let mut lines = Vec::new();
    loop {
        if let Some(quantity) = words.number_if_any() {
            lines.push((words.key_if_any()?.unwrap_or_else(usual_key), quantity));
        } else if let Some(key) = words.key_if_any()? {
            lines.push((key, words.number()?));
        } else if lines.is_empty() {
            return Ok(None);
        } else {
            return Err("after `+` comes another line".to_owned());
        }
        if !words.take("+") {
            return Ok(Some(lines));
        }
    }
}
