//! Which engine it is and how it was built, found in what it says of itself.

/// A gauge that is always 1; its labels tell.
const GAUGE: &str = "saldo_build_info{";

/// What an engine says of its build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// Its version.
    pub version: Option<String>,
    /// `release`, or `debug` where it is not optimised.
    pub profile: Option<String>,
}

/// Finds the gauge among the metrics; empty where it is not there.
#[must_use]
pub fn told_by(metrics: &str) -> BuildInfo {
    let labels = metrics.lines().find_map(|line| line.strip_prefix(GAUGE)?.split_once('}'));
    let Some((labels, _)) = labels else { return BuildInfo::default() };
    // Neither a version nor a profile holds a comma or a quotation mark.
    let label = |name: &str| {
        labels.split(',').find_map(|label| {
            let (found, value) = label.split_once('=')?;
            (found == name).then(|| value.trim_matches('"').to_owned())
        })
    };
    BuildInfo { version: label("version"), profile: label("profile") }
}

#[cfg(test)]
mod tests {
    use super::{BuildInfo, told_by};

    #[test]
    fn is_read_from_the_metrics() {
        let page = "# TYPE saldo_build_info gauge\nsaldo_build_info{version=\"0.1.0\",profile=\"debug\"} 1\n";
        let told = told_by(page);
        assert_eq!(told.version.as_deref(), Some("0.1.0"));
        assert_eq!(told.profile.as_deref(), Some("debug"));
        assert_eq!(told_by("saldo_events 1\n"), BuildInfo::default());
    }
}
