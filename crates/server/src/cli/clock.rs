//! `purser clock`: asks a running server what its sandbox clock says, and moves it forward.

use std::process::ExitCode;

use books::Timestamp;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::server::{Address, Server};
use super::{Done, output};
use crate::moments::{parse_moment, parse_span, show_moment, show_span};

/// Where the server has its clock.
pub const PATH: &str = "/purser/v1/clock";

/// What `purser clock` takes.
#[derive(Args)]
pub struct Clock {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    address: Address,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Show the clock (this is what happens without a command, too).
    Show,
    /// Move the clock forward by a span of time. What becomes due on the way is done first.
    Advance {
        /// How far, such as 2d, 90m or 1d12h: numbers with s, m, h, d or w.
        #[arg(value_parser = parse_span)]
        by: i64,
    },
    /// Move the clock forward to a moment. What becomes due on the way is done first.
    To {
        /// Seconds of Unix time, a date such as 2031-01-31 (midnight UTC), or a date and time
        /// with its offset such as 2031-01-31T09:00:00Z.
        #[arg(value_parser = parse_moment)]
        moment: Timestamp,
    },
}

impl Clock {
    /// Does what the verb says.
    pub fn run(&self) -> Done {
        let server = Server::new(&self.address)?;
        let before = ask(&server, None)?;
        let params = match &self.verb {
            None | Some(Verb::Show) => None,
            Some(Verb::Advance { by }) => Some(("advance_s", *by)),
            Some(Verb::To { moment }) => Some(("to", moment.0)),
        };
        let Some(params) = params else {
            match self.json {
                true => output::say!("{before}"),
                false => table(&[("", &before)]),
            }
            return Ok(ExitCode::SUCCESS);
        };
        let after = ask(&server, Some(params))?;
        match self.json {
            true => output::say!("{}", json!({ "before": before, "after": after })),
            false => table(&[("before", &before), ("after", &after)]),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(clocks: &[(&str, &Value)]) {
    let row = |(when, clock): &(&str, &Value)| {
        let now = clock["now"].as_i64().unwrap_or_default();
        let ahead = clock["offset_s"].as_i64().unwrap_or_default();
        vec![(*when).to_owned(), show_moment(Timestamp(now)), now.to_string(), show_span(ahead)]
    };
    let rows: Vec<_> = clocks.iter().map(row).collect();
    match rows.as_slice() {
        [only] => output::table(&["NOW", "UNIX", "AHEAD BY"], &[only[1..].to_vec()]),
        _ => output::table(&["", "NOW", "UNIX", "AHEAD BY"], &rows),
    }
}

/// The clock as it is or, with a parameter, after it was moved.
pub fn ask(server: &Server, param: Option<(&str, i64)>) -> Result<Value, String> {
    let body = match param {
        None => server.ask("GET", PATH, &[]),
        Some((name, value)) => server.ask("POST", PATH, &[(name, &value.to_string())]),
    }?;
    match body["now"].is_i64() {
        true => Ok(body),
        false => Err(format!("{}{PATH} shows no clock", server.base())),
    }
}
