//! `purser agent context`: the context that is kept between calls.

use std::process::ExitCode;

use clap::Subcommand;
use ocp_agent::Context;

use super::{Desk, show, told};
use crate::cli::{Done, output};

/// What this agent says it is, where nobody says otherwise.
pub const AGENT_TYPE: &str = "cli_agent";

#[derive(Subcommand)]
pub enum Verb {
    /// Begin a new conversation. From now on calls carry it, and are written down in it.
    Create {
        /// For whom the agent works.
        #[arg(long)]
        user: Option<String>,
        /// What kind of agent it is.
        #[arg(long = "type", default_value = AGENT_TYPE)]
        agent_type: String,
        /// What for.
        #[arg(long)]
        goal: Option<String>,
        /// In which project.
        #[arg(long)]
        workspace: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the conversation.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Verb {
    pub fn run(&self, desk: &Desk) -> Done {
        match self {
            Verb::Create { user, agent_type, goal, workspace, json } => {
                let mut context = Context::new(agent_type, &desk.clock);
                context.user.clone_from(user);
                context.workspace.clone_from(workspace);
                if let Some(goal) = goal {
                    context.update_goal(goal, None, &desk.clock);
                }
                desk.storage.save_context(&context).map_err(told)?;
                show(&context, *json)
            }
            Verb::Show { json } => {
                let context = desk.storage.load_context().ok_or(
                    "there is no context: `purser agent context create --goal '...'` begins one",
                )?;
                show(&context, *json)
            }
        }
    }
}

fn show(context: &Context, as_json: bool) -> Done {
    if as_json {
        show::json(&serde_json::to_value(context).map_err(|error| error.to_string())?);
        return Ok(ExitCode::SUCCESS);
    }
    let or = |text: &Option<String>| text.clone().unwrap_or_default();
    let rows = [
        ("id", context.context_id.clone()),
        ("agent", context.agent_type.clone()),
        ("user", or(&context.user)),
        ("workspace", or(&context.workspace)),
        ("goal", or(&context.current_goal)),
        ("history", format!("{} entries", context.history.len())),
        ("begun", context.created_at.clone()),
        ("updated", context.last_updated.clone()),
        ("summary", context.summary()),
    ];
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    output::table(&["CONTEXT", ""], &rows);
    Ok(ExitCode::SUCCESS)
}
