//! What users read about objects, fields, parameters in paths and tags: `wire/descriptions.json`.
//!
//! A field is looked up by its path, `refund.destination_details.type`, and then by its name
//! alone, so that the fifty-odd cities share one sentence. Lists and maps add nothing to a path.

use std::collections::HashMap;

use serde::Deserialize;

/// The dictionary.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Groups of operations, by the resource that a restricted key needs a scope for.
    pub tags: HashMap<String, String>,
    /// Ids in paths, by their names.
    pub path_ids: HashMap<String, String>,
    /// Objects, by the names of their tables.
    pub objects: HashMap<String, String>,
    /// Fields, by their paths.
    pub fields: HashMap<String, String>,
    /// Fields, by their names, where no path is given.
    pub names: HashMap<String, String>,
}

impl Words {
    /// Reads the dictionary that is part of the program.
    pub fn load() -> Words {
        let text = include_str!("../../../wire/descriptions.json");
        serde_json::from_str(text).expect("the dictionary is complete JSON")
    }

    /// What is said of the field at this path, and where in the dictionary it stands.
    pub fn field(&self, path: &str) -> Option<&str> {
        let name = path.rsplit('.').next().unwrap_or(path);
        self.fields.get(path).or_else(|| self.names.get(name)).map(String::as_str)
    }
}
