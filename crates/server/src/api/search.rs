//! Searching customers, payment intents and charges: Stripe's page "Search query language".
//!
//! Answers come from an index that is written with the objects, so what was just written is found.
//! A page costs about the same wherever it lies; `store::Search` has the bounds, and a query that
//! is too broad for them is refused rather than answered in part. A key for some customers finds
//! only what is theirs.

use books::search::{Mistake, Query, Resource};
use books::{IdKey, Kind, Number, RowKey};
use sha2::{Digest, Sha256};
use store::{Hit, Search};

use super::error::ApiError;
use super::guard;
use super::json::{Json, object};
use super::list::Ask;
use super::params::{Between, Limit, Str, Text, params};
use super::wire::Wire;

/// Characters of a query, at most.
pub const QUERY_CHARS_MAX: usize = 5_000;

/// What a cursor begins with.
const PAGE_PREFIX: &str = "page_";

params! {
    /// What is searched.
    pub struct Find {
        /// How many objects to return, from 1 to 100. The default is 10.
        pub limit: Option<Between<1, 100>>,
        /// Which page to return: the `next_page` of an answer to the same query. Leave it out for
        /// the first one.
        pub page: Option<Text>,
        /// What the objects must be, in Stripe's search query language: up to 10 clauses of a
        /// field, an operator and a value, such as `email:"ada@example.com"`, `name~"love"`,
        /// `amount>1000`, `metadata["key"]:"value"` or `-metadata["key"]:null`, all of them joined
        /// by AND or all by OR.
        pub query: Str<QUERY_CHARS_MAX>,
    }
    refuses {}
}

/// Searches customers.
pub fn customers(ask: &Ask<'_>, params: Find) -> Result<Json, ApiError> {
    search(ask, Resource::Customers, params)
}

/// Searches payment intents.
pub fn payment_intents(ask: &Ask<'_>, params: Find) -> Result<Json, ApiError> {
    search(ask, Resource::PaymentIntents, params)
}

/// Searches charges.
pub fn charges(ask: &Ask<'_>, params: Find) -> Result<Json, ApiError> {
    search(ask, Resource::Charges, params)
}

fn search(ask: &Ask<'_>, resource: Resource, params: Find) -> Result<Json, ApiError> {
    let wire = ask.wire;
    let text: &str = &params.query;
    let query = Query::read(resource, text, &|id| wire.ids.read_customer(id)).map_err(refused)?;
    let search = Search { resource, query: &query, among: guard::reach(ask.access) };
    let about = about(ask.path, text);
    let before = match &params.page {
        Some(page) => read_page(&wire.ids, about, page).ok_or_else(no_page)?,
        None => Number(i64::MAX),
    };
    let limit = params.limit.map_or(Limit::default().0, |limit| limit.0 as usize);
    let found = ask.reader.search(wire.world, search, before, limit)?.ok_or_else(too_broad)?;
    let next_page = found.next.map(|below| write_page(&wire.ids, about, below));
    let mut answer = object! {
        "object": "search_result",
        "data": found.rows.iter().map(|hit| shown(wire, hit)).collect::<Vec<_>>(),
        "has_more": next_page.is_some(),
        "next_page": next_page,
    };
    if ask.expands("total_count") {
        let count = ask.reader.search_count(wire.world, search)?;
        answer.push("total_count", count.ok_or_else(too_broad_to_count)? as i64);
    }
    answer.push("url", ask.path.to_owned());
    Ok(answer)
}

fn shown(wire: &Wire, hit: &Hit) -> Json {
    match hit {
        Hit::Customer(customer) => wire.customer(customer),
        Hit::Document(document) => wire.document(document),
        Hit::ChargeIn(intent) => wire.charge(intent),
    }
}

/// What a cursor belongs to.
fn about(path: &str, query: &str) -> Number {
    let digest = Sha256::new().chain_update(path).chain_update([0]).chain_update(query).finalize();
    let first: [u8; 8] = digest[..8].try_into().expect("a hash has more than eight bytes");
    Number(i64::from_be_bytes(first) & i64::MAX)
}

/// A cursor: the number below which the page lies, enciphered together with what it belongs to.
fn write_page(ids: &IdKey, about: Number, below: Number) -> String {
    let id = ids.write(Kind::Approval, RowKey { customer: about, number: below });
    format!("{PAGE_PREFIX}{}", &id[Kind::Approval.prefix().len()..])
}

fn read_page(ids: &IdKey, about: Number, page: &str) -> Option<Number> {
    let id = format!("{}{}", Kind::Approval.prefix(), page.strip_prefix(PAGE_PREFIX)?);
    let key = ids.read(Kind::Approval, &id)?;
    (key.customer == about).then_some(key.number)
}

fn refused(mistake: Mistake) -> ApiError {
    let problem = mistake.problem;
    let message = match mistake.at {
        Some(at) => format!("The query cannot be read at character {at}: {problem}."),
        None => format!("The query cannot be read: {problem}."),
    };
    ApiError::invalid(400, message).about("query")
}

fn no_page() -> ApiError {
    let message = "This page is not one of this query: use the `next_page` of an answer to the \
                   same query, or leave it out for the first page.";
    ApiError::invalid(400, message).about("page")
}

fn too_broad() -> ApiError {
    let message = "This query is too broad to be answered: the index leads to too many objects \
                   of which none passes. Add a clause that fewer objects pass, such as a value of \
                   a field or a narrower span of `created`.";
    ApiError::invalid(400, message).about("query")
}

fn too_broad_to_count() -> ApiError {
    let message = "What this query finds is too much to be counted: leave out `total_count`, or \
                   add a clause that fewer objects pass.";
    ApiError::invalid(400, message).about("expand")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_belongs_to_its_query() {
        let ids = IdKey::new([7; 16]);
        let of = about("/v1/customers/search", "name:\"ada\"");
        let page = write_page(&ids, of, Number(7));
        assert_eq!(read_page(&ids, of, &page), Some(Number(7)));
        let others = [
            about("/v1/charges/search", "name:\"ada\""),
            about("/v1/customers/search", "name:\"eve\""),
        ];
        for other in others {
            assert_eq!(read_page(&ids, other, &page), None);
        }
        for text in ["", "page_", "page_1", "x", &page[1..], &format!("{page}0")] {
            assert_eq!(read_page(&ids, of, text), None, "{text}");
        }
        let id = IdKey::new([9; 16]).write(Kind::Approval, RowKey { customer: of, number: of });
        assert_eq!(read_page(&ids, of, &id.replace("apr_", PAGE_PREFIX)), None);
    }
}
