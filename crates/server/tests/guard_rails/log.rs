//! The log of what agents ask: who, why, and what came of it; and nothing where no agent asks.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::http::Request;
use crate::support::server::{Kind, Server};
use crate::tables::{grown, read, read_at_rest};
use crate::{Api, eventually, json, owned, payment, text};

const SESSION: &str = "c2Vzc2lvbiBvZiBzb21lYm9keQ==";

crate::support::on_both! {
    the_journal_tells_which_agent_moved_money_and_why
    a_plain_write_takes_no_row_for_agents
    what_is_refused_early_is_noted_too
    odd_headers_harm_nothing
    lists_go_by_conversation_and_customer
}

/// A request as agents send it.
fn of_agent(request: Request, context: &str, goal: &str) -> Request {
    request
        .header("OCP-Context-ID", context)
        .header("OCP-Agent-Type", "ai_agent")
        .header("OCP-Version", "1.0")
        .header("OCP-User", "ada")
        .header("OCP-Workspace", "books")
        .header("OCP-Current-Goal", goal)
        .header("OCP-Session", SESSION)
}

fn requests(person: &Api, query: &str) -> Vec<Value> {
    let page = person.get(&format!("/purser/v1/requests{query}"));
    page["data"].as_array().expect("a list").clone()
}

fn the_journal_tells_which_agent_moved_money_and_why(kind: Kind) {
    let mut server = Server::started_on(kind);
    let person = Api::person(&server);
    let customer = person.customer(5000);
    let agent = Api::agent(&server, &["--max-per-call", "eur=1000"]);
    let answer = agent.send(of_agent(payment(&customer, 1000, "k"), "ocp-a1b2c3d4", "the rent"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = answer.header_value("Request-Id").expect("an id").to_owned();
    let entries = person.get("/purser/v1/journal?limit=10");
    let moved: Vec<&Value> =
        entries["data"].as_array().expect("a list").iter().map(|it| &it["request"]).collect();
    assert!(moved.iter().any(|it| **it == *id.as_str()), "{entries}");
    assert!(moved.contains(&&Value::Null), "the person's is nobody's else: {entries}");
    let noted = person.get(&format!("/purser/v1/requests/{id}"));
    let want = serde_json::json!({
        "context_id": "ocp-a1b2c3d4", "goal": "the rent", "type": "ai_agent",
        "user": "ada", "workspace": "books",
    });
    assert_eq!(noted["agent"], want);
    assert_eq!((&noted["status"], &noted["error_code"]), (&200.into(), &Value::Null));
    assert_eq!(noted["customer"], *customer.as_str());
    assert_eq!(noted["idempotency_key"], "k");
    // Nothing secret is kept: neither the key, nor the conversation itself.
    for (table, rows) in read(&server, kind) {
        for row in rows {
            assert!(!row.contains(&agent.key) && !row.contains(SESSION), "{table}: {row}");
        }
    }
    let log = server.log();
    assert!(!log.contains(&agent.key) && !log.contains(SESSION), "{log}");
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// Who is no agent and has no limits pays nothing for all this.
fn a_plain_write_takes_no_row_for_agents(kind: Kind) {
    let server = Server::started_on(kind);
    let person = Api::person(&server);
    let customer = person.customer(5000);
    let before = read_at_rest(&server, kind);
    assert_eq!(person.send(payment(&customer, 1000, "plain")).status, 200);
    assert_eq!(person.send(payment(&customer, 1000, "plain")).status, 200);
    assert_eq!(person.call("POST", "/v1/payment_intents", &[("amount", "x")]).status, 400);
    let after = read_at_rest(&server, kind);
    let more = grown(&before, &after);
    assert!(more.contains_key("entry"), "{more:?}");
    for table in ["request", "spent"] {
        assert_eq!(after[table].len(), 0, "{table}: {:?}", after[table]);
    }
    // The same by an agent: one row more, and by one with a limit for the day one more again.
    let by = |request: Request, api: &Api| -> BTreeMap<String, usize> {
        let before = read_at_rest(&server, kind);
        assert_eq!(api.send(request).status, 200);
        grown(&before, &read_at_rest(&server, kind))
    };
    let plain = by(payment(&customer, 100, "1"), &person);
    let mut agents = by(of_agent(payment(&customer, 100, "2"), "ocp-1", "x"), &person);
    assert_eq!(agents.remove("request"), Some(1));
    assert_eq!(agents, plain);
    let limited = Api::agent(&server, &["--max-per-day", "eur=1000"]);
    let mut spent = by(payment(&customer, 100, "3"), &limited);
    assert_eq!((spent.remove("request"), spent.remove("spent")), (Some(1), Some(1)));
    assert_eq!(spent, plain);
}

fn what_is_refused_early_is_noted_too(kind: Kind) {
    let mut server = Server::started_on(kind);
    let person = Api::person(&server);
    let customer = person.customer(5000);
    let agent = Api::agent(&server, &["--max-per-call", "eur=100", "--customer", &customer]);
    let cases = [
        (Request::new("POST", "/v1/payment_intents", &owned(&[("amount", "x")])), 400, false),
        (Request::new("POST", "/v1/customers/cus_nobody", &[]), 404, false),
        (Request::new("POST", "/v1/payouts", &owned(&[("amount", "5")])), 400, false),
        (Request::new("POST", "/purser/v1/clock", &owned(&[("advance_s", "5")])), 403, false),
        (payment(&customer, 101, "much"), 403, true),
        (payment(&customer, 101, "much"), 403, false),
        (payment(&customer, 50, "try").header("Purser-Dry-Run", "true"), 200, false),
    ];
    let count = cases.len();
    for (at, (request, status, has_customer)) in cases.into_iter().enumerate() {
        let is_tried = request.header_value("Purser-Dry-Run").is_some();
        let answer = agent.send(of_agent(request, "ocp-refused", "more"));
        assert_eq!(answer.status, status, "{at}: {}", answer.body);
        let id = answer.header_value("Request-Id").expect("an id").to_owned();
        let path = format!("/purser/v1/requests/{id}");
        eventually("it is noted", || person.call("GET", &path, &[]).status == 200);
        let noted = person.get(&path);
        assert_eq!(noted["status"], status, "{at}: {noted}");
        assert_eq!(noted["agent"]["goal"], "more", "{at}");
        assert_eq!(noted["dry_run"], is_tried, "{at}");
        assert!(!has_customer || noted["customer"] == *customer.as_str(), "{at}: {noted}");
    }
    assert_eq!(requests(&person, "?limit=100").len(), count);
    assert_eq!(person.cash(&customer), 5000);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

fn odd_headers_harm_nothing(kind: Kind) {
    let mut server = Server::started_on(kind);
    let person = Api::person(&server);
    let long = "x".repeat(9_000);
    let cases: [(&str, &str); 7] = [
        ("OCP-Context-ID", "../../etc/passwd"),
        ("OCP-Context-ID", "'; DROP TABLE entry; --"),
        ("OCP-Current-Goal", &long),
        ("OCP-Agent-Type", "\t"),
        ("OCP-User", "André"),
        ("OCP-Workspace", ""),
        ("OCP-Session", &long),
    ];
    for (name, value) in cases {
        let made = person.send(Request::new("POST", "/v1/customers", &[]).header(name, value));
        assert_eq!(made.status, 200, "{name}: {}", made.body);
        let id = made.header_value("Request-Id").expect("an id");
        let noted = person.call("GET", &format!("/purser/v1/requests/{id}"), &[]);
        if name == "OCP-Session" {
            assert_eq!(noted.status, 404, "what cannot be read explains nothing");
            continue;
        }
        for part in json(&noted)["agent"].as_object().into_iter().flat_map(|it| it.values()) {
            let chars = part.as_str().map_or(0, |text| text.chars().count());
            assert!(chars <= books::agent::PART_CHARS_MAX, "{name}");
        }
    }
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

fn lists_go_by_conversation_and_customer(kind: Kind) {
    let server = Server::started_on(kind);
    let person = Api::person(&server);
    let (ada, bob) = (person.customer(0), person.customer(0));
    for (who, context) in [(&ada, "ocp-one"), (&bob, "ocp-one"), (&ada, "ocp-two")] {
        let request = Request::new("POST", &format!("/v1/customers/{who}"), &[]);
        assert_eq!(person.send(of_agent(request, context, "tidy up")).status, 200);
    }
    assert_eq!(requests(&person, "?context=ocp-one").len(), 2);
    assert_eq!(requests(&person, "?context=ocp-none").len(), 0);
    assert_eq!(requests(&person, &format!("?customer={ada}")).len(), 2);
    assert_eq!(requests(&person, &format!("?customer={bob}&context=ocp-two")).len(), 0);
    let first = requests(&person, "?limit=1");
    let rest = requests(&person, &format!("?limit=5&starting_after={}", text(&first[0], "id")));
    assert_eq!(rest.len(), 2);
    // One who may see Ada's only sees no others.
    let agent = Api::agent(&server, &["--customer", &ada]);
    assert_eq!(requests(&agent, &format!("?customer={ada}")).len(), 2);
    assert_eq!(agent.call("GET", &format!("/purser/v1/requests?customer={bob}"), &[]).status, 403);
    let of_bob = &requests(&person, &format!("?customer={bob}"))[0];
    let path = format!("/purser/v1/requests/{}", text(of_bob, "id"));
    assert_eq!(agent.call("GET", &path, &[]).status, 403);
}
