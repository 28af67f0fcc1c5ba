//! Numbers as people read them: thousands apart, times in a fitting unit, shares in percent.

/// `42481` as `42,481`.
#[must_use]
pub fn thousands(count: u64) -> String {
    apart(&count.to_string())
}

/// A number without a unit: whole ones and those from 1,000 on without decimals, smaller ones with three digits.
#[must_use]
pub fn number(value: f64) -> String {
    let (sign, size) = if value < 0.0 { ("-", -value) } else { ("", value) };
    if !size.is_finite() {
        return "–".to_owned();
    }
    let is_whole = (size - size.round()).abs() < 1e-9;
    let text =
        if is_whole || size >= 999.5 { apart(&format!("{size:.0}")) } else { three_digits(size) };
    format!("{sign}{text}")
}

/// Nanoseconds in a fitting unit: `850 ns`, `12.3 µs`, `3.21 ms`, `1.20 s`.
#[must_use]
pub fn latency(ns: f64) -> String {
    const UNITS: [(&str, f64); 3] = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6)];
    for (unit, size) in UNITS {
        let value = ns / size;
        // Above it, three digits would be rounded to 1,000 of this unit.
        if value < 999.5 {
            let text = if size > 1.0 { three_digits(value) } else { format!("{value:.0}") };
            return format!("{text} {unit}");
        }
    }
    let seconds = ns / 1e9;
    if seconds < 999.5 {
        format!("{} s", three_digits(seconds))
    } else {
        format!("{} s", number(seconds))
    }
}

/// A share from 0 to 1 as `37.2 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Seconds as `30.0 s`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    if seconds < 9.995 { format!("{seconds:.2} s") } else { format!("{seconds:.1} s") }
}

/// A ratio as `1.25×`; a dash where there is nothing to divide by.
#[must_use]
pub fn times(part: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{}×", three_digits(part / whole)) } else { "–".to_owned() }
}

/// A quantile as `p99.9`; 1 is `max`.
#[must_use]
pub fn quantile(quantile: f64) -> String {
    if quantile >= 1.0 {
        return "max".to_owned();
    }
    let text = format!("{:.4}", quantile * 100.0);
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// One of them, or several: `1 run`, `5 runs`.
#[must_use]
pub fn several(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {one}s", apart(&count.to_string())) }
}

/// A sentence on lines of at most so many characters, words kept whole.
#[must_use]
pub fn wrapped(sentence: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in sentence.split_whitespace() {
        let added = word.chars().count();
        if length > 0 && length + 1 + added > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += added;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A figure of the feed: its title, and how it is written.
type FeedFigure = (&'static str, &'static str, fn(f64) -> String);

/// Figures of the feed by name, in the order in which they are told.
const FEED: [FeedFigure; 26] = [
    ("subscribers", "subscribers", number),
    ("subscribers_reading", "subscribers that read at once", number),
    ("subscribers_paced", "subscribers that are paced", number),
    ("subscribers_stalled", "subscribers that never read", number),
    ("subscribers_lost", "connections lost", number),
    ("version_faults", "versions that did not rise", number),
    ("keys_compared", "keys compared at the end", number),
    ("keys_older", "keys held in older versions", number),
    ("keys_different", "keys held otherwise", number),
    ("keys_newer", "keys that went on meanwhile", number),
    ("caught_up_ms", "newest levels held after", milliseconds),
    ("reader_busiest_thread_share", "busiest thread, of a core", percent),
    ("heard_s", "first to last message", seconds),
    ("messages", "messages", number),
    ("messages_at_end", "messages caught up on", number),
    ("messages_per_second", "messages/s", number),
    ("levels", "levels", number),
    ("levels_at_end", "levels caught up on", number),
    ("levels_per_second", "levels/s", number),
    ("levels_per_message", "levels/message", number),
    ("bytes", "bytes", number),
    ("delay_p50_ms", "delay p50", milliseconds),
    ("delay_p90_ms", "delay p90", milliseconds),
    ("delay_p99_ms", "delay p99", milliseconds),
    ("delay_p99_9_ms", "delay p99.9", milliseconds),
    ("delay_max_ms", "delay max", milliseconds),
];

/// What the figures of paced subscribers begin with.
const PACED: &str = "paced_";

/// The place of a figure of the feed among the others: those of paced subscribers last.
#[must_use]
pub fn feed_place(name: &str) -> (bool, usize) {
    let (is_paced, bare) = unpaced(name);
    let place = FEED.iter().position(|(known, ..)| *known == bare);
    (is_paced, place.unwrap_or(FEED.len()))
}

/// A figure of the feed as people read it: its title, and its value with its unit.
#[must_use]
pub fn feed(name: &str, value: f64) -> (String, String) {
    let (is_paced, bare) = unpaced(name);
    let manner = if is_paced { "paced: " } else { "" };
    FEED.iter().find(|(known, ..)| *known == bare).map_or_else(
        || (format!("{manner}{}", bare.replace('_', " ")), number(value)),
        |(_, title, written)| (format!("{manner}{title}"), written(value)),
    )
}

fn unpaced(name: &str) -> (bool, &str) {
    name.strip_prefix(PACED).map_or((false, name), |bare| (true, bare))
}

fn milliseconds(ms: f64) -> String {
    latency(ms * 1e6)
}

/// Three significant digits of what is below 1,000.
fn three_digits(value: f64) -> String {
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else if value >= 0.0995 || value <= 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}

/// Commas between groups of three digits.
fn apart(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let written: Vec<_> = [0, 999, 1_000, 42_481, 1_234_567].map(thousands).to_vec();
        assert_eq!(written, ["0", "999", "1,000", "42,481", "1,234,567"]);
    }

    #[test]
    fn a_latency_has_a_fitting_unit_and_three_digits() {
        let written: Vec<_> =
            [0.0, 850.0, 12_300.0, 3_210_000.0, 999_600.0, 1.2e9, 3.6e12].map(latency).to_vec();
        let wanted = ["0 ns", "850 ns", "12.3 µs", "3.21 ms", "1.00 ms", "1.20 s", "3,600 s"];
        assert_eq!(written, wanted);
    }

    #[test]
    fn numbers_have_as_many_digits_as_they_need() {
        let written: Vec<_> = [0.0, 64.0, 0.0123, 1.5, 41_234.7, -2.0].map(number).to_vec();
        assert_eq!(written, ["0", "64", "0.0123", "1.50", "41,235", "-2"]);
        assert_eq!(number(f64::NAN), "–");
    }

    #[test]
    fn shares_ratios_and_quantiles() {
        assert_eq!(percent(0.3724), "37.2 %");
        assert_eq!(times(3.0, 2.0), "1.50×");
        assert_eq!(times(3.0, 0.0), "–");
        let written: Vec<_> = [0.5, 0.99, 0.999, 0.9999, 1.0].map(quantile).to_vec();
        assert_eq!(written, ["p50", "p99", "p99.9", "p99.99", "max"]);
        assert_eq!(several(1, "run"), "1 run");
        assert_eq!(several(5, "run"), "5 runs");
    }

    #[test]
    fn figures_of_the_feed_have_titles_and_units() {
        let written = |name: &str, value: f64| {
            let (title, figure) = feed(name, value);
            format!("{title} {figure}")
        };
        assert_eq!(written("delay_p99_9_ms", 40.0), "delay p99.9 40.0 ms");
        assert_eq!(written("paced_delay_p50_ms", 1_200.0), "paced: delay p50 1.20 s");
        assert_eq!(written("paced_levels_per_second", 1_234.4), "paced: levels/s 1,234");
        assert_eq!(written("heard_s", 30.04), "first to last message 30.0 s");
        assert_eq!(written("not_known", 2.0), "not known 2");
        let mut names = ["paced_bytes", "delay_max_ms", "subscribers", "delay_p50_ms"];
        names.sort_unstable_by_key(|name| feed_place(name));
        assert_eq!(names, ["subscribers", "delay_p50_ms", "delay_max_ms", "paced_bytes"]);
        // As wide as the table's column of titles.
        assert!(FEED.iter().all(|(_, title, _)| title.len() <= 30));
        assert!(
            FEED[12..].iter().all(|(name, ..)| feed(&format!("paced_{name}"), 0.0).0.len() <= 30)
        );
    }

    #[test]
    fn sentences_are_wrapped_at_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert!(wrapped("  ", 7).is_empty());
    }
}
