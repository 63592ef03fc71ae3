//! The snippet of the README runs as it is printed, against a registry of this test.

mod common;

use std::process::Command;

use common::{Server, stripe};

#[rustfmt::skip]
mod printed {
    pub fn main() -> Result<(), ocp_agent::Error> {
        use ocp_agent::{Agent, CallOptions, Registration};
        use serde_json::json;

        let mut agent = Agent::new();
        let key = Registration::with_header("Authorization", "Bearer sk_test_123");
        agent.register_api("stripe", key)?;
        let balance = agent.call_tool("getBalance", json!({}), CallOptions::default())?;
        println!("{}", balance.json()?);
        Ok(())
    }
}

/// What the test below runs in a process of its own, as the snippet reads the environment.
#[test]
#[ignore = "needs the registry that the other test starts"]
fn snippet() {
    printed::main().expect("the snippet runs");
}

#[test]
fn the_snippet_is_the_one_of_the_readme() {
    let own = include_str!("readme.rs").split_once("mod printed {\n").expect("the module").1;
    let own = own.split_once("\n}\n").expect("its end").0;
    let own: Vec<&str> = own.lines().map(|line| line.strip_prefix("    ").unwrap_or("")).collect();
    let printed = own.join("\n").replacen("pub fn main", "fn main", 1);
    assert!(include_str!("../README.md").contains(&printed), "{printed}");
}

#[test]
fn the_snippet_runs_against_a_registry() {
    let server = Server::start(stripe);
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "snippet", "--ignored", "--nocapture"])
        .env("OCP_REGISTRY_URL", &server.url)
        .env("HOME", home.path())
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(r#"{"object":"balance","available":[]}"#), "{text}");
    let seen = server.seen();
    let lines: Vec<&str> = seen.iter().map(|seen| seen.target.as_str()).collect();
    assert_eq!(lines, ["/registry/stripe", "/v1/balance"]);
    assert_eq!(seen[1].header("Authorization").as_deref(), Some("Bearer sk_test_123"));
    assert!(home.path().join(".ocp/cache/apis/stripe.json").exists());
}
