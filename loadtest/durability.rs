//! What an acknowledgement survives, found in what the engine says of itself. A figure without it means little.

/// The settings' names: acknowledged after the sync, or before it.
const NAMES: [&str; 2] = ["power_loss", "process_crash"];

/// Finds `durability` with its value, as JSON (`"durability":"power_loss"`) or as a metric's label
/// (`…{durability="power_loss"} 1`).
#[must_use]
pub fn told_by(text: &str) -> Option<String> {
    text.match_indices("durability").find_map(|(at, word)| {
        let rest = text.get(at + word.len()..)?;
        let value = rest.trim_start_matches(['"', ':', '=', ' ']);
        let name = NAMES.into_iter().find(|name| value.starts_with(name))?;
        Some(name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::told_by;

    #[test]
    fn is_read_from_json_and_from_metrics() {
        let json = r#"{"ready":true,"durability": "process_crash"}"#;
        assert_eq!(told_by(json).as_deref(), Some("process_crash"));
        let metrics = "# HELP saldo_durability what an answer survives\nsaldo_info{durability=\"power_loss\"} 1\n";
        assert_eq!(told_by(metrics).as_deref(), Some("power_loss"));
        assert_eq!(told_by("saldo_up 1\n"), None);
    }
}
