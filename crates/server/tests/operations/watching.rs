//! Watching a server: whether it lives, whether it is ready, what it counts, what it logs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::http::Client;
use crate::support::server::Server;
use crate::{Api, json};

/// Gets without a key.
fn open(server: &Server, path: &str) -> crate::Answer {
    let client = Client::new(server.base().expect("it runs"));
    client.send(&crate::Request::new("GET", path, &[])).expect("the server runs")
}

#[test]
fn it_tells_that_it_lives_and_is_ready() {
    let mut server = Server::new();
    server.serve(&["--production".to_owned()]);
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = open(&server, path);
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
    }
    for (path, version) in [("/openapi.json", "3.0.3"), ("/openapi-3.1.json", "3.1.0")] {
        let described = open(&server, path);
        assert_eq!(json(&described)["openapi"], version);
        assert_eq!(described.header_value("access-control-allow-origin"), Some("*"));
    }
    assert_eq!(open(&server, "/v1/balance").status, 401, "a key is needed for the rest");
}

#[test]
fn it_counts_what_it_does() {
    let server = Server::started();
    let api = Api::new(&server);
    let customer = api.customer();
    for count in 0..5 {
        assert_eq!(api.fund(&customer, 1, &format!("k{count}")).status, 200);
    }
    assert_eq!(api.fund(&customer, 0, "bad").status, 400);
    assert_eq!(api.get("/v1/customers/cus_none").status, 404);
    assert_eq!(api.get("/v1/nowhere").status, 404);
    let answer = open(&server, "/metrics");
    assert_eq!(answer.status, 200);
    let kind = answer.header_value("content-type").unwrap_or_default();
    assert!(kind.contains("text"), "{kind}");
    let figures = figures(&answer.body);
    let get = |name: &str| {
        let found = figures.get(name).copied();
        found.unwrap_or_else(|| panic!("there is no {name} in\n{}", answer.body))
    };
    let fund = "PostTestHelpersCustomersCustomerFundCashBalance";
    let requests = |operation: &str, status: u16| {
        let labels = format!("operation=\"{operation}\",status=\"{status}\"");
        get(&format!("purser_requests_total{{{labels}}}"))
    };
    assert_eq!(requests("PostCustomers", 200), 1.0);
    assert_eq!(requests(fund, 200), 5.0);
    assert_eq!(requests(fund, 400), 1.0);
    assert_eq!(requests("GetCustomersCustomer", 404), 1.0);
    assert_eq!(requests("none", 404), 1.0);
    let took = |part: &str, more: &str| {
        get(&format!("purser_request_duration_seconds_{part}{{{more}operation=\"{fund}\"}}"))
    };
    assert_eq!(took("count", ""), 6.0);
    assert!(took("sum", "") > 0.0);
    assert_eq!(took("bucket", "le=\"+Inf\","), 6.0);
    // Every write came through the lane: one customer and five fundings.
    assert_eq!(get("purser_lane_batch_jobs_sum"), 6.0);
    let batches = get("purser_lane_batch_jobs_count");
    assert!((1.0..=6.0).contains(&batches));
    assert_eq!(get("purser_lane_commit_seconds_count"), batches);
    assert_eq!(get("purser_lane_work_seconds_count"), batches);
    assert!(get("purser_lane_commit_seconds_sum") > 0.0);
    assert_eq!(get("purser_lane_failures_total"), 0.0);
    assert_eq!(get("purser_lane_waiting"), 0.0);
    assert!(get("purser_connections") >= 1.0);
    assert!(!answer.body.contains(&customer), "ids do not belong into labels");
}

/// Names with their labels, sorted where one name comes before another in the text.
fn figures(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (name, figure) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), figure.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

#[test]
fn its_log_is_for_machines_or_for_people() {
    let mut server = Server::new();
    let flags = ["--log-format", "json", "--log-level", "debug"];
    server.serve(&flags.map(String::from));
    let made = Api::new(&server).call("POST", "/v1/customers", &[]);
    let request_id = made.header_value("request-id").expect("an id").to_owned();
    server.signal("TERM");
    assert!(server.ended(crate::DEADLINE).is_some());
    crate::eventually("the last line is read", || server.errors().contains("stopping"));
    let lines: Vec<Value> = server
        .errors()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let told = lines.iter().find(|line| line["request_id"] == request_id.as_str());
    let told = told.unwrap_or_else(|| panic!("{request_id} is not in {lines:#?}"));
    assert_eq!((&told["operation"], &told["status"]), (&"PostCustomers".into(), &200.into()));
    assert!(told["took_us"].is_number(), "{told}");

    let mut server = Server::new();
    server.serve(&[]);
    assert_eq!(Api::new(&server).get("/v1/balance").status, 200);
    server.signal("TERM");
    assert!(server.ended(crate::DEADLINE).is_some());
    crate::eventually("the last line is read", || server.errors().contains("stopping"));
    let log = server.errors();
    assert!(!log.contains("GetBalance"), "requests are told only to who wants to know: {log}");
    assert!(!log.contains('\u{1b}'), "colours in a file: {log}");
}
