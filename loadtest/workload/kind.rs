//! The workloads by name.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Which workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One SKU, until it is gone and beyond.
    Hot,
    /// A burst of demand, commits of a share, expiries, a second wave.
    FlashSale,
    /// Every key as likely as any other.
    Uniform,
    /// Few keys often, many seldom.
    Zipf,
    /// Orders of several lines.
    Basket,
    /// Everything that can become of a reservation.
    Lifecycle,
    /// Reads and changes of many kinds.
    Mixed,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Hot,
        Self::FlashSale,
        Self::Uniform,
        Self::Zipf,
        Self::Basket,
        Self::Lifecycle,
        Self::Mixed,
    ];

    /// As the command line, the settings file and reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::FlashSale => "flash-sale",
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
            Self::Basket => "basket",
            Self::Lifecycle => "lifecycle",
            Self::Mixed => "mixed",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no workload is called {text:?}; there are {names}")
        })
    }
}
