//! The Model Context Protocol: over HTTP at `/mcp`, and over the pipes of `purser mcp`.

#[path = "mcp/calls.rs"]
mod calls;
#[path = "mcp/errors.rs"]
mod errors;
#[path = "mcp/junk.rs"]
mod junk;
#[path = "mcp/list.rs"]
mod list;
#[path = "mcp/pipes.rs"]
mod pipes;
#[path = "mcp/protocol.rs"]
mod protocol;
mod support;

use serde_json::{Value, json};
use support::http::{Answer, Client, Request};
use support::server::Server;

const KEY: &str = "sk_test_agent";

/// An MCP client over HTTP that knows no more than it must.
struct Agent {
    client: Client,
    headers: Vec<(String, String)>,
}

impl Agent {
    fn of(server: &Server) -> Agent {
        let agent = Agent {
            client: Client::new(server.base().expect("it runs")),
            headers: vec![("Content-Type".into(), "application/json".into())],
        };
        let agent = agent.with("Accept", "application/json, text/event-stream");
        agent.with("Authorization", &format!("Bearer {KEY}"))
    }

    /// The same with another header, which replaces one of that name.
    fn with(&self, name: &str, value: &str) -> Agent {
        let mut headers = self.headers.clone();
        headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            headers.push((name.to_owned(), value.to_owned()));
        }
        Agent { client: self.client.clone(), headers }
    }

    fn post(&self, body: &str) -> Answer {
        let headers = self.headers.clone();
        let (method, target, body) = ("POST".into(), "/mcp".into(), Some(body.to_owned()));
        self.client.send(&Request { method, target, headers, body }).expect("the server answers")
    }

    /// The whole message that answers a request.
    fn ask(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let answer = self.post(&request.to_string());
        assert_eq!(answer.status, 200, "{method}: {}", answer.body);
        let message = answer.json().unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((&message["jsonrpc"], &message["id"]), (&json!("2.0"), &json!(7)));
        message
    }

    /// The result of a call, whether it went well or not.
    fn call(&self, tool: &str, arguments: Value) -> Value {
        let message = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert!(message["result"].is_object(), "{message}");
        message["result"].clone()
    }

    /// What a call answers that goes well: the object.
    #[track_caller]
    fn done(&self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{result}");
        result["structuredContent"].clone()
    }

    /// The same operation over plain HTTP.
    fn plain(&self, method: &str, path: &str) -> Value {
        let (name, value) = self.headers.last().expect("the key").clone();
        let request = Request::new(method, path, &[]).header(&name, &value);
        self.client.send(&request).expect("an answer").json().expect("JSON")
    }
}

/// All pages of the list of tools.
fn tools(agent: &Agent) -> Vec<Value> {
    const PAGES_MAX: usize = 10;
    let (mut all, mut params) = (Vec::new(), json!({}));
    for _ in 0..PAGES_MAX {
        let result = agent.ask("tools/list", params)["result"].clone();
        all.extend(result["tools"].as_array().expect("tools").iter().cloned());
        match result.get("nextCursor") {
            Some(cursor) => params = json!({ "cursor": cursor }),
            None => return all,
        }
    }
    panic!("the list has no end");
}

fn text(result: &Value) -> &str {
    assert_eq!(result["content"].as_array().map(Vec::len), Some(1), "{result}");
    result["content"][0]["text"].as_str().expect("a text")
}
