//! The agent: registers APIs, finds their tools, calls them, and keeps the context meanwhile.
//!
//! Calls need only `&self`, so threads can share an agent; the lock on its context is never held
//! while something is sent. Headers of an API go to the origin of its base URL and nowhere else.
//! Bounded are the APIs ([`APIS_MAX`]), what each of them has (see [`crate::discovery`] and
//! [`crate::registry`]) and the context (see [`crate::context`]).

mod answer;
mod builder;
mod call;
mod find;
mod header;
mod record;
mod register;

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;

pub use answer::Answer;
pub use builder::Builder;
pub use call::CallOptions;
pub use find::FOUND_MAX;
pub use header::{HEADERS_MAX, VALUE_BYTES_MAX};
pub use register::{NAME_CHARS_MAX, Registration};

use crate::clock::Clock;
use crate::context::Context;
use crate::error::Error;
use crate::registry::Registry;
use crate::storage::Storage;
use crate::tool::Api;
use crate::transport::{Retries, Transport};

/// APIs that one agent knows.
pub const APIS_MAX: usize = 100;

/// An agent.
pub struct Agent {
    apis: IndexMap<String, Registered>,
    context: Mutex<Context>,
    clock: Clock,
    transport: Arc<dyn Transport>,
    registry_url: Option<String>,
    storage: Option<Storage>,
    retries: Retries,
    record: bool,
    apply_returned: bool,
    send_context: bool,
}

/// An API that an agent knows.
struct Registered {
    api: Arc<Api>,
    headers: Vec<(String, String)>,
    retry_writes: bool,
}

impl Agent {
    /// An agent with everything as usual: the registry of the environment, files in `~/.ocp`.
    pub fn new() -> Agent {
        Builder::default().build()
    }

    /// An agent made to measure.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The context as it is now.
    pub fn context(&self) -> Context {
        self.with_context(|context| context.clone())
    }

    /// Changes the context, for example its goal.
    ///
    /// ```
    /// # use ocp_agent::Agent;
    /// let agent = Agent::builder().no_storage().build();
    /// agent.update_context(|context, clock| context.update_goal("reconcile", None, clock));
    /// assert_eq!(agent.context().current_goal.as_deref(), Some("reconcile"));
    /// ```
    pub fn update_context<T>(&self, change: impl FnOnce(&mut Context, &Clock) -> T) -> T {
        self.with_context(|context| change(context, &self.clock))
    }

    /// Names of the APIs that are registered, in the order in which they were.
    pub fn apis(&self) -> impl Iterator<Item = &str> {
        self.apis.keys().map(String::as_str)
    }

    /// The registry that is asked.
    ///
    /// Errors: [`Error::Local`] where its URL is none.
    pub fn registry(&self) -> Result<Registry, Error> {
        Registry::new(self.registry_url.as_deref(), self.transport.clone())
    }

    /// The folder where APIs and sessions are kept, where there is one.
    pub fn storage(&self) -> Option<&Storage> {
        self.storage.as_ref()
    }

    fn with_context<T>(&self, work: impl FnOnce(&mut Context) -> T) -> T {
        // A context is whole after each of its operations, also if another thread panicked.
        work(&mut self.context.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn registered(&self, name: &str) -> Result<&Registered, Error> {
        self.apis.get(&normal(name)).ok_or_else(|| Error::UnknownApi(name.trim().to_owned()))
    }
}

impl Default for Agent {
    fn default() -> Agent {
        Agent::new()
    }
}

/// The name of an API as it is kept: `  GitHuB ` is `github`.
fn normal(name: &str) -> String {
    name.trim().to_lowercase()
}
