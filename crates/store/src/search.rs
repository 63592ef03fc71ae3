//! The index of searches: the terms of customers, payment intents and charges, and the texts of
//! customers.
//!
//! It changes in the commit that changes an object, by the difference between what the object was
//! and is: who changes nothing that is searched writes nothing. What the terms of an object are,
//! `books::search` says. Whoever is led to an object looks at the object.

use std::collections::{BTreeMap, HashMap};

use books::search::{Field, Resource, Subject, Term};
use books::{Change, Customer, Document, Kind, Number, View, World};

use crate::changes::Writes;
use crate::db::{Db, Row, Value, values};
use crate::error::Result;
use crate::rows;
use crate::tables;
use crate::working_set::Sight;

/// Rows that are written at once where the tables are filled: many, so that those that lie together
/// are written together.
const FILL_ROWS: usize = 100_000;

/// What the index has of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) terms: Vec<Term>,
    /// E-mail address, name and phone number; none where all of them are missing.
    pub(crate) texts: Option<[Option<String>; 3]>,
}

/// What the index has of objects, by their numbers.
type Entries = BTreeMap<Number, Entry>;

fn entry(subject: &Subject<'_>) -> Entry {
    let texts = [Field::Email, Field::Name, Field::Phone]
        .map(|field| subject.text(field).map(str::to_owned));
    let is_customer = subject.resource == Resource::Customers;
    let has_texts = is_customer && texts.iter().any(Option::is_some);
    Entry { terms: subject.terms(), texts: has_texts.then_some(texts) }
}

/// What the index has of a customer.
pub(crate) fn of_customer(customer: &Customer) -> Option<Entry> {
    Subject::of_customer(customer).as_ref().map(entry)
}

/// What it has of a document, and of what is part of it.
pub(crate) fn of_document(document: &Document) -> Entries {
    let subjects = Subject::all_of(document);
    subjects.iter().map(|subject| (subject.number, entry(subject))).collect()
}

fn of_change(change: &Change) -> Entries {
    match change {
        Change::Customer(customer) => {
            of_customer(customer).into_iter().map(|entry| (customer.number, entry)).collect()
        }
        Change::Document(document) => of_document(document),
        _ => Entries::new(),
    }
}

/// Whether documents of a kind can be searched.
fn is_searched(kind: Kind) -> bool {
    matches!(kind, Kind::PaymentIntent | Kind::Charge)
}

enum Step {
    Put(Term),
    Remove(Term),
    Texts(Option<[Option<String>; 3]>),
}

/// What becomes of the index, in order.
#[derive(Default)]
pub(crate) struct IndexRows(Vec<(World, Number, Step)>);

impl IndexRows {
    /// Adds what a decision does to it, before the view shows the decision. What has a number
    /// above `newest` is new.
    pub(crate) fn follow(&mut self, sight: &Sight<'_>, changes: &[Change], newest: Number) {
        let mut earlier: HashMap<Number, &Change> = HashMap::new();
        for change in changes {
            let number = match change {
                Change::Customer(customer) => customer.number,
                Change::Document(document) if is_searched(document.kind()) => document.key().number,
                _ => continue,
            };
            let before = match earlier.insert(number, change) {
                Some(change) => of_change(change),
                None if number > newest => Entries::new(),
                None => known(sight, change, number),
            };
            self.step(sight.world, before, of_change(change));
        }
    }

    fn step(&mut self, world: World, mut before: Entries, after: Entries) {
        for (number, entry) in after {
            let old = before.remove(&number).unwrap_or_default();
            let is_new = |term: &&Term| old.terms.binary_search(term).is_err();
            let put = entry.terms.iter().filter(is_new).map(|term| Step::Put(*term));
            let is_gone = |term: &&Term| entry.terms.binary_search(term).is_err();
            let gone = old.terms.iter().filter(is_gone).map(|term| Step::Remove(*term));
            self.0.extend(gone.chain(put).map(|step| (world, number, step)));
            if entry.texts != old.texts {
                self.0.push((world, number, Step::Texts(entry.texts)));
            }
        }
        for (number, entry) in before {
            let gone = entry.terms.into_iter().map(|term| (world, number, Step::Remove(term)));
            self.0.extend(gone);
            if entry.texts.is_some() {
                self.0.push((world, number, Step::Texts(None)));
            }
        }
    }

    /// Adds what follows.
    pub(crate) fn extend(&mut self, more: IndexRows) {
        self.0.extend(more.0);
    }

    /// Writes it.
    pub(crate) fn write<'a>(&'a self, into: &mut impl Writes<'a>) -> Result<()> {
        for (world, number, step) in &self.0 {
            let row = |term: &Term| values![*world, term.field, term.value, *number];
            match step {
                Step::Put(term) => into.put(&tables::SEARCH_TERM, row(term))?,
                Step::Remove(term) => into.remove(&tables::SEARCH_TERM, row(term))?,
                Step::Texts(Some(texts)) => {
                    into.put(&tables::SEARCH_TEXT, text_values(*world, *number, texts))?;
                }
                Step::Texts(None) => {
                    into.remove(&tables::SEARCH_TEXT, values![*world, *number])?;
                }
            }
        }
        Ok(())
    }
}

/// What the index has of an object before it is changed.
fn known(sight: &Sight<'_>, change: &Change, number: Number) -> Entries {
    match change {
        Change::Customer(_) => {
            let customer = sight.customer(number);
            let entry = customer.as_ref().and_then(of_customer);
            entry.into_iter().map(|entry| (number, entry)).collect()
        }
        _ => sight.document_at(number).as_ref().map(of_document).unwrap_or_default(),
    }
}

fn text_values<'a>(
    world: World,
    number: Number,
    [email, name, phone]: &'a [Option<String>; 3],
) -> [Value<'a>; 5] {
    values![world, number, email.as_ref(), name.as_ref(), phone.as_ref()]
}

/// Fills the new tables with what is there.
pub(crate) fn fill(db: &dyn Db) -> Result<()> {
    let mut filling = Filling { db, terms: Vec::new(), texts: Vec::new() };
    db.scan("SELECT world, data FROM customer WHERE deleted = 0", &mut |row| {
        // What cannot be read is for the doctor to tell.
        if let Ok(customer) = serde_json::from_str::<Customer>(row.text(1)?)
            && let Some(entry) = of_customer(&customer)
        {
            filling.take(row.world(0)?, customer.number, entry)?;
        }
        Ok(true)
    })?;
    let documents = "SELECT kind, data, world FROM document
                     WHERE kind = 'payment_intent' OR kind = 'charge'";
    db.scan(documents, &mut |row: &dyn Row| {
        if let Ok(document) = rows::document(row) {
            for (number, entry) in of_document(&document) {
                filling.take(row.world(2)?, number, entry)?;
            }
        }
        Ok(true)
    })?;
    filling.write()
}

struct Filling<'d> {
    db: &'d dyn Db,
    terms: Vec<Vec<Value<'static>>>,
    texts: Vec<Vec<Value<'static>>>,
}

impl Filling<'_> {
    fn take(&mut self, world: World, number: Number, entry: Entry) -> Result<()> {
        for term in entry.terms {
            self.terms.push(values![world, term.field, term.value, number].to_vec());
        }
        if let Some([email, name, phone]) = entry.texts {
            self.texts.push(values![world, number, email, name, phone].to_vec());
        }
        match self.terms.len() >= FILL_ROWS {
            true => self.write(),
            false => Ok(()),
        }
    }

    fn write(&mut self) -> Result<()> {
        self.terms.sort_unstable();
        self.db.insert_all(&tables::SEARCH_TERM, std::mem::take(&mut self.terms))?;
        self.db.insert_all(&tables::SEARCH_TEXT, std::mem::take(&mut self.texts))
    }
}
