//! Making an agent to measure.

use std::path::Path;
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;

use super::Agent;
use crate::clock::Clock;
use crate::context::{AGENT_TYPE, Context};
use crate::storage::Storage;
use crate::transport::{Http, Retries, Transport};

/// What an agent is made of. Everything has a default.
#[derive(Default)]
pub struct Builder {
    agent_type: Option<String>,
    user: Option<String>,
    workspace: Option<String>,
    goal: Option<String>,
    context: Option<Context>,
    clock: Option<Clock>,
    transport: Option<Arc<dyn Transport>>,
    registry_url: Option<String>,
    storage: Option<Storage>,
    no_storage: bool,
    retries: Option<Retries>,
    no_record: bool,
    keep_own: bool,
    no_context: bool,
}

impl Builder {
    /// What kind of agent this is; else `ai_agent`.
    pub fn agent_type(mut self, agent_type: &str) -> Builder {
        self.agent_type = Some(agent_type.to_owned());
        self
    }

    /// For whom it works.
    pub fn user(mut self, user: &str) -> Builder {
        self.user = Some(user.to_owned());
        self
    }

    /// In which project.
    pub fn workspace(mut self, workspace: &str) -> Builder {
        self.workspace = Some(workspace.to_owned());
        self
    }

    /// What for.
    pub fn goal(mut self, goal: &str) -> Builder {
        self.goal = Some(goal.to_owned());
        self
    }

    /// Goes on with a context, for example one that was kept. The other settings go before it.
    pub fn context(mut self, context: Context) -> Builder {
        self.context = Some(context);
        self
    }

    /// Another time, chance and way to wait.
    pub fn clock(mut self, clock: Clock) -> Builder {
        self.clock = Some(clock);
        self
    }

    /// Another HTTP client.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Builder {
        self.transport = Some(transport);
        self
    }

    /// Another registry than that of `OCP_REGISTRY_URL` or the public one.
    pub fn registry_url(mut self, url: &str) -> Builder {
        self.registry_url = Some(url.to_owned());
        self
    }

    /// Another folder than `~/.ocp`.
    pub fn storage_at(mut self, folder: &Path) -> Builder {
        let clock = self.clock.clone().unwrap_or_default();
        self.storage = Some(Storage::at(folder, &clock));
        self.no_storage = false;
        self
    }

    /// Nothing is kept, nothing that was kept is used.
    pub fn no_storage(mut self) -> Builder {
        self.no_storage = true;
        self
    }

    /// How often something is sent again.
    pub fn retries(mut self, retries: Retries) -> Builder {
        self.retries = Some(retries);
        self
    }

    /// Calls leave nothing in the history.
    pub fn no_record(mut self) -> Builder {
        self.no_record = true;
        self
    }

    /// A context that a server sends back is not taken over.
    pub fn ignore_returned_context(mut self) -> Builder {
        self.keep_own = true;
        self
    }

    /// Nothing of the context is sent.
    pub fn no_context_headers(mut self) -> Builder {
        self.no_context = true;
        self
    }

    /// The agent.
    pub fn build(self) -> Agent {
        let clock = self.clock.unwrap_or_default();
        let mut context = match self.context {
            Some(context) => context,
            None => Context::new(self.agent_type.as_deref().unwrap_or(AGENT_TYPE), &clock),
        };
        if let Some(agent_type) = self.agent_type {
            context.agent_type = agent_type;
        }
        context.user = self.user.or(context.user);
        context.workspace = self.workspace.or(context.workspace);
        if let Some(goal) = self.goal {
            context.update_goal(&goal, None, &clock);
        }
        let storage = self.storage.or_else(|| Storage::home(&clock));
        Agent {
            apis: IndexMap::new(),
            context: Mutex::new(context),
            storage: storage.filter(|_| !self.no_storage),
            transport: self.transport.unwrap_or_else(|| Arc::new(Http::new())),
            registry_url: self.registry_url,
            retries: self.retries.unwrap_or_default(),
            record: !self.no_record,
            apply_returned: !self.keep_own,
            send_context: !self.no_context,
            clock,
        }
    }
}
