//! What an agent keeps between two runs, in the folder that all agents of the protocol share:
//!
//! ```text
//! ~/.ocp/context.json           the context of the command line
//! ~/.ocp/cache/apis/NAME.json   an API with its tools
//! ~/.ocp/sessions/ID.json       a context of a conversation
//! ```
//!
//! Files are written beside their place and moved there, so that nobody reads half of one; only their
//! owner can read them. A file that cannot be read is as if it were not there. A name never leads out
//! of its folder: what is not a letter, a digit, `.`, `_` or `-` is percent-encoded in it.

mod cache;
mod files;
mod sessions;

use std::path::{Path, PathBuf};

pub(crate) use cache::read_tool;
pub use cache::{CACHE_DAYS, Cached, CachedSummary, Origin};
pub use files::{FILE_BYTES_MAX, FILES_MAX, NAME_CHARS_MAX};
pub use sessions::{SESSIONS_KEPT, SessionSummary};

use crate::clock::Clock;
use crate::context::Context;
use crate::error::Error;

/// The folder of an agent.
#[derive(Clone, Debug)]
pub struct Storage {
    root: PathBuf,
    clock: Clock,
}

impl Storage {
    /// A folder; it is made when something is written first.
    pub fn at(root: &Path, clock: &Clock) -> Storage {
        Storage { root: root.to_owned(), clock: clock.clone() }
    }

    /// `~/.ocp`. None where nobody knows where home is.
    pub fn home(clock: &Clock) -> Option<Storage> {
        let home = std::env::home_dir().filter(|home| home.is_absolute())?;
        Some(Storage::at(&home.join(".ocp"), clock))
    }

    /// Where this is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps the context of the command line.
    ///
    /// Errors: [`Error::Local`] where the file cannot be written.
    pub fn save_context(&self, context: &Context) -> Result<(), Error> {
        self.write(&self.root, "context", &files::to_value(context)?)
    }

    /// The context of the command line, where there is one that can be read.
    pub fn load_context(&self) -> Option<Context> {
        Context::read(&self.read(&self.root, "context")?, None)
    }
}
