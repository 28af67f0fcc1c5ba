//! How much load: the settings of the driver, the same for every workload and target.

use std::time::Duration;

/// How much load, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Clients, each with a connection of its own.
    pub clients: u32,
    /// Batches that each client has in flight at most.
    pub in_flight: u32,
    /// Operations of a batch at most: 1 over HTTP, up to 8,192 over the WebSocket.
    pub frame: u32,
    /// Threads that the clients share.
    pub threads: u32,
    /// Whether answers or the clock decide when the next operation begins.
    pub arrivals: Arrivals,
    /// Time at the beginning that no figure counts; the audit does.
    pub warm_up: Duration,
    /// How long after the warm-up; none where only the number of operations ends the run.
    pub duration: Option<Duration>,
    /// How long the stretches of the series are.
    pub interval: Duration,
    /// How long a client that lost its connection tries to connect again.
    pub patience: Duration,
    /// The 99th percentile up to which the target counts as keeping up with a rate.
    pub knee_p99: Duration,
}

/// Whether answers or the clock decide when the next operation begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// A client sends when an answer has made room.
    Closed,
    /// Operations arrive at a rate, whatever the target does; latency counts from the intended start.
    Open {
        /// How many a second, over time, of all clients together.
        rates: Rates,
        /// How they are spaced.
        spacing: Spacing,
    },
}

/// Operations a second over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Rates {
    /// The same all the time.
    Fixed(f64),
    /// Evenly from one to the other over the run's duration.
    Ramp {
        /// At the beginning.
        from: f64,
        /// At the end.
        to: f64,
    },
    /// A stair from one to the other; each step is as many times the one before.
    Stair {
        /// The first step.
        from: f64,
        /// The last step.
        to: f64,
        /// How many steps, at least 2.
        steps: u32,
        /// How long each is.
        step: Duration,
    },
}

/// How arrivals are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// As independent shoppers come: exponential gaps.
    Poisson,
    /// Evenly.
    Constant,
}
