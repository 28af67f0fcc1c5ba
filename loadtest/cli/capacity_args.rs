//! Arguments of `capacity`, and of the server that it starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};

use crate::workload::transport::{FRAME_MAX, Transport};
use crate::workload::values::Length;

/// In which forms, and how long each.
#[derive(Clone, Debug, Args)]
pub struct CapacityArgs {
    /// In which forms: http, ws-json, ws-binary
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "http,ws-json,ws-binary",
        value_parser = networked
    )]
    pub transports: Vec<Transport>,
    /// Operations of a frame, over the WebSocket
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        default_value = "1,100,8192",
        value_parser = value_parser!(u32).range(1..=i64::from(FRAME_MAX))
    )]
    pub frames: Vec<u32>,
    /// Clients, each with a connection of its own
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u32).range(1..=262_144))]
    pub clients: u32,
    /// How long each is measured
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub seconds: Duration,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Where the server that only echoes listens.
#[derive(Clone, Debug, Args)]
pub struct EchoArgs {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

/// A time that is not 0; a mere number is seconds.
///
/// # Errors
/// How one is written.
pub fn time(text: &str) -> Result<Duration, String> {
    let length = match text.parse::<u32>() {
        Ok(seconds) => Duration::from_secs(seconds.into()),
        Err(_) => text.parse::<Length>()?.0,
    };
    if length.is_zero() { Err("more than 0 s".to_owned()) } else { Ok(length) }
}

fn networked(text: &str) -> Result<Transport, String> {
    match text.parse()? {
        Transport::Inproc => Err("inproc has nothing that could echo".to_owned()),
        transport => Ok(transport),
    }
}
