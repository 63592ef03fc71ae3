//! The tree of a request's parameters -> typed parameters, or the one error that Stripe reports.
//!
//! Each operation declares its parameters once, with [`params!`]; reading, the search for unknown
//! names and the published schema all come from that declaration.
//!
//! Invariants: nothing that a client sends is dropped in silence. A name is either read, or
//! refused as not supported yet, or unknown. Unknown names anywhere come first, then refused
//! ones, then the parameters in the order of their declaration; a request gets one error.
//! Cost: each hash is searched once per declared name; the form's limits bound both.

use std::fmt::Display;

use super::form::{FormError, Node};

#[macro_use]
mod macros;
mod compound;
mod currencies;
mod scalar;
mod schema;
#[cfg(test)]
mod tests;

pub use super::form::Path;
pub use compound::{
    CreatedRange, EXPAND_MAX, Either, ExpandList, Limit, METADATA_KEY_CHARS_MAX,
    METADATA_VALUE_CHARS_MAX, MetadataPatch, NoParams, Page, Patch,
};
pub use currencies::SUPPORTED_CURRENCIES;
pub(crate) use macros::{choice, params, wire_name};
pub use scalar::{
    Between, Country, CurrencyCode, EMAIL_CHARS_MAX, Email, INTEGER_MAX, NonNegative, Positive,
    Str, TEXT_CHARS_MAX, Text, Trimmed, read_choice,
};
pub use schema::{Field, Schema};

/// Reads the parameters of one operation: first looks for unknown names in the whole tree.
///
/// The caller takes `expand` out before, with [`take_expand`].
pub fn read_all<T: Param>(tree: &Node) -> Result<T, ParamError> {
    T::unknown(tree, &Path::ROOT)?;
    T::read(tree, &Path::ROOT)
}

/// Takes `expand`, which every operation accepts, out of the tree. Its paths are not checked.
pub fn take_expand(tree: &mut Node) -> Result<Vec<String>, ParamError> {
    const NAME: &str = "expand";
    let Node::Map(entries) = tree else {
        return Ok(Vec::new());
    };
    let Some(at) = entries.iter().position(|(name, _)| name == NAME) else {
        return Ok(Vec::new());
    };
    let (_, node) = entries.remove(at);
    ExpandList::read(&node, &Path::top(NAME)).map(|list| list.0)
}

/// A type that one parameter can have.
pub trait Param: Sized {
    /// Whether it is an error to leave the parameter out.
    const REQUIRED: bool = true;

    /// Reads a parameter that the client sent, if only as an empty text.
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError>;

    /// The value of a parameter that the client left out.
    fn absent(at: &Path) -> Result<Self, ParamError> {
        Err(ParamError::missing(at))
    }

    /// Finds names below this parameter that nobody knows. Only what contains hashes does more
    /// than nothing; a node of a wrong kind is left to [`Param::read`].
    fn unknown(_node: &Node, _at: &Path) -> Result<(), ParamError> {
        Ok(())
    }

    /// What the API documentation says about this type.
    fn schema() -> Schema;
}

/// A hash with declared names. [`params!`] implements it; every group is also a [`Param`].
pub trait Group: Sized {
    /// Reads the declared names of the hash `node`, which lies at `at`.
    fn read_group(node: &Node, at: &Path) -> Result<Self, ParamError>;

    /// Whether `name` is declared here, refused ones included. Also searches below it, in
    /// `node`, for unknown names; `at` is the place of `node`.
    fn takes(name: &str, node: &Node, at: &Path) -> Result<bool, ParamError>;

    /// Adds the declared names to a schema.
    fn describe(fields: &mut Vec<Field>, refuses: &mut Vec<&'static str>);
}

impl<T: Group> Param for T {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node {
            Node::Map(_) => T::read_group(node, at),
            Node::Text(text) if text.is_empty() => Err(ParamError::empty(at)),
            Node::Text(_) | Node::List(_) => {
                let problem = format!("must be a hash, written as {at}[name]=value");
                Err(ParamError::invalid(at, problem))
            }
        }
    }

    fn unknown(node: &Node, at: &Path) -> Result<(), ParamError> {
        let Node::Map(entries) = node else {
            return Ok(());
        };
        for (name, child) in entries {
            let at = at.key(name);
            if !T::takes(name, child, &at)? {
                return Err(ParamError::unknown(at));
            }
        }
        Ok(())
    }

    fn schema() -> Schema {
        let (mut fields, mut refuses) = (Vec::new(), Vec::new());
        T::describe(&mut fields, &mut refuses);
        Schema::Hash { fields, refuses }
    }
}

/// Reads the parameter `name` of a hash. This is what [`params!`] calls for each field.
pub fn read_field<T: Param>(hash: &Node, name: &str, at: &Path) -> Result<T, ParamError> {
    let at = at.key(name);
    match hash.get(name) {
        Some(node) => T::read(node, &at),
        None => T::absent(&at),
    }
}

/// Stops a request that uses a parameter which Stripe documents and Purser does not act on.
pub fn refuse(hash: &Node, names: &[&str], at: &Path) -> Result<(), ParamError> {
    match names.iter().find(|name| hash.get(name).is_some()) {
        Some(name) => {
            let problem = "is a parameter of Stripe that Purser does not support yet";
            Err(ParamError::invalid(at.key(name), problem))
        }
        None => Ok(()),
    }
}

/// What is wrong with a parameter. Always a 400 of type `invalid_request_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamError {
    /// Stripe's error code, where Stripe has one.
    pub code: Option<&'static str>,
    /// Full name of the parameter, as in `a[b][0]`. None where Stripe names none.
    pub param: Option<String>,
    /// What is wrong, for the developer of the client.
    pub message: String,
}

impl ParamError {
    /// An error with a code. `problem` completes the sentence that the parameter begins.
    #[cold]
    pub fn coded(code: &'static str, at: impl Display, problem: impl Display) -> ParamError {
        ParamError { code: Some(code), ..ParamError::invalid(at, problem) }
    }

    /// An error without a code. `problem` completes the sentence that the parameter begins.
    #[cold]
    pub fn invalid(at: impl Display, problem: impl Display) -> ParamError {
        let param = at.to_string();
        let message = format!("The parameter `{param}` {problem}.");
        ParamError { code: None, param: Some(param), message }
    }

    /// An error that is about no single parameter.
    #[cold]
    pub fn whole(message: impl Into<String>) -> ParamError {
        ParamError { code: None, param: None, message: message.into() }
    }

    /// A required parameter was left out.
    #[cold]
    pub fn missing(at: impl Display) -> ParamError {
        ParamError::coded("parameter_missing", at, "is required")
    }

    /// A name that the operation does not have.
    #[cold]
    pub fn unknown(at: impl Display) -> ParamError {
        ParamError::coded("parameter_unknown", at, "is not one that this operation knows")
    }

    /// An empty text for a parameter that cannot be unset.
    #[cold]
    pub fn empty(at: impl Display) -> ParamError {
        let problem = "is empty, which means unset, and it cannot be unset: leave it out or \
                       give it a value";
        ParamError::coded("parameter_invalid_empty", at, problem)
    }

    /// No integer, or none in the allowed range.
    #[cold]
    pub fn integer(at: impl Display, problem: impl Display) -> ParamError {
        ParamError::coded("parameter_invalid_integer", at, problem)
    }

    /// A value outside a fixed list.
    #[cold]
    pub fn choice(at: impl Display, allowed: &[&str]) -> ParamError {
        ParamError::invalid(at, format_args!("must be one of {}", enumerate(allowed)))
    }
}

impl From<FormError> for ParamError {
    fn from(error: FormError) -> ParamError {
        let FormError { param, message, code } = error;
        ParamError { code, param, message }
    }
}

/// A field named `r#type` is `type` on the wire.
pub const fn bare_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// "a", "a or b", "a, b, or c".
fn enumerate(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, second] => format!("{first} or {second}"),
        [most @ .., last] => format!("{}, or {last}", most.join(", ")),
    }
}

/// A value for an error message: the beginning is enough to recognize it.
fn quote(node: &Node) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    match node {
        Node::Text(text) => match text.char_indices().nth(SHOWN_CHARS_MAX) {
            Some((end, _)) => format!("'{}...'", &text[..end]),
            None => format!("'{text}'"),
        },
        Node::List(_) => "a list".to_owned(),
        Node::Map(_) => "a hash".to_owned(),
    }
}
