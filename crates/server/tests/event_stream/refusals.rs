//! What is no stream.

use crate::stream::{PATH, Stream};
use crate::support::server::Server;
use crate::{Api, KEY, text};

fn refusal(api: &Api, query: &str, headers: &[(&str, &str)]) -> (u16, serde_json::Value) {
    match Stream::try_open(api, query, headers) {
        Ok(_) => panic!("{query} {headers:?} opens"),
        Err((status, said)) => (status, serde_json::from_str(&said).expect("JSON")),
    }
}

#[test]
fn wrong_requests_are_refused() {
    let server = Server::started();
    let api = Api::new(&server);
    let customer = api.customer();
    let event = api.events()[0].clone();
    let strange = format!("evt_{}", "0".repeat(event.len() - 4));
    for (query, after, status, code, param) in [
        ("?type=a.b&types[]=a.c", None, 400, "parameters_exclusive", "types"),
        ("?limit=3", None, 400, "parameter_unknown", "limit"),
        ("?types=a.b", None, 400, "", "types"),
        ("?type[a]=b", None, 400, "", "type"),
        ("", Some("evt_nonsense"), 404, "resource_missing", "Last-Event-ID"),
        ("", Some(""), 404, "resource_missing", "Last-Event-ID"),
        ("", Some("0"), 404, "resource_missing", "Last-Event-ID"),
        ("", Some(customer.as_str()), 404, "resource_missing", "Last-Event-ID"),
        ("", Some(strange.as_str()), 404, "resource_missing", "Last-Event-ID"),
    ] {
        let headers: Vec<_> = after.map(|id| ("Last-Event-ID", id)).into_iter().collect();
        let (got, said) = refusal(&api, query, &headers);
        let error = &said["error"];
        assert_eq!((got, error["param"].as_str()), (status, Some(param)), "{query}: {said}");
        assert!(code.is_empty() || error["code"] == code, "{query}: {said}");
        assert!(!text(error, "message").is_empty());
    }
    let many: Vec<String> = (0..21).map(|at| format!("types[]=a.b{at}")).collect();
    assert_eq!(refusal(&api, &format!("?{}", many.join("&")), &[]).0, 400);
    // It is there to be read.
    for method in ["POST", "DELETE"] {
        assert!(api.call(method, PATH, &[]).status >= 400, "{method}");
    }
}

#[test]
fn nobody_listens_without_a_key() {
    let server = Server::started();
    for key in ["", "nonsense", "sk_live_123"] {
        let (status, said) = refusal(&Api::with_key(&server, key), "", &[]);
        assert_eq!(status, 401, "{key}: {said}");
    }
    assert!(Stream::try_open(&Api::new(&server), "", &[]).is_ok());

    let mut server = Server::new();
    server.serve(&["--production".to_owned()]);
    let key = |scope: &str| {
        let words = ["keys", "create", "--json", "--name", "x", "--restricted", "--scope", scope];
        let made: serde_json::Value =
            serde_json::from_slice(&server.purser(&words).stdout).expect("JSON");
        text(&made, "key")
    };
    assert_eq!(refusal(&Api::with_key(&server, KEY), "", &[]).0, 401);
    let (status, said) = refusal(&Api::with_key(&server, &key("customers:write")), "", &[]);
    assert_eq!(status, 403, "{said}");
    assert!(text(&said["error"], "message").contains("events:read"), "{said}");
    for scope in ["events:read", "*:read"] {
        assert!(Stream::try_open(&Api::with_key(&server, &key(scope)), "", &[]).is_ok());
    }
}
