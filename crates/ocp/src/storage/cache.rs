//! APIs with their tools, so that a second run needs no network.
//!
//! The files are those of the existing agents and have three keys more: `source_url`, where the tools
//! came from, `base_url_given`, what the caller wanted instead, and `etag`. A file without them was
//! written by another agent; nobody knows where its tools came from, so it is not used.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::Storage;
use super::files::{list, name_of, read_json, stem};
use crate::error::Error;
use crate::timestamp;
use crate::tool::{Api, Tool};

/// Days for which an API is kept.
pub const CACHE_DAYS: u64 = 7;
const US_PER_DAY: u64 = 86_400_000_000;

/// Where an API came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// The URL or path that its description was read from.
    pub source_url: String,
    /// `registry` or `openapi`.
    pub kind: String,
    /// The base URL that the caller gave, where he did.
    pub base_url_given: Option<String>,
    /// What the source gave to ask later whether something changed.
    pub etag: Option<String>,
}

/// An API that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Cached {
    /// With its tools.
    pub api: Api,
    /// None where another agent wrote the file.
    pub origin: Option<Origin>,
}

/// An API that was kept, in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct CachedSummary {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// The API's own version.
    pub version: String,
    /// Without a slash at its end.
    pub base_url: String,
    /// RFC 3339.
    pub cached_at: String,
    /// How many tools it has.
    pub tool_count: usize,
}

impl Storage {
    fn cache_folder(&self) -> PathBuf {
        self.root.join("cache").join("apis")
    }

    /// Keeps an API.
    ///
    /// Errors: [`Error::Local`] where the file cannot be written.
    pub fn cache_api(&self, api: &Api, origin: &Origin) -> Result<(), Error> {
        let stem = stem(&api.name)?;
        let mut file = json!({
            "api_name": api.name,
            "title": api.title,
            "version": api.version,
            "base_url": api.base_url,
            "cached_at": self.clock.timestamp(),
            "source": origin.kind,
            // The other agents ask for the key, and do nothing with what is in it.
            "raw_spec": {},
            "tools": api.tools,
            "description": api.description.as_deref().unwrap_or_default(),
            "source_url": origin.source_url,
        });
        if let Some(base_url) = &origin.base_url_given {
            file["base_url_given"] = base_url.as_str().into();
        }
        if let Some(etag) = &origin.etag {
            file["etag"] = etag.as_str().into();
        }
        self.write(&self.cache_folder(), &stem, &file)
    }

    /// An API that was kept for no more than so many days; None is for ever.
    pub fn cached_api(&self, name: &str, days_max: Option<u64>) -> Option<Cached> {
        let file = self.read(&self.cache_folder(), &stem(name).ok()?)?;
        let cached_at = timestamp::parse(file["cached_at"].as_str()?)?;
        let age_us = self.clock.now_us().saturating_sub(cached_at);
        if days_max.is_some_and(|days| age_us > days.saturating_mul(US_PER_DAY)) {
            return None;
        }
        let text = |key: &str| file[key].as_str().map(str::to_owned);
        let tools = file["tools"].as_array()?.iter().map(read_tool).collect::<Option<Vec<Tool>>>();
        let api = Api {
            name: name.to_owned(),
            title: text("title")?,
            version: text("version")?,
            base_url: text("base_url")?,
            description: text("description").filter(|text| !text.is_empty()),
            tools: tools?,
        };
        let origin = text("source_url").map(|source_url| Origin {
            source_url,
            kind: text("source").unwrap_or_default(),
            base_url_given: text("base_url_given"),
            etag: text("etag"),
        });
        Some(Cached { api, origin })
    }

    /// Names of the APIs that are kept, the newest first.
    pub fn list_cached(&self) -> Vec<String> {
        list(&self.cache_folder()).into_iter().map(|(stem, _)| name_of(&stem)).collect()
    }

    /// APIs with a text in their name, title, description or a tool's description, in any case of
    /// letters.
    pub fn search_cache(&self, query: &str) -> Vec<CachedSummary> {
        let query = query.to_lowercase();
        let files = list(&self.cache_folder()).into_iter();
        files
            .filter_map(|(stem, path)| {
                let file = read_json(&path)?;
                let tools = file["tools"].as_array().map_or(&[][..], Vec::as_slice);
                let own = ["api_name", "title", "description"].map(|key| &file[key]);
                let described = tools.iter().map(|tool| &tool["description"]);
                let mut texts = own.into_iter().chain(described).filter_map(Value::as_str);
                let text = |key: &str| file[key].as_str().unwrap_or_default().to_owned();
                texts.any(|text| text.to_lowercase().contains(&query)).then(|| CachedSummary {
                    name: name_of(&stem),
                    title: text("title"),
                    version: text("version"),
                    base_url: text("base_url"),
                    cached_at: text("cached_at"),
                    tool_count: tools.len(),
                })
            })
            .collect()
    }

    /// Forgets an API, or all of them. Says how many files went.
    ///
    /// Errors: [`Error::Local`] where a file cannot be removed.
    pub fn clear_cache(&self, name: Option<&str>) -> Result<usize, Error> {
        let wanted = name.map(stem).transpose()?;
        let mut removed = 0;
        for (stem, path) in list(&self.cache_folder()) {
            if wanted.as_ref().is_none_or(|wanted| *wanted == stem) {
                std::fs::remove_file(&path).map_err(|problem| {
                    Error::Local(format!("{} cannot be removed: {problem}", path.display()))
                })?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// A tool as agents and registries write it: what is null is as if it were absent.
///
/// None where name, method or path are missing. A parameter that cannot be read is left out.
pub(crate) fn read_tool(value: &Value) -> Option<Tool> {
    let mut object: Map<String, Value> = value.as_object()?.clone();
    object.retain(|_, value| !value.is_null());
    object.entry("description").or_insert_with(|| Value::from(""));
    if let Some(Value::Object(parameters)) = object.get_mut("parameters") {
        for parameter in parameters.values_mut().filter_map(Value::as_object_mut) {
            parameter.retain(|_, value| !value.is_null());
            parameter.entry("location").or_insert_with(|| Value::from("query"));
        }
        parameters.retain(|_, parameter| {
            serde_json::from_value::<crate::tool::Parameter>(parameter.clone()).is_ok()
        });
    }
    serde_json::from_value(Value::Object(object)).ok()
}
