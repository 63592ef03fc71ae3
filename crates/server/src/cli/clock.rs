//! `purser clock`: asks a running server what its sandbox clock says, and moves it forward.

use std::process::ExitCode;

use books::Timestamp;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use ureq::Agent;

use super::{Done, output};

mod moments;

use moments::{parse_moment, parse_span, show_moment, show_span};

/// What `purser clock` takes.
#[derive(Args)]
pub struct Clock {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The server, which must be running.
    #[arg(long, env = "PURSER_URL", default_value = "http://127.0.0.1:12111", global = true)]
    url: String,
    /// A test mode key of it.
    #[arg(
        long,
        env = "PURSER_KEY",
        hide_env_values = true,
        default_value = "sk_test_purser",
        global = true
    )]
    key: String,
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
        let server = Server::new(&self.url, &self.key)?;
        let before = server.ask(None)?;
        let params = match &self.verb {
            None | Some(Verb::Show) => None,
            Some(Verb::Advance { by }) => Some(("advance_s", *by)),
            Some(Verb::To { moment }) => Some(("to", moment.0)),
        };
        let Some(params) = params else {
            match self.json {
                true => println!("{before}"),
                false => table(&[("", &before)]),
            }
            return Ok(ExitCode::SUCCESS);
        };
        let after = server.ask(Some(params))?;
        match self.json {
            true => println!("{}", json!({ "before": before, "after": after })),
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

/// The server behind `--url`.
struct Server<'a> {
    agent: Agent,
    url: String,
    key: &'a str,
}

impl Server<'_> {
    fn new<'a>(url: &str, key: &'a str) -> Result<Server<'a>, String> {
        if !url.starts_with("http://") {
            return Err(format!("'{url}' does not begin with http://; this command speaks no TLS"));
        }
        // No limit on time: a clock that is moved far has much to do on the way.
        let config =
            Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
        let url = format!("{}/purser/v1/clock", url.trim_end_matches('/'));
        Ok(Server { agent: config.build().into(), url, key })
    }

    /// The clock as it is or, with a parameter, after it was moved.
    fn ask(&self, params: Option<(&str, i64)>) -> Result<Value, String> {
        let bearer = format!("Bearer {}", self.key);
        let sent = match params {
            None => self.agent.get(&self.url).header("Authorization", bearer).call(),
            Some((name, value)) => {
                let form = [(name, value.to_string())];
                self.agent.post(&self.url).header("Authorization", bearer).send_form(form)
            }
        };
        let mut answer = sent
            .map_err(|error| format!("{}: {error}; is `purser serve` running there?", self.url))?;
        let text = answer.body_mut().read_to_string().map_err(|e| e.to_string())?;
        let body: Value = serde_json::from_str(&text)
            .map_err(|_| format!("{} does not answer like a Purser server", self.url))?;
        match body["error"]["message"].as_str() {
            Some(message) => Err(message.to_owned()),
            None if body["now"].is_i64() => Ok(body),
            None => Err(format!("{} shows no clock", self.url)),
        }
    }
}
