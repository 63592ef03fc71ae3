//! What may follow the question mark.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Refusal;
use crate::api::form::{Node, parse_form};

/// Most results on one page of a search.
pub const PER_PAGE_MAX: u64 = 100;
const PER_PAGE: u64 = 20;
/// Characters of what is searched for, at most.
pub const SEARCH_CHARS_MAX: usize = 1_000;

/// Which entries a list is to have.
pub struct Filter {
    pub category: Option<String>,
    pub status: Option<String>,
}

/// What is searched for. Pages count from 1.
pub struct Search {
    pub query: String,
    pub page: u64,
    pub per_page: u64,
}

impl Filter {
    pub(super) fn read(query: &str) -> Result<Filter, Refusal> {
        let tree = tree(query)?;
        Ok(Filter { category: text(&tree, "category")?, status: text(&tree, "status")? })
    }
}

impl Search {
    pub(super) fn read(query: &str) -> Result<Search, Refusal> {
        let tree = tree(query)?;
        Ok(Search {
            query: text(&tree, "q")?.unwrap_or_else(|| "*".to_owned()),
            page: number(&tree, "page", u64::MAX)?.unwrap_or(1),
            per_page: number(&tree, "per_page", PER_PAGE_MAX)?.unwrap_or(PER_PAGE),
        })
    }
}

fn tree(query: &str) -> Result<Node, Refusal> {
    parse_form(query.as_bytes()).map_err(|error| wrong(error.param.as_deref(), &error.message))
}

fn text(tree: &Node, name: &str) -> Result<Option<String>, Refusal> {
    match tree.get(name) {
        None => Ok(None),
        Some(Node::Text(text)) if text.chars().count() <= SEARCH_CHARS_MAX => {
            Ok(Some(text.clone()))
        }
        Some(Node::Text(_)) => {
            let limit = format!("can have at most {SEARCH_CHARS_MAX} characters");
            Err(wrong(Some(name), &format!("{name} {limit} (SEARCH_CHARS_MAX)")))
        }
        Some(_) => Err(wrong(Some(name), &format!("{name} must be one text"))),
    }
}

fn number(tree: &Node, name: &str, max: u64) -> Result<Option<u64>, Refusal> {
    let Some(text) = text(tree, name)? else { return Ok(None) };
    match text.parse() {
        Ok(number) if (1..=max).contains(&number) => Ok(Some(number)),
        _ if max == u64::MAX => Err(wrong(Some(name), &format!("{name} must be 1 or more"))),
        _ => Err(wrong(Some(name), &format!("{name} must be a number from 1 to {max}"))),
    }
}

/// In the shape that the first registry gave to such errors.
fn wrong(name: Option<&str>, message: &str) -> Refusal {
    let mut place = vec![Value::from("query")];
    place.extend(name.map(Value::from));
    let detail = json!([{ "type": "value_error", "loc": place, "msg": message }]);
    Refusal(StatusCode::UNPROCESSABLE_ENTITY, detail)
}
