//! Searches, answered from the index: newest first, a page after the other.
//!
//! Clauses that are joined by AND make one stream of candidates, those joined by OR one each. A
//! stream follows what leads to the fewest candidates: rows of the index that share a term, what
//! a customer has, texts, a short list, or all objects of the kind. Other terms are looked up for
//! each candidate in the same statement, and in the end every object is read and held against the
//! query, so that the index may lead too far but never wrong.
//!
//! What it costs is bounded by [`BOUNDS`]. A page that meets one of them has what was found by then
//! and goes on from there; where nothing was found, the search says that it is too broad.

mod stream;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use books::payment_intent::PaymentIntent;
use books::search::{Clause, Query, Resource, Span, Subject};
use books::{Customer, Document, Number, World};

use self::stream::{Bounds, Driver, Plan, Run, Stream};
use super::Reader;
use crate::db::{Row, Value, all, one, values};
use crate::error::Result;
use crate::rows;

/// What is looked at for one stream of a search, at most.
const BOUNDS: Bounds = Bounds { looked_at: 250_000, texts: 1_000_000, read: 20_000 };
/// Objects that are counted, at most.
pub const COUNTED_MAX: usize = 10_000;

/// Terms with fewer objects than this are not compared any further.
const FEW: usize = 1_000;
/// Numbers of objects that are gathered and sorted, at most.
const LIST_MAX: usize = 10_000;
/// Objects that are read in one statement: as many as the smallest of these that is enough.
const READ_AT_ONCE: [usize; 3] = [1, 16, 128];

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub struct Search<'q> {
    /// Which kind of objects.
    pub resource: Resource,
    /// What they have to be.
    pub query: &'q Query,
    /// Only what is of these customers; all where none is named.
    pub among: &'q [Number],
}

/// A page of what was found, newest first.
#[derive(Clone, Debug)]
pub struct Found {
    /// The objects.
    pub rows: Vec<Hit>,
    /// The number below which the next page is, if there is more.
    pub next: Option<Number>,
}

/// An object that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A customer.
    Customer(Box<Customer>),
    /// A document.
    Document(Document),
    /// The payment intent that a charge is part of.
    ChargeIn(Box<PaymentIntent>),
}

impl Hit {
    fn subject(&self) -> Option<Subject<'_>> {
        match self {
            Hit::Customer(customer) => Subject::of_customer(customer),
            Hit::Document(document) => Subject::all_of(document).into_iter().next(),
            Hit::ChargeIn(intent) => Subject::of_charge_in(intent),
        }
    }

    /// The number of the object.
    pub fn number(&self) -> Number {
        self.subject().map(|subject| subject.number).unwrap_or_default()
    }
}

impl Reader {
    /// The newest objects that a query means, with numbers below `before`. None where the search
    /// is too broad: nothing was found by the time when enough was looked at.
    pub fn search(
        &self,
        world: World,
        search: Search<'_>,
        before: Number,
        limit: usize,
    ) -> Result<Option<Found>> {
        self.search_within(world, search, (before, limit), BOUNDS)
    }

    fn search_within(
        &self,
        world: World,
        search: Search<'_>,
        (before, limit): (Number, usize),
        bounds: Bounds,
    ) -> Result<Option<Found>> {
        let wanted = limit + 1;
        let (mut found, mut looked_to) = (Vec::new(), None);
        for stream in self.streams(world, search)? {
            let run = Run { reader: self, world, search, stream: &stream, bounds, reads: true };
            let outcome = run.run(before, wanted)?;
            looked_to = looked_to.max(outcome.stopped);
            found.extend(outcome.hits);
        }
        found.sort_unstable_by_key(|(number, _)| Reverse(*number));
        found.dedup_by_key(|(number, _)| *number);
        // Above this every stream has looked at everything.
        found.retain(|(number, _)| looked_to.is_none_or(|stopped| *number >= stopped));
        if found.is_empty() && looked_to.is_some() {
            return Ok(None);
        }
        let next = match found.len() > limit {
            true => Some(found[limit - 1].0),
            false => looked_to,
        };
        found.truncate(limit);
        let rows = found.into_iter().filter_map(|(_, hit)| hit).collect();
        Ok(Some(Found { rows, next }))
    }

    /// How many objects a query means, [`COUNTED_MAX`] at most. None where it is too broad.
    pub fn search_count(&self, world: World, search: Search<'_>) -> Result<Option<usize>> {
        self.count_within(world, search, BOUNDS)
    }

    fn count_within(
        &self,
        world: World,
        search: Search<'_>,
        bounds: Bounds,
    ) -> Result<Option<usize>> {
        let (mut found, mut is_cut) = (BTreeSet::new(), false);
        for stream in self.streams(world, search)? {
            let reads = !stream.is_exact;
            let run = Run { reader: self, world, search, stream: &stream, bounds, reads };
            let outcome = run.run(Number(i64::MAX), COUNTED_MAX)?;
            is_cut |= outcome.stopped.is_some();
            found.extend(outcome.hits.into_iter().map(|(number, _)| number));
        }
        let count = found.len().min(COUNTED_MAX);
        Ok((count == COUNTED_MAX || !is_cut).then_some(count))
    }

    /// The streams of candidates of a search.
    fn streams<'q>(&self, world: World, search: Search<'q>) -> Result<Vec<Stream>> {
        let groups: Vec<&'q [Clause]> = match search.query.any {
            true => search.query.clauses.iter().map(std::slice::from_ref).collect(),
            false => vec![&search.query.clauses],
        };
        let mut streams = Vec::new();
        for clauses in groups {
            let mut plan = Plan::of(search.resource, clauses);
            if search.among.is_empty() || plan.is_nowhere {
                streams.push(self.stream(world, search.resource, plan)?);
            } else if search.resource == Resource::Customers {
                plan.is_exact = false;
                streams.push(plan.follows(Driver::list(search.among.to_vec())));
            } else {
                for customer in search.among {
                    let mut plan = plan.clone();
                    plan.is_exact &= plan.owner.is_none();
                    streams.push(plan.follows(Driver::Owner(*customer)));
                }
            }
        }
        Ok(streams)
    }

    /// Follows what leads to the fewest candidates.
    fn stream(&self, world: World, resource: Resource, plan: Plan) -> Result<Stream> {
        if plan.is_nowhere {
            return Ok(plan.follows(Driver::List(Vec::new())));
        }
        let terms = plan.terms.iter().map(|term| Driver::Term(*term));
        let drivers: Vec<Driver> = terms.chain(plan.owner.map(Driver::Owner)).collect();
        let mut best: Option<(usize, Driver)> = None;
        let is_choice = drivers.len() + plan.spans.len() > 1;
        for driver in drivers {
            let few = best.as_ref().map_or(FEW, |(few, _)| *few);
            let size = if is_choice { self.size(world, resource, &driver, few)? } else { 0 };
            if best.is_none() || size < few {
                best = Some((size, driver));
            }
        }
        if best.as_ref().is_none_or(|(size, _)| *size >= FEW) {
            for span in &plan.spans {
                if let Some(numbers) = self.listed(world, *span)? {
                    return Ok(plan.follows(Driver::list(numbers)));
                }
            }
        }
        let part = || plan.parts.first().map(|(column, part)| Driver::Text(column, part.clone()));
        let driver = best.map(|(_, driver)| driver).or_else(part).unwrap_or(Driver::All);
        Ok(plan.follows(driver))
    }

    /// How many candidates there are, as far as it matters.
    fn size(
        &self,
        world: World,
        resource: Resource,
        driver: &Driver,
        enough: usize,
    ) -> Result<usize> {
        let mut values = values![world, -1i64, i64::MAX, enough].to_vec();
        let from = self.source(resource, driver, &mut values)?;
        let sql = format!("SELECT count(*) FROM (SELECT d.number FROM {from} LIMIT ?4) AS few");
        let count = one(self.db()?, &sql, &values, |row| row.int(0))?.unwrap_or_default();
        Ok(count as usize)
    }

    /// The numbers of the objects with a term in a span, unless there are too many.
    fn listed(&self, world: World, span: Span) -> Result<Option<Vec<Number>>> {
        let sql = "SELECT number FROM search_term
                   WHERE world = ?1 AND field = ?2 AND value >= ?3 AND value <= ?4 LIMIT ?5";
        let at = values![world, span.field, span.from, span.to, LIST_MAX + 1];
        let numbers = all(self.db()?, sql, &at, |row| row.number(0))?;
        Ok((numbers.len() <= LIST_MAX).then_some(numbers))
    }

    /// The rows of a driver, called `d`, with numbers above ?2 and below ?3; ?4 is taken.
    fn source(
        &self,
        resource: Resource,
        driver: &Driver,
        values: &mut Vec<Value<'_>>,
    ) -> Result<String> {
        let kind = match resource {
            Resource::Customers => "customer",
            Resource::PaymentIntents => "payment_intent",
            Resource::Charges => "charge",
        };
        let (table, condition) = match driver {
            Driver::Term(term) => {
                values.extend(values![term.field, term.value]);
                ("search_term", "d.field = ?5 AND d.value = ?6".to_owned())
            }
            Driver::Owner(customer) => {
                values.extend(values![*customer]);
                let of = format!("d.kind = '{kind}' AND d.customer > 0 AND d.customer = ?5");
                ("document", of)
            }
            Driver::Text(..) => ("search_text", "d.number IS NOT NULL".to_owned()),
            _ if resource == Resource::Customers => ("customer", "d.deleted = 0".to_owned()),
            _ => ("document", format!("d.kind = '{kind}'")),
        };
        Ok(format!(
            "{table} d WHERE d.world = ?1 AND {condition} AND d.number > ?2 AND d.number < ?3"
        ))
    }

    /// Reads objects; what is gone or of another kind is left out.
    fn hits(&self, world: World, resource: Resource, numbers: &[Number]) -> Result<Vec<Hit>> {
        if resource == Resource::Customers {
            let sql = "SELECT data FROM customer WHERE world = ?1 AND deleted = 0";
            return self.of_numbers(world, sql, numbers, |row| {
                Ok(Hit::Customer(serde_json::from_str(row.text(0)?)?))
            });
        }
        let documents = self.documents_at(world, numbers)?;
        let leads = |document: &Document| match document {
            Document::Charge(row) => Some(row.payment_intent),
            _ => None,
        };
        let intents: Vec<Number> = documents.iter().filter_map(leads).collect();
        let as_it_is = |document: Document| match leads(&document) {
            Some(_) => None,
            None => Some(Hit::Document(document)),
        };
        let mut hits: Vec<Hit> = documents.into_iter().filter_map(as_it_is).collect();
        for document in self.documents_at(world, &intents)? {
            if let Document::PaymentIntent(intent) = document {
                hits.push(Hit::ChargeIn(intent));
            }
        }
        Ok(hits)
    }

    fn documents_at(&self, world: World, numbers: &[Number]) -> Result<Vec<Document>> {
        let sql = "SELECT kind, data FROM document WHERE world = ?1";
        self.of_numbers(world, sql, numbers, rows::document)
    }

    /// Reads rows with these numbers, with statements of a few lengths.
    fn of_numbers<T>(
        &self,
        world: World,
        select: &str,
        numbers: &[Number],
        read: impl Fn(&dyn Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::with_capacity(numbers.len());
        let [.., most] = READ_AT_ONCE;
        for group in numbers.chunks(most) {
            let length = READ_AT_ONCE.into_iter().find(|length| *length >= group.len());
            let length = length.unwrap_or(most);
            let places: Vec<String> = (0..length).map(|at| format!("?{}", at + 2)).collect();
            let sql = format!("{select} AND number IN ({})", places.join(", "));
            let mut values = values![world].to_vec();
            values.extend(group.iter().map(|number| Value::from(*number)));
            values.resize(length + 1, Value::Int(-1));
            found.extend(all(self.db()?, &sql, &values, &read)?);
        }
        Ok(found)
    }
}
