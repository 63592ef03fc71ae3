//! Plays steps: sends the requests, writes down the answers, and collects complaints.
//!
//! After every request the stage reads the events that came since the last one, in the same world
//! (same key, same account), and writes a line for each. Every answer and every event is held
//! against the field tables.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::events;
use super::expect::{Reply, Rule, Seen, look};
use super::layout;
use super::names::Names;
use super::script::{Action, Call, Step};
use super::shape::Shape;
use crate::support::http::{Answer, Client, Request};
use crate::support::server::{Kind, Server};
use crate::support::wire;

const DEFAULT_KEY: &str = "sk_test_scenarios";
const CLOCK: &str = "/purser/v1/clock";
/// How long the server may take to move its clock.
const CLOCK_WITHIN_S: u64 = 30;
const EVENT_PAGES_MAX: usize = 20;
const HOLD_DEADLINE: Duration = Duration::from_secs(20);
const HOLD_PAUSE: Duration = Duration::from_millis(5);

pub struct Stage {
    server: Server,
    started: bool,
    names: Names,
    auth: String,
    labels: HashMap<String, Reply>,
    events_seen: HashSet<String>,
    complaints: Vec<String>,
}

impl Stage {
    /// A stage with a fresh store of this kind.
    pub fn new(kind: Kind) -> Self {
        Self {
            server: Server::on(kind),
            started: false,
            names: Names::default(),
            auth: "default".to_owned(),
            labels: HashMap::new(),
            events_seen: HashSet::new(),
            complaints: Vec::new(),
        }
    }

    /// Does what the step says; gives the lines of its answer. An error ends the scenario.
    pub fn play(&mut self, step: &Step) -> Result<Vec<String>, String> {
        match &step.action {
            Action::Auth(key) => self.auth = key.clone(),
            Action::Serve(flags) => self.serve(flags),
            Action::Restart => self.server.restart(),
            Action::Command { name, args } => self.command(name.as_deref(), args)?,
            Action::Send(call) => return self.send(step, call, 1),
            Action::Parallel(copies, call) => return self.send(step, call, *copies),
            Action::Hold { call, path, rule } => return self.hold(call, path, rule),
        }
        if !step.money.is_empty() {
            let cause = self.dressed(Request::new("GET", "/", &[]))?;
            self.look_for_money(step, &cause)?;
        }
        Ok(Vec::new())
    }

    pub fn complain(&mut self, line: usize, what: &str) {
        self.complaints.push(format!("line {line}: {what}"));
    }

    /// Stops the server and audits its store; gives all complaints and the server's own log.
    pub fn close(mut self) -> (Vec<String>, String) {
        if let Err(why) = self.server.stop_and_audit() {
            self.complaints.push(why);
        }
        (self.complaints, self.server.log())
    }

    fn serve(&mut self, flags: &[String]) {
        self.started = true;
        self.server.serve(flags);
    }

    /// Runs a subcommand; with a name, its JSON answer must hold a key, kept under that name.
    fn command(&mut self, name: Option<&str>, args: &[String]) -> Result<(), String> {
        let args: Result<Vec<String>, String> =
            args.iter().map(|word| self.names.real_text(word)).collect();
        let args = args?;
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.extend(name.map(|_| "--json"));
        let output = self.server.purser(&args);
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let complained = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}\n{said}{complained}", output.status));
        }
        if let Some(name) = name {
            let made: Value =
                serde_json::from_str(&said).map_err(|why| format!("{why}: {said}"))?;
            let key = made["key"].as_str().ok_or(format!("no key in {said}"))?;
            self.names.keep_secret(name, key);
            let id = format!("{}_id", name.trim_start_matches('$'));
            self.names.keep(&id, &made["id"], &Value::from(id.as_str()));
        }
        Ok(())
    }

    /// Sends the request, or many copies at once, and judges what comes back.
    fn send(&mut self, step: &Step, call: &Call, copies: usize) -> Result<Vec<String>, String> {
        dawdle();
        let request = self.request(call)?;
        let client = self.client()?;
        let answers = send_all(&client, &request, copies)?;
        for answer in &answers {
            self.check_answer(step.line, &request, answer);
        }
        self.follow_clock(step.line, &request, &answers)?;
        let mut lines = Vec::new();
        let mut replies = Vec::new();
        for (answer, count) in distinct(step, &answers) {
            let counted = copies > 1 && step.maybe.is_none();
            let times = if counted { format!("{count} x ") } else { String::new() };
            lines.push(format!("< {times}{}", answer.status));
            replies.push(self.write_down(step, answer, &mut lines)?);
        }
        let events = self.new_events(step.line, &client, &request)?;
        lines.extend(events.iter().map(|event| self.write_event(event)));
        self.keep(step, replies.first())?;
        self.judge(step, &answers, &replies, &events);
        self.look_for_money(step, &request)?;
        Ok(lines)
    }

    fn judge(&mut self, step: &Step, answers: &[Answer], replies: &[Reply], events: &[Value]) {
        let replayed = |answer: &Answer| answer.header_value("Idempotent-Replayed") == Some("true");
        let executed = answers.iter().filter(|a| a.status == 200 && !replayed(a)).count();
        let kinds: Vec<String> = events.iter().map(|event| text_of(&event["type"])).collect();
        if replies.is_empty() {
            self.complain(step.line, "no answer is left to be judged");
        }
        let mut broken = Vec::new();
        for reply in replies {
            let seen = Seen {
                reply,
                labels: &self.labels,
                events: &kinds,
                executed,
                distinct: replies.len(),
            };
            broken.extend(step.expectations.iter().filter_map(|expectation| {
                let filled = self.names.fill(&expectation.text);
                let why = match filled == expectation.text {
                    true => expectation.rule.broken(&seen)?,
                    false => Rule::parse(&filled).map_or_else(Some, |rule| rule.broken(&seen))?,
                };
                Some((expectation.line, format!("expect: {filled}: {why}")))
            }));
        }
        for (line, why) in broken {
            self.complain(line, &why);
        }
        if let (Some(label), Some(reply)) = (&step.label, replies.first()) {
            self.labels.insert(label.clone(), reply.clone());
        }
    }

    /// Keeps what the step names of its answer.
    fn keep(&mut self, step: &Step, reply: Option<&Reply>) -> Result<(), String> {
        for (name, path) in &step.sets {
            let value = |whole: &Value| look(whole, path).filter(|value| !value.is_null());
            let found = reply.and_then(|reply| Some((value(&reply.raw)?, value(&reply.named)?)));
            let (raw, named) = found.ok_or(format!("${name}: there is no {path} to keep"))?;
            self.names.keep(name, &raw, &named);
        }
        Ok(())
    }

    /// Looks whether the money is where the step says, with the key of the request before.
    fn look_for_money(&mut self, step: &Step, cause: &Request) -> Result<(), String> {
        let client = self.client()?;
        for (line, money) in &step.money {
            let look = as_asked_by(cause, &self.names.real_text(&money.path)?, &[]);
            let answer = client.send(&look)?;
            self.check_answer(*line, &look, &answer);
            let why = match answer.status {
                200 => money.missing_in(&answer.json()?),
                status => Some(format!("answered {status} {}", answer.body)),
            };
            if let Some(why) = why {
                self.complain(*line, &format!("{}: {why}", money.text));
            }
        }
        Ok(())
    }

    /// When the request moved the server's clock, times are told by that clock from now on.
    fn follow_clock(
        &mut self,
        line: usize,
        request: &Request,
        answers: &[Answer],
    ) -> Result<(), String> {
        let moved = request.method == "POST" && request.target == CLOCK;
        let Some(answer) = answers.iter().find(|answer| moved && answer.status == 200) else {
            return Ok(());
        };
        let now_s = answer.json()?["now"].as_i64().ok_or("the clock does not say what it is")?;
        let asked = request.body.as_deref().and_then(|body| body.strip_prefix("advance_s="));
        if let Some(advance_s) = asked.and_then(|asked| asked.parse::<i64>().ok()) {
            let wanted_s = self.names.moments.now_s() + advance_s;
            if wanted_s.abs_diff(now_s) > CLOCK_WITHIN_S {
                self.complain(line, &format!("the clock is at {now_s} instead of {wanted_s}"));
            }
        }
        self.names.moments.follow(now_s);
        Ok(())
    }

    /// Sends a request that is committed and never answered, and kills the server meanwhile.
    fn hold(&mut self, call: &Call, path: &str, rule: &Rule) -> Result<Vec<String>, String> {
        dawdle();
        let request = self.request(call)?;
        let probe = self.dressed(Request::new("GET", &self.names.real_text(path)?, &[]))?;
        let client = self.client()?;
        let held = {
            let client = client.clone();
            thread::spawn(move || client.send(&request))
        };
        let deadline = Instant::now() + HOLD_DEADLINE;
        loop {
            if held.is_finished() {
                return Err("the request was answered instead of being held".to_owned());
            }
            if Instant::now() > deadline {
                return Err(format!("{path} never showed the effect of the held request"));
            }
            let reply = self.name(client.send(&probe)?)?;
            let (labels, events) = (&self.labels, &[]);
            let seen = Seen { reply: &reply, labels, events, executed: 0, distinct: 1 };
            if rule.broken(&seen).is_none() {
                break;
            }
            thread::sleep(HOLD_PAUSE);
        }
        self.server.kill9();
        match held.join().expect("sending does not panic") {
            Ok(answer) => Err(format!("answered {} before it died", answer.status)),
            Err(_) => Ok(vec!["< no answer".to_owned()]),
        }
    }

    fn request(&self, call: &Call) -> Result<Request, String> {
        self.dressed(call.request(|text| self.names.real_text(text))?)
    }

    /// The request with the current key, if it brings none of its own.
    fn dressed(&self, request: Request) -> Result<Request, String> {
        if request.header_value("Authorization").is_some() {
            return Ok(request);
        }
        let key = match self.auth.as_str() {
            "none" => return Ok(request),
            "default" => DEFAULT_KEY,
            name if name.starts_with('$') => {
                self.names.secret(name).ok_or(format!("no key is called {name}"))?
            }
            literal => literal,
        };
        Ok(request.header("Authorization", &format!("Bearer {key}")))
    }

    /// A client of the running server; the first request starts it as a sandbox.
    fn client(&mut self) -> Result<Client, String> {
        if !self.started {
            self.serve(&[]);
        }
        self.server.base().map(Client::new).ok_or("the server is down".to_owned())
    }

    /// Writes the asked headers and the body, or what the step wants of it, below the status.
    fn write_down(
        &mut self,
        step: &Step,
        answer: Answer,
        lines: &mut Vec<String>,
    ) -> Result<Reply, String> {
        for name in &step.show {
            let value = answer.header_value(name).unwrap_or("(absent)");
            lines.push(format!("  {name}: {}", self.names.name_text(value)));
        }
        let reply = self.name(answer)?;
        if let Some(label) = self.shown_before(step, &reply) {
            lines.push(format!("(the body of {label})"));
        } else if step.only.is_empty() || reply.answer.status != 200 {
            lines.extend(layout::lines(&reply.named));
        } else {
            let some = |path: &String| Some((path.clone(), look(&reply.named, path)?));
            lines.extend(layout::lines(&step.only.iter().filter_map(some).collect()));
        }
        Ok(reply)
    }

    /// The label of an earlier answer that this one must repeat, and does.
    fn shown_before<'a>(&self, step: &'a Step, reply: &Reply) -> Option<&'a str> {
        step.expectations.iter().find_map(|expectation| match &expectation.rule {
            Rule::AsIn { path, label, same: true } if path == "body" => {
                let before = self.labels.get(label)?;
                (before.answer.body == reply.answer.body).then_some(label.as_str())
            }
            _ => None,
        })
    }

    fn name(&mut self, answer: Answer) -> Result<Reply, String> {
        let raw = answer.json()?;
        let named = self.names.name_value(&raw);
        let named_headers =
            answer.headers.iter().map(|(name, value)| (name.clone(), self.names.known_text(value)));
        let named_headers = named_headers.collect();
        Ok(Reply { answer, raw, named, named_headers })
    }

    /// What holds for every answer: JSON as the tables say, and an id of the request.
    fn check_answer(&mut self, line: usize, request: &Request, answer: &Answer) {
        let id = answer.header_value("Request-Id").map(Value::from);
        let shape = Shape::Id("req".to_owned());
        if !id.as_ref().is_some_and(|id| shape.fits(id)) {
            self.complain(line, &format!("Request-Id: {id:?}"));
        }
        let kind = answer.header_value("Content-Type").unwrap_or("none");
        if !kind.starts_with("application/json") {
            self.complain(line, &format!("Content-Type: {kind}"));
        }
        if request.target.starts_with("/v1/") || request.target.starts_with("/purser/") {
            let wrong = answer.json().map_or_else(|why| vec![why], |value| wire::check(&value));
            for what in wrong {
                self.complain(line, &format!("wire: {what}"));
            }
        }
    }

    /// The events since the last look, oldest first. A key that may not read events sees none.
    fn new_events(
        &mut self,
        line: usize,
        client: &Client,
        cause: &Request,
    ) -> Result<Vec<Value>, String> {
        let mut events = Vec::new();
        // Mostly there are few, and to read and check those that are known takes time.
        let mut page = vec![("limit".to_owned(), "10".to_owned())];
        for _ in 0..EVENT_PAGES_MAX {
            let look = as_asked_by(cause, "/v1/events", &page);
            let answer = client.send(&look)?;
            if matches!(answer.status, 401 | 403) {
                break;
            } else if answer.status != 200 {
                return Err(format!("the events: {} {}", answer.status, answer.body));
            }
            self.check_answer(line, &look, &answer);
            let list = answer.json()?;
            let found = list["data"].as_array().ok_or("the events are no list")?;
            let fresh = found.iter().take_while(|e| !self.events_seen.contains(&text_of(&e["id"])));
            let before = events.len();
            events.extend(fresh.cloned());
            if events.len() - before < found.len() || list["has_more"] != true {
                break;
            }
            page = vec![("limit".to_owned(), "100".to_owned())];
            page.extend(found.last().map(|e| ("starting_after".to_owned(), text_of(&e["id"]))));
        }
        self.events_seen.extend(events.iter().map(|event| text_of(&event["id"])));
        events.reverse();
        Ok(events)
    }

    fn write_event(&mut self, event: &Value) -> String {
        let object = self.names.name_value(&event["data"]["object"]);
        let before = event["data"].get("previous_attributes").cloned();
        let before = before.map(|before| self.names.name_value(&before));
        events::line(&text_of(&event["type"]), &object, before.as_ref())
    }
}

impl Step {
    /// Whether this is the answer that some of many may get.
    fn may_be(&self, answer: &Answer) -> bool {
        let code = || text_of(&answer.json().unwrap_or_default()["error"]["code"]);
        self.maybe
            .as_ref()
            .is_some_and(|(status, word)| answer.status == *status && code() == *word)
    }
}

/// The different answers, sorted, and how often each came; without those that only may be.
fn distinct(step: &Step, answers: &[Answer]) -> Vec<(Answer, usize)> {
    let mut groups: BTreeMap<(u16, &str), (Answer, usize)> = BTreeMap::new();
    for answer in answers.iter().filter(|answer| !step.may_be(answer)) {
        let group = groups.entry((answer.status, &answer.body));
        group.or_insert_with(|| (answer.clone(), 0)).1 += 1;
    }
    groups.into_values().collect()
}

/// Sleeps for up to `DAWDLE_MS` milliseconds.
fn dawdle() {
    let most_ms = std::env::var("DAWDLE_MS").ok().and_then(|most_ms| most_ms.parse::<u64>().ok());
    let random = RandomState::new().hash_one(());
    thread::sleep(Duration::from_millis(most_ms.map_or(0, |most_ms| random % (most_ms + 1))));
}

fn send_all(client: &Client, request: &Request, copies: usize) -> Result<Vec<Answer>, String> {
    thread::scope(|scope| {
        let sent: Vec<_> = (0..copies).map(|_| scope.spawn(|| client.send(request))).collect();
        sent.into_iter().map(|thread| thread.join().expect("sending does not panic")).collect()
    })
}

/// A read with the key and in the world of another request.
fn as_asked_by(cause: &Request, path: &str, params: &[(String, String)]) -> Request {
    let mut look = Request::new("GET", path, params);
    for name in ["Authorization", "Stripe-Account"] {
        if let Some(value) = cause.header_value(name) {
            look = look.header(name, value);
        }
    }
    look
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
