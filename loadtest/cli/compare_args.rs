//! Arguments of `compare`.

use std::path::PathBuf;

use clap::Args;

/// Two reports that --json wrote.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// The report that is compared with
    #[arg(value_name = "A.json")]
    pub before: PathBuf,
    /// The report that is told in its terms
    #[arg(value_name = "B.json")]
    pub after: PathBuf,
}
