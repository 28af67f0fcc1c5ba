//! Latencies as an HdrHistogram interval log, which HdrHistogram's own tools read. Values are nanoseconds; the column
//! of the largest values, for people, is in milliseconds.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError};

/// Nanoseconds of a millisecond: the divisor of the column of the largest values, as other writers of such logs have it.
const MAX_VALUE_DIVISOR: f64 = 1e6;
/// Latencies of a stretch of the run.
#[derive(Clone, Debug)]
pub struct LogInterval {
    /// When it began, seconds after the run's start.
    pub start_s: f64,
    /// How long it was, in seconds.
    pub length_s: f64,
    /// Its latencies, in nanoseconds.
    pub latencies: Histogram<u64>,
}

/// Why the log could not be written.
#[derive(Debug, thiserror::Error)]
pub enum HdrLogError {
    /// The disk did not let it.
    #[error("{}: cannot write the log of latencies: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A histogram could not be put into bytes.
    #[error("{}: the latencies of the interval at {start_s:.3} s cannot be written: {reason}", path.display())]
    Interval {
        /// The file.
        path: PathBuf,
        /// Which interval.
        start_s: f64,
        /// Why.
        reason: String,
    },
}

/// Writes the log as a file. `about` is a comment at its head.
///
/// # Errors
/// [`HdrLogError`], which names the file.
pub fn write(
    path: &Path,
    about: &str,
    began: SystemTime,
    intervals: &[LogInterval],
) -> Result<(), HdrLogError> {
    let failed = |error| HdrLogError::Write { path: path.to_owned(), error };
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    match write_to(&mut file, about, began, intervals) {
        Ok(()) => file.flush().map_err(failed),
        Err(Failure::Write(error)) => Err(failed(error)),
        Err(Failure::Interval { start_s, reason }) => {
            Err(HdrLogError::Interval { path: path.to_owned(), start_s, reason })
        }
    }
}

enum Failure {
    Write(io::Error),
    Interval { start_s: f64, reason: String },
}

fn write_to<W: Write>(
    out: &mut W,
    about: &str,
    began: SystemTime,
    intervals: &[LogInterval],
) -> Result<(), Failure> {
    let mut serializer = V2DeflateSerializer::new();
    let mut head = IntervalLogWriterBuilder::new();
    head.add_comment("[Histogram log format version 1.3]").add_comment(about);
    // Both times: readers differ in which of them makes the intervals' times count from the run's start.
    head.with_start_time(began).with_base_time(began).with_max_value_divisor(MAX_VALUE_DIVISOR);
    let mut log = head.begin_log_with(out, &mut serializer).map_err(Failure::Write)?;
    for interval in intervals {
        let LogInterval { start_s, length_s, latencies } = interval;
        log.write_histogram(latencies, time(*start_s), time(*length_s), None).map_err(|error| {
            match error {
                IntervalLogWriterError::IoError(error) => Failure::Write(error),
                IntervalLogWriterError::SerializeError(error) => {
                    Failure::Interval { start_s: *start_s, reason: error.to_string() }
                }
            }
        })?;
    }
    Ok(())
}

/// Seconds as a time; what is no time is none.
fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::measure::recorder::histogram;

    fn intervals() -> Vec<LogInterval> {
        [(0.0, 1_000), (1.0, 250_000), (2.0, 3_000_000_000)]
            .into_iter()
            .map(|(start_s, ns)| {
                let mut latencies = histogram();
                for times in 1..=100 {
                    latencies.saturating_record(ns * times / 10);
                }
                LogInterval { start_s, length_s: 1.0, latencies }
            })
            .collect()
    }

    /// Of the alphabet of RFC 4648, section 4.
    fn base64(text: &str) -> Vec<u8> {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits = text.trim_end_matches('=').bytes();
        let places =
            digits.map(|byte| DIGITS.iter().position(|digit| *digit == byte).expect("a digit"));
        let bits: Vec<bool> =
            places.flat_map(|place| (0..6).rev().map(move |bit| place >> bit & 1 == 1)).collect();
        let byte = |bits: &[bool]| bits.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit));
        bits.chunks_exact(8).map(byte).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.hlog");
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let intervals = intervals();
        write(&path, "hot\nsaldo", began, &intervals).expect("written");

        let bytes = std::fs::read(&path).expect("read");
        let entries: Vec<_> =
            IntervalLogIterator::new(&bytes).collect::<Result<_, _>>().expect("it is a log");
        let since = Duration::from_secs(1_800_000_000);
        assert_eq!(entries[..2], [LogEntry::StartTime(since), LogEntry::BaseTime(since)]);
        assert_eq!(entries.len(), 2 + intervals.len());
        for (entry, wanted) in entries[2..].iter().zip(&intervals) {
            let LogEntry::Interval(read) = entry else { panic!("no interval: {entry:?}") };
            assert_eq!(read.start_timestamp(), time(wanted.start_s));
            assert_eq!(read.duration(), Duration::from_secs(1));
            let bytes = base64(read.encoded_histogram());
            let latencies: Histogram<u64> =
                Deserializer::new().deserialize(&mut bytes.as_slice()).expect("a histogram");
            assert_eq!(latencies, wanted.latencies);
        }
    }

    #[test]
    fn an_error_names_the_file() {
        let error = write(Path::new("nowhere/run.hlog"), "", SystemTime::UNIX_EPOCH, &[]);
        let message = error.expect_err("there is no such folder").to_string();
        assert!(message.starts_with("nowhere/run.hlog: cannot write"), "{message}");
    }
}
