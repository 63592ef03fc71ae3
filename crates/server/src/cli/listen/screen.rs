//! What is shown of events: one line each, for people or as JSON.

use std::io::{self, IsTerminal, Write};

use books::Timestamp;
use serde_json::{Value, json};

use super::receiver::{Forwarded, Receiver};
use crate::moments::show_moment;

/// Columns of the name of a type; longer ones push the rest to the right.
const TYPE_WIDTH: usize = 42;
const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";

/// Where lines go.
pub struct Screen {
    json: bool,
    whole: bool,
    colours: bool,
}

impl Screen {
    /// Lines of JSON or for people, the latter with the whole of each event if that is wanted.
    pub fn new(json: bool, whole: bool) -> Screen {
        let colours = !json && io::stdout().is_terminal();
        Screen { json, whole, colours }
    }

    /// Says something. That nobody reads it shows with the next event.
    pub fn tell(&self, text: &str) {
        let _ = match self.json {
            true => writeln!(io::stderr().lock(), "{text}"),
            false => writeln!(io::stdout().lock(), "{text}"),
        };
    }

    /// Says that something is wrong.
    pub fn warn(&self, text: &str) {
        self.tell(&self.colour(YELLOW, text));
    }

    /// Shows an event, and what became of forwarding it.
    pub fn show(&self, data: &str, forwarded: Option<(&Receiver, &Forwarded)>) -> io::Result<()> {
        let line = match self.json {
            true => as_json(data, forwarded.map(|(_, forwarded)| forwarded)),
            false => self.line(data, forwarded.map(|(to, forwarded)| (to.path(), forwarded))),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    fn line(&self, data: &str, forwarded: Option<(&str, &Forwarded)>) -> String {
        let event: Value = serde_json::from_str(data).unwrap_or_default();
        let text = |name: &str| event[name].as_str().unwrap_or("?");
        let at = show_moment(Timestamp(event["created"].as_i64().unwrap_or_default()));
        let mut line = format!("{at}  {:<TYPE_WIDTH$}  {}", text("type"), text("id"));
        if let Some((path, forwarded)) = forwarded {
            let took_ms = forwarded.took.as_millis();
            let became = match &forwarded.answer {
                Ok(status) if forwarded.succeeded() => {
                    self.colour(GREEN, &format!("-> {status} POST {path} {took_ms} ms"))
                }
                Ok(status) => {
                    self.colour(RED, &format!("-> {status} POST {path} {took_ms} ms  FAILED"))
                }
                Err(why) => {
                    self.colour(RED, &format!("-> POST {path} {took_ms} ms  FAILED: {why}"))
                }
            };
            line = format!("{line}  {became}");
        }
        if self.whole {
            let whole = serde_json::to_string_pretty(&event).unwrap_or_default();
            line = format!("{line}\n{whole}");
        }
        line
    }

    fn colour(&self, colour: &str, text: &str) -> String {
        match self.colours {
            true => format!("\x1b[{colour}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// The event stays as it came, byte for byte.
fn as_json(data: &str, forwarded: Option<&Forwarded>) -> String {
    let forwarded = forwarded.map(|forwarded| {
        json!({
            "status": forwarded.answer.as_ref().ok(),
            "latency_ms": forwarded.took.as_millis() as u64,
            "error": forwarded.answer.as_ref().err(),
        })
    });
    format!("{{\"event\":{data},\"forwarded\":{}}}", json!(forwarded))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const EVENT: &str = r#"{"id":"evt_1","created":951827696,"type":"refund.created","a":1.50}"#;

    fn forwarded(answer: Result<u16, &str>) -> Forwarded {
        Forwarded { answer: answer.map_err(String::from), took: Duration::from_micros(12_700) }
    }

    #[test]
    fn events_are_lines() {
        let start = format!("2000-02-29T12:34:56Z  refund.created{}  evt_1", " ".repeat(28));
        let plain = Screen { json: false, whole: false, colours: false };
        let check = |answer, want: &str| {
            let line = plain.line(EVENT, Some(("/hook", &forwarded(answer))));
            assert_eq!(line, format!("{start}  {want}"));
        };
        assert_eq!(plain.line(EVENT, None), start);
        check(Ok(204), "-> 204 POST /hook 12 ms");
        check(Ok(302), "-> 302 POST /hook 12 ms  FAILED");
        check(Err("nobody is there"), "-> POST /hook 12 ms  FAILED: nobody is there");
        let coloured = Screen { colours: true, ..plain };
        let line = coloured.line(EVENT, Some(("/", &forwarded(Ok(200)))));
        assert!(line.ends_with("\x1b[32m-> 200 POST / 12 ms\x1b[0m"), "{line}");
        let whole = Screen { json: false, whole: true, colours: false };
        assert_eq!(whole.line(EVENT, None).lines().count(), 7);
    }

    #[test]
    fn events_are_json() {
        let ok = r#"{"status":200,"latency_ms":12,"error":null}"#;
        let failed = r#"{"status":null,"latency_ms":12,"error":"a \"b\""}"#;
        for (answer, want) in [
            (None, "null"),
            (Some(forwarded(Ok(200))), ok),
            (Some(forwarded(Err("a \"b\""))), failed),
        ] {
            let line = as_json(EVENT, answer.as_ref());
            assert_eq!(line, format!("{{\"event\":{EVENT},\"forwarded\":{want}}}"));
        }
    }
}
