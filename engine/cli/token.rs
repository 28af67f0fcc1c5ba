//! `saldo token`: makes, lists and revokes the bearer tokens in a settings file.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use saldo::config::{self, TokenFile};

use super::{error::CliError, output};

/// What `--help` adds.
pub const HELP: &str = "\
A token is printed once, on standard output, and kept nowhere: the settings
file holds its hash alone. The file is the one that --config names, or else
./saldo.toml or ./config/saldo.toml, whichever is there first; where there is
none, ./saldo.toml is made. An engine reads its settings at the start: restart
it after a change.

Roles:
  read   levels
  sell   levels, orders, movements, and every change: checkouts, tills
  admin  the same, for those who run the engine

Examples:
  saldo token new --role sell --name checkout
  saldo token new --role read --config /etc/saldo.toml
  saldo token list
  saldo token revoke checkout

Exit codes:
  0  done
  1  failed: standard error says why, and the file is as it was
  2  the command line or the settings file cannot be used";

/// Options of `saldo token`.
#[derive(Args, Debug)]
pub struct TokenOptions {
    #[command(subcommand)]
    action: Action,
    /// Settings file (TOML) [default: ./saldo.toml, else ./config/saldo.toml].
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token: print it once, and write its hash into the settings file.
    New {
        /// What its holder may do.
        #[arg(long)]
        role: Role,
        /// What to call it, for the list and to revoke it by [default: the role and a number].
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
    },
    /// Show the tokens in the settings file: role, name and hash.
    List,
    /// Take a token out of the settings file.
    Revoke {
        /// Its name.
        name: String,
    },
}

/// What a token's holder may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// Levels.
    Read,
    /// Levels, orders, movements, and every change.
    Sell,
    /// The same, for those who run the engine.
    Admin,
}

impl From<Role> for config::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Read => Self::Read,
            Role::Sell => Self::Sell,
            Role::Admin => Self::Admin,
        }
    }
}

/// Does it.
///
/// # Errors
/// A settings file that cannot be read or written; a name that cannot be, is taken or is not there.
pub fn run(options: TokenOptions) -> Result<(), CliError> {
    let mut file = TokenFile::open(options.config, Path::new(""))?;
    match options.action {
        Action::New { role, name } => {
            let (token, name) = file.add(role.into(), name.as_deref())?;
            output::tell(&token.as_str())?;
            let path = file.path().display().to_string();
            note(&format!(
                "token `{name}`: its hash is in {path}; keep the token, nobody can show it again; a running engine must be restarted"
            ));
        }
        Action::List => {
            for token in file.tokens() {
                output::tell(&format_args!("{:<5}  {}  {}", token.role, token.name, token.hash))?;
            }
        }
        Action::Revoke { name } => {
            file.revoke(&name)?;
            let path = file.path().display().to_string();
            note(&format!(
                "token `{name}` is out of {path}; a running engine takes it until it is restarted"
            ));
        }
    }
    Ok(())
}

/// Says something beside the output, and what would make the file's tokens count for nothing.
fn note(text: &str) {
    let variable = format!("{}TOKENS", config::ENVIRONMENT_PREFIX);
    let mut out = io::stderr().lock();
    // With standard error closed there is nobody to tell.
    let _ = writeln!(out, "{text}");
    if std::env::var_os(&variable).is_some() {
        let _ = writeln!(
            out,
            "{variable} is set here: an engine that has it ignores the file's tokens"
        );
    }
}
