//! Row 83: each request that the first Python and JavaScript agents were seen to send.

use std::fmt::Write;

use serde_json::Value;

use super::support::http::Answer;
use super::support::raw::Raw;
use super::{at, customer, decode_entry, json, made, started, tool};

const CAPTURES: &str = include_str!("../data/ocp/captures.json");
const EXPECTED: &str = include_str!("../data/ocp/replays.txt");
const KEY: (&str, &str) = ("Authorization", "Bearer sk_test_123");

/// What a captured request is to be answered with.
struct Row {
    number: usize,
    head: String,
    as_sent: String,
    with_key: Option<String>,
    without_expand: Option<String>,
}

/// A server, with objects to stand for those of the captures.
struct Stage {
    base: String,
    customer: String,
    transaction: String,
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let lines = EXPECTED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let Some(expected) = line.strip_prefix("    ") else {
            let (number, head) = line.split_once(' ').expect("a number and a request");
            let number = number.parse().expect("a number");
            let head = head.to_owned();
            let (as_sent, with_key, without_expand) = Default::default();
            rows.push(Row { number, head, as_sent, with_key, without_expand });
            continue;
        };
        let row = rows.last_mut().expect("a request first");
        if let Some(expected) = expected.strip_prefix("with a key: ") {
            row.with_key = Some(expected.to_owned());
        } else if let Some(expected) = expected.strip_prefix("without expand: ") {
            row.without_expand = Some(expected.to_owned());
        } else {
            row.as_sent = expected.to_owned();
        }
    }
    rows
}

impl Stage {
    fn new(base: String) -> Stage {
        let customer = customer(&base);
        let fund = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        let funded = made(&base, &fund, "amount=5000&currency=usd");
        let transaction = funded["id"].as_str().expect("an id").to_owned();
        Stage { base, customer, transaction }
    }

    /// The bytes of a capture, with what is different here.
    fn bytes(&self, capture: &Value, add: &[(&str, &str)], body: &str) -> Vec<u8> {
        let line = capture["request_line"].as_str().expect("a line");
        let line = ["/cus_1/", "/cus_ctx/", "/cus_ctxz/"]
            .iter()
            .fold(line.to_owned(), |line, id| line.replace(id, &format!("/{}/", self.customer)));
        let mut text = line.replace("ccsbtxn_1", &self.transaction) + "\r\n";
        let host = self.base.strip_prefix("http://").expect("an address");
        for header in capture["headers"].as_array().expect("headers") {
            let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
            let value = match name.to_ascii_lowercase().as_str() {
                "host" => host.to_owned(),
                "content-length" => body.len().to_string(),
                _ => value.to_owned(),
            };
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        for (name, value) in add {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        text += "\r\n";
        // Headers travel as Latin-1.
        let mut bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).expect("Latin-1")).collect();
        bytes.extend_from_slice(body.as_bytes());
        bytes
    }

    /// What of the expectation is not as it should be.
    fn compare(&self, answer: &Answer, expected: &str) -> Result<(), String> {
        let mut parts = expected.split(" | ");
        let status = parts.next().unwrap_or_default();
        if answer.status.to_string() != status {
            return Err(format!("wanted {status}, got {}: {:.300}", answer.status, answer.body));
        }
        let body = answer.json()?;
        for part in parts {
            let named = part.replace("CUSTOMER", &self.customer);
            let named = named.replace("TRANSACTION", &self.transaction);
            let fits = if let Some((path, wanted)) = named.split_once(" ~ ") {
                at(&body, path).as_str().is_some_and(|text| text.contains(wanted))
            } else {
                let (path, wanted) = named.split_once(" = ").expect("PATH = VALUE");
                match path {
                    "entry" => {
                        decode_entry(&body, &self.base)?;
                        at(&body, "name") == wanted
                    }
                    "replayed" => answer.header_value("idempotent-replayed") == Some(wanted),
                    _ => {
                        let found = at(&body, path);
                        let written = found.to_string();
                        found == wanted || written == wanted
                    }
                }
            };
            if !fits {
                return Err(format!("{part} is not so: {:.300}", answer.body));
            }
        }
        Ok(())
    }
}

#[test]
fn every_captured_request_gets_the_right_answer() {
    let captures: Vec<Value> = serde_json::from_str(CAPTURES).expect("captures are JSON");
    let (_server, base) = started(&[]);
    let stage = Stage::new(base);
    let rows = rows();
    assert_eq!(rows.len(), captures.len(), "every capture has its expectation");
    let mut wrong = Vec::new();
    let mut connection = Raw::connect(&stage.base);
    for (at, (row, capture)) in rows.iter().zip(&captures).enumerate() {
        assert_eq!(row.number, at, "the table is in the order of the captures");
        let line = capture["request_line"].as_str().expect("a line");
        let head = format!("{} {line}", capture["client"].as_str().expect("a client"));
        assert_eq!(format!("{} HTTP/1.1", row.head), head);
        let body = capture["body"].as_str().expect("a body");
        let mut check = |what: &str, bytes: Vec<u8>, expected: &str| {
            let answer = connection.send(bytes).answer().expect("the connection stays");
            if let Err(why) = stage.compare(&answer, expected) {
                wrong.push(format!("{at} {}{what}: {why}", row.head));
            }
            let said = capture["headers"].to_string().contains("OCP-Context-ID");
            let echoed = answer.header_value("ocp-version").is_some();
            if said != echoed {
                wrong.push(format!("{at} {}: a context was told: {said}", row.head));
            }
        };
        check("", stage.bytes(capture, &[], body), &row.as_sent);
        if let Some(expected) = &row.with_key {
            check(" with a key", stage.bytes(capture, &[KEY], body), expected);
        }
        if let Some(expected) = &row.without_expand {
            let mut less: Value = serde_json::from_str(body).expect("a body in JSON");
            less.as_object_mut().expect("an object").remove("expand").expect("expand");
            check(" without expand", stage.bytes(capture, &[], &less.to_string()), expected);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What an agent has in hand after registering `stripe`: the three operations that its users know.
#[test]
fn the_tools_of_the_entry_are_the_known_ones() {
    let (_server, base) = started(&[]);
    let entry = json(&super::get(&base, "/registry/stripe"));
    assert!(decode_entry(&entry, &base).is_ok_and(|tools| tools > 60));
    let place = |name: &str, parameter: &str| {
        tool(&entry, name)["parameters"][parameter]["location"].as_str().map(str::to_owned)
    };
    #[rustfmt::skip]
    let known = [
        ("getBalance", "GET", "/v1/balance", vec![("expand", "query")]),
        ("postCustomersCustomerCashBalance", "POST", "/v1/customers/{customer}/cash_balance",
         vec![("customer", "path"), ("settings", "body"), ("expand", "body")]),
        ("getCustomersCustomerCashBalanceTransactionsTransaction", "GET",
         "/v1/customers/{customer}/cash_balance_transactions/{transaction}",
         vec![("customer", "path"), ("transaction", "path"), ("expand", "query")]),
    ];
    for (name, method, path, parameters) in known {
        assert_eq!(tool(&entry, name)["method"], method, "{name}");
        assert_eq!(tool(&entry, name)["path"], path, "{name}");
        for (parameter, location) in parameters {
            assert_eq!(place(name, parameter).as_deref(), Some(location), "{name} {parameter}");
        }
    }
}
