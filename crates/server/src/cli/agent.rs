//! `purser agent`: an agent of the Open Context Protocol on the command line, for any API.
//!
//! It registers APIs from a registry or an OpenAPI document, shows their tools and calls them. What
//! it is told to remember is in the folder that all agents of the protocol share, `~/.ocp`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use indexmap::IndexMap;
use ocp_agent::agent::CallOptions;
use ocp_agent::storage::Storage;
use ocp_agent::{Agent as OcpAgent, Answer, Error, Tool};
use serde_json::{Map, Value, json};

use super::{Done, output};
use crate::clock::Clock;
use crate::entropy::Entropy;

mod conversation;
mod known;
mod registry;
mod show;
mod words;

use known::Known;

/// Bytes of arguments that are read from standard input.
const INPUT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What `purser agent` takes.
#[derive(Args)]
pub struct Agent {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    place: Place,
}

#[derive(Subcommand)]
enum Verb {
    /// Find an API in the registry, or by its OpenAPI document, and remember it.
    Register(Register),
    /// List the APIs that are remembered.
    Apis {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget an API that was registered.
    Forget {
        /// Its name.
        name: String,
    },
    /// List the tools of an API, or of all that are remembered.
    Tools {
        /// The API's name.
        #[arg(conflicts_with = "api")]
        name: Option<String>,
        #[command(flatten)]
        from: From,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Find tools by words, the best first.
    Search {
        /// What they should be about.
        #[arg(required = true)]
        words: Vec<String>,
        #[command(flatten)]
        from: From,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell what a tool does and takes.
    Describe {
        /// Its name, such as getBalance.
        tool: String,
        #[command(flatten)]
        from: From,
        /// Print JSON: the tool object and the JSON Schema of its arguments.
        #[arg(long)]
        json: bool,
    },
    /// Call a tool and print the answer. The exit code is 1 where the API refuses.
    Call(Call),
    /// The context that goes along with every call.
    #[command(subcommand)]
    Context(conversation::Verb),
    /// Ask the registry.
    #[command(subcommand)]
    Registry(registry::Verb),
}

/// Where an agent looks, and where it keeps things.
#[derive(Args)]
struct Place {
    /// The registry; without it the public one.
    #[arg(long, env = "OCP_REGISTRY_URL", global = true)]
    registry_url: Option<String>,
    /// The folder of all agents; without it .ocp in your home.
    #[arg(long, env = "OCP_HOME", global = true)]
    ocp_home: Option<PathBuf>,
    /// Look up tools anew, and keep none of them.
    #[arg(long, global = true)]
    no_cache: bool,
}

/// Which API is meant.
#[derive(Args)]
struct From {
    /// An API that was registered, or that the registry has.
    #[arg(long)]
    api: Option<String>,
    /// An OpenAPI document instead: a URL, or a file (.json, .yaml).
    #[arg(long)]
    spec: Option<String>,
    /// Call the API there, wherever its description says it is.
    #[arg(long)]
    base_url: Option<String>,
}

#[derive(Args)]
struct Register {
    /// The name to register it under; also its name in the registry.
    name: String,
    /// Its OpenAPI document: a URL, or a file (.json, .yaml). Without it the registry is asked.
    #[arg(long)]
    spec: Option<String>,
    /// Call the API there, wherever its description says it is.
    #[arg(long)]
    base_url: Option<String>,
    /// A header of each call: 'Authorization: Bearer $STRIPE_KEY'. The variable is read when a call
    /// is made, so no secret is kept. Write $$ for a dollar.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Keep headers also where a secret is written out in them.
    #[arg(long)]
    save_headers: bool,
    /// Only tools whose path begins with this; may be given several times.
    #[arg(long = "resource")]
    resources: Vec<String>,
    /// What stands before the resource in each path, such as /v1.
    #[arg(long, requires = "resources")]
    path_prefix: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Call {
    /// Its name, such as getBalance.
    tool: String,
    /// Arguments: limit=3, 'expand[]=customer', 'settings[reconciliation_mode]=manual'.
    #[arg(value_name = "NAME=VALUE")]
    arguments: Vec<String>,
    /// The arguments as a JSON object instead; - reads it from standard input.
    #[arg(long, value_name = "OBJECT", conflicts_with = "arguments")]
    json: Option<String>,
    #[command(flatten)]
    from: From,
    /// A header of this call, over those that were registered: 'Authorization: Bearer $KEY'.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Calls with the same key are one call. Without it a POST gets a key of its own.
    #[arg(long)]
    idempotency_key: Option<String>,
    /// Print the request, its secrets masked, and send nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Agent {
    /// Does what the verb says.
    pub fn run(&self, clock: Clock, entropy: Entropy) -> Done {
        let desk = Desk::new(&self.place, clock, entropy)?;
        match &self.verb {
            Verb::Register(register) => register.run(&desk),
            Verb::Apis { json } => list_known(&desk, *json),
            Verb::Forget { name } => forget(&desk, name),
            Verb::Tools { name, from, json } => {
                let apis = desk.apis(from, name.as_deref())?;
                let list = |agent: &OcpAgent| agent.list_tools(None).map(clone_all);
                show_tools(&apis, *json, list)
            }
            Verb::Search { words, from, json } => {
                let apis = desk.apis(from, None)?;
                let words = words.join(" ");
                show_tools(&apis, *json, |agent| agent.search_tools(&words, None).map(clone_all))
            }
            Verb::Describe { tool, from, json } => {
                let apis = desk.apis(from, None)?;
                let (_, tool) = find(&apis, tool)?;
                show::tool(tool, *json);
                Ok(ExitCode::SUCCESS)
            }
            Verb::Call(call) => call.run(&desk),
            Verb::Context(verb) => verb.run(&desk),
            Verb::Registry(verb) => verb.run(&desk),
        }
    }
}

/// What the verbs work with.
struct Desk<'a> {
    place: &'a Place,
    clock: ocp_agent::Clock,
    storage: Storage,
}

impl<'a> Desk<'a> {
    fn new(place: &'a Place, clock: Clock, entropy: Entropy) -> Result<Desk<'a>, String> {
        let clock = ocp_agent::Clock::new(
            Arc::new(move || clock.now().0.unsigned_abs().saturating_mul(1_000)),
            Arc::new(move || u64::from_le_bytes(entropy.bytes())),
            Arc::new(std::thread::sleep),
        );
        let storage = match &place.ocp_home {
            Some(folder) => Storage::at(folder, &clock),
            None => Storage::home(&clock).ok_or("nobody knows your home; say --ocp-home")?,
        };
        Ok(Desk { place, clock, storage })
    }

    /// An agent that goes on with the context that is kept, where there is one.
    fn agent(&self, registry_url: Option<&str>) -> OcpAgent {
        let mut builder = OcpAgent::builder().clock(self.clock.clone());
        builder = match self.storage.load_context() {
            Some(context) => builder.context(context),
            None => builder.agent_type(conversation::AGENT_TYPE),
        };
        builder = match self.place.no_cache {
            true => builder.no_storage(),
            false => builder.storage_at(self.storage.root()),
        };
        match self.place.registry_url.as_deref().or(registry_url) {
            Some(url) => builder.registry_url(url).build(),
            None => builder.build(),
        }
    }

    /// The APIs that are meant, each with an agent of its own: they may be in several registries.
    fn apis(&self, from: &From, name: Option<&str>) -> Result<Vec<(String, OcpAgent)>, String> {
        let name = name.or(from.api.as_deref()).map(normal);
        let mut known = known::load(self.storage.root())?;
        let mut wanted: IndexMap<String, Known> = match (&from.spec, name) {
            (Some(spec), name) => {
                let known = Known { spec: Some(spec.clone()), ..Known::default() };
                IndexMap::from([(name.unwrap_or_else(|| "api".to_owned()), known)])
            }
            (None, Some(name)) => {
                let known = known.swap_remove(&name).unwrap_or_default();
                IndexMap::from([(name, known)])
            }
            (None, None) => known,
        };
        if wanted.is_empty() {
            return Err(
                "no API is registered: `purser agent register NAME`, or say --api or --spec"
                    .to_owned(),
            );
        }
        let alone = wanted.len() == 1;
        let mut apis = Vec::new();
        for (name, known) in &mut wanted {
            known.base_url = from.base_url.clone().or(known.base_url.take());
            let mut agent = self.agent(known.registry_url.as_deref());
            let registered = known
                .registration()
                .and_then(|registration| agent.register_api(name, registration).map_err(told));
            match registered {
                Ok(_) => apis.push((name.clone(), agent)),
                Err(why) if alone => return Err(why),
                // The others may have the tool.
                Err(why) => eprintln!("purser: {name}: {why}"),
            }
        }
        Ok(apis)
    }
}

impl Register {
    fn run(&self, desk: &Desk) -> Done {
        let name = normal(&self.name);
        known::check(&self.headers)?;
        let (kept, dropped): (Vec<String>, Vec<String>) = self
            .headers
            .iter()
            .cloned()
            .partition(|it| self.save_headers || !known::has_secret(it));
        let known = Known {
            spec: self.spec.as_deref().map(absolute),
            base_url: self.base_url.clone(),
            registry_url: desk.place.registry_url.clone().filter(|_| self.spec.is_none()),
            headers: kept,
            resources: self.resources.clone(),
            path_prefix: self.path_prefix.clone(),
        };
        // The headers are for calls; the description is fetched without them.
        let found = Known { headers: Vec::new(), ..known.clone() }.registration()?;
        let api = desk.agent(None).register_api(&name, found).map_err(told)?;
        let mut all = known::load(desk.storage.root())?;
        all.insert(name.clone(), known);
        known::save(desk.storage.root(), &all)?;
        for header in &dropped {
            let header = header.split(':').next().unwrap_or_default();
            eprintln!(
                "purser: the header {header} is not remembered, because a secret is in it: write \
                 '{header}: $VARIABLE', or add --save-headers"
            );
        }
        match self.json {
            true => show::json(&json!({ "name": name, "title": api.title,
                "base_url": api.base_url, "tools": api.tools.len() })),
            false => {
                output::say!(
                    "{name}: {}, {} tools at {}",
                    api.title,
                    api.tools.len(),
                    api.base_url
                );
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Call {
    fn run(&self, desk: &Desk) -> Done {
        let apis = desk.apis(&self.from, None)?;
        let (agent, tool) = find(&apis, &self.tool)?;
        let arguments = match &self.json {
            Some(text) => read_object(text)?,
            None => words::arguments(tool, &self.arguments)?,
        };
        let options = CallOptions {
            api: None,
            headers: known::headers(&self.headers)?,
            idempotency_key: self.idempotency_key.clone(),
            dry_run: self.dry_run,
        };
        let called = agent.call_tool(&tool.name, Value::Object(arguments), options);
        if !self.dry_run && desk.storage.load_context().is_some() {
            desk.storage.save_context(&agent.context()).map_err(told)?;
        }
        let answer = called.map_err(told)?;
        if self.dry_run {
            show::request(&answer.request);
            return Ok(ExitCode::SUCCESS);
        }
        match answer.json() {
            Ok(body) => show::json(&body),
            Err(_) if answer.body.is_empty() => {}
            Err(_) => show::text(&answer.text()),
        }
        if answer.is_success() {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("purser: {}", refusal(&answer));
        Ok(ExitCode::FAILURE)
    }
}

/// What to say about an answer that is no success.
fn refusal(answer: &Answer) -> String {
    let status = answer.status;
    let header = |name: &str| {
        let all = &answer.request.headers;
        all.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    match (status, header("authorization"), header("idempotency-key")) {
        (401, None, _) => {
            "the API answers 401: it may want a key, --header 'Authorization: Bearer $KEY'".into()
        }
        // Without it the call could not be repeated, for example when a person has approved it.
        (403 | 409 | 429 | 500.., _, Some(key)) => {
            format!("the API answers {status}; to repeat this call: --idempotency-key {key}")
        }
        _ => format!("the API answers {status}"),
    }
}

fn read_object(text: &str) -> Result<Map<String, Value>, String> {
    let mut input = String::new();
    let text = match text {
        "-" => {
            let mut bounded = std::io::stdin().lock().take(INPUT_BYTES_MAX + 1);
            bounded.read_to_string(&mut input).map_err(|error| error.to_string())?;
            if input.len() as u64 > INPUT_BYTES_MAX {
                return Err(format!(
                    "the arguments are longer than {INPUT_BYTES_MAX} bytes (INPUT_BYTES_MAX)"
                ));
            }
            &input
        }
        text => text,
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err("the arguments are JSON, but no object".to_owned()),
        Err(error) => Err(format!("the arguments are not JSON: {error}")),
    }
}

fn list_known(desk: &Desk, as_json: bool) -> Done {
    let known = known::load(desk.storage.root())?;
    if as_json {
        show::json(&serde_json::to_value(&known).map_err(|error| error.to_string())?);
        return Ok(ExitCode::SUCCESS);
    }
    let row = |(name, known): (&String, &Known)| {
        let source = known.spec.clone().or(known.registry_url.clone());
        let header = |header: &String| header.split(':').next().unwrap_or_default().to_owned();
        let headers: Vec<String> = known.headers.iter().map(header).collect();
        let source = source.unwrap_or_else(|| "the registry".to_owned());
        vec![name.clone(), source, headers.join(", ")]
    };
    let rows: Vec<Vec<String>> = known.iter().map(row).collect();
    output::table(&["API", "FROM", "HEADERS"], &rows);
    Ok(ExitCode::SUCCESS)
}

fn forget(desk: &Desk, name: &str) -> Done {
    let name = normal(name);
    let mut known = known::load(desk.storage.root())?;
    if known.shift_remove(&name).is_none() {
        return Err(format!("no API '{name}' is registered"));
    }
    known::save(desk.storage.root(), &known)?;
    desk.storage.clear_cache(Some(&name)).map_err(told)?;
    Ok(ExitCode::SUCCESS)
}

type Apis = [(String, OcpAgent)];

fn show_tools(
    apis: &Apis,
    as_json: bool,
    list: impl Fn(&OcpAgent) -> Result<Vec<Tool>, Error>,
) -> Done {
    let mut found = Vec::new();
    for (name, agent) in apis {
        found.extend(list(agent).map_err(told)?.into_iter().map(|tool| (name.as_str(), tool)));
    }
    let tools: Vec<(&str, &Tool)> = found.iter().map(|(name, tool)| (*name, tool)).collect();
    show::tools(&tools, as_json);
    Ok(ExitCode::SUCCESS)
}

fn clone_all(tools: Vec<&Tool>) -> Vec<Tool> {
    tools.into_iter().cloned().collect()
}

/// The first agent that has the tool.
fn find<'a>(apis: &'a Apis, name: &str) -> Result<(&'a OcpAgent, &'a Tool), String> {
    let mut problem = String::new();
    for (_, agent) in apis {
        match agent.get_tool(name, None) {
            Ok(tool) => return Ok((agent, tool)),
            // Of several, that which has something to suggest says more.
            Err(why) if why.to_string().len() > problem.len() => problem = why.to_string(),
            Err(_) => {}
        }
    }
    Err(problem)
}

fn normal(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A file is found from any folder later.
fn absolute(spec: &str) -> String {
    let path = std::path::absolute(spec).ok().filter(|_| !spec.contains("://"));
    path.map_or_else(|| spec.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// An error for people: each fault of the arguments has a line.
fn told(error: Error) -> String {
    match error {
        Error::Arguments(faults) => faults.join("\n        "),
        other => other.to_string(),
    }
}
