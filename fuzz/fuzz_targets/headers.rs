//! The headers of anybody: reading them ends, panics never, and stays within its limits.
//!
//! Each line of the input is a header, `name: value`; a line without a colon is a session.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ocp_agent::headers::{self, Scope};

fuzz_target!(|data: &[u8]| {
    let lines: Vec<(String, &[u8])> = data
        .split(|byte| *byte == b'\n')
        .map(|line| match line.iter().position(|byte| *byte == b':') {
            Some(at) => (String::from_utf8_lossy(&line[..at]).into_owned(), &line[at + 1..]),
            None => (headers::SESSION.to_owned(), line),
        })
        .collect();
    let pairs = || lines.iter().map(|(name, value)| (name.as_str(), *value));
    let short = |text: &Option<String>, chars_max: usize| {
        if let Some(text) = text {
            assert!(text.chars().count() <= chars_max);
            assert!(!text.chars().any(char::is_control));
        }
    };
    if let Some(received) = headers::read(pairs()) {
        short(&received.context_id, headers::CONTEXT_ID_CHARS_MAX);
        short(&received.agent_type, headers::AGENT_TYPE_CHARS_MAX);
        short(&received.version, headers::VERSION_CHARS_MAX);
        short(&received.goal, headers::GOAL_CHARS_MAX);
        short(&received.user, headers::USER_CHARS_MAX);
        short(&received.workspace, headers::WORKSPACE_CHARS_MAX);
        // What was read can be written, and what was written can be read.
        if let Some(session) = received.session {
            let written = headers::write(&session, &Scope::all());
            assert!(written.iter().all(|(_, value)| !value.contains(['\r', '\n'])));
            let again = written.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
            let again = headers::read(again).expect("headers that were written");
            assert!(again.version.is_some());
        }
    }
    headers::decode(pairs());
    assert!(headers::summary(pairs()).starts_with("OCP Context: "));
    let text = String::from_utf8_lossy(data);
    for compress in [false, true] {
        let encoded = headers::encode_session(&text, compress);
        headers::decode_session(encoded.as_bytes());
    }
});
