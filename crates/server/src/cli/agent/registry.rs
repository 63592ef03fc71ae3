//! `purser agent registry`: what a registry has.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::{Desk, show, told};
use crate::cli::{Done, output};

#[derive(Subcommand)]
pub enum Verb {
    /// List its APIs.
    List {
        /// Only those of a category, such as finance.
        #[arg(long)]
        category: Option<String>,
        /// Only those of a status, such as active.
        #[arg(long)]
        status: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Find APIs by a text in their names, descriptions and tags.
    Search {
        /// The text.
        text: String,
        /// The page, from 1.
        #[arg(long)]
        page: Option<u32>,
        /// Results on a page.
        #[arg(long)]
        per_page: Option<u32>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show an entry.
    Get {
        /// Its name.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List its categories.
    Categories {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show how much it has.
    Stats {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Verb {
    pub fn run(&self, desk: &Desk) -> Done {
        let registry = desk.agent(None).registry().map_err(told)?;
        let (answer, as_json, print): (Value, bool, fn(&Value)) = match self {
            Verb::List { category, status, json } => {
                let list = registry.list(category.as_deref(), status.as_deref()).map_err(told)?;
                (Value::Array(list), *json, entries)
            }
            Verb::Search { text, page, per_page, json } => {
                let page = registry.search(text, *page, *per_page).map_err(told)?;
                (page, *json, |page| entries(&page["results"]))
            }
            Verb::Get { name, json } => {
                let name = super::normal(name);
                (registry.entry(&name).map_err(told)?, *json, entry)
            }
            Verb::Categories { json } => (registry.categories().map_err(told)?, *json, categories),
            Verb::Stats { json } => (registry.stats().map_err(told)?, *json, fields),
        };
        match as_json {
            true => show::json(&answer),
            false => print(&answer),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A value on one line, each text in it as `shown` makes it.
fn text(value: &Value, shown: fn(&str) -> String) -> String {
    let inside = |value: &Value| text(value, shown);
    match value {
        Value::Null => String::new(),
        Value::String(text) => shown(text),
        Value::Array(items) => items.iter().map(inside).collect::<Vec<_>>().join(", "),
        // Of an entry inside of something else the name is enough.
        Value::Object(map) if map.contains_key("name") => inside(&map["name"]),
        Value::Object(map) => {
            let one = |(name, value): (&String, &Value)| format!("{name} {}", inside(value));
            map.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn columns(headings: &[&str], names: &[&str], rows: &Value) {
    let row = |row: &Value| names.iter().map(|name| text(&row[*name], show::short)).collect();
    let rows: Vec<Vec<String>> = rows.as_array().into_iter().flatten().map(row).collect();
    output::table(headings, &rows);
}

fn entries(list: &Value) {
    let names = ["name", "display_name", "category", "tool_count", "description"];
    columns(&["API", "TITLE", "CATEGORY", "TOOLS", "DESCRIPTION"], &names, list);
}

fn categories(list: &Value) {
    columns(&["CATEGORY", "APIS", "DESCRIPTION"], &["category", "count", "description"], list);
}

fn entry(entry: &Value) {
    let mut own = entry.clone();
    if let Some(own) = own.as_object_mut() {
        own.shift_remove("tools");
    }
    fields(&own);
    output::say!("");
    let names = ["name", "method", "path", "description"];
    columns(&["TOOL", "METHOD", "PATH", "DESCRIPTION"], &names, &entry["tools"]);
}

/// What is told once may take its room, such as how a key is given.
fn whole(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fields(object: &Value) {
    let row = |(name, value): (&String, &Value)| vec![name.clone(), text(value, whole)];
    let rows: Vec<Vec<String>> = object.as_object().into_iter().flatten().map(row).collect();
    output::table(&["", ""], &rows);
}
