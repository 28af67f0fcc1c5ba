//! What an acknowledgement survives, found in what the engine says of itself. A figure without it means little.

/// 1 where an answer waits for the sync, 0 where it does not.
const GAUGE: &str = "saldo_durability_power_loss";
/// The settings' names for the two.
const POWER_LOSS: &str = "power_loss";
const PROCESS_CRASH: &str = "process_crash";

/// Finds the gauge among the metrics. None where there is none, or its value is neither 0 nor 1.
#[must_use]
pub fn told_by(metrics: &str) -> Option<&'static str> {
    let value = metrics.lines().find_map(|line| line.strip_prefix(GAUGE)?.strip_prefix(' '))?;
    match value.trim() {
        "1" => Some(POWER_LOSS),
        "0" => Some(PROCESS_CRASH),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::told_by;

    #[test]
    fn is_read_from_the_metrics() {
        let metrics = |value: &str| {
            format!(
                "# HELP saldo_durability_power_loss What an answer survives.\n\
                 # TYPE saldo_durability_power_loss gauge\nsaldo_durability_power_loss {value}\nsaldo_events 0\n"
            )
        };
        assert_eq!(told_by(&metrics("1")), Some("power_loss"));
        assert_eq!(told_by(&metrics("0")), Some("process_crash"));
        assert_eq!(told_by(&metrics("2")), None);
        assert_eq!(told_by("saldo_events 1\n"), None);
    }
}
