//! Rows 76 to 80 of the upstream cases, and names that would lead out of the folder.

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::START_US;
use ocp_agent::storage::{Origin, Storage};
use ocp_agent::{Api, Clock, Context, Tool};
use serde_json::{Value, json};

const DAY_US: u64 = 86_400_000_000;

/// A storage, and a day that can be set.
fn storage(folder: &Path) -> (Storage, Arc<AtomicU64>) {
    let day = Arc::new(AtomicU64::new(0));
    let (now, dice) = (day.clone(), AtomicU64::new(0));
    let clock = Clock::new(
        Arc::new(move || START_US + now.load(Ordering::SeqCst) * DAY_US),
        Arc::new(move || dice.fetch_add(1, Ordering::SeqCst)),
        Arc::new(|_| {}),
    );
    (Storage::at(folder, &clock), day)
}

fn api(name: &str) -> Api {
    let tool: Tool = serde_json::from_value(json!({
        "name": "getRepos", "description": "List your repositories", "method": "GET",
        "path": "/repos", "parameters": {"page": {"location": "query", "type": "integer"}},
        "response_schema": {"type": "array"}, "operation_id": "get-repos", "tags": ["repos"],
    }))
    .expect("a tool");
    Api {
        name: name.to_owned(),
        title: "GitHub API".to_owned(),
        version: "1.0.0".to_owned(),
        base_url: "https://api.test".to_owned(),
        description: Some("Takes no payment".to_owned()),
        tools: vec![tool],
    }
}

fn origin() -> Origin {
    Origin {
        source_url: "https://registry.test/registry/github".to_owned(),
        kind: "registry".to_owned(),
        base_url_given: Some("https://api.test".to_owned()),
        etag: Some("\"1\"".to_owned()),
    }
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
}

#[test]
fn row_76_a_file_has_the_keys_that_the_other_agents_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (storage, _) = storage(folder.path());
    storage.cache_api(&api("github"), &origin()).expect("written");
    let file = json_of(&folder.path().join("cache/apis/github.json"));
    for (key, expected) in [
        ("api_name", json!("github")),
        ("title", json!("GitHub API")),
        ("version", json!("1.0.0")),
        ("base_url", json!("https://api.test")),
        ("cached_at", json!("2026-01-04T10:00:00.000000+00:00")),
        ("source", json!("registry")),
        ("raw_spec", json!({})),
        ("description", json!("Takes no payment")),
        ("source_url", json!("https://registry.test/registry/github")),
        ("base_url_given", json!("https://api.test")),
        ("etag", json!("\"1\"")),
    ] {
        assert_eq!(file[key], expected, "{key}");
    }
    let keys: Vec<&String> = file["tools"][0].as_object().expect("a tool").keys().collect();
    for key in ["name", "method", "path", "description", "parameters", "operation_id", "tags"] {
        assert!(keys.iter().any(|known| *known == key), "{key}");
    }
    let cached = storage.cached_api("github", None).expect("kept");
    assert_eq!((cached.api, cached.origin), (api("github"), Some(origin())));
}

#[test]
fn a_file_of_another_agent_is_read_but_its_origin_is_not_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let (storage, _) = storage(folder.path());
    fs::create_dir_all(folder.path().join("cache/apis")).expect("a folder");
    let file = json!({
        "api_name": "github", "title": "GitHub API", "version": "1.0.0",
        "base_url": "https://api.test", "cached_at": "2026-01-04T09:00:00+00:00",
        "source": "registry", "raw_spec": {"x": 1},
        "tools": [{"name": "a", "method": "GET", "path": "/a", "description": "d",
            "parameters": {"q": {"location": "query", "required": false, "type": "string",
                "description": ""}},
            "response_schema": null, "operation_id": null, "tags": null}],
    });
    fs::write(folder.path().join("cache/apis/github.json"), file.to_string()).expect("written");
    let cached = storage.cached_api("github", Some(7)).expect("kept");
    assert_eq!(cached.origin, None);
    assert_eq!(cached.api.tools[0].parameters.len(), 1);
}

#[test]
fn row_77_what_is_too_old_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (storage, day) = storage(folder.path());
    storage.cache_api(&api("github"), &origin()).expect("written");
    day.store(10, Ordering::SeqCst);
    for (days, expected) in [(Some(7), false), (Some(14), true), (None, true), (Some(10), true)] {
        assert_eq!(storage.cached_api("github", days).is_some(), expected, "{days:?}");
    }
}

#[test]
fn row_78_a_search_looks_into_names_and_descriptions() {
    let folder = tempfile::tempdir().expect("a folder");
    let (storage, _) = storage(folder.path());
    storage.cache_api(&api("github"), &origin()).expect("written");
    for (query, count) in
        [("github", 1), ("payment", 1), ("repositories", 1), ("GITHUB", 1), ("nothing", 0)]
    {
        assert_eq!(storage.search_cache(query).len(), count, "{query}");
    }
    let found = &storage.search_cache("github")[0];
    assert_eq!((found.name.as_str(), found.tool_count), ("github", 1));
    assert_eq!(storage.list_cached(), ["github"]);
    assert_eq!(storage.clear_cache(Some("other")), Ok(0));
    assert_eq!(storage.clear_cache(None), Ok(1));
    assert_eq!(storage.list_cached(), [""; 0]);
}

#[test]
fn row_79_what_is_damaged_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (storage, _) = storage(folder.path());
    for sub in ["cache/apis", "sessions"] {
        fs::create_dir_all(folder.path().join(sub)).expect("a folder");
        for (name, text) in [("a", "{"), ("b", ""), ("c", "[]"), ("d", "null"), ("e", "\u{0}")] {
            let path = folder.path().join(sub).join(format!("{name}.json"));
            fs::write(path, text).expect("written");
        }
    }
    fs::write(folder.path().join("context.json"), "x").expect("written");
    for name in ["a", "b", "c", "d", "e", "missing"] {
        assert_eq!(storage.cached_api(name, None), None, "{name}");
        assert_eq!(storage.load_session(name), None, "{name}");
    }
    assert_eq!(storage.load_context(), None);
    assert_eq!(storage.list_sessions(None), []);
    assert_eq!(storage.search_cache("x"), []);
}

#[test]
fn row_80_sessions_are_kept_listed_and_cleaned_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let (storage, _) = storage(folder.path());
    let clock = common::clock();
    for at in 0..4_u64 {
        let mut context = Context::new("ai_agent", &clock);
        context.user = Some(format!("user {at}"));
        storage.save_session(&format!("chat {at}"), &context).expect("written");
        let path = folder.path().join(format!("sessions/chat%20{at}.json"));
        let file = fs::File::options().write(true).open(&path).expect("a file");
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(at * 60);
        file.set_modified(time).expect("set");
        assert_eq!(json_of(&path)["session_id"], format!("chat {at}"));
        assert_eq!(storage.load_session(&format!("chat {at}")), Some(context));
    }
    let ids = |limit| -> Vec<String> {
        storage.list_sessions(limit).into_iter().map(|session| session.id).collect()
    };
    assert_eq!(ids(None), ["chat 3", "chat 2", "chat 1", "chat 0"]);
    assert_eq!(ids(Some(2)), ["chat 3", "chat 2"]);
    assert_eq!(storage.cleanup_sessions(3), 1);
    assert_eq!(storage.cleanup_sessions(3), 0);
    assert_eq!(ids(None), ["chat 3", "chat 2", "chat 1"]);
}

#[test]
fn no_name_leads_out_of_the_folder_and_two_names_never_meet() {
    let outer = tempfile::tempdir().expect("a folder");
    let root = outer.path().join("root");
    let (storage, _) = storage(&root);
    let names =
        ["../x", "..", ".", "/etc/x", "a/b", "a\\b", "a%2Fb", "C:x", "a\0b", "é", ".hidden"];
    for name in names {
        storage.cache_api(&api(name), &origin()).expect("written");
        let mut context = Context::new("ai_agent", &common::clock());
        context.user = Some(name.to_owned());
        storage.save_session(name, &context).expect("written");
    }
    for name in names {
        assert_eq!(storage.cached_api(name, None).map(|cached| cached.api), Some(api(name)));
        let session = storage.load_session(name).expect("kept");
        assert_eq!(session.user.as_deref(), Some(name));
    }
    assert_eq!(fs::read_dir(outer.path()).expect("a folder").count(), 1);
    assert_eq!(fs::read_dir(root.join("sessions")).expect("a folder").count(), names.len());
    assert_eq!(fs::read_dir(root.join("cache")).expect("a folder").count(), 1);
    for wrong in ["", &"é".repeat(50)] {
        assert!(storage.cache_api(&api(wrong), &origin()).is_err(), "{wrong}");
    }
}

#[test]
fn the_context_of_the_command_line_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let (storage, _) = storage(folder.path());
    let context = Context::new("cli_agent", &common::clock());
    storage.save_context(&context).expect("written");
    assert_eq!(storage.load_context(), Some(context));
    let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(names.len(), 1, "nothing is left beside the file");
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().expect("a folder");
    let root = outer.path().join("root");
    let (storage, _) = storage(&root);
    storage.save_session("x", &Context::new("x", &common::clock())).expect("written");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&root.join("sessions/x.json")), 0o600);
    assert_eq!(mode(&root.join("sessions")), 0o700);
}
