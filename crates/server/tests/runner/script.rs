//! The grammar of a scenario file.
//!
//! ```text
//! A title
//!
//! # Prose.
//!
//! auth: $live                      the key of the requests below; also a literal, `none`,
//!                                  or `default`
//! ! serve --production             starts the server anew with flags (it starts by itself
//!                                  as a sandbox at the first request)
//! ! $live = keys create --name x   a subcommand on the same store; its JSON has the `key`, and
//!                                  `$live_id` is its id
//! ! restart                        SIGKILL and start
//!
//! > POST /v1/customers email=a@example.com "name=Ada Lovelace"
//!   description=more               more parameters
//!   Idempotency-Key: k1            a header
//!   json: {"name": "Ada"}          a JSON body instead of parameters
//! label: ada                       a name for this answer, used by `as in`
//! show: Request-Id                 headers to be written below the status
//! set: ref = next_action.reference keeps a value of this answer: later lines write `$ref`
//! only: id, data[*].net_amount     writes only these members of a 200; all are checked
//! expect: status 200               see `expect`; holds whatever was blessed
//! expect: error.code =
//!     parameter_unknown            four spaces continue the line above, whatever it is
//! balance: usd available 5         see `money`: where the money is after this step, also after
//! ledger: bank usd 5               a restart
//! cash: cus_1 usd 5
//! < 200
//! {"id": "cus_1", "object": "customer"}
//! event: customer.created {"id": "cus_1"}
//!
//! ! parallel 20 > POST ...         the same request many times at once; the distinct answers
//! maybe: 409 lock_timeout          an answer that some of them may get, and that is not written
//!
//! ! hold > POST ...                sent, but never answered: the server is killed as soon as
//! until: /v1/balance a.b = 1       this read answers so
//! ```
//!
//! Ids are written `cus_1`, `cus_2`, in the order in which they are first seen. See `names` for
//! what else has a name, and `moments` for how times are written; they follow the server's clock
//! when `POST /purser/v1/clock` moves it.

use super::expect::Rule;
use super::money::Money;
use crate::support::http::Request;

/// A whole file, line by line.
pub struct Script {
    pub pieces: Vec<Piece>,
}

pub enum Piece {
    Prose(String),
    Step(Box<Step>),
}

/// One step: what is done, and what must hold afterwards.
pub struct Step {
    pub line: usize,
    /// The lines written by hand, as they stand in the file.
    pub written: Vec<String>,
    pub action: Action,
    pub label: Option<String>,
    pub show: Vec<String>,
    pub only: Vec<String>,
    /// Names, and the paths of the values that they keep.
    pub sets: Vec<(String, String)>,
    pub expectations: Vec<Expectation>,
    pub money: Vec<(usize, Money)>,
    /// A status and an error code that some of many parallel requests may meet.
    pub maybe: Option<(u16, String)>,
    /// The lines of the answer in the file, kept where the step is not played.
    pub blessed: Vec<String>,
}

pub struct Expectation {
    pub line: usize,
    pub text: String,
    pub rule: Rule,
}

pub enum Action {
    Auth(String),
    Serve(Vec<String>),
    Restart,
    Command { name: Option<String>, args: Vec<String> },
    Send(Call),
    Parallel(usize, Call),
    Hold { call: Call, path: String, rule: Rule },
}

/// A request as written, with the file's names for ids.
#[derive(Default)]
pub struct Call {
    method: String,
    path: String,
    params: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    json: Option<String>,
}

impl Call {
    /// The request with `real` put in place of every name.
    pub fn request(
        &self,
        real: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Request, String> {
        let params: Result<Vec<_>, String> =
            self.params.iter().map(|(name, value)| Ok((name.clone(), real(value)?))).collect();
        let mut request = Request::new(&self.method, &real(&self.path)?, &params?);
        if let Some(json) = &self.json {
            request = request.json(&real(json)?);
        }
        for (name, value) in &self.headers {
            request = request.header(name, &real(value)?);
        }
        Ok(request)
    }
}

impl Script {
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines: Vec<&str> = text.lines().collect();
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            if at == 0 || lines[at].is_empty() || lines[at].starts_with('#') {
                pieces.push(Piece::Prose(lines[at].to_owned()));
                at += 1;
                continue;
            }
            let length = |from: usize, ends: fn(&str) -> bool| {
                let rest = &lines[from..];
                rest.iter().position(|line| ends(line)).unwrap_or(rest.len())
            };
            let written = 1 + length(at + 1, |line| ends_step(line) || line.starts_with('<'));
            let mut step = Step::parse(at + 1, &lines[at..at + written])?;
            at += written;
            if lines.get(at).is_some_and(|line| line.starts_with('<')) {
                let answer = &lines[at..at + length(at, ends_step)];
                step.blessed = answer.iter().map(|&line| line.to_owned()).collect();
                at += answer.len();
            }
            pieces.push(Piece::Step(Box::new(step)));
        }
        Ok(Self { pieces })
    }
}

/// The lines with their continuations, which begin with four spaces, and where each stands.
fn joined(written: &[&str]) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (offset, text) in written.iter().enumerate() {
        match (text.strip_prefix("    "), lines.last_mut()) {
            (Some(more), Some((_, line))) => {
                line.push(' ');
                line.push_str(more.trim());
            }
            _ => lines.push((offset, (*text).to_owned())),
        }
    }
    lines
}

fn ends_step(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', '>', '!']) || line.starts_with("auth:")
}

impl Step {
    fn parse(line: usize, written: &[&str]) -> Result<Self, String> {
        let wrong = |offset: usize, why: &str| {
            format!("line {}: {why}\n  {}", line + offset, written[offset])
        };
        let action = Action::parse(written[0]).map_err(|why| wrong(0, &why))?;
        let mut step = Self {
            line,
            written: written.iter().map(|&line| line.to_owned()).collect(),
            action,
            label: None,
            show: Vec::new(),
            only: Vec::new(),
            sets: Vec::new(),
            expectations: Vec::new(),
            money: Vec::new(),
            maybe: None,
            blessed: Vec::new(),
        };
        for (offset, text) in joined(written).into_iter().skip(1) {
            step.option(line + offset, &text).map_err(|why| wrong(offset, &why))?;
        }
        let halted = matches!(&step.action, Action::Hold { path, .. } if path.is_empty());
        if halted { Err(wrong(0, "a held request needs an until:")) } else { Ok(step) }
    }

    fn option(&mut self, line: usize, text: &str) -> Result<(), String> {
        if let Some(part) = text.strip_prefix("  ") {
            let call = self.action.call().ok_or("only a request has more lines")?;
            return call.more(part.trim());
        }
        let asks = matches!(self.action, Action::Send(_) | Action::Parallel(..));
        match text.split_once(": ") {
            Some((kind @ ("balance" | "ledger" | "cash"), text)) => {
                self.money.extend(Money::parse(kind, text)?.into_iter().map(|it| (line, it)));
            }
            Some(("label" | "show" | "only" | "set" | "expect" | "maybe", _)) if !asks => {
                return Err("only a request has an answer".to_owned());
            }
            Some(("set", text)) => {
                let (name, path) = text.split_once(" = ").ok_or("not a name and a path")?;
                self.sets.push((name.to_owned(), path.to_owned()));
            }
            Some(("label", name)) => self.label = Some(name.to_owned()),
            Some(("show", names)) => self.show.extend(names.split(", ").map(str::to_owned)),
            Some(("only", paths)) => self.only.extend(paths.split(", ").map(str::to_owned)),
            Some(("expect", text)) => {
                let (text, rule) = (text.to_owned(), Rule::parse(text)?);
                self.expectations.push(Expectation { line, text, rule });
            }
            Some(("maybe", answer)) => {
                let (status, code) = answer.split_once(' ').ok_or("a status and a code")?;
                let status = status.parse().map_err(|_| "not a status")?;
                self.maybe = Some((status, code.to_owned()));
            }
            Some(("until", condition)) => {
                let (target, text) = condition.split_once(' ').ok_or("a path and a rule")?;
                let Action::Hold { path, rule, .. } = &mut self.action else {
                    return Err("only a held request has an until:".to_owned());
                };
                (*path, *rule) = (target.to_owned(), Rule::parse(text)?);
            }
            _ => return Err("not a line of a step".to_owned()),
        }
        Ok(())
    }
}

impl Action {
    fn parse(line: &str) -> Result<Self, String> {
        if let Some(request) = line.strip_prefix("> ") {
            return Ok(Self::Send(Call::parse(request)?));
        }
        if let Some(key) = line.strip_prefix("auth: ") {
            return Ok(Self::Auth(key.to_owned()));
        }
        let order = line.strip_prefix("! ").ok_or("not the beginning of a step")?;
        if let Some((order, request)) = order.split_once(" > ") {
            let call = Call::parse(request)?;
            return match order.split_once(' ') {
                Some(("parallel", count)) => {
                    Ok(Self::Parallel(count.parse().map_err(|_| "how many?")?, call))
                }
                None if order == "hold" => {
                    Ok(Self::Hold { call, path: String::new(), rule: Rule::Status(200) })
                }
                _ => Err("neither parallel nor hold".to_owned()),
            };
        }
        let mut words = words(order)?;
        let named = words.len() > 2 && words[0].starts_with('$') && words[1] == "=";
        let name = named.then(|| words.drain(..2).next()).flatten();
        match (name, words[0].as_str()) {
            (None, "restart") => Ok(Self::Restart),
            (None, "serve") => Ok(Self::Serve(words.split_off(1))),
            (name, _) => Ok(Self::Command { name, args: words }),
        }
    }

    fn call(&mut self) -> Option<&mut Call> {
        match self {
            Self::Send(call) | Self::Parallel(_, call) | Self::Hold { call, .. } => Some(call),
            _ => None,
        }
    }
}

impl Call {
    fn parse(text: &str) -> Result<Self, String> {
        let mut words = words(text)?.into_iter();
        let method = words.next().unwrap_or_default();
        let path = words.next().filter(|path| path.starts_with('/')).ok_or("no path")?;
        let mut call = Self { method, path, ..Self::default() };
        for word in words {
            call.params.push(pair(&word)?);
        }
        Ok(call)
    }

    /// A further line: a header, a JSON body, or more parameters.
    fn more(&mut self, part: &str) -> Result<(), String> {
        if let Some((name, value)) = part.split_once(": ")
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        {
            if name == "json" {
                self.json = Some(value.to_owned());
            } else {
                self.headers.push((name.to_owned(), value.to_owned()));
            }
            return Ok(());
        }
        for word in words(part)? {
            self.params.push(pair(&word)?);
        }
        Ok(())
    }
}

fn pair(word: &str) -> Result<(String, String), String> {
    let (name, value) = word.split_once('=').ok_or(format!("{word} is not name=value"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Splits at spaces, as a shell does, but for those between double quotes.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut begun, mut quoted) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        if c == '"' {
            (begun, quoted) = (true, !quoted);
        } else if c == ' ' && !quoted {
            if begun {
                words.push(std::mem::take(&mut word));
            }
            begun = false;
        } else {
            begun = true;
            word.push(c);
        }
    }
    if begun {
        words.push(word);
    }
    if quoted || words.is_empty() { Err("a quote is open".to_owned()) } else { Ok(words) }
}
