//! Rows 49 to 54 and 57 to 59 of the upstream cases.

mod common;

use common::{START_US, clock};
use ocp_agent::context::schema::{fix, validate};
use ocp_agent::context::{Context, HISTORY_MAX};
use serde_json::{Map, Value, json};

fn valid() -> Value {
    json!({
        "context_id": "ocp-a1b2c3d4", "agent_type": "ai_agent", "user": "alice", "workspace": null,
        "current_file": null,
        "session": {"start_time": "2026-01-04T10:00:00Z", "interaction_count": 0,
            "agent_type": "ai_agent", "more": true},
        "history": [{"timestamp": "2026-01-04T10:00:00Z", "action": "look",
            "api_endpoint": null, "result": null, "metadata": {}}],
        "current_goal": null, "context_summary": null, "error_context": null,
        "recent_changes": [], "api_specs": {"stripe": "registry:stripe", "x_-1": "cache"},
        "created_at": "2026-01-04T10:00:00+00:00", "last_updated": "2026-01-04T10:00:01.25+00:00",
    })
}

#[test]
fn row_49_a_new_context() {
    let context = Context::new("ide_agent", &clock());
    assert_eq!(context.context_id, "ocp-00000000a1b2c3d4");
    let session = serde_json::to_value(&context.session).expect("JSON");
    let start = ocp_agent::timestamp::format(START_US);
    assert_eq!(start, "2026-01-04T10:00:00.000000+00:00");
    let expected = json!({"start_time": start, "interaction_count": 0, "agent_type": "ide_agent"});
    assert_eq!(session, expected);
    assert_eq!(validate(&serde_json::to_value(&context).expect("JSON")), [""; 0]);
    let ids: Vec<String> =
        (0..2).map(|_| Context::new("x", &ocp_agent::Clock::system()).context_id).collect();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn row_50_a_goal_counts() {
    let clock = clock();
    let mut context = Context::new("ai_agent", &clock);
    context.update_goal("settle", Some("half way"), &clock);
    context.update_goal("settle more", Some(""), &clock);
    assert_eq!(context.current_goal.as_deref(), Some("settle more"));
    assert_eq!(context.context_summary.as_deref(), Some("half way"));
    assert_eq!(context.session.interaction_count, 2);
    assert!(context.last_updated > context.created_at);
}

#[test]
fn row_51_lists_keep_what_is_newest() {
    let clock = clock();
    let mut context = Context::new("ai_agent", &clock);
    for at in 0..15 {
        context.add_recent_change(&format!("change {at}"), &clock);
    }
    let expected: Vec<String> = (5..15).map(|at| format!("change {at}")).collect();
    assert_eq!(context.recent_changes, expected);
    for at in 0..HISTORY_MAX + 5 {
        context.add_interaction(&at.to_string(), None, None, Map::new(), &clock);
        context.add_api_spec(&at.to_string(), "cache", &clock);
    }
    assert_eq!(context.history.len(), HISTORY_MAX);
    assert_eq!(context.history[0].action, "5");
    assert_eq!(context.api_specs.len(), ocp_agent::context::API_SPECS_MAX);
}

#[test]
fn rows_52_and_53_the_conversation_in_a_line() {
    let clock = clock();
    let mut context = Context::new("ai_agent", &clock);
    assert_eq!(context.summary(), "New conversation");
    context.update_goal("g", None, &clock);
    context.set_error_context("e", Some("f.rs"), &clock);
    for at in 0..4 {
        context.add_recent_change(&format!("c{at}"), &clock);
        context.add_interaction(&format!("a{at}"), None, None, Map::new(), &clock);
    }
    let expected = "Goal: g | Error: e | Working on: f.rs | Recent changes: c1, c2, c3 \
        | Recent actions: a1, a2, a3";
    assert_eq!(context.summary(), expected);
}

#[test]
fn row_54_a_fork_has_an_id_of_its_own() {
    let clock = clock();
    let mut context = Context::new("ai_agent", &clock);
    context.update_goal("g", None, &clock);
    let fork = context.fork(&clock);
    assert_ne!(fork.context_id, context.context_id);
    assert!(fork.context_id.starts_with("ocp-"));
    assert_eq!(Context { context_id: context.context_id.clone(), ..fork }, context);
}

#[test]
fn rows_57_to_59_what_is_a_context() {
    let with = |key: &str, value: Value| {
        let mut context = valid();
        context[key] = value;
        context
    };
    let item = json!({"timestamp": "2026-01-04T10:00:00Z", "action": "x", "interaction_id": 1});
    let table: &[(&str, Value, bool)] = &[
        ("57: id", with("context_id", json!("invalid-id")), false),
        ("57: only an id", json!({"context_id": "invalid-id"}), false),
        ("57: empty", json!({}), false),
        ("57: null", Value::Null, false),
        ("57: text", json!("x"), false),
        ("58: 14 fields", valid(), true),
        ("58: agent_type", with("agent_type", json!("")), true),
        ("58: long", with("current_goal", json!("g".repeat(10_000))), true),
        ("59: 11 changes", with("recent_changes", json!(vec!["x"; 11])), false),
        ("59: 10 changes", with("recent_changes", json!(vec!["x"; 10])), true),
        ("59: extra key", with("extra", json!(1)), false),
        ("59: upper case", with("context_id", json!("ocp-ABCDEF12")), false),
        ("59: too short", with("context_id", json!("ocp-1234567")), false),
        ("59: name", with("api_specs", json!({"my.api": "https://a.test"})), false),
        ("59: key in history", with("history", json!([item])), false),
        ("session {}", with("session", json!({})), false),
        (
            "count below 0",
            with(
                "session",
                json!({"start_time": "2026-01-04T10:00:00Z",
            "interaction_count": -1, "agent_type": "x"}),
            ),
            false,
        ),
        ("no date", with("created_at", json!("never")), false),
    ];
    for (name, value, expected) in table {
        assert_eq!(validate(value).is_empty(), *expected, "{name}: {:?}", validate(value));
    }
}

#[test]
fn what_can_be_repaired_is() {
    let mut broken = valid();
    broken["context_id"] = json!("a1b2c3d4");
    broken["session"] = json!("x");
    broken["history"] = json!({});
    broken["api_specs"] = json!([]);
    let fixed = fix(&broken).expect("it can be repaired");
    assert_eq!(fixed.context_id, "ocp-a1b2c3d4");
    assert_eq!(fixed.session.agent_type, "ai_agent");
    assert!(fixed.history.is_empty() && fixed.api_specs.is_empty());

    broken["extra"] = json!(1);
    broken["user"] = json!(7);
    let faults = fix(&broken).expect_err("nobody can say what is meant");
    assert_eq!(faults, ["extra is not a field of a context", "user is a string or null"]);
}
