//! Searching customers by whatever is known of them: names, words, addresses, ids, account numbers.
//!
//! What it costs is bounded, however many customers there are: by [`store::SEARCH_CANDIDATES_MAX`]
//! for words, and by [`store::REFERENCES_MAX`] for references of transfers. A key for some
//! customers finds only those.

use std::cmp::Reverse;

use books::id::REFERENCE_CHARS;
use books::{Document, Number};
use store::Page as Rows;

use super::bank_transfers::{Holder, account_keys, holder};
use super::error::ApiError;
use super::guard;
use super::json::Json;
use super::list::Ask;
use super::params::{Limit, Str, params};

/// Characters of a query, at most.
pub const QUERY_CHARS_MAX: usize = 200;

params! {
    /// What is known of the customers that are wanted.
    pub struct Search {
        /// How many customers to return, from 1 to 100. The default is 10.
        pub limit: Limit,
        /// Words, or beginnings of words, of names, e-mail addresses and descriptions, all of
        /// which a customer must have. Or the id of a customer or of something that is a
        /// customer's, the number of an account of a customer's funding instructions or sources, or
        /// the reference of a transfer for one of the newest payment intents.
        pub query: Str<QUERY_CHARS_MAX>,
    }
    refuses {}
}

/// Finds customers, newest first.
pub fn search(ask: &Ask<'_>, params: Search) -> Result<Json, ApiError> {
    let (query, limit) = (params.query.trim(), params.limit.0);
    let (reader, world, reach) = (ask.reader, ask.wire.world, guard::reach(ask.access));
    let mut named = named(ask, query)?;
    named.retain(|number| reach.is_empty() || reach.contains(number));
    let mut found = reader.customers_called(world, query, reach, limit)?;
    found.rows.extend(reader.living_customers(world, &named)?);
    found.rows.sort_unstable_by_key(|customer| Reverse(customer.number));
    found.rows.dedup_by_key(|customer| customer.number);
    let has_more = found.has_more || found.rows.len() > limit;
    found.rows.truncate(limit);
    Ok(ask.page(Rows { rows: found.rows, has_more }, |customer| ask.wire.customer(&customer)))
}

/// The customers whom a query names by something that is theirs alone.
fn named(ask: &Ask<'_>, query: &str) -> Result<Vec<Number>, ApiError> {
    let mut named: Vec<Number> = guard::customer_of(ask.wire, query).into_iter().collect();
    for key in account_keys(&ask.app.bank, query) {
        named.extend(match holder(ask.reader, ask.wire.world, &key)? {
            Some((Holder::Customer(owner), _)) => Some(owner),
            Some((Holder::Source(source), _)) => source.customer,
            None => None,
        });
    }
    named.extend(of_reference(ask, query)?);
    Ok(named)
}

/// The customer of the payment intent that a transfer with this reference is for.
fn of_reference(ask: &Ask<'_>, query: &str) -> Result<Option<Number>, ApiError> {
    let reference = query.to_ascii_uppercase();
    let is_one = reference.len() == REFERENCE_CHARS
        && reference.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !is_one {
        return Ok(None);
    }
    // A reference follows from the number of its intent, and tells nothing of it.
    let newest = ask.reader.newest_payment_intents(ask.wire.world)?;
    let of = |number: &Number| ask.wire.ids.transfer_reference(*number) == reference;
    Ok(match newest.into_iter().find(of) {
        Some(number) => ask
            .reader
            .document_at(ask.wire.world, number)?
            .map(|intent: Document| intent.key().customer),
        None => None,
    })
}
