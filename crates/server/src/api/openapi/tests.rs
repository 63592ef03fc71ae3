//! The committed files are fresh, they can be served, and every part of them is described.

mod said;
mod seeds;

use std::collections::HashSet;

use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ETAG, HeaderValue, IF_NONE_MATCH};

use super::words::Words;
use super::*;
use crate::api::serve::Answer;

/// `BLESS=1 cargo test` writes the files anew.
#[test]
fn the_committed_descriptions_are_fresh() {
    let files = [
        ("openapi.json", Document::V30, describe_30()),
        ("openapi-3.1.json", Document::V31, describe()),
    ];
    for (name, document, description) in files {
        let fresh = serde_json::to_string_pretty(&description).unwrap() + "\n";
        if std::env::var_os("BLESS").is_some() {
            let path = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, &fresh).unwrap();
        } else {
            assert!(document.committed() == fresh, "{name} is not what the table gives");
        }
        let sample = format!("\"{SAMPLE_URL}\"");
        assert_eq!(fresh.matches(&sample).count(), 1, "the server puts its address in once");
    }
}

/// Calls `see` with every schema below this one and the path to it. Lists and maps add nothing.
fn walk(schema: &Value, path: &str, see: &mut impl FnMut(&str, &Value)) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        see(&path, field);
        walk(field, &path, see);
    }
    for one in schema["anyOf"].as_array().into_iter().flatten() {
        walk(one, path, see);
    }
    walk_inside(schema, path, see);
}

fn walk_inside(schema: &Value, path: &str, see: &mut impl FnMut(&str, &Value)) {
    for inside in ["items", "additionalProperties"] {
        if schema[inside].is_object() {
            walk(&schema[inside], path, see);
        }
    }
}

fn is_described(of: &Value) -> bool {
    of["description"].as_str().is_some_and(|text| !text.trim().is_empty())
}

#[test]
fn everything_is_described() {
    let description = describe();
    let mut missing = Vec::new();
    let mut see = |path: &str, schema: &Value| {
        if !is_described(schema) {
            missing.push(path.to_owned());
        }
    };
    for (object, schema) in description["components"]["schemas"].as_object().unwrap() {
        see(object, schema);
        walk(schema, object, &mut see);
    }
    for tag in description["tags"].as_array().unwrap() {
        see(&tag["name"].to_string(), tag);
    }
    for route in all() {
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = &description["paths"][route.path][method];
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{}", route.operation);
        for parameter in operation["parameters"].as_array().unwrap() {
            let path = format!("{} {}", route.operation, parameter["name"]);
            see(&path, parameter);
            walk(&parameter["schema"], &path, &mut see);
        }
        for (_, media) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            walk(&media["schema"], route.operation, &mut see);
        }
        for (_, answer) in operation["responses"].as_object().unwrap() {
            walk(&answer["content"]["application/json"]["schema"], route.operation, &mut see);
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "say in wire/descriptions.json what these are");
}

#[test]
fn no_word_of_the_dictionary_is_left_over() {
    let description = describe();
    let (words, mut paths) = (Words::load(), HashSet::new());
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for (object, schema) in schemas {
        walk(schema, object, &mut |path, _| {
            paths.insert(path.to_owned());
        });
    }
    let by_name = |path: &&String| !words.fields.contains_key(*path);
    let names: HashSet<&str> =
        paths.iter().filter(by_name).filter_map(|path| path.rsplit('.').next()).collect();
    let mut unused: Vec<&String> =
        words.fields.keys().filter(|key| !paths.contains(*key)).collect();
    unused.extend(words.names.keys().filter(|key| !names.contains(key.as_str())));
    unused.extend(words.objects.keys().filter(|key| !schemas.contains_key(*key)));
    let routes = all();
    let has_tag = |tag: &&String| routes.iter().any(|route| route.resource == tag.as_str());
    unused.extend(words.tags.keys().filter(|tag| !has_tag(tag)));
    let place = |id: &str| format!("{{{id}}}");
    let has_id = |id: &&String| routes.iter().any(|route| route.path.contains(&place(id)));
    unused.extend(words.path_ids.keys().filter(|id| !has_id(id)));
    assert_eq!(unused, Vec::<&String>::new(), "nothing has these names any more");
}

/// Words that only OpenAPI 3.1 knows.
#[test]
fn the_older_form_speaks_only_its_own_words() {
    let text = serde_json::to_string(&describe_30()).unwrap();
    for word in ["\"type\":[", "\"type\":\"null\"", "\"const\":", "\"propertyNames\":", "$defs"] {
        assert!(!text.contains(word), "OpenAPI 3.0 does not know {word}");
    }
    assert!(text.contains("\"nullable\":true"));
    let newer = serde_json::to_string(&describe()).unwrap();
    assert!(!newer.contains("\"nullable\""), "OpenAPI 3.1 does not know nullable");
}

async fn body(answer: Answer) -> Value {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn it_is_served_with_the_servers_own_address() {
    for document in [Document::V30, Document::V31] {
        let first = document.answer("https://purser.example", &HeaderMap::new());
        assert_eq!(first.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let tag = first.headers()[ETAG].clone();
        let told = body(first).await;
        assert_eq!(told["servers"][0]["url"], "https://purser.example");
        assert_eq!(told["paths"].as_object().unwrap().len(), paths());

        let check = |base: &str, known: String, status: u16| {
            let known = HeaderValue::from_str(&known).unwrap();
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, known)]);
            let answer = document.answer(base, &headers);
            assert_eq!(answer.status(), status, "{headers:?}");
            assert!(answer.headers().contains_key(ETAG));
        };
        let tag = tag.to_str().unwrap();
        check("https://purser.example", tag.to_owned(), 304);
        check("https://purser.example", format!("\"other\", W/{tag}"), 304);
        check("https://purser.example", "*".to_owned(), 304);
        check("https://purser.example", "\"other\"".to_owned(), 200);
        check("https://elsewhere.example", tag.to_owned(), 200);
    }
}

fn paths() -> usize {
    all().iter().map(|route| route.path).collect::<HashSet<_>>().len()
}
