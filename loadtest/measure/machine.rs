//! What the figures were measured on, in one line. What cannot be found out is said to be unknown.

use std::fs;

use crate::measure::cpu;
use crate::measure::numbers::float;

const UNKNOWN: &str = "unknown";
const KIB_PER_GIB: f64 = 1_048_576.0;

/// Processors, their model, memory, and the kernel.
#[must_use]
pub fn described() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (cpuinfo, meminfo) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let release = read("/proc/sys/kernel/osrelease");
    line(cpu::cores(), &cpuinfo, &meminfo, &release)
}

fn line(cores: u32, cpuinfo: &str, meminfo: &str, release: &str) -> String {
    let word = if cores == 1 { "core" } else { "cores" };
    let model = field(cpuinfo, "model name").unwrap_or(UNKNOWN);
    let memory = memory_gib(meminfo)
        .map_or_else(|| format!("memory {UNKNOWN}"), |gib| format!("{gib:.1} GiB of memory"));
    let system = std::env::consts::OS;
    let release = Some(release.trim()).filter(|release| !release.is_empty()).unwrap_or(UNKNOWN);
    format!("{cores} {word}, processor {model}, {memory}, kernel {system} {release}")
}

/// The first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim())
    })?;
    (!value.is_empty()).then_some(value)
}

fn memory_gib(meminfo: &str) -> Option<f64> {
    let kib = field(meminfo, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(float(kib) / KIB_PER_GIB)
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_machine_is_one_line() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Fast One @ 3.0GHz\n\nprocessor\t: 1\n";
        let told = line(2, cpuinfo, "MemTotal:        8388608 kB\n", "6.1.0\n");
        assert_eq!(
            told,
            format!(
                "2 cores, processor Fast One @ 3.0GHz, 8.0 GiB of memory, kernel {} 6.1.0",
                std::env::consts::OS
            )
        );
        let nothing = line(1, "", "", "");
        assert!(nothing.starts_with("1 core, processor unknown, memory unknown"), "{nothing}");
        assert!(!super::described().contains('\n'));
    }
}
