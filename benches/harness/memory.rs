//! What a process takes of the machine's memory and of its cores, as Linux tells it.

use std::fs;
use std::io;

use rustix::param::clock_ticks_per_second;
use rustix::process::Pid;

use crate::{BenchError, count};

/// `VmRSS` of `/proc/PID/status`, in bytes.
pub(crate) fn resident_bytes(pid: Pid) -> Result<u64, BenchError> {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    let reading = || BenchError::io(format!("VmRSS of {path}"));
    let status = fs::read_to_string(&path).map_err(reading())?;
    kib(&status, "VmRSS:")
        .map(|kib| kib * 1_024)
        .ok_or_else(|| reading()(io::ErrorKind::InvalidData.into()))
}

/// Time that all its threads had of the cores, in seconds, by `/proc/PID/stat`; in steps of 10 ms as a rule.
pub(crate) fn cpu_seconds(pid: Pid) -> Result<f64, BenchError> {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let reading = || BenchError::io(format!("the times of {path}"));
    let stat = fs::read_to_string(&path).map_err(reading())?;
    let ticks = cpu_ticks(&stat).ok_or_else(|| reading()(io::ErrorKind::InvalidData.into()))?;
    Ok(count(ticks) / count(clock_ticks_per_second().max(1)))
}

/// User's and system's time: fields 14 and 15, counted behind the name, which may hold spaces.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_line_is_found() {
        let status = "Name:\tsaldo\nVmHWM:\t  900 kB\nVmRSS:\t    4321 kB\n";
        assert_eq!(super::kib(status, "VmRSS:"), Some(4_321));
        let stat = "7 (a b) S 1 2 3 4 5 6 7 8 9 10 40 2 0 0 20";
        assert_eq!(super::cpu_ticks(stat), Some(42));
        assert_eq!(super::kib("Name:\tsaldo\n", "VmRSS:"), None);
    }
}
