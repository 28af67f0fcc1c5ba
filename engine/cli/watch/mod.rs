//! `saldo watch`: shows stock or events as they change, as a live table in a terminal and as lines elsewhere.

mod board;
mod lines;
mod news;
mod screen;
mod table;
mod tape;

#[cfg(test)]
mod tests;

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use saldo_protocol::{
    Code, FeedMode, FrameId, Location, Sku, SkuPrefix, Subscribe, View,
    client::{ClientConfig, FeedError, FeedForm},
};

use self::{
    lines::Lines,
    news::{News, NewsStream},
    screen::Screen,
};
use super::{error::CliError, options, signals};

/// What `--help` adds.
pub const HELP: &str = "\
Shows the stock of a running engine, or with --events every event, as it changes.
It connects again by itself and goes on where it was. In a terminal it is a table
that Ctrl-C ends. Elsewhere it is one line a change on standard output, as text
or with --json as the JSON of the feed's levels and events (`{\"type\":\"full\"}`:
forget all levels, those that follow replace them; `{\"type\":\"gap\",\"earliest\"}`:
events are missing), and the connection's state on standard error.

Examples:
  saldo watch --sku-prefix TEE- --location OSLO-1
  saldo watch --sku TEE-BLACK-M --sku TEE-BLACK-L --view banded
  saldo watch --events --json | jq -r '.kind + \" \" + .sku'
  SALDO_TOKEN=... saldo watch --url http://stock.example:7700 --form binary

Exit codes:
  0  ended by Ctrl-C, SIGTERM or the end of the reader of its output
  1  the engine refuses the token or what is asked for; while it cannot be
     reached it is tried again, and that is told
  2  the command line cannot be used";

/// Where the engine is when the command line does not say.
const URL_DEFAULT: &str = "http://127.0.0.1:7700";
/// The shortest time between two pictures of the table.
const PICTURE_TIME_MIN: Duration = Duration::from_millis(100);

/// Options of `saldo watch`.
#[derive(Args, Debug)]
pub struct WatchOptions {
    /// Only this SKU; may be given more than once [default: all].
    #[arg(long, value_name = "SKU")]
    sku: Vec<Sku>,
    /// Only SKUs that begin with this, besides those named; may be given more than once.
    #[arg(long, value_name = "TEXT")]
    sku_prefix: Vec<SkuPrefix>,
    /// Only this location; may be given more than once [default: all].
    #[arg(long, value_name = "LOCATION")]
    location: Vec<Location>,
    /// How much is told of each key [default: the most that the token may see].
    #[arg(long, value_name = "VIEW", conflicts_with = "events")]
    view: Option<ViewOption>,
    /// Show every event from now on, not the newest levels.
    #[arg(long)]
    events: bool,
    /// How the engine sends it.
    #[arg(long, value_name = "FORM", default_value = "json")]
    form: FormOption,
    /// The engine's address.
    #[arg(long, value_name = "URL", default_value = URL_DEFAULT)]
    url: String,
    /// The token, where the engine asks for one [default: the environment's SALDO_TOKEN, which others cannot see].
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Print one line of JSON for each change.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ViewOption {
    /// All balances.
    Exact,
    /// In stock, low or out of stock.
    Banded,
    /// Available or not.
    Boolean,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormOption {
    /// Text: `saldo.v1.json`.
    Json,
    /// Bytes, smaller: `saldo.v1.bin`.
    Binary,
}

impl WatchOptions {
    fn config(&self) -> ClientConfig {
        ClientConfig {
            token: self.token.clone().or_else(options::token),
            form: match self.form {
                FormOption::Json => FeedForm::Json,
                FormOption::Binary => FeedForm::Binary,
            },
            ..ClientConfig::new(self.url.trim_end_matches('/'))
        }
    }

    fn subscribe(&self) -> Result<Subscribe, CliError> {
        let id = FrameId::new("watch")
            .map_err(|error| FeedError::Settings { reason: error.to_string() })?;
        let some = |is_empty: bool| !is_empty;
        Ok(Subscribe {
            skus: some(self.sku.is_empty()).then(|| self.sku.clone()),
            sku_prefixes: some(self.sku_prefix.is_empty()).then(|| self.sku_prefix.clone()),
            locations: some(self.location.is_empty()).then(|| self.location.clone()),
            mode: if self.events { FeedMode::Events } else { FeedMode::Levels },
            view: self.view.map(|view| match view {
                ViewOption::Exact => View::Exact,
                ViewOption::Banded => View::Banded,
                ViewOption::Boolean => View::Boolean,
            }),
            ..Subscribe::all(id)
        })
    }
}

/// Shows what comes until it is told to stop.
///
/// # Errors
/// A refusal that trying again cannot mend; an address that cannot be used; a standard output that takes nothing.
pub fn run(options: &WatchOptions) -> Result<(), CliError> {
    let news = news::of(options.config(), options.subscribe()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(CliError::system("start a runtime"))?;
    runtime.block_on(async {
        let stop = signals::stop().map_err(CliError::system("listen for SIGTERM and SIGINT"))?;
        let shown = async {
            if options.json || !io::stdout().is_terminal() {
                show_lines(news, Lines::new(&options.url, options.json)).await
            } else {
                show_pictures(news, Screen::open(&options.url, options.events)?).await
            }
        };
        tokio::select! {
            result = shown => result,
            () = stop => Ok(()),
        }
    })
}

async fn show_lines(mut news: NewsStream, lines: Lines) -> Result<(), CliError> {
    while let Some(news) = news.next().await {
        match lines.tell(&told(news)?) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            result => result.map_err(CliError::system("write to standard output"))?,
        }
    }
    Ok(())
}

/// Dropping the screen, on whatever way out, gives the terminal back as it was.
async fn show_pictures(mut news: NewsStream, mut screen: Screen) -> Result<(), CliError> {
    let mut pictures = tokio::time::interval(PICTURE_TIME_MIN);
    pictures.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = pictures.tick() => {
                screen.draw().map_err(CliError::system("write to the terminal"))?;
            }
            update = news.next() => match update {
                Some(update) => screen.take(told(update)?),
                None => return Ok(()),
            },
        }
    }
}

/// The news, or a refusal in words that say what to do.
fn told(news: Result<News, FeedError>) -> Result<News, CliError> {
    news.map_err(|error| match error {
        FeedError::Refused { code: Code::Unauthorized, detail } => {
            CliError::TokenRefused { detail }
        }
        other => CliError::Feed(other),
    })
}
