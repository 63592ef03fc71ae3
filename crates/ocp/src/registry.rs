//! The client of a registry: a place that knows APIs by name, with their tools.
//!
//! Nothing secret goes to a registry: no headers of an API, no context. Paths in the registry's URL
//! are kept. A registry's answer is read leniently; a tool without name, method or path is left out.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::error::Error;
use crate::redact;
use crate::request::HttpRequest;
use crate::storage::read_tool;
use crate::tool::Api;
use crate::transport::{HttpResponse, Redirects, Transport, origin, send_following};

/// The registry that is asked where nobody names another.
pub const DEFAULT_URL: &str = "https://opencontextprotocol.io/api/v1";
/// The variable of the environment that names another.
pub const URL_VARIABLE: &str = "OCP_REGISTRY_URL";
/// Names that are offered where one is not known.
pub const SUGGESTIONS_MAX: usize = 3;
/// Tools of an entry that are read.
pub const TOOLS_MAX: usize = 10_000;
/// Names of a list that are read.
pub const NAMES_MAX: usize = 10_000;

/// A registry.
#[derive(Clone)]
pub struct Registry {
    url: String,
    transport: Arc<dyn Transport>,
}

/// An entry, as it was fetched.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched {
    /// The API, and what to ask with later whether it changed.
    Entry(Api, Option<String>),
    /// It is as it was.
    Unchanged,
}

impl Registry {
    /// The registry at a URL; without one that of the environment, else [`DEFAULT_URL`].
    ///
    /// Errors: [`Error::Local`] where the URL is not one of http or https.
    pub fn new(url: Option<&str>, transport: Arc<dyn Transport>) -> Result<Registry, Error> {
        let environment = std::env::var(URL_VARIABLE).ok();
        let url = choose_url(url, environment.as_deref())?;
        Ok(Registry { url, transport })
    }

    /// Where it is, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of an API's entry.
    pub fn entry_url(&self, name: &str) -> String {
        self.at(&format!("/registry/{}", utf8_percent_encode(name, NON_ALPHANUMERIC)))
    }

    /// An API with its tools; `base_url` goes before the entry's.
    ///
    /// Errors: [`Error::ApiNotFound`] with names that are like it; [`Error::RegistryUnavailable`].
    pub fn get(&self, name: &str, base_url: Option<&str>) -> Result<Api, Error> {
        match self.fetch(name, base_url, None)? {
            Fetched::Entry(api, _) => Ok(api),
            Fetched::Unchanged => Err(self.unavailable("it says 304 to what was not asked")),
        }
    }

    /// As [`Registry::get`]; with an `etag` the registry may say that nothing changed.
    pub fn fetch(
        &self,
        name: &str,
        base_url: Option<&str>,
        etag: Option<&str>,
    ) -> Result<Fetched, Error> {
        let answer = self.send(&self.entry_url(name), etag)?;
        match answer.status {
            304 if etag.is_some() => return Ok(Fetched::Unchanged),
            404 => {
                let suggestions = self.suggestions(name);
                return Err(Error::ApiNotFound { name: name.to_owned(), suggestions });
            }
            _ => {}
        }
        let api = read_entry(&self.json(&answer)?, name, base_url)
            .ok_or_else(|| self.unavailable("the entry has no base URL, or is none"))?;
        let etag = answer.header("ETag").map(|etag| etag.into_owned());
        Ok(Fetched::Entry(api, etag))
    }

    /// An entry as the registry writes it.
    ///
    /// Errors: as [`Registry::get`].
    pub fn entry(&self, name: &str) -> Result<Value, Error> {
        let answer = self.send(&self.entry_url(name), None)?;
        if answer.status == 404 {
            let suggestions = self.suggestions(name);
            return Err(Error::ApiNotFound { name: name.to_owned(), suggestions });
        }
        self.json(&answer)
    }

    /// All entries, of a category or status where one is given.
    ///
    /// Errors: [`Error::RegistryUnavailable`].
    pub fn list(&self, category: Option<&str>, status: Option<&str>) -> Result<Vec<Value>, Error> {
        let query = query(&[("category", category), ("status", status)]);
        match self.json(&self.send(&self.at(&format!("/registry{query}")), None)?)? {
            Value::Array(entries) => Ok(entries),
            _ => Err(self.unavailable("its list is no array")),
        }
    }

    /// A page of what it finds for some words.
    ///
    /// Errors: [`Error::RegistryUnavailable`].
    pub fn search(
        &self,
        words: &str,
        page: Option<u32>,
        per_page: Option<u32>,
    ) -> Result<Value, Error> {
        let (page, per_page) =
            (page.map(|page| page.to_string()), per_page.map(|number| number.to_string()));
        let pairs =
            [("q", Some(words)), ("page", page.as_deref()), ("per_page", per_page.as_deref())];
        self.json(&self.send(&self.at(&format!("/search{}", query(&pairs))), None)?)
    }

    /// The categories with their numbers.
    ///
    /// Errors: [`Error::RegistryUnavailable`].
    pub fn categories(&self) -> Result<Value, Error> {
        self.json(&self.send(&self.at("/categories"), None)?)
    }

    /// How much it has.
    ///
    /// Errors: [`Error::RegistryUnavailable`].
    pub fn stats(&self) -> Result<Value, Error> {
        self.json(&self.send(&self.at("/stats"), None)?)
    }

    /// Names of what it finds; none where it cannot be asked.
    pub fn search_names(&self, words: &str) -> Vec<String> {
        let found = self.search(words, None, Some(10)).unwrap_or_default();
        names(found["results"].as_array().map_or(&[], Vec::as_slice))
    }

    /// Names of all that it has; none where it cannot be asked.
    pub fn list_names(&self) -> Vec<String> {
        names(&self.list(None, None).unwrap_or_default())
    }

    /// Names that are like one that it does not know: what it finds, else what begins alike.
    fn suggestions(&self, name: &str) -> Vec<String> {
        let mut found = self.search_names(name);
        if found.is_empty() && name.chars().count() > 2 {
            let start: String = name.chars().take(3).collect();
            found = self.search_names(&start);
        }
        found.truncate(SUGGESTIONS_MAX);
        found
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn send(&self, url: &str, etag: Option<&str>) -> Result<HttpResponse, Error> {
        fetch(self.transport.as_ref(), url, etag)
            .map_err(|problem| self.unavailable(&problem.to_string()))
    }

    fn json(&self, answer: &HttpResponse) -> Result<Value, Error> {
        if !answer.is_success() {
            return Err(self.unavailable(&format!("it answers {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|_| self.unavailable("its answer is not JSON"))
    }

    fn unavailable(&self, problem: &str) -> Error {
        Error::RegistryUnavailable { url: redact::url(&self.url), problem: problem.to_owned() }
    }
}

/// Gets something public: no header but what is needed, redirects followed.
pub(crate) fn fetch(
    transport: &dyn Transport,
    url: &str,
    etag: Option<&str>,
) -> Result<HttpResponse, Error> {
    let mut headers = vec![("Accept".to_owned(), "application/json, */*;q=0.5".to_owned())];
    headers.extend(etag.map(|etag| ("If-None-Match".to_owned(), etag.to_owned())));
    let request =
        HttpRequest { method: "GET".to_owned(), url: url.to_owned(), headers, body: None };
    send_following(transport, &request, Redirects::Anywhere)
}

/// The first that is there, without slashes at its end.
fn choose_url(given: Option<&str>, environment: Option<&str>) -> Result<String, Error> {
    let filled = |url: &&str| !url.trim().is_empty();
    let url = given.or(environment.filter(filled)).unwrap_or(DEFAULT_URL).trim();
    let refused = || {
        let url = redact::url(url);
        Error::Local(format!(
            "'{url}' is no URL of a registry: it begins with http:// or https:// and has no query"
        ))
    };
    if origin(url).is_none() || url.contains(['?', '#']) {
        return Err(refused());
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn query(pairs: &[(&str, Option<&str>)]) -> String {
    let given: Vec<String> = pairs
        .iter()
        .filter_map(|(name, value)| {
            Some(format!("{name}={}", utf8_percent_encode((*value)?, NON_ALPHANUMERIC)))
        })
        .collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}

fn names(entries: &[Value]) -> Vec<String> {
    let entries = entries.iter().take(NAMES_MAX);
    entries.filter_map(|entry| Some(entry.get("name")?.as_str()?.to_owned())).collect()
}

/// The API of an entry. None where there is no base URL of http or https.
fn read_entry(entry: &Value, name: &str, base_url: Option<&str>) -> Option<Api> {
    let text = |key: &str| entry.get(key)?.as_str().filter(|text| !text.is_empty());
    let base_url = base_url.or(text("base_url"))?.trim_end_matches('/');
    origin(base_url)?;
    let title = text("display_name").or(text("name")).unwrap_or(name).to_owned();
    let tools = entry.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Some(Api {
        name: name.to_owned(),
        title,
        // Entries have no version of their API; the other agents say this.
        version: text("version").unwrap_or("1.0.0").to_owned(),
        base_url: base_url.to_owned(),
        description: text("description").map(str::to_owned),
        tools: tools.iter().take(TOOLS_MAX).filter_map(read_tool).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_64_the_url_is_given_or_from_the_environment_or_the_default() {
        let table: &[(Option<&str>, Option<&str>, Option<&str>)] = &[
            (None, None, Some("https://opencontextprotocol.io/api/v1")),
            (None, Some("http://env.test/"), Some("http://env.test")),
            (None, Some(""), Some("https://opencontextprotocol.io/api/v1")),
            (
                Some("http://arg.test/api/v1//"),
                Some("http://env.test"),
                Some("http://arg.test/api/v1"),
            ),
            (Some("arg.test"), None, None),
            (Some("ftp://arg.test"), None, None),
            (Some("http://arg.test?x=1"), None, None),
            (Some(""), None, None),
        ];
        for (given, environment, expected) in table {
            let url = choose_url(*given, *environment).ok();
            assert_eq!(url.as_deref(), *expected, "{given:?} {environment:?}");
        }
        let refused = choose_url(Some("arg.test"), None).expect_err("no scheme").to_string();
        assert!(refused.contains("'arg.test' is no URL of a registry"), "{refused}");
    }
}
