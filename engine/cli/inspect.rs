//! `saldo inspect`: shows one key, from a running engine or from a stopped one's data.

use clap::Args;
use saldo::{
    config::Loaded,
    tools::{self, Inspection},
};
use saldo_ledger::StockKey;
use saldo_protocol::{
    Location, MovementsQuery, PageLimit, PageQuery, Sku,
    client::{Client, ClientConfig, ClientError},
};

use super::{
    error::CliError,
    log,
    options::{CommonOptions, token},
    output,
};

/// What `--help` adds.
pub const HELP: &str = "\
With --url it asks a running engine; without, it reads the data directory, which
no engine may be using. Where the engine has tokens configured, one of the role
sell or admin must be in the environment variable SALDO_TOKEN.

Examples:
  saldo inspect TEE-BLACK-M OSLO-1 --url http://127.0.0.1:7700
  saldo inspect TEE-BLACK-M OSLO-1 --data-dir ./data --movements 100 --json

Exit codes:
  0  shown
  1  there is no such key, or the engine or the directory does not answer
  2  the command line or the settings cannot be used";

/// Movements shown when the command line does not say.
const MOVEMENTS_DEFAULT: u16 = 10;

/// Options of `saldo inspect`.
#[derive(Args, Debug)]
pub struct InspectOptions {
    /// The SKU, as it was given to the engine.
    sku: String,
    /// The location.
    location: String,
    /// Ask the engine that runs here, instead of reading a data directory.
    #[arg(long, value_name = "URL", conflicts_with = "data_dir")]
    url: Option<String>,
    /// How many of the last movements to show.
    #[arg(long, value_name = "N", default_value_t = MOVEMENTS_DEFAULT,
          value_parser = clap::value_parser!(u16).range(0..=1_000))]
    movements: u16,
    /// Print JSON, with the same fields as the HTTP answers.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonOptions,
}

/// Shows the key.
///
/// # Errors
/// A key that cannot be or is not there; unusable settings; an engine or a directory that does not answer.
pub fn run(options: &InspectOptions) -> Result<(), CliError> {
    let key = key_of(&options.sku, &options.location)?;
    let Loaded { settings, .. } = options.common.clone().load()?;
    log::start(settings.log);
    let inspection = match &options.url {
        Some(url) => {
            let config = ClientConfig { token: token(), ..ClientConfig::new(url) };
            let client = Client::new(config)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(CliError::system("start a runtime"))?;
            runtime.block_on(ask(&client, &key, options.movements))?
        }
        None => tools::inspect(&settings, &key, options.movements.into())?,
    };
    if options.json { output::tell_json(&inspection) } else { output::tell(&inspection) }
}

fn key_of(sku: &str, location: &str) -> Result<StockKey, CliError> {
    StockKey::new(sku, location).map_err(|cause| CliError::Key {
        sku: sku.to_owned(),
        location: location.to_owned(),
        cause,
    })
}

/// Asks a running engine. The parts are read one after the other: each is right, and later ones may know more.
async fn ask(client: &Client, key: &StockKey, movements: u16) -> Result<Inspection, ClientError> {
    let (sku, location) = (key.sku(), key.location());
    let level = client.level(sku, location).await?.value;
    // One page, as long as the engine makes it: a hot key may have a million holds.
    let page = client.reservations_on(sku, location, &PageQuery::default()).await?.value;
    let movements = match movements {
        0 => Vec::new(),
        limit => {
            let query = MovementsQuery {
                sku: Sku::new(sku)?,
                location: Location::new(location)?,
                cursor: None,
                limit: Some(PageLimit::new(limit)?),
            };
            client.movements(&query).await?.value.movements
        }
    };
    Ok(Inspection {
        level,
        reservations: page.reservations,
        has_more_reservations: page.next_cursor.is_some(),
        movements,
    })
}
