//! Calling tools: rows 62, 63, 73 and 75 of the upstream cases, what is remembered, what leaves the
//! machine, and what is sent twice.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{Reply, Seen, Server, reply, stripe, stripe_entry};
use ocp_agent::agent::Builder;
use ocp_agent::headers::{self, Scope};
use ocp_agent::{Agent, CallOptions, Context, Error, Registration};
use serde_json::{Value, json};

const UPDATE: &str = "postCustomersCustomerCashBalance";

fn agent_of(builder: Builder, server: &Server) -> Agent {
    let mut agent = builder.clock(common::clock()).registry_url(&server.url).no_storage().build();
    let key = Registration::with_header("Authorization", "Bearer sk_test_1");
    agent.register_api("stripe", key).expect("registered");
    server.seen();
    agent
}

fn agent(server: &Server) -> Agent {
    agent_of(Agent::builder(), server)
}

fn call(agent: &Agent, name: &str, arguments: Value) -> u16 {
    agent.call_tool(name, arguments, CallOptions::default()).expect("an answer").status
}

fn given(name: &str, value: &str) -> CallOptions {
    CallOptions { headers: vec![(name.to_owned(), value.to_owned())], ..CallOptions::default() }
}

#[test]
fn the_three_seed_operations_are_called() {
    let server = Server::start(|url, seen| match seen.target.as_str() {
        "/v1/customers/cus_1/cash_balance_transactions/ccsbtxn_1" => reply(200, "{}"),
        _ => stripe(url, seen),
    });
    let agent = agent_of(Agent::builder().user("alice").goal("reconcile"), &server);
    assert_eq!(call(&agent, "getBalance", Value::Null), 200);
    let update = json!({"customer": "cus_1", "settings": {"reconciliation_mode": "manual"}});
    assert_eq!(call(&agent, UPDATE, update), 200);
    let read = json!({"customer": "cus_1", "transaction": "ccsbtxn_1"});
    let name = "getCustomersCustomerCashBalanceTransactionsTransaction";
    assert_eq!(call(&agent, name, read), 200);
    let seen = server.seen();
    let lines: Vec<String> =
        seen.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect();
    let expected = [
        "GET /v1/balance",
        "POST /v1/customers/cus_1/cash_balance",
        "GET /v1/customers/cus_1/cash_balance_transactions/ccsbtxn_1",
    ];
    assert_eq!(lines, expected);
    let body: Value = serde_json::from_slice(&seen[1].body).expect("JSON");
    assert_eq!(body, json!({"settings": {"reconciliation_mode": "manual"}}));
    for seen in &seen {
        assert_eq!(seen.header("Authorization").as_deref(), Some("Bearer sk_test_1"));
        let received = headers::read(seen.pairs()).expect("a context");
        assert_eq!(received.user.as_deref(), Some("alice"));
        assert_eq!(received.goal.as_deref(), Some("reconcile"));
        assert_eq!(received.context_id, Some(agent.context().context_id));
        let session = received.session.expect("a session");
        assert!(session.history.last().is_some_and(|last| last.action.starts_with("tool_call:")));
    }
}

#[test]
fn row_62_the_history_says_what_was_called() {
    let server = Server::start(stripe);
    let agent = agent(&server);
    let arguments = json!({"customer": "cus_1", "settings": {"api_key": "k", "note": "sk_live_1"}});
    call(&agent, UPDATE, arguments);
    let value = serde_json::to_value(agent.context()).expect("JSON");
    let history: Vec<Value> = value["history"].as_array().expect("a history")[1..]
        .iter()
        .map(|entry| {
            let mut entry = entry.clone();
            entry.as_object_mut().expect("an object").shift_remove("timestamp");
            entry
        })
        .collect();
    let url = format!("{}/v1/customers/cus_1/cash_balance", server.url);
    let expected = json!([
        {"action": format!("tool_call:{UPDATE}"), "api_endpoint": url, "result": "executing",
            "metadata": {"tool_name": UPDATE, "api_name": "stripe", "parameters": {
                "customer": "cus_1",
                "settings": {"api_key": "[redacted]", "note": "[redacted]"}}, "method": "POST"}},
        {"action": "api_call_post", "api_endpoint": "POST /v1/customers/cus_1/cash_balance",
            "result": "HTTP 200", "metadata": {"api_name": "stripe", "method": "POST", "url": url,
                "domain": server.url.trim_start_matches("http://"), "success": true,
                "status_code": 200}},
        {"action": format!("tool_response:{UPDATE}"), "api_endpoint": url, "result": "200 OK",
            "metadata": {"api_name": "stripe", "status_code": 200, "success": true,
                "response_size": 25}},
    ]);
    assert_eq!(Value::from(history), expected);
    assert_eq!(ocp_agent::context::schema::validate(&value), [""; 0]);
}

#[test]
fn errors_of_the_api_are_answers_and_lost_answers_are_errors() {
    let server = Server::start(|url, seen| match seen.target.as_str() {
        "/v1/customers/lost/cash_balance" => (0, vec![], String::new()),
        _ => stripe(url, seen),
    });
    let agent = agent(&server);
    let options = CallOptions::default();
    let answer = agent.call_tool(UPDATE, json!({"customer": "none"}), options.clone());
    let answer = answer.expect("an answer");
    assert_eq!((answer.status, answer.is_success(), answer.json()), (404, false, Ok(json!({}))));
    assert_eq!(answer.header("content-type").as_deref(), Some("application/json"));
    let last = agent.context().history.pop().expect("an entry");
    assert_eq!(last.result.as_deref(), Some("404 Not Found"));

    let lost = agent.call_tool(UPDATE, json!({"customer": "lost"}), options);
    assert!(matches!(lost, Err(Error::Transport(_))), "{lost:?}");
    let last = agent.context().history.pop().expect("an entry");
    assert_eq!(last.action, format!("tool_error:{UPDATE}"));
}

#[test]
fn row_63_nothing_is_written_down_where_that_is_not_wanted() {
    let server = Server::start(stripe);
    let agent = agent_of(Agent::builder().no_record().no_context_headers(), &server);
    call(&agent, "getBalance", json!({}));
    assert_eq!(agent.context().history, []);
    assert_eq!(headers::read(server.seen()[0].pairs()), None);
}

#[test]
fn row_73_headers_of_a_call_go_over_those_of_the_api_and_leave_the_others() {
    let server = Server::start(stripe);
    let mut agent = agent(&server);
    let both = [("Authorization", "Bearer one"), ("Stripe-Version", "2026-01-01")];
    let headers = both.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let registration = Registration { headers, ..Registration::default() };
    agent.register_api("stripe", registration).expect("registered");
    server.seen();
    agent.call_tool("getBalance", json!({}), given("stripe-version", "x")).expect("an answer");
    agent.call_tool("getBalance", json!({}), given("OCP-User", "mallory")).expect("an answer");
    let seen = server.seen();
    assert_eq!(seen[0].header("Authorization").as_deref(), Some("Bearer one"));
    assert_eq!(seen[0].header("Stripe-Version").as_deref(), Some("x"));
    assert_eq!(seen[1].header("Stripe-Version").as_deref(), Some("2026-01-01"));
    assert_eq!(seen[1].header("OCP-User"), None, "nobody passes for another");
    let refused = agent.call_tool("getBalance", json!({}), given("X", "a\nb"));
    assert!(matches!(refused, Err(Error::Arguments(_))), "{refused:?}");
}

#[test]
fn row_75_unknown_names_and_wrong_arguments_are_told_before_anything_is_sent() {
    let server = Server::start(stripe);
    let agent = agent(&server);
    let of = |api: &str| CallOptions { api: Some(api.to_owned()), ..CallOptions::default() };
    let table = [
        (
            "getBalanc",
            json!({}),
            of("stripe"),
            "there is no tool 'getBalanc'. Did you mean getBalance",
        ),
        ("getBalance", json!({}), of("unknown_api"), "no API 'unknown_api' is registered"),
        ("getBalance", json!([]), of("stripe"), "the arguments are an object"),
        ("getBalance", json!({"expnd": []}), of("stripe"), "expand"),
        (UPDATE, json!({}), of("STRIPE"), "customer"),
        (UPDATE, json!({"customer": ".."}), of("stripe"), "customer"),
    ];
    for (name, arguments, options, expected) in table {
        let refused = agent.call_tool(name, arguments, options);
        let text = refused.expect_err(expected).to_string();
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(server.lines(), [""; 0]);
    assert_eq!(agent.context().history.len(), 1);
    assert!(agent.list_tools(Some("unknown_api")).is_err());
}

#[test]
fn a_path_leads_to_no_other_host() {
    let server = Server::start(|_, seen| match seen.target.as_str() {
        "/registry/evil" => {
            let mut entry = stripe_entry("http://127.0.0.1");
            entry["tools"][0]["path"] = json!("@127.0.0.1:1/v1/balance");
            entry["tools"][1]["path"] = json!(".evil.test/v1/x");
            reply(200, entry.to_string())
        }
        _ => reply(404, "{}"),
    });
    let mut agent =
        Agent::builder().clock(common::clock()).registry_url(&server.url).no_storage().build();
    let key = Registration::with_header("Authorization", "Bearer sk_test_1");
    agent.register_api("evil", key).expect("registered");
    for (name, arguments) in [("getBalance", json!({})), (UPDATE, json!({"customer": "x"}))] {
        let dry = CallOptions { dry_run: true, ..CallOptions::default() };
        if let Ok(answer) = agent.call_tool(name, arguments, dry) {
            let url = answer.request.url;
            assert!(url.starts_with("http://127.0.0.1/"), "{url}");
        }
    }
}

#[test]
fn a_write_is_repeated_with_the_same_key_and_only_with_one() {
    let tries = Arc::new(AtomicU64::new(0));
    let count = tries.clone();
    let server = Server::start(move |url, seen| -> Reply {
        if seen.method != "POST" {
            return stripe(url, seen);
        }
        match count.fetch_add(1, Ordering::SeqCst) % 3 {
            0 => reply(500, "{}"),
            1 => (0, vec![], String::new()),
            _ => stripe(url, seen),
        }
    });
    let mut agent = agent(&server);
    let arguments = json!({"customer": "cus_1"});
    let keys = |seen: Vec<Seen>| -> Vec<String> {
        seen.iter().filter_map(|seen| seen.header("Idempotency-Key")).collect()
    };
    assert_eq!(call(&agent, UPDATE, arguments.clone()), 200);
    let own = keys(server.seen());
    assert!(own.len() == 3 && own.iter().all(|key| *key == own[0]), "{own:?}");
    assert_eq!(call(&agent, UPDATE, arguments.clone()), 200);
    assert_ne!(keys(server.seen())[0], own[0], "another call, another key");

    let options =
        CallOptions { idempotency_key: Some("mine".to_owned()), ..CallOptions::default() };
    let answer = agent.call_tool(UPDATE, arguments.clone(), options).expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(keys(server.seen()), ["mine"; 3]);
    let answer = agent.call_tool(UPDATE, arguments.clone(), given("idempotency-key", "its"));
    assert_eq!(answer.expect("an answer").status, 200);
    assert_eq!(keys(server.seen()), ["its"; 3]);

    let once = Registration { retry_writes: false, ..Registration::default() };
    agent.register_api("stripe", once).expect("registered");
    server.seen();
    assert_eq!(call(&agent, UPDATE, arguments), 500);
    assert_eq!(keys(server.seen()).len(), 1);
}

#[test]
fn a_dry_run_shows_the_request_and_changes_nothing() {
    let server = Server::start(stripe);
    let agent = agent(&server);
    let before = agent.context();
    let dry = CallOptions { dry_run: true, ..CallOptions::default() };
    let answer = agent.call_tool(UPDATE, json!({"customer": "cus_1"}), dry).expect("a request");
    assert_eq!((answer.status, answer.is_success()), (0, false));
    assert_eq!(answer.request.method, "POST");
    assert_eq!(answer.request.url, format!("{}/v1/customers/cus_1/cash_balance", server.url));
    let shown = format!("{:?}", ocp_agent::redact::headers(&answer.request.headers));
    assert!(shown.contains("Authorization") && !shown.contains("sk_test"), "{shown}");
    assert!(!format!("{answer:?}").contains("sk_test"));
    assert_eq!(server.lines(), [""; 0]);
    assert_eq!(agent.context(), before);
}

#[test]
fn what_a_server_sends_back_of_the_context_is_taken_over() {
    let server = Server::start(|url, seen| {
        let (status, mut headers, body) = stripe(url, seen);
        if let Some(mut session) = headers::decode(seen.pairs()) {
            let clock = common::clock();
            session.context_summary = Some("cash balance of cus_1: manual".to_owned());
            session.error_context = Some("none left".to_owned());
            session.add_interaction("settled", None, Some("done"), Default::default(), &clock);
            headers.extend(headers::write(&session, &Scope::all()));
        }
        (status, headers, body)
    });
    let agent = agent_of(Agent::builder().goal("reconcile"), &server);
    let id = agent.context().context_id;
    call(&agent, "getBalance", json!({}));
    call(&agent, "getBalance", json!({}));
    let context = agent.context();
    assert_eq!(context.context_id, id);
    assert_eq!(context.context_summary.as_deref(), Some("cash balance of cus_1: manual"));
    assert_eq!(context.error_context.as_deref(), Some("none left"));
    let settled = context.history.iter().filter(|entry| entry.action == "settled").count();
    assert_eq!(settled, 1, "the same entry is not added twice");
    assert_eq!(context.history.len(), 1 + 3 + 3 + 1);

    let own = agent_of(Agent::builder().ignore_returned_context(), &server);
    call(&own, "getBalance", json!({}));
    assert_eq!(own.context().context_summary, None);
}

#[test]
fn headers_stay_below_8_kib_after_500_calls() {
    let server = Server::start(stripe);
    let agent = agent_of(Agent::builder().user("alice").goal("g"), &server);
    for at in 0..500 {
        let note = format!("{:x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(at + 1)).repeat(3);
        let arguments = json!({"customer": "cus_1", "settings": {"note": note}});
        call(&agent, UPDATE, arguments);
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 500);
    for seen in &seen {
        let bytes: usize = seen
            .headers
            .iter()
            .filter(|(name, _)| name.to_lowercase().starts_with("ocp-"))
            .map(|(name, value)| name.len() + value.len() + 4)
            .sum();
        assert!(bytes < 8_192, "{bytes}");
    }
    let last: Context = headers::decode(seen[499].pairs()).expect("still a context");
    assert!(last.history.len() > 20, "{}", last.history.len());
    assert_eq!(last.history.last().map(|entry| entry.result.as_deref()), Some(Some("executing")));
    assert_eq!(agent.context().history.len(), ocp_agent::context::HISTORY_MAX);
}

#[test]
fn secrets_of_one_api_do_not_reach_another() {
    let server = Server::start(|url, seen| match seen.target.as_str() {
        "/registry/other" => {
            let mut entry = stripe_entry(url);
            entry["tools"] = json!([{"name": "look", "description": "", "method": "GET",
                "path": "/look"}]);
            reply(200, entry.to_string())
        }
        "/look" => reply(200, "{}"),
        _ => stripe(url, seen),
    });
    let mut agent = agent(&server);
    call(&agent, UPDATE, json!({"customer": "cus_1", "settings": {"password": "s3cr3t"}}));
    agent.register_api("other", Registration::default()).expect("registered");
    server.seen();
    call(&agent, "look", json!({}));
    let seen = server.seen();
    assert_eq!(seen[0].header("Authorization"), None);
    let session = headers::decode(seen[0].pairs()).expect("a context");
    let text = serde_json::to_string(&session).expect("JSON");
    assert!(!text.contains("cus_1") && !text.contains("s3cr3t"), "{text}");
    assert!(text.contains(&format!("tool_call:{UPDATE}")), "that it was done may be known");
}

#[test]
fn tools_are_found_by_words_and_told_about() {
    let server = Server::start(stripe);
    let agent = agent(&server);
    let names = |query: &str| -> Vec<String> {
        let found = agent.search_tools(query, Some("stripe")).expect("registered");
        found.into_iter().map(|tool| tool.name.clone()).collect()
    };
    let transaction = "getCustomersCustomerCashBalanceTransactionsTransaction";
    assert_eq!(names("retrieve balance transaction")[0], transaction);
    assert_eq!(names("update settings"), [UPDATE]);
    assert_eq!(names("BALANCE")[0], "getBalance");
    assert_eq!(names("cash")[0], UPDATE);
    assert_eq!(names("nothing like it"), [""; 0]);
    assert_eq!(names(""), [""; 0]);
    assert!(agent.search_tools("x", Some("none")).is_err());
    let text = agent.documentation("getBalance", None).expect("known");
    assert!(text.contains("getBalance") && text.contains("/v1/balance"), "{text}");
    assert_eq!(
        agent.get_tool("getBalance", None).map(|tool| tool.path.as_str()),
        Ok("/v1/balance")
    );
}
