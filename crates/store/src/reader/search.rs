//! Searches, answered from the index: newest first, a page after the other.
//!
//! Clauses that are joined by AND make one stream of candidates, those joined by OR one each. A
//! stream follows what leads to the fewest candidates: rows of the index that share a term, what
//! a customer has, texts, a short list, or all objects of the kind. Other terms are looked up for
//! each candidate in the same statement, and in the end every object is read and held against the
//! query, so that the index may lead too far but never wrong.
//!
//! What it costs is bounded by [`LOOKED_AT_MAX`], [`TEXTS_MAX`] and [`READ_MAX`]. A page that meets
//! one of them has what was found by then and goes on from there; where nothing was found, the
//! search says that it is too broad.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use books::payment_intent::PaymentIntent;
use books::search::{Clause, Field, Query, Resource, Span, Subject, Term, Way};
use books::{Customer, Document, Number, World};

use super::Reader;
use crate::db::{Row, Value, all, one, values};
use crate::error::Result;
use crate::rows;

/// Candidates that are looked at for one stream of a search, at most.
const LOOKED_AT_MAX: usize = 250_000;
/// The same where only texts are compared, which lie together.
const TEXTS_MAX: usize = 1_000_000;
/// Objects that are read for one stream, at most.
const READ_MAX: usize = 20_000;
/// Objects that are counted, at most.
pub const COUNTED_MAX: usize = 10_000;

/// Candidates that are looked at in one statement, at first and at most.
const CHUNK_MIN: usize = 16;
const CHUNK_MAX: usize = 8_192;
/// Terms with fewer objects than this are not compared any further.
const FEW: usize = 1_000;
/// Numbers of objects that are gathered and sorted, at most.
const LIST_MAX: usize = 10_000;
/// Terms that are looked up for each candidate in the statement, at most; objects tell the rest.
const PROBES_MAX: usize = 4;
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
        let wanted = limit + 1;
        let (mut found, mut looked_to) = (Vec::new(), None);
        for stream in self.streams(world, search)? {
            let run = Run { reader: self, world, search, stream: &stream, reads: true };
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
        let (mut found, mut is_cut) = (BTreeSet::new(), false);
        for stream in self.streams(world, search)? {
            let reads = !stream.is_exact;
            let run = Run { reader: self, world, search, stream: &stream, reads };
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

/// What leads to candidates.
#[derive(Clone, Debug)]
enum Driver {
    /// What has a term.
    Term(Term),
    /// What a customer has.
    Owner(Number),
    /// Customers of whom a text contains this.
    Text(&'static str, String),
    /// These, newest first.
    List(Vec<Number>),
    /// All of the kind.
    All,
}

impl Driver {
    fn list(mut numbers: Vec<Number>) -> Driver {
        numbers.sort_unstable_by_key(|number| Reverse(*number));
        numbers.dedup();
        Driver::List(numbers)
    }
}

/// Something that is looked up for each candidate.
#[derive(Clone, Debug)]
struct Probe {
    /// Whether it must be missing.
    negated: bool,
    of: Probed,
}

#[derive(Clone, Debug)]
enum Probed {
    Term(Term),
    Text(&'static str, String),
}

/// What clauses that are joined by AND mean for the index.
#[derive(Clone, Debug)]
struct Plan {
    terms: Vec<Term>,
    owner: Option<Number>,
    spans: Vec<Span>,
    parts: Vec<(&'static str, String)>,
    /// What must be missing.
    without: Vec<Probed>,
    above: Number,
    below: Number,
    is_nowhere: bool,
    /// Whether the index alone says what passes.
    is_exact: bool,
}

impl Plan {
    fn of(resource: Resource, clauses: &[Clause]) -> Plan {
        let mut plan = Plan {
            terms: Vec::new(),
            owner: None,
            spans: Vec::new(),
            parts: Vec::new(),
            without: Vec::new(),
            above: Number(-1),
            below: Number(i64::MAX),
            is_nowhere: false,
            is_exact: true,
        };
        for clause in clauses {
            match clause.negated {
                true => plan.forbid(resource, clause),
                false => plan.require(clause.way(resource)),
            }
        }
        plan.terms.sort_unstable();
        plan.terms.dedup();
        plan
    }

    fn require(&mut self, way: Way) {
        match way {
            Way::Terms { terms, exact } => {
                self.terms.extend(terms);
                self.is_exact &= exact;
            }
            Way::Span(span) => {
                self.spans.push(span);
                self.is_exact = false;
            }
            Way::Owner(number) => {
                self.is_exact &= self.owner.is_none();
                self.owner = Some(number);
            }
            Way::Window(above, below) => {
                self.above = self.above.max(above);
                self.below = self.below.min(below);
            }
            Way::Part(field, part) => self.parts.push((column(field), part)),
            Way::Nowhere => self.is_nowhere = true,
            Way::Look => self.is_exact = false,
        }
    }

    fn forbid(&mut self, resource: Resource, clause: &Clause) {
        if let Some(span) = clause.presence(resource) {
            return self.require(Way::Span(span));
        }
        match clause.way(resource) {
            Way::Terms { terms, exact: true } if terms.len() == 1 => {
                self.without.extend(terms.into_iter().map(Probed::Term));
            }
            Way::Part(field, part) => self.without.push(Probed::Text(column(field), part)),
            Way::Nowhere => {}
            _ => self.is_exact = false,
        }
    }

    /// Follows a driver; the rest is looked up.
    fn follows(self, driver: Driver) -> Stream {
        let followed = match &driver {
            Driver::Term(term) => Some(*term),
            _ => None,
        };
        let terms = self.terms.into_iter().filter(|term| Some(*term) != followed);
        let mut probes: Vec<Probe> =
            terms.map(|term| Probe { negated: false, of: Probed::Term(term) }).collect();
        let parts = self.parts.into_iter().map(|(column, part)| Probed::Text(column, part));
        // What a text is led by is looked at anyway.
        let parts = parts.skip(usize::from(matches!(driver, Driver::Text(..))));
        probes.extend(parts.map(|of| Probe { negated: false, of }));
        probes.extend(self.without.into_iter().map(|of| Probe { negated: true, of }));
        let is_led = match (&driver, self.owner) {
            (_, None) => true,
            (Driver::Owner(of), Some(owner)) => *of == owner,
            _ => false,
        };
        let is_listed = matches!(driver, Driver::List(_));
        let is_exact = self.is_exact && is_led && probes.len() <= PROBES_MAX && !is_listed;
        probes.truncate(PROBES_MAX);
        Stream { driver, probes, above: self.above, below: self.below, is_exact }
    }
}

/// The column with a text of customers.
fn column(field: Field) -> &'static str {
    match field {
        Field::Email => "email",
        Field::Name => "name",
        _ => "phone",
    }
}

/// Candidates, newest first.
struct Stream {
    driver: Driver,
    probes: Vec<Probe>,
    above: Number,
    below: Number,
    /// Whether all candidates that the probes let pass are meant.
    is_exact: bool,
}

/// One walk along a stream.
struct Run<'r> {
    reader: &'r Reader,
    world: World,
    search: Search<'r>,
    stream: &'r Stream,
    /// Whether objects are read; otherwise there are only numbers.
    reads: bool,
}

#[derive(Default)]
struct Outcome {
    hits: Vec<(Number, Option<Hit>)>,
    /// Where it had looked at enough: at everything from this number on, and at nothing below.
    stopped: Option<Number>,
}

impl Run<'_> {
    fn run(&self, before: Number, wanted: usize) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut below = self.stream.below.min(before);
        let most = match self.stream.driver {
            Driver::Text(..) if self.stream.probes.is_empty() => TEXTS_MAX,
            _ => LOOKED_AT_MAX,
        };
        let (mut chunk, mut looked_at, mut read) = (wanted.max(CHUNK_MIN), 0, 0);
        loop {
            chunk = chunk.min(CHUNK_MAX);
            let candidates = self.candidates(below, chunk)?;
            let Some((last, _)) = candidates.last().copied() else { return Ok(outcome) };
            let passing = candidates.iter().filter(|(_, passes)| *passes);
            let passing: Vec<Number> = passing.map(|(number, _)| *number).collect();
            for group in passing.chunks(wanted.max(CHUNK_MIN)) {
                if read >= READ_MAX {
                    outcome.stopped = Some(below);
                    return Ok(outcome);
                }
                self.take(group, &mut outcome)?;
                read += if self.reads { group.len() } else { 0 };
                below = group.last().copied().unwrap_or(below);
                if outcome.hits.len() >= wanted {
                    return Ok(outcome);
                }
            }
            if candidates.len() < chunk {
                return Ok(outcome);
            }
            below = last;
            looked_at += candidates.len();
            if looked_at >= most {
                outcome.stopped = Some(below);
                return Ok(outcome);
            }
            chunk *= 4;
        }
    }

    /// Candidates below a number, and whether the probes let them pass.
    fn candidates(&self, below: Number, chunk: usize) -> Result<Vec<(Number, bool)>> {
        let Stream { driver, probes, above, .. } = self.stream;
        if let Driver::List(numbers) = driver {
            let inside = |number: &&Number| *above < **number && **number < below;
            let some = numbers.iter().filter(inside).take(chunk);
            return Ok(some.map(|number| (*number, true)).collect());
        }
        let db = self.reader.db()?;
        let mut values = values![self.world, *above, below, chunk].to_vec();
        let from = self.reader.source(self.search.resource, driver, &mut values)?;
        let mut passes = vec!["d.number > ?2".to_owned()];
        let place = |values: &mut Vec<Value<'_>>, value: Value<'static>| {
            values.push(value);
            format!("?{}", values.len())
        };
        if let Driver::Text(column, part) = driver {
            let part = place(&mut values, part.clone().into());
            passes.push(db.contains(&format!("d.{column}"), &part));
        }
        for probe in probes {
            let (table, has) = match &probe.of {
                Probed::Term(term) => {
                    let field = place(&mut values, term.field.into());
                    let value = place(&mut values, term.value.into());
                    ("search_term", format!("t.field = {field} AND t.value = {value}"))
                }
                Probed::Text(column, part) => {
                    let part = place(&mut values, part.clone().into());
                    ("search_text", db.contains(&format!("t.{column}"), &part))
                }
            };
            // A value, not an EXISTS: that may be answered by reading all rows of the term.
            let not = if probe.negated { "" } else { "NOT " };
            passes.push(format!(
                "(SELECT t.number FROM {table} t
                  WHERE t.world = ?1 AND {has} AND t.number = d.number) IS {not}NULL"
            ));
        }
        let sql = format!(
            "SELECT d.number, CASE WHEN {} THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END
             FROM {from} ORDER BY d.number DESC LIMIT ?4",
            passes.join(" AND ")
        );
        all(db, &sql, &values, |row| Ok((row.number(0)?, row.flag(1)?)))
    }

    /// Takes those candidates that are meant.
    fn take(&self, group: &[Number], outcome: &mut Outcome) -> Result<()> {
        if !self.reads {
            outcome.hits.extend(group.iter().map(|number| (*number, None)));
            return Ok(());
        }
        let Search { resource, query, among } = self.search;
        let mut hits = self.reader.hits(self.world, resource, group)?;
        hits.retain(|hit| {
            hit.subject().is_some_and(|subject| {
                let is_reached = among.is_empty() || among.contains(&subject.customer);
                let is_it = subject.resource == resource && group.contains(&subject.number);
                is_it && is_reached && subject.is_meant(query)
            })
        });
        outcome.hits.extend(hits.into_iter().map(|hit| (hit.number(), Some(hit))));
        Ok(())
    }
}
