//! The description of anybody's API, and anybody's arguments: a request is made or refused.
//!
//! The input is JSON values one after the other: a document, then arguments. Where the first is
//! not JSON, the input is a document in YAML.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ocp_agent::discovery::{Mode, discover_from, documentation, parse, search};
use ocp_agent::request::build;
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    let mut values = serde_json::Deserializer::from_slice(data).into_iter::<Value>();
    let spec = match values.next() {
        Some(Ok(spec)) => spec,
        _ => match std::str::from_utf8(data).ok().and_then(|text| parse(text).ok()) {
            Some(spec) => spec,
            None => return,
        },
    };
    let arguments: Vec<Map<String, Value>> = values
        .take(4)
        .filter_map(|value| value.ok().and_then(|value| value.as_object().cloned()))
        .collect();
    for mode in [Mode::Upstream, Mode::Full] {
        let source = Some("http://127.0.0.1/a/openapi.json");
        let Ok(api) = discover_from(&spec, "t", None, mode, source) else { continue };
        let text = serde_json::to_string(&api).expect("an API is JSON");
        serde_json::from_str::<ocp_agent::Api>(&text).expect("what is written can be read");
        search(&api.tools, "get");
        for tool in &api.tools {
            documentation(tool);
            assert!(tool.input_schema().is_object());
            let first = arguments.first().cloned().unwrap_or_default();
            let mut known = Map::new();
            for (name, value) in tool.all_parameters().keys().zip(first.values()) {
                known.insert(name.clone(), value.clone());
            }
            for arguments in arguments.iter().chain([&known]) {
                if let Ok(request) = build(tool, "http://127.0.0.1", arguments) {
                    assert!(!request.url.contains(['\r', '\n', ' ', '#']), "{}", request.url);
                    for (name, value) in &request.headers {
                        assert!(!name.contains(['\r', '\n']) && !value.contains(['\r', '\n']));
                    }
                }
            }
        }
    }
});
