//! The bytes of a request's parameters -> one tree.
//!
//! Query strings, form bodies and JSON bodies all become a [`Node`], so nothing behind this
//! module knows how a client spelled its parameters, and one [`Node::fingerprint`] fits them all.
//!
//! Invariants: no bytes make it panic; a name occurs once in a hash; no text holds a NUL, which
//! PostgreSQL could not store; a tree is never deeper or wider than the limits below.
//! Cost: one pass over the bytes and one allocation per name and value. Finding a name in its
//! hash is a search from its end, which [`ITEMS_MAX`] keeps short.

use std::borrow::Cow;
use std::fmt;
use std::mem;

use sha2::{Digest, Sha256};

mod json;
#[cfg(test)]
mod tests;

pub use json::parse_json;

/// Most parameters that one request may have: pairs of a form, values of a JSON body.
pub const PAIRS_MAX: usize = 4_000;

/// Most names in one parameter: `a[b][c]` has three. The deepest that Stripe knows has seven.
pub const DEPTH_MAX: usize = 8;

/// Most bytes in the whole name of a form parameter, brackets included, or in one JSON name.
pub const KEY_BYTES_MAX: usize = 256;

/// Most items in one list, and most names in one hash.
pub const ITEMS_MAX: usize = 256;

/// One parameter value, or everything below one name.
///
/// A list whose indices have gaps (`a[5]=x&a[2]=y`) stays a `Map` with the indices as names, so
/// that errors name what the client sent and `metadata[2024]` keeps its name. [`Node::items`]
/// reads both forms of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A scalar as written. An empty one means unset; JSON's `null` inside a parameter becomes it.
    Text(String),
    /// `a[]=x`, `a[0]=x`, `a=x&a=y` or a JSON array.
    List(Vec<Node>),
    /// `a[b]=x` or a JSON object, in the order in which the names came.
    Map(Vec<(String, Node)>),
}

/// Why the bytes are no tree. Always a 400 of type `invalid_request_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError {
    /// Full name of the parameter, when one is to blame.
    pub param: Option<String>,
    /// What is wrong, for the developer of the client.
    pub message: String,
    /// Stripe's error code, where Stripe has one.
    pub code: Option<&'static str>,
}

/// Reads a query string (without its `?`) or a form-encoded body. The answer is a `Map`.
pub fn parse_form(bytes: &[u8]) -> Result<Node, FormError> {
    let mut root = Vec::new();
    let pairs = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    for (count, pair) in pairs.enumerate() {
        if count == PAIRS_MAX {
            return Err(FormError::too_many_pairs());
        }
        let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let name = decode(&pair[..equals])
            .ok_or_else(|| FormError::whole("The name of a parameter is not valid UTF-8."))?;
        let names = Names::split(&name)?;
        let value = decode(pair.get(equals + 1..).unwrap_or_default())
            .ok_or_else(|| FormError::named(&*name, "is not valid UTF-8"))?;
        if has_nul(&name) || has_nul(&value) {
            return Err(FormError::named(&*name, "contains a NUL character"));
        }
        put(&mut root, names.as_slice(), value.into_owned())?;
    }
    Ok(Node::Map(root))
}

/// Joins the parameters of a DELETE, which may come in the query, in the body or in both.
///
/// A name that comes twice must have the same value in both places.
pub fn merge(query: Node, body: Node) -> Result<Node, FormError> {
    let (Node::Map(mut joined), Node::Map(more)) = (query, body) else {
        return Err(FormError::whole("The parameters of a request must have names."));
    };
    for (name, node) in more {
        match find(&joined, &name).map(|at| &joined[at].1) {
            None if joined.len() == ITEMS_MAX => return Err(FormError::too_many_items(None)),
            None => joined.push((name, node)),
            Some(known) if *known == node => {}
            Some(_) => {
                let problem = "differs between the query string and the body";
                return Err(FormError::named(name, problem));
            }
        }
    }
    Ok(Node::Map(joined))
}

impl Node {
    /// What a hash holds under `name`.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let Node::Map(entries) = self else {
            return None;
        };
        find(entries, name).map(|at| &entries[at].1)
    }

    /// The scalar, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            Node::List(_) | Node::Map(_) => None,
        }
    }

    /// Whether this is the empty text that unsets a parameter.
    pub fn is_unset(&self) -> bool {
        self.as_text() == Some("")
    }

    /// The items of a list, each with its index, in the order of the indices.
    ///
    /// A hash whose names are all indices is a list as well. None for anything else.
    pub fn items(&self) -> Option<Vec<(usize, &Node)>> {
        match self {
            Node::Text(_) => None,
            Node::List(items) => Some(items.iter().enumerate().collect()),
            Node::Map(entries) => {
                let indexed = entries.iter().map(|(name, node)| Some((index(name)?, node)));
                let mut items = indexed.collect::<Option<Vec<_>>>()?;
                items.sort_unstable_by_key(|(index, _)| *index);
                Some(items)
            }
        }
    }

    /// The tree as JSON, which reads as the same tree again.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Node::Text(text) => text.as_str().into(),
            Node::List(items) => items.iter().map(Node::to_json).collect(),
            Node::Map(entries) => {
                entries.iter().map(|(name, node)| (name.clone(), node.to_json())).collect()
            }
        }
    }

    /// SHA-256 over one canonical spelling: the order of names does not count, nor whether the
    /// parameters came as a form or as JSON.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        self.absorb(&mut hash);
        hash.finalize().into()
    }

    /// Every text goes in behind its length and every group behind its size, so that no two trees
    /// give the same bytes. A list counts as the hash of its indices.
    fn absorb(&self, hash: &mut Sha256) {
        match self {
            Node::Text(text) => {
                hash.update([b'T']);
                absorb_text(hash, text);
            }
            Node::List(items) => {
                absorb_group(hash, items.len());
                for (index, item) in items.iter().enumerate() {
                    absorb_text(hash, &index.to_string());
                    item.absorb(hash);
                }
            }
            Node::Map(entries) => {
                absorb_group(hash, entries.len());
                let mut sorted: Vec<_> = entries.iter().collect();
                // Short names first: then the names 0, 1, ... 10 stand as in a list.
                sorted.sort_unstable_by_key(|(name, _)| (name.len(), name.as_str()));
                for (name, node) in sorted {
                    absorb_text(hash, name);
                    node.absorb(hash);
                }
            }
        }
    }
}

fn absorb_group(hash: &mut Sha256, size: usize) {
    hash.update([b'G']);
    hash.update((size as u64).to_le_bytes());
}

fn absorb_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

/// A place in the tree. It is kept as links on the stack and spelled out only for an error.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    last: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The whole request.
    pub const ROOT: Path<'static> = Path { parent: None, last: Step::Root };

    /// A parameter at the top of the request.
    pub fn top(name: &'a str) -> Path<'a> {
        Path { parent: None, last: Step::Name(name) }
    }

    /// What lies under `name` of the hash at this place.
    pub fn key(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), last: Step::Name(name) }
    }

    /// One item of the list at this place.
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), last: Step::Index(index) }
    }

    fn is_root(&self) -> bool {
        matches!(self.last, Step::Root)
    }
}

/// Spells the place as a client writes it: `a[b][0][c]`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = self.parent.filter(|parent| !parent.is_root());
        if let Some(parent) = below {
            parent.fmt(out)?;
        }
        match (self.last, below.is_some()) {
            (Step::Root, _) => Ok(()),
            (Step::Name(name), true) => write!(out, "[{name}]"),
            (Step::Name(name), false) => out.write_str(name),
            (Step::Index(index), _) => write!(out, "[{index}]"),
        }
    }
}

impl FormError {
    /// The request as a whole is wrong.
    fn whole(message: impl Into<String>) -> FormError {
        FormError { param: None, message: message.into(), code: None }
    }

    /// One parameter is wrong; `problem` completes the sentence that its name begins.
    fn named(param: impl Into<String>, problem: impl fmt::Display) -> FormError {
        let param = param.into();
        let message = format!("The parameter `{param}` {problem}.");
        FormError { param: Some(param), message, code: None }
    }

    fn too_many_pairs() -> FormError {
        FormError::whole(format!(
            "A request can have at most {PAIRS_MAX} parameters (PAIRS_MAX); this one has more."
        ))
    }

    fn too_many_items(param: Option<String>) -> FormError {
        let limit = format!("more than {ITEMS_MAX} entries (ITEMS_MAX)");
        match param {
            Some(param) => FormError::named(param, format_args!("has {limit}")),
            None => FormError::whole(format!("The request has {limit} at its top level.")),
        }
    }

    fn too_deep(param: impl Into<String>) -> FormError {
        let problem = format_args!("is nested more than {DEPTH_MAX} names deep (DEPTH_MAX)");
        FormError::named(param, problem)
    }

    /// An overlong name is shown by its beginning.
    fn long_name(name: &str) -> FormError {
        let shown: String = name.chars().take(40).collect();
        let limit = format_args!("{KEY_BYTES_MAX} bytes (KEY_BYTES_MAX)");
        FormError::named(shown, format_args!("has a name of more than {limit}"))
    }
}

/// `a[b][]` cut into `a`, `b` and an empty name. At least one, and the first is never empty.
struct Names<'a> {
    all: [&'a str; DEPTH_MAX],
    count: usize,
}

impl<'a> Names<'a> {
    fn split(whole: &'a str) -> Result<Names<'a>, FormError> {
        if whole.len() > KEY_BYTES_MAX {
            return Err(FormError::long_name(whole));
        }
        let unbalanced = || FormError::named(whole, "has brackets that do not match");
        let first_end = whole.find('[').unwrap_or(whole.len());
        let (first, mut rest) = whole.split_at(first_end);
        if first.is_empty() {
            return Err(FormError::named(whole, "has no name before its value or bracket"));
        }
        if first.contains(']') {
            return Err(unbalanced());
        }
        let mut all = [""; DEPTH_MAX];
        all[0] = first;
        let mut count = 1;
        while !rest.is_empty() {
            let inner = rest.strip_prefix('[').ok_or_else(unbalanced)?;
            let (name, after) = inner.split_once(']').ok_or_else(unbalanced)?;
            if name.contains('[') {
                return Err(unbalanced());
            }
            if count == DEPTH_MAX {
                return Err(FormError::too_deep(whole));
            }
            all[count] = name;
            count += 1;
            rest = after;
        }
        Ok(Names { all, count })
    }

    fn as_slice(&self) -> &[&'a str] {
        &self.all[..self.count]
    }
}

/// Why a pair cannot join the tree.
enum Clash {
    Mixed,
    Full,
}

/// Puts one pair into the tree. A node that has just been made is an empty `Map` until its first
/// value or name arrives; that needs no allocation, and none is left when the pair is in.
fn put(root: &mut Vec<(String, Node)>, names: &[&str], value: String) -> Result<(), FormError> {
    let blame = |depth: usize, clash: Clash| {
        let param = spell(&names[..depth]);
        match clash {
            Clash::Mixed => FormError::named(param, "is given both as a value and as a hash"),
            Clash::Full => FormError::too_many_items((depth > 0).then_some(param)),
        }
    };
    let mut node = step_map(root, names[0]).map_err(|clash| blame(0, clash))?;
    for (depth, name) in names.iter().enumerate().skip(1) {
        node = step(node, name, &names[depth + 1..]).map_err(|clash| blame(depth, clash))?;
    }
    settle(node, value).map_err(|clash| blame(names.len(), clash))
}

/// Goes from a node to its child `name`, which is made if it is new.
fn step<'n>(node: &'n mut Node, name: &str, rest: &[&str]) -> Result<&'n mut Node, Clash> {
    match node {
        Node::Text(first) if name.is_empty() => {
            *node = Node::List(vec![Node::Text(mem::take(first))]);
        }
        Node::List(items) if !name.is_empty() && index(name).is_none_or(|at| at > items.len()) => {
            let named = |(index, item): (usize, Node)| (index.to_string(), item);
            *node = Node::Map(mem::take(items).into_iter().enumerate().map(named).collect());
        }
        Node::Map(fresh) if fresh.is_empty() && matches!(name, "" | "0") => {
            *node = Node::List(Vec::new());
        }
        _ => {}
    }
    match node {
        Node::Text(_) => Err(Clash::Mixed),
        Node::List(items) => step_list(items, name, rest),
        Node::Map(_) if name.is_empty() => Err(Clash::Mixed),
        Node::Map(entries) => step_map(entries, name),
    }
}

fn step_map<'n>(entries: &'n mut Vec<(String, Node)>, name: &str) -> Result<&'n mut Node, Clash> {
    let at = match find(entries, name) {
        Some(at) => at,
        None if entries.len() == ITEMS_MAX => return Err(Clash::Full),
        None => {
            entries.push((name.to_owned(), Node::Map(Vec::new())));
            entries.len() - 1
        }
    };
    Ok(&mut entries[at].1)
}

/// `[]` means a new item, unless the last item is a hash (or list) that still lacks this name.
/// An index is at most the length of the list here.
fn step_list<'n>(
    items: &'n mut Vec<Node>,
    name: &str,
    rest: &[&str],
) -> Result<&'n mut Node, Clash> {
    let at = match index(name) {
        Some(at) => at,
        None if items.last().is_some_and(|last| has_room(last, rest)) => items.len() - 1,
        None => items.len(),
    };
    if at == ITEMS_MAX {
        return Err(Clash::Full);
    }
    if at == items.len() {
        items.push(Node::Map(Vec::new()));
    }
    Ok(&mut items[at])
}

/// Whether a value with these further names belongs into the list's last item. There is always
/// room behind a further `[]`, since no item has an empty name.
fn has_room(last: &Node, rest: &[&str]) -> bool {
    if rest.is_empty() || matches!(last, Node::Text(_)) {
        return false;
    }
    let mut node = last;
    for name in rest {
        let child = match node {
            Node::Text(_) => None,
            Node::List(items) => index(name).and_then(|at| items.get(at)),
            Node::Map(_) => node.get(name),
        };
        let Some(child) = child else { return true };
        node = child;
    }
    false
}

/// A name that comes again with a plain value makes a list of its values.
fn settle(node: &mut Node, value: String) -> Result<(), Clash> {
    let value = Node::Text(value);
    match node {
        Node::Map(entries) if entries.is_empty() => *node = value,
        Node::Map(_) => return Err(Clash::Mixed),
        Node::Text(first) => *node = Node::List(vec![Node::Text(mem::take(first)), value]),
        Node::List(items) if items.len() == ITEMS_MAX => return Err(Clash::Full),
        Node::List(items) => items.push(value),
    }
    Ok(())
}

/// Clients send what belongs together in a row, so the end is the best place to begin.
fn find(entries: &[(String, Node)], name: &str) -> Option<usize> {
    entries.iter().rposition(|(known, _)| known == name)
}

/// An index is written in decimal digits without a leading zero.
fn index(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (name == "0" || !name.starts_with('0'));
    if plain { name.parse().ok() } else { None }
}

fn spell(names: &[&str]) -> String {
    let mut out = String::new();
    for (depth, name) in names.iter().enumerate() {
        match depth {
            0 => out.push_str(name),
            _ => out.extend(["[", name, "]"]),
        }
    }
    out
}

/// Undoes form encoding. A `%` without two hex digits stands for itself. None if not UTF-8.
fn decode(raw: &[u8]) -> Option<Cow<'_, str>> {
    if !raw.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(raw).ok().map(Cow::Borrowed);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        out.push(match byte {
            b'+' => b' ',
            b'%' => match hex_pair(tail) {
                Some(byte) => {
                    rest = &tail[2..];
                    byte
                }
                None => b'%',
            },
            _ => *byte,
        });
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let [high, low, ..] = bytes else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn has_nul(text: &str) -> bool {
    text.as_bytes().contains(&0)
}
