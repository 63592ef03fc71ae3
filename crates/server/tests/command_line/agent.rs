//! `purser agent` finds the operations of a server in its registry, and calls them.

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::server::Server;
use crate::{KEY, said, text};

/// Somebody with a home, a key in the environment, and the server's registry.
struct Desk<'a> {
    server: &'a Server,
    home: TempDir,
}

impl Desk<'_> {
    fn at(server: &Server) -> Desk<'_> {
        Desk { server, home: tempfile::tempdir().expect("a temporary folder") }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.server.command();
        command.arg("agent").args(words).stdin(Stdio::null());
        command.env("HOME", self.home.path()).env_remove("OCP_HOME").env("OUR_KEY", KEY);
        command.env("OCP_REGISTRY_URL", self.server.base().expect("it runs"));
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the binary starts")
    }

    /// What is printed on standard output, by a command that succeeds.
    #[track_caller]
    fn says(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        let printed = self.says(words);
        serde_json::from_str(&printed).unwrap_or_else(|why| panic!("{words:?}: {why}: {printed}"))
    }

    /// What is said by a command that fails.
    #[track_caller]
    fn refuses(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(!output.status.success(), "{words:?}: {}", said(&output));
        assert!(!said(&output).contains(KEY), "{words:?} tells the key");
        said(&output)
    }

    fn registered(server: &Server) -> Desk<'_> {
        let desk = Desk::at(server);
        desk.says(&["register", "stripe", "--header", "Authorization: Bearer $OUR_KEY"]);
        desk
    }
}

#[test]
fn it_finds_tools_and_calls_them() {
    let server = Server::started();
    let desk = Desk::at(&server);
    assert!(desk.refuses(&["tools"]).contains("purser agent register"));
    let header = "Authorization: Bearer $OUR_KEY";
    let told = desk.json(&["register", " Stripe ", "--header", header, "--json"]);
    assert_eq!(told["name"], "stripe");
    assert_eq!(told["base_url"], server.base().unwrap());
    let tools = desk.json(&["tools", "stripe", "--json"]);
    assert_eq!(told["tools"], tools.as_array().unwrap().len());
    let has = |name: &str| tools.as_array().unwrap().iter().any(|tool| tool["name"] == name);
    assert!(has("getBalance") && has("postCustomersCustomerCashBalance"));
    let found = desk.json(&["search", "cash", "balance", "--json"]);
    assert!(text(&found[0], "name").contains("CashBalance"), "{}", found[0]);
    let page = desk.says(&["describe", "postCustomersCustomerCashBalance"]);
    assert!(page.contains("**customer** (required) [path]"), "{page}");
    assert!(page.contains("**settings** (optional) [body]"), "{page}");
    let inner = page.lines().find(|line| line.contains("**settings[reconciliation_mode]**"));
    assert!(inner.is_some_and(|line| line.contains("automatic, manual")), "{page}");

    let page = desk.says(&["describe", "postCustomers"]);
    assert!(page.contains("**address[city]**: City or town."), "{page}");
    let placed = desk.json(&["call", "postCustomers", "address[city]=7"]);
    assert_eq!(placed["address"]["city"], "7");
    let why = desk.refuses(&["call", "postCustomers", "address[citty]=7"]);
    assert!(why.contains("Did you mean city?"), "{why}");
    let id = format!("customer={}", text(&placed, "id"));
    let unset = desk.json(&["call", "postCustomersCustomer", &id, "address="]);
    assert_eq!(unset["address"], Value::Null);

    let customer = desk.json(&["call", "postCustomers", "name=3", "metadata.order=7"]);
    assert_eq!((&customer["name"], &customer["metadata"]["order"]), (&"3".into(), &"7".into()));
    let id = format!("customer={}", text(&customer, "id"));
    let update = ["call", "postCustomersCustomerCashBalance", &id];
    let mode = "settings[reconciliation_mode]=manual";
    let dry = desk.says(&[&update[..], &[mode, "--dry-run"]].concat());
    assert!(dry.starts_with("POST http://127.0.0.1:"), "{dry}");
    assert!(dry.contains("Authorization: [redacted]") && !dry.contains(KEY), "{dry}");
    assert!(dry.contains("Idempotency-Key: ") && dry.contains("manual"), "{dry}");
    let read = ["call", "getCustomersCustomerCashBalance", &id];
    let balance = desk.json(&read);
    assert_eq!(balance["settings"]["reconciliation_mode"], "automatic", "nothing was sent");
    let balance = desk.json(&[&update[..], &[mode]].concat());
    assert_eq!(balance["settings"]["reconciliation_mode"], "manual");
    let listed = desk.json(&["call", "getCustomers", "--json", "{\"limit\":1}"]);
    assert_eq!(listed["data"][0]["id"], customer["id"]);

    let create = ["call", "postCustomers", "--idempotency-key", "agent-1"];
    assert_eq!(desk.json(&create)["id"], desk.json(&create)["id"], "one key, one customer");
    let refused = desk.run(&["call", "getCustomersCustomer", "customer=cus_none"]);
    assert_eq!(refused.status.code(), Some(1));
    let body: Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    assert_eq!(body["error"]["code"], "resource_missing");
    assert!(said(&refused).contains("the API answers 404"));
}

#[test]
fn a_refusal_says_what_to_do() {
    let server = Server::started();
    let desk = Desk::at(&server);
    desk.says(&["register", "stripe"]);
    let said = desk.refuses(&["call", "getBalance"]);
    assert!(said.contains("--header 'Authorization: Bearer $KEY'"), "{said}");
    let stranger = ["--header", "Authorization: Bearer rk_test_unknown"];
    let said = desk.refuses(&[&["call", "getBalance"], &stranger[..]].concat());
    assert!(said.contains("answers 401") && !said.contains("--header"), "{said}");
}

#[test]
fn the_readme_does_what_it_says() {
    let server = Server::started();
    let desk = Desk::at(&server);
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let (_, agents) = readme.split_once("On the command line:").expect("a part for agents");
    let (_, block) = agents.split_once("```sh\n").expect("its commands");
    let (script, _) = block.split_once("```").expect("they end");
    assert_eq!(script.matches("purser agent").count(), 5, "{script}");
    let script = script.replace("http://127.0.0.1:12111", server.base().expect("it runs"));
    let binary = env!("CARGO_BIN_EXE_purser");
    let script = format!("purser() {{ \"{binary}\" \"$@\"; }}\n{script}");
    let done = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("HOME", desk.home.path())
        .env_remove("OCP_HOME")
        .output()
        .expect("bash");
    assert!(done.status.success(), "{}", said(&done));
    let printed = String::from_utf8(done.stdout).expect("text");
    let last = printed.lines().last().expect("a list");
    let listed: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(listed["data"][0]["metadata"]["order"], "7", "{printed}");
    assert!(printed.contains("settings[reconciliation_mode]"), "{printed}");
}

/// Without its key, a call that a person approved could not be made again.
#[test]
fn an_approved_call_can_be_repeated() {
    let server = Server::started();
    let desk = Desk::at(&server);
    let made = server.purser(&["keys", "create", "--json", "--name", "x", "--approve-above=eur=0"]);
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let header = format!("Authorization: Bearer {}", text(&made, "key"));
    desk.says(&["register", "stripe", "--header", &header, "--save-headers"]);
    let id = format!("customer={}", text(&desk.json(&["call", "postCustomers"]), "id"));
    let fund = "postTestHelpersCustomersCustomerFundCashBalance";
    let fund = ["call", fund, &id, "amount=500", "currency=eur"];
    let refused = desk.run(&fund);
    let body: Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    let said = said(&refused);
    let (_, key) = said.trim().split_once("to repeat this call: ").expect(&said);
    let approval = text(&body["error"], "approval");

    let person = |words: &[&str]| {
        let url = ["--url", server.base().expect("it runs")];
        let done = server.command().arg("approvals").args(words).args(url).output();
        String::from_utf8(done.expect("the binary starts").stdout).expect("text")
    };
    let shown = person(&["show", &approval]);
    assert!(shown.contains("500 eur (in the smallest unit)"), "{shown}");
    assert!(shown.contains("waits until"), "{shown}");
    assert!(person(&["approve", &approval]).contains("approved"));
    let words: Vec<&str> = fund.into_iter().chain(key.split(' ')).collect();
    assert_eq!(desk.json(&words)["net_amount"], 500);
}

#[test]
fn nobody_has_to_read_to_the_end() {
    let server = Server::started();
    let desk = Desk::registered(&server);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let done = desk.command(&["tools", "stripe"]).stdout(writer).output().expect("it starts");
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(said(&done), "");
}

#[test]
fn what_does_not_fit_is_told_before_anything_is_sent() {
    let server = Server::started();
    let desk = Desk::registered(&server);
    let rows: &[(&[&str], &str)] = &[
        (&["getBalanc"], "Did you mean getBalance"),
        (&["postCustomersCustomerCashBalance"], "Missing required parameter: customer"),
        (&["postCustomersCustomerCashBalance", "customer=.."], "customer is a part of the path"),
        (&["postCustomers", "nmae=x"], "Did you mean name"),
        (&["getCustomers", "limit=x"], "limit must be an integer"),
        (&["getCustomers", "limit"], "name=value"),
        (&["getCustomers", "--json", "[]"], "no object"),
        (&["getCustomers", "--header", "A: $NOT_SET"], "variable NOT_SET"),
        (&["getCustomers", "--api", "strip"], "stripe"),
    ];
    for (words, expected) in rows {
        let told = desk.refuses(&[&["call"], *words].concat());
        assert!(told.contains(expected), "{words:?}: {told}");
    }
    let two = ["call", "getCustomers", "limit=x", "stating_after=y"];
    assert_eq!(desk.refuses(&two).lines().count(), 2, "each fault has a line");
}

#[test]
fn it_remembers_what_it_may() {
    let server = Server::started();
    let desk = Desk::at(&server);
    let secret = format!("Authorization: Bearer {KEY}");
    let output = desk.run(&["register", "stripe", "--header", &secret]);
    assert!(output.status.success() && said(&output).contains("not remembered"));
    assert!(desk.refuses(&["call", "getBalance"]).contains("401"));
    let given = ["call", "getBalance", "--header", "Authorization: Bearer $OUR_KEY"];
    assert_eq!(desk.json(&given)["object"], "balance");
    desk.says(&["register", "stripe", "--header", &secret, "--save-headers"]);
    assert_eq!(desk.json(&["call", "getBalance"])["object"], "balance");
    assert!(desk.says(&["apis"]).contains("Authorization") && !desk.says(&["apis"]).contains(KEY));
    desk.says(&["register", "stripe", "--header", "Authorization: Bearer $OUR_KEY"]);
    let mut folders = vec![desk.home.path().join(".ocp")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let kept = std::fs::read_to_string(&path).expect("text");
                    assert!(!kept.contains(KEY), "{} has the key", path.display());
                }
            }
        }
    }
    desk.says(&["forget", "Stripe"]);
    assert!(desk.refuses(&["forget", "stripe"]).contains("no API 'stripe'"));
    assert!(desk.refuses(&["tools"]).contains("no API is registered"));
}

#[test]
fn a_document_is_enough() {
    let server = Server::started();
    let desk = Desk::at(&server);
    let spec = format!("{}/openapi.json", server.base().unwrap());
    let from = ["--spec", &spec, "--no-cache"];
    let tools = desk.json(&[&["tools", "--json"], &from[..]].concat());
    assert!(tools.as_array().unwrap().iter().any(|tool| tool["name"] == "getBalance"));
    let header = ["--header", "Authorization: Bearer $OUR_KEY"];
    let balance = desk.json(&[&["call", "getBalance"], &from[..], &header].concat());
    assert_eq!(balance["object"], "balance");
    assert!(!desk.home.path().join(".ocp").exists(), "nothing is kept");
}

#[test]
fn the_context_goes_along() {
    let server = Server::started();
    let desk = Desk::registered(&server);
    assert!(desk.refuses(&["context", "show"]).contains("context create"));
    let create = ["context", "create", "--goal", "reconcile", "--user", "alice", "--json"];
    let created = desk.json(&create);
    assert_eq!(created["agent_type"], "cli_agent");
    desk.json(&["call", "getBalance"]);
    let shown = desk.json(&["context", "show", "--json"]);
    assert_eq!(shown["context_id"], created["context_id"]);
    let history = shown["history"].as_array().unwrap();
    assert!(history.iter().any(|it| it["action"] == "tool_call:getBalance"), "{history:?}");
    assert!(!shown.to_string().contains(KEY));
    let dry = desk.says(&["call", "getBalance", "--dry-run"]);
    assert!(dry.contains("OCP-Current-Goal: reconcile"), "{dry}");
    assert!(dry.contains("OCP-Session: [redacted]"), "{dry}");
    assert!(desk.says(&["context", "show"]).contains("Goal: reconcile"));
}

#[test]
fn the_registry_answers() {
    let server = Server::started();
    let desk = Desk::at(&server);
    let rows: &[(&[&str], &[&str])] = &[
        (&["list"], &["API", "stripe", "purser", "finance"]),
        (&["search", "cash"], &["stripe"]),
        (&["get", "stripe"], &["base_url", "TOOL", "getBalance"]),
        (&["categories"], &["CATEGORY", "finance"]),
        (&["stats"], &["total_apis"]),
    ];
    for (words, expected) in rows {
        let words = [&["registry"], *words].concat();
        let shown = desk.says(&words);
        for word in *expected {
            assert!(shown.contains(word), "{words:?}: no {word} in {shown}");
        }
        assert!(!desk.json(&[&words[..], &["--json"]].concat()).is_null(), "{words:?}");
    }
    assert!(desk.refuses(&["registry", "get", "strip"]).contains("Did you mean stripe"));
}
