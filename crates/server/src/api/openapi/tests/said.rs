//! Every word that the scenarios' answers say is one that the description has. The field tables
//! call many sets of words open, so nothing else would notice.

use serde_json::{Deserializer, Value};

use crate::api::openapi::describe;

#[test]
fn answers_say_no_word_that_the_description_lacks() {
    let description = describe();
    let schemas = &description["components"]["schemas"];
    let (mut checked, mut unknown) = (0, Vec::new());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        // A blessed answer is its status and then its body.
        for answer in text.split("\n< ").skip(1) {
            let body = answer.split_once('\n').map_or("", |(_, body)| body);
            let first = Deserializer::from_str(body).into_iter::<Value>().next();
            if let Some(Ok(answer)) = first {
                scan(&answer, schemas, &mut checked, &mut unknown);
            }
        }
    }
    assert!(checked > 200, "only {checked} objects were found");
    assert_eq!(unknown, Vec::<String>::new(), "add these to the tables in wire/resources");
}

/// Finds the objects in an answer.
fn scan(value: &Value, schemas: &Value, checked: &mut usize, unknown: &mut Vec<String>) {
    if let Some(object) = value["object"].as_str()
        && schemas[object].is_object()
        && value["deleted"] != true
    {
        *checked += 1;
        compare(value, &schemas[object], object, unknown);
    }
    match value {
        Value::Object(map) => map.values().for_each(|one| scan(one, schemas, checked, unknown)),
        Value::Array(all) => all.iter().for_each(|one| scan(one, schemas, checked, unknown)),
        _ => {}
    }
}

/// Notes the words below `value` that `schema` does not have.
fn compare(value: &Value, schema: &Value, path: &str, unknown: &mut Vec<String>) {
    if let Some(words) = schema["enum"].as_array()
        && value.is_string()
        && !words.contains(value)
    {
        unknown.push(format!("{path}: {value}"));
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            compare(value, schema, &format!("{path}.{name}"), unknown);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        compare(item, &schema["items"], path, unknown);
    }
}
