//! Parameters made of others: optional ones, lists, patches, metadata, ranges and pages.

use super::scalar::read_integer;
use super::{INTEGER_MAX, Param, ParamError, Path, Schema, Text, quote};
use crate::api::form::{ITEMS_MAX, Node};

/// Most paths that one request may expand.
pub const EXPAND_MAX: usize = 50;

/// Most characters in a name of metadata.
pub const METADATA_KEY_CHARS_MAX: usize = 40;

/// Most characters in a value of metadata.
pub const METADATA_VALUE_CHARS_MAX: usize = 500;

/// A parameter that may be left out, but not be unset.
impl<T: Param> Param for Option<T> {
    const REQUIRED: bool = false;

    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        T::read(node, at).map(Some)
    }

    fn absent(_at: &Path) -> Result<Self, ParamError> {
        Ok(None)
    }

    fn unknown(node: &Node, at: &Path) -> Result<(), ParamError> {
        T::unknown(node, at)
    }

    fn schema() -> Schema {
        T::schema()
    }
}

/// A list. An empty text is the empty list.
impl<T: Param> Param for Vec<T> {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        if node.is_unset() {
            return Ok(Vec::new());
        }
        let Some(items) = node.items() else {
            let problem = format!("must be a list, written as {at}[]=value");
            return Err(ParamError::invalid(at, problem));
        };
        if let Some((index, _)) = items.last().filter(|(index, _)| *index >= ITEMS_MAX) {
            let problem = format!("is beyond the {ITEMS_MAX} items of a list (ITEMS_MAX)");
            return Err(ParamError::invalid(at.index(*index), problem));
        }
        items.into_iter().map(|(index, item)| T::read(item, &at.index(index))).collect()
    }

    fn unknown(node: &Node, at: &Path) -> Result<(), ParamError> {
        match node {
            Node::Text(_) => Ok(()),
            Node::List(items) => {
                let mut each = items.iter().enumerate();
                each.try_for_each(|(index, item)| T::unknown(item, &at.index(index)))
            }
            Node::Map(entries) => {
                entries.iter().try_for_each(|(name, item)| T::unknown(item, &at.key(name)))
            }
        }
    }

    fn schema() -> Schema {
        Schema::List(Box::new(T::schema()))
    }
}

/// A parameter that can be kept, cleared or set: left out, sent empty, or sent with a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Unset it.
    Clear,
    /// Give it this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Changes the value, if there is one.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(value) => Patch::Set(change(value)),
        }
    }

    /// The value for an object that is new, where nothing can be kept.
    pub fn into_option(self) -> Option<T> {
        match self {
            Patch::Keep | Patch::Clear => None,
            Patch::Set(value) => Some(value),
        }
    }
}

impl<T: Param> Param for Patch<T> {
    const REQUIRED: bool = false;

    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node.is_unset() {
            true => Ok(Patch::Clear),
            false => T::read(node, at).map(Patch::Set),
        }
    }

    fn absent(_at: &Path) -> Result<Self, ParamError> {
        Ok(Patch::Keep)
    }

    fn unknown(node: &Node, at: &Path) -> Result<(), ParamError> {
        T::unknown(node, at)
    }

    fn schema() -> Schema {
        Schema::Emptyable(Box::new(T::schema()))
    }
}

/// A parameter that is one value or a hash, such as a card: its token, or its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Either<S, H> {
    /// The short form.
    Scalar(S),
    /// The long form.
    Hash(H),
}

impl<S: Param, H: Param> Param for Either<S, H> {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node {
            Node::Text(_) => S::read(node, at).map(Either::Scalar),
            Node::List(_) | Node::Map(_) => H::read(node, at).map(Either::Hash),
        }
    }

    fn unknown(node: &Node, at: &Path) -> Result<(), ParamError> {
        H::unknown(node, at)
    }

    fn schema() -> Schema {
        Schema::AnyOf(vec![S::schema(), H::schema()])
    }
}

/// The paths of `expand`: a list, one text, or one text with commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpandList(pub Vec<String>);

impl Param for ExpandList {
    const REQUIRED: bool = false;

    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        let texts = match node {
            Node::Text(text) => vec![text.clone()],
            Node::List(items) => {
                let mut texts = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let wrong = || ParamError::invalid(at.index(index), "must be a path");
                    texts.push(item.as_text().ok_or_else(wrong)?.to_owned());
                }
                texts
            }
            Node::Map(_) => Vec::read(node, at)?,
        };
        let each = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        let mut paths = Vec::with_capacity(texts.len());
        for path in each.filter(|path| !path.is_empty()) {
            if path.contains(['[', ']']) {
                let shown: String = path.chars().take(40).collect();
                let problem = format!("must be paths of names with dots between, not '{shown}'");
                return Err(ParamError::invalid(at, problem));
            }
            if paths.len() == EXPAND_MAX {
                let problem = format!("has more than {EXPAND_MAX} paths (EXPAND_MAX)");
                return Err(ParamError::invalid(at, problem));
            }
            paths.push(path.to_owned());
        }
        Ok(ExpandList(paths))
    }

    fn absent(_at: &Path) -> Result<Self, ParamError> {
        Ok(ExpandList::default())
    }

    fn schema() -> Schema {
        Vec::<Text>::schema()
    }
}

/// What a request does to the metadata of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MetadataPatch {
    /// Nothing.
    #[default]
    Keep,
    /// `metadata=` removes every name.
    Clear,
    /// Each name gets a value, or goes if it has none. Names not mentioned stay.
    Change(Vec<(String, Option<String>)>),
}

/// Errors name the whole parameter, not the one name in it.
impl Param for MetadataPatch {
    const REQUIRED: bool = false;

    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        let changes: Result<Vec<_>, _> = match node {
            Node::Text(text) if text.is_empty() => return Ok(MetadataPatch::Clear),
            Node::Text(_) => {
                let problem = format!("must be a hash, written as {at}[name]=value");
                return Err(ParamError::invalid(at, problem));
            }
            Node::Map(entries) => {
                entries.iter().map(|(name, node)| metadata_entry(name, node, at)).collect()
            }
            // The names 0, 1, 2 look like a list.
            Node::List(items) => {
                let named = items.iter().enumerate();
                named.map(|(index, node)| metadata_entry(&index.to_string(), node, at)).collect()
            }
        };
        changes.map(MetadataPatch::Change)
    }

    fn absent(_at: &Path) -> Result<Self, ParamError> {
        Ok(MetadataPatch::Keep)
    }

    fn schema() -> Schema {
        Schema::Emptyable(Box::new(Schema::Metadata))
    }
}

fn metadata_entry(
    name: &str,
    node: &Node,
    at: &Path,
) -> Result<(String, Option<String>), ParamError> {
    let Node::Text(value) = node else {
        let problem = format!("takes only texts as values, and `{name}` has {}", quote(node));
        return Err(ParamError::invalid(at, problem));
    };
    if name.contains(['[', ']']) {
        let problem = format!("has the name `{name}`; names cannot contain square brackets");
        return Err(ParamError::invalid(at, problem));
    }
    let too_long = |what: &str, max: usize, count: usize| {
        let problem = format!("can have {what} of at most {max} characters, not {count}: {name}");
        Err(ParamError::invalid(at, problem))
    };
    let (name_chars, value_chars) = (name.chars().count(), value.chars().count());
    if name_chars > METADATA_KEY_CHARS_MAX {
        return too_long("names", METADATA_KEY_CHARS_MAX, name_chars);
    }
    if value_chars > METADATA_VALUE_CHARS_MAX {
        return too_long("values", METADATA_VALUE_CHARS_MAX, value_chars);
    }
    Ok((name.to_owned(), (!value.is_empty()).then(|| value.clone())))
}

/// A span of Unix seconds, both ends included: `created=1` or `created[gte]=1&created[lt]=9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreatedRange {
    /// First second; `i64::MIN` without a lower end.
    pub from: i64,
    /// Last second; `i64::MAX` without an upper end.
    pub to: i64,
}

params! {
    /// The long form of a [`CreatedRange`].
    pub struct Bounds {
        /// After this time.
        pub gt: Option<i64>,
        /// At this time or after it.
        pub gte: Option<i64>,
        /// Before this time.
        pub lt: Option<i64>,
        /// At this time or before it.
        pub lte: Option<i64>,
    }
    refuses {}
}

impl Param for CreatedRange {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        Ok(match Either::<i64, Bounds>::read(node, at)? {
            Either::Scalar(time) => CreatedRange { from: time, to: time },
            Either::Hash(Bounds { gt, gte, lt, lte }) => {
                let above = gt.map_or(i64::MIN, |time| time + 1);
                let below = lt.map_or(i64::MAX, |time| time - 1);
                CreatedRange {
                    from: above.max(gte.unwrap_or(i64::MIN)),
                    to: below.min(lte.unwrap_or(i64::MAX)),
                }
            }
        })
    }

    fn unknown(node: &Node, at: &Path) -> Result<(), ParamError> {
        Bounds::unknown(node, at)
    }

    fn schema() -> Schema {
        Either::<i64, Bounds>::schema()
    }
}

/// How many objects a page of a list has. Out of range means the nearest that is in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub usize);

impl Limit {
    /// Objects on a page when the client does not say.
    pub const DEFAULT: usize = 10;
    /// Most objects on a page.
    pub const MAX: usize = 100;
}

impl Default for Limit {
    fn default() -> Limit {
        Limit(Limit::DEFAULT)
    }
}

impl Param for Limit {
    const REQUIRED: bool = false;

    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        let wanted = read_integer(node, at, -INTEGER_MAX, INTEGER_MAX)?.max(1);
        Ok(Limit(usize::try_from(wanted).map_or(Limit::MAX, |wanted| wanted.min(Limit::MAX))))
    }

    fn absent(_at: &Path) -> Result<Self, ParamError> {
        Ok(Limit::default())
    }

    fn schema() -> Schema {
        let [default, max] = [Limit::DEFAULT, Limit::MAX].map(|limit| limit as i64);
        Schema::Integer { min: 1, max, default: Some(default) }
    }
}

params! {
    /// An operation without parameters of its own.
    pub struct NoParams {}
    refuses {}
}

params! {
    /// Which page of a list is wanted; every list takes it.
    #[derive(Default)]
    pub struct Page {
        /// How many objects to return, from 1 to 100. The default is 10.
        pub limit: Limit,
        /// ID of the object after which the page begins: the last of the page before.
        pub starting_after: Option<Text>,
        /// ID of the object before which the page ends: the first of the page after.
        pub ending_before: Option<Text>,
    }
    refuses {}
    check Page::check_cursors
}

impl Page {
    fn check_cursors(page: &Page, _at: &Path) -> Result<(), ParamError> {
        if page.starting_after.is_some() && page.ending_before.is_some() {
            return Err(ParamError::whole(
                "A list goes on from one cursor: send starting_after or ending_before, not both.",
            ));
        }
        Ok(())
    }
}
