//! What goes wrong, in words that a model can act on.

use std::fmt;

/// Why something did not happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The registry cannot be reached, or says what cannot be read.
    RegistryUnavailable {
        /// Where it was looked for.
        url: String,
        /// What happened.
        problem: String,
    },
    /// The registry has no such API.
    ApiNotFound {
        /// What was asked for.
        name: String,
        /// Names that are like it, the nearest first; at most three.
        suggestions: Vec<String>,
    },
    /// A description of an API cannot be had or read.
    Discovery(String),
    /// No API of this name was registered.
    UnknownApi(String),
    /// The API has no such tool.
    UnknownTool {
        /// What was asked for.
        name: String,
        /// Names that are like it, the nearest first; at most three.
        suggestions: Vec<String>,
    },
    /// Arguments that the tool does not take. Every fault is listed; nothing was sent.
    Arguments(Vec<String>),
    /// The request was sent, and no answer came.
    Transport(String),
    /// Something on this machine: files, settings.
    Local(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::RegistryUnavailable { url, problem } => {
                write!(f, "the registry at {url} cannot be used: {problem}")
            }
            Error::ApiNotFound { name, suggestions } => {
                write!(f, "the registry has no API '{name}'")?;
                write_suggestions(f, suggestions)
            }
            Error::Discovery(problem) | Error::Transport(problem) | Error::Local(problem) => {
                f.write_str(problem)
            }
            Error::UnknownApi(name) => write!(f, "no API '{name}' is registered"),
            Error::UnknownTool { name, suggestions } => {
                write!(f, "there is no tool '{name}'")?;
                write_suggestions(f, suggestions)
            }
            Error::Arguments(faults) => write!(f, "{}", faults.join("; ")),
        }
    }
}

fn write_suggestions(f: &mut fmt::Formatter<'_>, suggestions: &[String]) -> fmt::Result {
    match suggestions {
        [] => Ok(()),
        names => write!(f, ". Did you mean {}?", names.join(", ")),
    }
}

impl std::error::Error for Error {}
