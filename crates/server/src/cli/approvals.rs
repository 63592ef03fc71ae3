//! `purser approvals`: shows what agents wait for, and lets a person agree or disagree.

use std::process::ExitCode;

use books::Timestamp;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::server::{Address, Server};
use super::{Done, output};
use crate::moments::show_moment;

const PATH: &str = "/purser/v1/approvals";
/// Approvals that are listed at once, at most.
const LISTED_MAX: &str = "100";

/// What `purser approvals` takes.
#[derive(Args)]
pub struct Approvals {
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
    /// List the newest approvals (without a command, those that wait).
    List {
        /// Only those that stand there: pending, approved, failed, rejected or expired.
        #[arg(long)]
        status: Option<String>,
    },
    /// Show one whole.
    Show {
        /// Its id, apr_...
        id: String,
    },
    /// Agree: the request is carried out at once.
    Approve {
        /// Its id, apr_...
        id: String,
    },
    /// Disagree.
    Reject {
        /// Its id, apr_...
        id: String,
        /// Why, for whoever asked.
        #[arg(long)]
        reason: Option<String>,
    },
}

impl Approvals {
    /// Does what the verb says.
    pub fn run(&self) -> Done {
        let server = Server::new(&self.address)?;
        let list = |status: Option<&str>| {
            let mut params = vec![("limit", LISTED_MAX)];
            params.extend(status.map(|status| ("status", status)));
            server.ask("GET", PATH, &params)
        };
        let body = match &self.verb {
            None => list(Some("pending"))?,
            Some(Verb::List { status }) => list(status.as_deref())?,
            Some(Verb::Show { id }) => server.ask("GET", &place(id, ""), &[])?,
            Some(Verb::Approve { id }) => server.ask("POST", &place(id, "/approve"), &[])?,
            Some(Verb::Reject { id, reason }) => {
                let params: Vec<_> = reason.iter().map(|why| ("reason", why.as_str())).collect();
                server.ask("POST", &place(id, "/reject"), &params)?
            }
        };
        match (self.json, body["data"].as_array()) {
            (true, _) => output::say!("{body}"),
            (false, Some(all)) => {
                let headings =
                    ["ID", "STATUS", "SMALLEST UNITS", "OPERATION", "KEY", "AGENT", "UNTIL"];
                output::table(&headings, &all.iter().map(line).collect::<Vec<_>>());
            }
            (false, None) => output::table(&["", ""], &facts(&body)),
        }
        Ok(match body["status"].as_str() {
            Some("failed") => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        })
    }
}

fn place(id: &str, verb: &str) -> String {
    let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
    format!("{PATH}/{id}{verb}").replace("%5F", "_")
}

fn line(approval: &Value) -> Vec<String> {
    let agent = ["type", "user"].map(|name| text(&approval["agent"][name]));
    vec![
        text(&approval["id"]),
        text(&approval["status"]),
        amounts(approval),
        text(&approval["operation"]),
        text(&approval["key"]),
        agent.join(" ").trim().to_owned(),
        show_moment(Timestamp(approval["expires_at"].as_i64().unwrap_or_default())),
    ]
}

fn facts(approval: &Value) -> Vec<Vec<String>> {
    let (request, decision) = (&approval["request"], &approval["decision"]);
    let called = format!("{} {}", text(&request["method"]), text(&request["path"]));
    let mut facts = vec![
        ("id", text(&approval["id"])),
        ("status", text(&approval["status"])),
        ("moves", format!("{} (in the smallest unit)", amounts(approval))),
        ("request", called),
        ("with", request["params"].to_string()),
        ("of customer", text(&approval["customer"])),
        ("asked by key", text(&approval["key"])),
        ("agent", text(&approval["agent"]["type"])),
        ("for", text(&approval["agent"]["user"])),
        ("because", text(&approval["agent"]["goal"])),
        ("conversation", text(&approval["agent"]["context_id"])),
        ("decided by", text(&decision["by"])),
        ("reason", text(&decision["reason"])),
    ];
    if approval["status"] == "pending" {
        let until = approval["expires_at"].as_i64().unwrap_or_default();
        facts.push(("waits until", show_moment(Timestamp(until))));
    }
    if let Some(status) = approval["response"]["status"].as_i64() {
        let answer = &approval["response"]["body"];
        let shown = answer["error"]["message"].as_str().or(answer["id"].as_str());
        facts.push(("answer", format!("{status} {}", shown.unwrap_or_default())));
    }
    let told = facts.into_iter().filter(|(_, fact)| !fact.is_empty());
    told.map(|(name, fact)| vec![name.to_owned(), fact]).collect()
}

fn amounts(approval: &Value) -> String {
    let amounts = approval["amounts"].as_object().into_iter().flatten();
    let each = amounts.map(|(currency, amount)| format!("{amount} {currency}"));
    each.collect::<Vec<_>>().join(", ")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
