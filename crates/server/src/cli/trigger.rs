//! `purser trigger`: makes an event really happen, with requests that anybody could send.

use std::collections::HashMap;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use books::Timestamp;
use books::event::EventKind;
use clap::Args;
use serde_json::{Value, json};

use super::clock;
use super::server::{Address, Server};
use super::{Done, output};
use crate::moments::show_moment;

mod fixtures;

use fixtures::{Ask, Step, steps};

/// Where events are listed.
const EVENTS: &str = "/v1/events";
/// Events of the type that are looked at for the one that was caused, at most.
const EVENTS_MAX: &str = "100";
/// How long an event may take to appear: what is due just now is done within a second or so.
const APPEARS_MAX: Duration = Duration::from_secs(10);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What `purser trigger` takes.
#[derive(Args)]
pub struct Trigger {
    /// The type of event, such as payment_intent.succeeded.
    #[arg(required_unless_present = "list")]
    event: Option<String>,
    /// List all types of events.
    #[arg(long, conflicts_with = "event")]
    list: bool,
    #[command(flatten)]
    address: Address,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Trigger {
    /// Causes an event, or lists what can be caused.
    pub fn run(&self) -> Done {
        let Some(name) = &self.event else {
            list(self.json);
            return Ok(ExitCode::SUCCESS);
        };
        let kind = EventKind::parse(name).ok_or_else(|| {
            format!("'{name}' is no type of events; `purser trigger --list` prints all")
        })?;
        let server = Server::new(&self.address)?;
        let before = newest(&server, kind)?;
        let mut play = Play { server: &server, known: HashMap::new(), deeds: Vec::new() };
        let done = steps(kind).iter().try_for_each(|step| play.step(step));
        let found = done.and_then(|()| play.event(kind, before.as_deref()));
        match self.json {
            true => output::say!("{}", as_json(&play.deeds, found.as_ref().ok())),
            false => print(&play.deeds, found.as_ref().ok()),
        }
        found.map(|_| ExitCode::SUCCESS)
    }
}

fn list(as_json: bool) {
    if as_json {
        let kind = |kind: &EventKind| {
            let moves_clock = fixtures::moves_clock(*kind);
            json!({ "type": kind.as_str(), "moves_clock": moves_clock })
        };
        output::say!("{}", Value::from_iter(EventKind::ALL.iter().map(kind)));
        return;
    }
    let row = |kind: &EventKind| {
        let moves = if fixtures::moves_clock(*kind) { "moves the clock" } else { "" };
        vec![kind.as_str().to_owned(), moves.to_owned()]
    };
    let rows: Vec<_> = EventKind::ALL.iter().map(row).collect();
    output::table(&["EVENT", ""], &rows);
}

/// A fixture on its way.
struct Play<'a> {
    server: &'a Server,
    /// What answers showed so far, by the names of the fixtures.
    known: HashMap<&'static str, String>,
    deeds: Vec<Deed>,
}

/// What was done.
enum Deed {
    Asked { method: &'static str, path: String, status: u16, request: String, answer: Value },
    Moved { from: i64, to: i64 },
}

impl Play<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Ask(ask) => self.ask(ask),
            Step::WaitUntil(name) => self.wait_until(name),
        }
    }

    fn ask(&mut self, ask: &Ask) -> Result<(), String> {
        let path: Vec<String> =
            ask.path.split('/').map(|part| self.fill(part)).collect::<Result<_, _>>()?;
        let path = path.join("/");
        let values: Vec<String> =
            ask.params.iter().map(|(_, value)| self.fill(value)).collect::<Result<_, _>>()?;
        let names = ask.params.iter().map(|(name, _)| *name);
        let params: Vec<(&str, &str)> = names.zip(values.iter().map(String::as_str)).collect();
        let answer = self.server.send(ask.method, &path, &params)?;
        let refusal = answer.refusal().map(str::to_owned);
        for (name, pointer) in ask.keep {
            let shown = answer.body.pointer(pointer).filter(|value| !value.is_null());
            if let Some(value) = shown {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.known.insert(name, text);
            }
        }
        self.deeds.push(Deed::Asked {
            method: ask.method,
            path: path.clone(),
            status: answer.status,
            request: answer.request_id,
            answer: answer.body,
        });
        match refusal {
            Some(why) if !ask.refused => Err(format!("{} {path} was refused: {why}", ask.method)),
            None if ask.refused => {
                Err(format!("{} {path} was to be refused, but it was not", ask.method))
            }
            _ => Ok(()),
        }
    }

    /// A part of a path or a value of a parameter, with what a name in it stands for.
    fn fill(&self, text: &str) -> Result<String, String> {
        let Some(name) = text.strip_prefix('$') else { return Ok(text.to_owned()) };
        self.known.get(name).cloned().ok_or_else(|| format!("no answer showed a {name}"))
    }

    fn wait_until(&mut self, name: &'static str) -> Result<(), String> {
        let to = self.fill(&format!("${name}"))?;
        let to: i64 = to.parse().map_err(|_| format!("{name} is no moment: {to}"))?;
        let now = |clock: &Value| clock["now"].as_i64().unwrap_or_default();
        let from = now(&clock::ask(self.server, None)?);
        if from < to {
            let to = now(&clock::ask(self.server, Some(("to", to)))?);
            self.deeds.push(Deed::Moved { from, to });
        }
        Ok(())
    }

    /// The event of a type that was caused by all this: one after the newest there was before.
    fn event(&self, kind: EventKind, before: Option<&str>) -> Result<Value, String> {
        let began = Instant::now();
        let mut params = vec![("type", kind.as_str()), ("limit", EVENTS_MAX)];
        params.extend(before.map(|id| ("ending_before", id)));
        while began.elapsed() < APPEARS_MAX {
            let page = self.server.ask("GET", EVENTS, &params)?;
            let events = page["data"].as_array().map_or(&[][..], Vec::as_slice);
            if let Some(event) = events.iter().rev().find(|event| self.caused(event)) {
                return Ok(event.clone());
            }
            sleep(LOOK_EVERY);
        }
        Err(format!("all was done, but no {} appeared", kind.as_str()))
    }

    /// Whether an event is from one of the requests or, if it is from none, about one of the
    /// objects. The merchant's balance has no id: any news of it will do.
    fn caused(&self, event: &Value) -> bool {
        let cause = event["request"]["id"].as_str();
        if let Some(cause) = cause {
            return self
                .deeds
                .iter()
                .any(|deed| matches!(deed, Deed::Asked { request, .. } if request == cause));
        }
        let about = event["data"]["object"]["id"].as_str();
        about.is_none_or(|about| self.known.values().any(|known| known == about))
    }
}

/// The newest event of a type so far.
fn newest(server: &Server, kind: EventKind) -> Result<Option<String>, String> {
    let page = server.ask("GET", EVENTS, &[("type", kind.as_str()), ("limit", "1")])?;
    Ok(page["data"][0]["id"].as_str().map(str::to_owned))
}

fn print(deeds: &[Deed], event: Option<&Value>) {
    let rows: Vec<Vec<String>> = deeds
        .iter()
        .map(|deed| match deed {
            Deed::Asked { method, path, status, answer, .. } => {
                vec![format!("{method} {path}"), status.to_string(), summary(answer)]
            }
            Deed::Moved { from, to } => {
                let [from, to] = [from, to].map(|moment| show_moment(Timestamp(*moment)));
                vec!["the sandbox clock moves".into(), String::new(), format!("{from} to {to}")]
            }
        })
        .collect();
    output::table(&["REQUEST", "STATUS", "ANSWER"], &rows);
    if let Some(event) = event {
        let text = |name: &str| event[name].as_str().unwrap_or("?");
        output::say!("{} happened: {}", text("type"), text("id"));
    }
}

/// The id of an answer and what became of it; of an error its code.
fn summary(answer: &Value) -> String {
    let words = ["/error/code", "/id", "/status", "/type"].map(|place| answer.pointer(place));
    let words: Vec<&str> = words.into_iter().flatten().filter_map(Value::as_str).collect();
    words.join(" ")
}

fn as_json(deeds: &[Deed], event: Option<&Value>) -> Value {
    let deed = |deed: &Deed| match deed {
        Deed::Asked { method, path, status, request, answer } => json!({
            "method": method, "path": path, "status": status, "request_id": request,
            "answer": answer,
        }),
        Deed::Moved { from, to } => json!({ "clock": { "from": from, "to": to } }),
    };
    json!({ "event": event, "steps": Value::from_iter(deeds.iter().map(deed)) })
}
