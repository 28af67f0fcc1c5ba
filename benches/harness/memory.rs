//! What a process takes of the machine's memory, as Linux tells it.

use std::fs;
use std::io;

use rustix::process::Pid;

use crate::BenchError;

/// `VmRSS` of `/proc/PID/status`, in bytes.
pub(crate) fn resident_bytes(pid: Pid) -> Result<u64, BenchError> {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    let reading = || BenchError::io(format!("VmRSS of {path}"));
    let status = fs::read_to_string(&path).map_err(reading())?;
    kib(&status, "VmRSS:")
        .map(|kib| kib * 1_024)
        .ok_or_else(|| reading()(io::ErrorKind::InvalidData.into()))
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
        assert_eq!(super::kib("Name:\tsaldo\n", "VmRSS:"), None);
    }
}
