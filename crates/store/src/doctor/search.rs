//! The index of searches, held against the objects.
//!
//! It has many rows, so they are not looked up one by one. What the objects say and what the index
//! has is added up, as hashes, in [`SUMS`] sums of each; where two sums differ, the rows behind
//! them are read again and compared.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use books::audit::Auditor;
use books::search::Term;
use books::{Customer, Document, Number, World};

use crate::db::{Db, Row};
use crate::error::Result;
use crate::rows;
use crate::search::{self, Entry};

/// The invariant.
const INDEX: &str = "the index of searches is what the objects say";

/// Sums of hashes: the objects of each are compared at once where something is wrong.
const SUMS: usize = 4096;
/// Sums that are looked into, at most; the rest is like them.
const LOOKED_INTO_MAX: usize = 8;

/// What the objects say.
pub(super) struct Expected {
    sums: Vec<u64>,
}

impl Default for Expected {
    fn default() -> Expected {
        Expected { sums: vec![0; SUMS] }
    }
}

impl Expected {
    /// Takes in a customer.
    pub(super) fn customer(&mut self, world: World, customer: &Customer) {
        if let Some(entry) = search::of_customer(customer) {
            self.add(world, customer.number, &entry);
        }
    }

    /// Takes in a document.
    pub(super) fn document(&mut self, world: World, document: &Document) {
        for (number, entry) in search::of_document(document) {
            self.add(world, number, &entry);
        }
    }

    fn add(&mut self, world: World, number: Number, entry: &Entry) {
        for term in &entry.terms {
            add(&mut self.sums, (world, number), Part::Term(*term));
        }
        if let Some(texts) = &entry.texts {
            add(&mut self.sums, (world, number), Part::Texts(texts.clone()));
        }
    }

    /// Compares it with the index.
    pub(super) fn compare(self, db: &dyn Db, auditor: &mut Auditor) -> Result<()> {
        let mut sums = vec![0; SUMS];
        index(db, &mut |at, part| add(&mut sums, at, part))?;
        let differs = |at: &usize| sums[*at] != self.sums[*at];
        let wrong: Vec<usize> = (0..SUMS).filter(differs).take(LOOKED_INTO_MAX).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let mut seen: BTreeMap<At, Vec<Part>> = BTreeMap::new();
        let mut wanted: BTreeMap<At, Vec<Part>> = BTreeMap::new();
        let is_wrong = |at: At| wrong.contains(&place(at));
        index(db, &mut |at, part| {
            if is_wrong(at) {
                seen.entry(at).or_default().push(part);
            }
        })?;
        objects(db, &mut |world, number, entry| {
            if is_wrong((world, number)) {
                let texts = entry.texts.into_iter().map(Part::Texts);
                let parts = entry.terms.into_iter().map(Part::Term).chain(texts);
                wanted.entry((world, number)).or_default().extend(parts);
            }
        })?;
        seen.values_mut().chain(wanted.values_mut()).for_each(|parts| parts.sort_unstable());
        let mut all: Vec<&At> = seen.keys().chain(wanted.keys()).collect();
        all.sort_unstable();
        all.dedup();
        for at in all {
            let (seen, wanted) = (seen.get(at), wanted.get(at));
            if seen.filter(|it| !it.is_empty()) != wanted.filter(|it| !it.is_empty()) {
                let (world, number) = at;
                auditor.found(INDEX, format!("number {} in world {}", number.0, world.0));
            }
        }
        Ok(())
    }
}

type At = (World, Number);

/// A row of the index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Term(Term),
    Texts([Option<String>; 3]),
}

/// The sum that an object is part of.
fn place(at: At) -> usize {
    let mut hasher = DefaultHasher::new();
    at.hash(&mut hasher);
    hasher.finish() as usize % SUMS
}

fn add(sums: &mut [u64], at: At, part: Part) {
    let mut hasher = DefaultHasher::new();
    (at, part).hash(&mut hasher);
    let sum = &mut sums[place(at)];
    *sum = sum.wrapping_add(hasher.finish());
}

/// All rows of the index.
fn index(db: &dyn Db, each: &mut dyn FnMut(At, Part)) -> Result<()> {
    db.scan("SELECT world, number, field, value FROM search_term", &mut |row| {
        let term = Term { field: row.int(2)?, value: row.int(3)? };
        each((row.world(0)?, row.number(1)?), Part::Term(term));
        Ok(true)
    })?;
    db.scan("SELECT world, number, email, name, phone FROM search_text", &mut |row| {
        let mut texts = [None, None, None];
        for (at, text) in texts.iter_mut().enumerate() {
            *text = row.opt_text(at + 2)?.map(str::to_owned);
        }
        each((row.world(0)?, row.number(1)?), Part::Texts(texts));
        Ok(true)
    })
}

/// All objects; what cannot be read is called so elsewhere.
fn objects(db: &dyn Db, each: &mut dyn FnMut(World, Number, Entry)) -> Result<()> {
    db.scan("SELECT world, data FROM customer", &mut |row| {
        if let Ok(customer) = serde_json::from_str::<Customer>(row.text(1)?)
            && let Some(entry) = search::of_customer(&customer)
        {
            each(row.world(0)?, customer.number, entry);
        }
        Ok(true)
    })?;
    db.scan("SELECT kind, data, world FROM document", &mut |row: &dyn Row| {
        if let Ok(document) = rows::document(row) {
            for (number, entry) in search::of_document(&document) {
                each(row.world(2)?, number, entry);
            }
        }
        Ok(true)
    })
}
