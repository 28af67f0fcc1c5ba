//! What the system tells of a running engine: memory, processor time, open files.

use std::fs;

use rustix::process::Pid;

fn read(pid: Pid, file: &str) -> Result<String, String> {
    let path = format!("/proc/{}/{file}", pid.as_raw_nonzero());
    fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
}

fn status_kib(pid: Pid, name: &str) -> Result<u64, String> {
    let status = read(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    figure.ok_or_else(|| format!("the process's status has no {name}"))
}

/// Bytes of its address space that are mapped.
///
/// # Errors
/// Where there is no such process.
pub fn mapped_bytes(pid: Pid) -> Result<u64, String> {
    status_kib(pid, "VmSize:").map(|kib| kib << 10)
}

/// Resident memory in MiB.
///
/// # Errors
/// Where there is no such process.
pub fn resident_mebibytes(pid: Pid) -> Result<u64, String> {
    status_kib(pid, "VmRSS:").map(|kib| kib >> 10)
}

/// Processor time that it has used, in ticks of a hundredth of a second.
///
/// # Errors
/// Where there is no such process.
pub fn processor_ticks(pid: Pid) -> Result<u64, String> {
    let stat = read(pid, "stat")?;
    // Behind the name, which may have anything in it but ends with the last bracket.
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let figures: Vec<u64> =
        behind.split_whitespace().skip(11).take(2).filter_map(|it| it.parse().ok()).collect();
    if figures.len() == 2 { Ok(figures.iter().sum()) } else { Err("no processor time".to_owned()) }
}

/// How many files it has open.
///
/// # Errors
/// Where there is no such process.
pub fn open_files(pid: Pid) -> Result<u64, String> {
    let path = format!("/proc/{}/fd", pid.as_raw_nonzero());
    let entries = fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
    Ok(entries.count() as u64)
}
