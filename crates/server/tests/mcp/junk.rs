//! Bodies that are nearly right.

use serde_json::{Value, json};

use crate::support::random::Random;
use crate::support::server::Server;
use crate::{Agent, tools};

const BODIES: usize = 2_000;

#[test]
fn junk_is_never_a_fault_of_the_server() {
    let server = Server::started();
    let agent = Agent::of(&server);
    let tools = tools(&agent);
    let mut random = Random::seeded("mcp junk", 815);
    let mut seen = [0; 600];
    for _ in 0..BODIES {
        let body = body(&mut random, &tools);
        let answer = agent.post(&body);
        assert!(answer.status < 500, "{}: {body}", answer.body);
        let wrong_inside = answer.body.contains("went wrong in this server");
        assert!(!wrong_inside, "{}: {body}", answer.body);
        seen[usize::from(answer.status)] += 1;
    }
    assert!(seen[200] > BODIES / 4 && seen[415] > BODIES / 20, "junk of too few kinds");
    assert!(!server.log().contains("panicked"), "{}", server.log());
    let doctor = server.purser(&["doctor"]);
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

fn body(random: &mut Random, tools: &[Value]) -> String {
    let tool = random.pick(tools);
    let mut arguments = json!({});
    let names = tool["inputSchema"]["properties"].as_object().unwrap();
    for (name, _) in names {
        if random.one_in(2) {
            arguments[name] = value(random, 3);
        }
    }
    let arguments = if random.one_in(10) { value(random, 3) } else { arguments };
    let method = match random.below(6) {
        0 => value(random, 0),
        1 => "tools/list".into(),
        _ => "tools/call".into(),
    };
    let name = if random.one_in(8) { value(random, 1) } else { tool["name"].clone() };
    let params = json!({ "name": name, "arguments": arguments });
    let params = if random.one_in(8) { value(random, 2) } else { params };
    let id = if random.one_in(8) { value(random, 1) } else { json!(1) };
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let mut text = message.to_string();
    if random.one_in(8) {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        text.truncate(*random.pick(&ends));
    }
    if random.one_in(30) {
        text = format!("[{text}]");
    }
    text
}

#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "", "eur", "EUR", "usd", "DE", "true", "0", "-1", "100", "9007199254740993", "1e9", "cus_1",
    "pi_1", "re_1", "..", ".", "/", "a/b", "%2F", "?", "#", "\u{0}", "\n", "\u{202e}", "😀", "[]",
    "a[b]", "data.customer", "customer", "cash_balance", "customer_balance", "bank_transfer",
    "eu_bank_transfer", "automatic", "manual", "x@example.com", "https://example.com/hook", "*",
    "tools/call", "initialize", "server/discover", "tasks/get", "logging/setLevel",
    "DE89370400440532013000",
];

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => random.one_in(2).into(),
        2 => (random.next() as i64).into(),
        3 => (random.below(10_000) as i64).into(),
        4 => json!(random.below(1000) as f64 / 7.0),
        5 => (*random.pick(TEXTS)).into(),
        6 => (0..random.below(4)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let pairs = (0..random.below(4))
                .map(|_| ((*random.pick(TEXTS)).to_owned(), value(random, depth - 1)));
            Value::Object(pairs.collect())
        }
    }
}
