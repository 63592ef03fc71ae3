//! Registering an API: from a registry, from a URL, or from a file.

use std::path::Path;
use std::sync::Arc;

use super::header::check;
use super::{APIS_MAX, Agent, Registered, normal};
use crate::discovery::{self, Mode};
use crate::error::Error;
use crate::redact;
use crate::registry::{Fetched, fetch};
use crate::storage::{CACHE_DAYS, Cached, Origin};
use crate::tool::Api;
use crate::transport::origin;

/// Characters of an API's name.
pub const NAME_CHARS_MAX: usize = 100;

/// How an API is registered.
#[derive(Clone, PartialEq)]
pub struct Registration {
    /// Where its OpenAPI document is: a URL, or the path of a file (`.json`, `.yaml`, `.yml`). None:
    /// the registry knows it.
    pub spec_url: Option<String>,
    /// Where it is called, instead of where its description says.
    pub base_url: Option<String>,
    /// Sent with every call of it, for example `Authorization`; never with anything else.
    pub headers: Vec<(String, String)>,
    /// Only tools whose path begins with one of these; none: all tools.
    pub resources: Vec<String>,
    /// What stands in each path before the resource, like `/v1`.
    pub path_prefix: Option<String>,
    /// Whether a POST that got no answer is sent again with the idempotency key that the agent made.
    /// False for an API that does not look at `Idempotency-Key`.
    pub retry_writes: bool,
}

impl Default for Registration {
    fn default() -> Registration {
        Registration {
            spec_url: None,
            base_url: None,
            headers: Vec::new(),
            resources: Vec::new(),
            path_prefix: None,
            retry_writes: true,
        }
    }
}

impl Registration {
    /// One header, as it is mostly all that is needed.
    pub fn with_header(name: &str, value: &str) -> Registration {
        Registration {
            headers: vec![(name.to_owned(), value.to_owned())],
            ..Registration::default()
        }
    }
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Registration")
            .field("spec_url", &self.spec_url.as_deref().map(redact::url))
            .field("base_url", &self.base_url.as_deref().map(redact::url))
            .field("headers", &names)
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}

/// An API, and what the history calls its source.
struct Found {
    api: Api,
    /// `registry:<name>` or where the document is.
    place: String,
    /// `registry` or `openapi`.
    kind: &'static str,
}

impl Agent {
    /// Registers an API under a name; one of the same name is replaced.
    ///
    /// What was found is kept for [`CACHE_DAYS`] days, for this source and base URL alone. Where the
    /// source gave an ETag, it is asked whether something changed; if it cannot be asked, what was
    /// kept is used. The headers are those that are given here, wherever the tools came from.
    ///
    /// Errors: [`Error::ApiNotFound`], [`Error::RegistryUnavailable`], [`Error::Discovery`];
    /// [`Error::Arguments`] where a header or the name cannot be used.
    pub fn register_api(
        &mut self,
        name: &str,
        registration: Registration,
    ) -> Result<Arc<Api>, Error> {
        let name = normal(name);
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            let fault = format!("the name of an API has 1 to {NAME_CHARS_MAX} characters");
            return Err(Error::Arguments(vec![fault]));
        }
        if self.apis.len() >= APIS_MAX && !self.apis.contains_key(&name) {
            return Err(Error::Local(format!("{APIS_MAX} APIs are registered (APIS_MAX)")));
        }
        check(&registration.headers)?;
        if let Some(base_url) = &registration.base_url {
            check_base_url(base_url)?;
        }
        let mut found = match &registration.spec_url {
            Some(spec_url) => self.find_in_document(&name, spec_url, &registration)?,
            None => self.find_in_registry(&name, &registration)?,
        };
        let base_url = check_base_url(&found.api.base_url)?;
        found.api.base_url = base_url;
        found.api.name.clone_from(&name);
        if !registration.resources.is_empty() {
            let resources: Vec<&str> = registration.resources.iter().map(String::as_str).collect();
            let prefix = registration.path_prefix.as_deref();
            let kept = discovery::of_resources(&found.api.tools, &resources, prefix);
            found.api.tools = kept.into_iter().cloned().collect();
        }
        if self.record {
            self.record_registered(&found.api, &found.place, found.kind);
        }
        let api = Arc::new(found.api);
        let Registration { headers, retry_writes, .. } = registration;
        self.apis.insert(name, Registered { api: api.clone(), headers, retry_writes });
        Ok(api)
    }

    fn find_in_registry(&self, name: &str, registration: &Registration) -> Result<Found, Error> {
        let registry = self.registry()?;
        let base_url = registration.base_url.as_deref();
        let source = registry.entry_url(name);
        let api = self.through_cache(name, &source, base_url, "registry", |etag| {
            registry.fetch(name, base_url, etag)
        })?;
        Ok(Found { api, place: format!("registry:{name}"), kind: "registry" })
    }

    fn find_in_document(
        &self,
        name: &str,
        spec_url: &str,
        registration: &Registration,
    ) -> Result<Found, Error> {
        let base_url = registration.base_url.as_deref();
        let place = redact::url(spec_url);
        if origin(spec_url).is_none() {
            if spec_url.contains("://") {
                let problem = format!("{place} is neither a URL of http or https nor a file");
                return Err(Error::Discovery(problem));
            }
            let document = discovery::read_file(Path::new(spec_url))?;
            let api = discovery::discover_from(&document, name, base_url, Mode::Full, None)?;
            return Ok(Found { api, place, kind: "openapi" });
        }
        let api = self.through_cache(name, spec_url, base_url, "openapi", |etag| {
            self.fetch_document(name, spec_url, base_url, etag)
        })?;
        Ok(Found { api, place, kind: "openapi" })
    }

    fn fetch_document(
        &self,
        name: &str,
        spec_url: &str,
        base_url: Option<&str>,
        etag: Option<&str>,
    ) -> Result<Fetched, Error> {
        let place = redact::url(spec_url);
        let failed = |why: &str| {
            Error::Discovery(format!("Failed to fetch OpenAPI spec from {place}: {why}"))
        };
        let answer = fetch(self.transport.as_ref(), spec_url, etag)
            .map_err(|problem| failed(&problem.to_string()))?;
        if answer.status == 304 && etag.is_some() {
            return Ok(Fetched::Unchanged);
        }
        if !answer.is_success() {
            return Err(failed(&format!("it answers {}", answer.status)));
        }
        let text = std::str::from_utf8(&answer.body).map_err(|_| failed("it is not text"))?;
        let document = discovery::parse(text)?;
        let source = Some(spec_url);
        let api = discovery::discover_from(&document, name, base_url, Mode::Full, source)?;
        Ok(Fetched::Entry(api, answer.header("ETag").map(|etag| etag.into_owned())))
    }

    /// Gets an API, or takes what was kept of the same source and base URL.
    fn through_cache(
        &self,
        name: &str,
        source_url: &str,
        base_url: Option<&str>,
        kind: &str,
        fetch: impl Fn(Option<&str>) -> Result<Fetched, Error>,
    ) -> Result<Api, Error> {
        let kept = self.kept(name, source_url, base_url);
        let etag = kept.as_ref().and_then(|(_, origin)| origin.etag.as_deref());
        let fetched = match (&kept, etag) {
            (Some((api, _)), None) => return Ok(api.clone()),
            (_, etag) => fetch(etag),
        };
        let (api, etag) = match (fetched, kept) {
            (Ok(Fetched::Entry(api, etag)), _) => (api, etag),
            (Ok(Fetched::Unchanged), Some((api, origin))) => (api, origin.etag),
            (Err(problem), Some((api, _))) if !matches!(problem, Error::ApiNotFound { .. }) => {
                return Ok(api);
            }
            (Err(problem), _) => return Err(problem),
            (Ok(Fetched::Unchanged), None) => {
                let place = redact::url(source_url);
                return Err(Error::Discovery(format!("{place} says 304 to what was not asked")));
            }
        };
        if let Some(storage) = &self.storage {
            let origin = Origin {
                source_url: source_url.to_owned(),
                kind: kind.to_owned(),
                base_url_given: base_url.map(str::to_owned),
                etag,
            };
            // Without the file the next run asks again; that is no reason to fail now.
            let _ = storage.cache_api(&api, &origin);
        }
        Ok(api)
    }

    fn kept(&self, name: &str, source: &str, base_url: Option<&str>) -> Option<(Api, Origin)> {
        let cached = self.storage.as_ref()?.cached_api(name, Some(CACHE_DAYS))?;
        let Cached { api, origin: Some(origin) } = cached else { return None };
        let same = origin.source_url == source && origin.base_url_given.as_deref() == base_url;
        same.then_some((api, origin))
    }
}

/// A base URL without the slashes at its end.
fn check_base_url(url: &str) -> Result<String, Error> {
    let shown = redact::url(url);
    if url.trim().is_empty() {
        let problem = "the description names no server; give a base URL";
        return Err(Error::Discovery(problem.to_owned()));
    }
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = &authority[..authority.find('/').unwrap_or(authority.len())];
    if origin(url).is_none() || authority.contains('@') || url.contains(['?', '#']) {
        return Err(Error::Discovery(format!(
            "'{shown}' is no base URL: it begins with http:// or https:// and has neither user, \
             query nor fragment"
        )));
    }
    Ok(url.trim_end_matches('/').to_owned())
}
