//! Streams of candidates: what leads to them, what is looked up for each, and the walk along one.

use std::cmp::Reverse;

use books::search::{Clause, Field, Resource, Span, Term, Way};
use books::{Number, World};

use super::{Hit, Search};
use crate::db::{Value, all, values};
use crate::error::Result;
use crate::reader::Reader;

/// Terms that are looked up for each candidate in the statement, at most; objects tell the rest.
const PROBES_MAX: usize = 4;
/// Candidates that are looked at in one statement, at first and at most.
const CHUNK_MIN: usize = 16;
const CHUNK_MAX: usize = 8_192;
/// Objects that are read before somebody looks whether they are enough, at most.
const READ_AT_ONCE_MAX: usize = 128;

/// How much is looked at for one stream of a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Candidates, at most.
    pub(super) looked_at: usize,
    /// The same where only texts are compared, which lie together.
    pub(super) texts: usize,
    /// Objects that are read, at most.
    pub(super) read: usize,
}

/// What leads to candidates.
#[derive(Clone, Debug)]
pub(super) enum Driver {
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
    pub(super) fn list(mut numbers: Vec<Number>) -> Driver {
        numbers.sort_unstable_by_key(|number| Reverse(*number));
        numbers.dedup();
        Driver::List(numbers)
    }
}

/// Something that is looked up for each candidate.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    /// Whether it must be missing.
    negated: bool,
    of: Probed,
}

#[derive(Clone, Debug)]
pub(super) enum Probed {
    Term(Term),
    Text(&'static str, String),
}

/// What clauses that are joined by AND mean for the index.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) terms: Vec<Term>,
    pub(super) owner: Option<Number>,
    pub(super) spans: Vec<Span>,
    pub(super) parts: Vec<(&'static str, String)>,
    /// What must be missing.
    pub(super) without: Vec<Probed>,
    pub(super) above: Number,
    pub(super) below: Number,
    pub(super) is_nowhere: bool,
    /// Whether the index alone says what passes.
    pub(super) is_exact: bool,
}

impl Plan {
    pub(super) fn of(resource: Resource, clauses: &[Clause]) -> Plan {
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
    pub(super) fn follows(self, driver: Driver) -> Stream {
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
pub(super) fn column(field: Field) -> &'static str {
    match field {
        Field::Email => "email",
        Field::Name => "name",
        _ => "phone",
    }
}

/// Candidates, newest first.
pub(super) struct Stream {
    pub(super) driver: Driver,
    pub(super) probes: Vec<Probe>,
    pub(super) above: Number,
    pub(super) below: Number,
    /// Whether all candidates that the probes let pass are meant.
    pub(super) is_exact: bool,
}

/// One walk along a stream.
pub(super) struct Run<'r> {
    pub(super) reader: &'r Reader,
    pub(super) world: World,
    pub(super) search: Search<'r>,
    pub(super) stream: &'r Stream,
    pub(super) bounds: Bounds,
    /// Whether objects are read; otherwise there are only numbers.
    pub(super) reads: bool,
}

#[derive(Default)]
pub(super) struct Outcome {
    pub(super) hits: Vec<(Number, Option<Hit>)>,
    /// Where it had looked at enough: at everything from this number on, and at nothing below.
    pub(super) stopped: Option<Number>,
}

impl Run<'_> {
    pub(super) fn run(&self, before: Number, wanted: usize) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut below = self.stream.below.min(before);
        let most = match self.stream.driver {
            Driver::Text(..) if self.stream.probes.is_empty() => self.bounds.texts,
            _ => self.bounds.looked_at,
        };
        let (mut chunk, mut looked_at, mut read) = (wanted.max(CHUNK_MIN), 0, 0);
        loop {
            chunk = chunk.min(CHUNK_MAX).min(most - looked_at);
            let candidates = self.candidates(below, chunk)?;
            let Some((last, _)) = candidates.last().copied() else { return Ok(outcome) };
            let passing = candidates.iter().filter(|(_, passes)| *passes);
            let passing: Vec<Number> = passing.map(|(number, _)| *number).collect();
            for group in passing.chunks(wanted.clamp(CHUNK_MIN, READ_AT_ONCE_MAX)) {
                if read >= self.bounds.read {
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
