//! What must hold between settings, whatever source each came from.

use std::collections::HashSet;

use super::{Settings, SettingsError, value};
use crate::limits;

/// Pairs of which the first may not be larger than the second.
pub(super) const ORDERED: [(&str, &str); 8] = [
    ("hold_seconds_default", "hold_seconds_max"),
    ("hold_seconds_max", "hold_lifetime_seconds_max"),
    // Otherwise the largest request allowed could never be taken.
    ("reservation_lines_max", "commands_in_flight_max"),
    ("feed_frame_commands_max", "commands_in_flight_max"),
    ("body_bytes_max", "body_discarded_bytes_max"),
    ("page_items_default", "page_items_max"),
    ("feed_snapshot_levels", "feed_pending_levels_max"),
    ("feed_frame_bytes_max", "feed_write_buffer_bytes_max"),
];

impl Settings {
    /// Whether all numbers lie in their ranges and the settings go together.
    ///
    /// # Errors
    /// The first rule that does not hold, with the figures.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.check_ranges()?;
        self.check_lists()?;
        self.check_journal()?;
        self.check_order()?;
        self.check_listen()
    }

    fn check_ranges(&self) -> Result<(), SettingsError> {
        match self.numbers().into_iter().find(|(_, value, limit)| !limit.allows(*value)) {
            Some((name, value, limit)) => {
                Err(SettingsError::Range { name, value, expected: value::range(limit) })
            }
            None => Ok(()),
        }
    }

    fn check_lists(&self) -> Result<(), SettingsError> {
        let entries_max = limits::LIST_ENTRIES_MAX;
        let lists = [
            ("origins", self.origins.len()),
            ("tokens", self.tokens.len()),
            ("low_stock_thresholds", self.low_stock_thresholds.len()),
        ];
        if let Some((name, entries)) = lists.into_iter().find(|(_, entries)| *entries > entries_max)
        {
            return Err(SettingsError::List { name, entries, entries_max });
        }
        self.check_tokens()?;
        let prefixes = self.low_stock_thresholds.iter().map(|it| it.sku_prefix.as_str());
        check_once("low_stock_thresholds", prefixes)
    }

    /// Whether each token has a name of its own, by which it is revoked.
    pub(super) fn check_tokens(&self) -> Result<(), SettingsError> {
        check_once("tokens", self.tokens.iter().map(|token| token.name.as_str()))
    }

    fn check_journal(&self) -> Result<(), SettingsError> {
        let step = limits::SEGMENT_BYTES_STEP;
        if !self.segment_bytes.is_multiple_of(step) {
            let rule = format!("must be a multiple of {step} bytes");
            return Err(SettingsError::Relation {
                name: "segment_bytes",
                value: self.segment_bytes,
                rule,
            });
        }
        let bytes_min = limits::JOURNAL_SEGMENTS_MIN * self.segment_bytes;
        if self.journal_bytes_max < bytes_min {
            let rule = format!(
                "must be at least {bytes_min} bytes: {} times `segment_bytes`, which is {}",
                limits::JOURNAL_SEGMENTS_MIN,
                self.segment_bytes
            );
            return Err(SettingsError::Relation {
                name: "journal_bytes_max",
                value: self.journal_bytes_max,
                rule,
            });
        }
        Ok(())
    }

    fn check_order(&self) -> Result<(), SettingsError> {
        let numbers = self.numbers();
        let value_of = |name| {
            numbers.iter().find(|(known, ..)| *known == name).map_or(0, |(_, value, _)| *value)
        };
        for (name, other) in ORDERED {
            let (value, most) = (value_of(name), value_of(other));
            if value > most {
                let rule = format!("must be at most `{other}`, which is {most}");
                return Err(SettingsError::Relation { name, value, rule });
            }
        }
        let (hours, days) = (self.reservation_kept_hours, self.returns_kept_days);
        if hours > days.saturating_mul(24) {
            let rule = format!("must be at most `returns_kept_days`, which is {days} (days)");
            return Err(SettingsError::Relation {
                name: "reservation_kept_hours",
                value: hours,
                rule,
            });
        }
        // A silent client must have been pinged, and have had time to answer, before it counts as gone.
        let (ping, idle) = (self.feed_ping_seconds, self.feed_idle_seconds);
        if ping >= idle {
            let rule = format!("must be less than `feed_idle_seconds`, which is {idle}");
            return Err(SettingsError::Relation { name: "feed_ping_seconds", value: ping, rule });
        }
        Ok(())
    }

    fn check_listen(&self) -> Result<(), SettingsError> {
        // An IPv4 address written as IPv6 (`::ffff:127.0.0.1`) is as local as it is.
        if self.listen.ip().to_canonical().is_loopback() || !self.tokens.is_empty() {
            Ok(())
        } else {
            Err(SettingsError::Exposed { listen: self.listen })
        }
    }
}

/// Whether no entry is named twice: it would be a matter of luck which one counts.
fn check_once<'a>(
    setting: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), SettingsError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(SettingsError::Twice { setting, name: name.to_owned() });
        }
    }
    Ok(())
}
