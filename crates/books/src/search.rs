//! Searching: what of an object can be searched for, whether a query means it, and the terms by
//! which an index leads to it.
//!
//! An object is seen as a [`Subject`]: its values under the names of Stripe's page "Search query
//! language". The same values make its terms and decide whether a query means it, so the two
//! cannot disagree. A term is a number for the field and one for the value, and tells nothing to
//! who reads the index. Texts are compared in small letters.

mod query;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::charge::{CardCharge, Stage};
use crate::currency::Currency;
use crate::customer::Customer;
use crate::document::Document;
use crate::id::Number;
use crate::payment_intent::{BillingDetails, PaymentIntent};

pub use query::{CLAUSES_MAX, Clause, Compare, Mistake, PART_CHARS_MIN, Query, Test};

/// Words of a text that exact matches look at, at most: the first ones.
pub const WORDS_MAX: usize = 32;

/// What can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Resource {
    /// Customers that are not deleted.
    Customers = 1,
    /// Payment intents.
    PaymentIntents = 2,
    /// Charges, those that are part of a payment intent included.
    Charges = 3,
}

/// A field that can be asked for. Its number is part of the index and never means another field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's page")]
pub enum Field {
    Created = 1,
    Email = 2,
    Name = 3,
    Phone = 4,
    Metadata = 5,
    Amount = 6,
    Currency = 7,
    Customer = 8,
    Status = 9,
    Disputed = 10,
    Refunded = 11,
    PostalCode = 12,
    Brand = 13,
    ExpMonth = 14,
    ExpYear = 15,
    Fingerprint = 16,
    Last4 = 17,
    /// What only payments at a terminal have: no object of ours.
    Terminal = 18,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A text that is compared as a whole.
    Token,
    /// A text that is compared word by word, or in part.
    Words,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// The id of a customer.
    Customer,
}

impl Field {
    /// What it takes.
    pub fn kind(self) -> Type {
        match self {
            Field::Created | Field::Amount => Type::Number,
            Field::Email | Field::Name | Field::Phone => Type::Words,
            Field::Disputed | Field::Refunded => Type::Flag,
            Field::Customer => Type::Customer,
            _ => Type::Token,
        }
    }
}

const CUSTOMER_FIELDS: &[(&str, Field)] = &[
    ("created", Field::Created),
    ("email", Field::Email),
    ("metadata", Field::Metadata),
    ("name", Field::Name),
    ("phone", Field::Phone),
];

const INTENT_FIELDS: &[(&str, Field)] = &[
    ("amount", Field::Amount),
    ("created", Field::Created),
    ("currency", Field::Currency),
    ("customer", Field::Customer),
    ("metadata", Field::Metadata),
    ("status", Field::Status),
];

const CHARGE_FIELDS: &[(&str, Field)] = &[
    ("amount", Field::Amount),
    ("billing_details.address.postal_code", Field::PostalCode),
    ("created", Field::Created),
    ("currency", Field::Currency),
    ("customer", Field::Customer),
    ("disputed", Field::Disputed),
    ("metadata", Field::Metadata),
    ("payment_method_details.card.brand", Field::Brand),
    ("payment_method_details.card.exp_month", Field::ExpMonth),
    ("payment_method_details.card.exp_year", Field::ExpYear),
    ("payment_method_details.card.fingerprint", Field::Fingerprint),
    ("payment_method_details.card.last4", Field::Last4),
    ("refunded", Field::Refunded),
    ("status", Field::Status),
];

/// The other sources of `payment_method_details`, and what each has.
const TERMINALS: [&str; 2] = ["card_present", "interac_present"];
const OF_A_CARD: [&str; 5] = ["brand", "exp_month", "exp_year", "fingerprint", "last4"];

impl Resource {
    /// The fields that it can be searched by, with their names.
    pub fn fields(self) -> &'static [(&'static str, Field)] {
        match self {
            Resource::Customers => CUSTOMER_FIELDS,
            Resource::PaymentIntents => INTENT_FIELDS,
            Resource::Charges => CHARGE_FIELDS,
        }
    }

    /// The field of a name.
    pub fn field(self, name: &str) -> Option<Field> {
        if let Some((_, field)) = self.fields().iter().find(|(known, _)| *known == name) {
            return Some(*field);
        }
        let rest = name.strip_prefix("payment_method_details.")?;
        let (source, of) = rest.split_once('.')?;
        let is_one = self == Resource::Charges && TERMINALS.contains(&source);
        (is_one && OF_A_CARD.contains(&of)).then_some(Field::Terminal)
    }

    /// What these objects are called.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Customers => "customers",
            Resource::PaymentIntents => "payment intents",
            Resource::Charges => "charges",
        }
    }

    fn code(self, field: Field) -> i64 {
        (self as i64) << 8 | field as i64
    }
}

/// A row of an index: an object has this value in this field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// The resource and the field.
    pub field: i64,
    /// The value, or a hash of it. Hashes of different values may be the same.
    pub value: i64,
}

/// Bits of the hash of a metadata value; the hash of its key is in those above.
const METADATA_BITS: u32 = 39;

impl Term {
    fn number(resource: Resource, field: Field, value: i64) -> Term {
        Term { field: resource.code(field), value }
    }

    fn text(resource: Resource, field: Field, value: &str) -> Term {
        Term { field: resource.code(field), value: hash(value) }
    }

    fn metadata(resource: Resource, key: &str, value: &str) -> Term {
        let value = hash(value) & ((1 << METADATA_BITS) - 1);
        Term { field: resource.code(Field::Metadata), value: Term::key_bits(key) | value }
    }

    fn key_bits(key: &str) -> i64 {
        hash(key) >> METADATA_BITS << METADATA_BITS
    }
}

/// Terms with values between two, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The resource and the field.
    pub field: i64,
    /// From this value.
    pub from: i64,
    /// Up to this one.
    pub to: i64,
}

impl Span {
    fn of_key(resource: Resource, key: &str) -> Span {
        let from = Term::key_bits(key);
        let field = resource.code(Field::Metadata);
        Span { field, from, to: from | ((1 << METADATA_BITS) - 1) }
    }
}

/// 63 bits that stand for a text.
fn hash(text: &str) -> i64 {
    let digest = Sha256::digest(text.as_bytes());
    let first: [u8; 8] = digest[..8].try_into().expect("a hash has more than eight bytes");
    i64::from_be_bytes(first) & i64::MAX
}

/// What of an object can be searched for.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What it is.
    pub resource: Resource,
    /// Its number, which tells when it was made.
    pub number: Number,
    /// Whose it is; 0 for nobody's.
    pub customer: Number,
    /// Smallest units; what has an amount.
    amount: Option<i64>,
    /// In small letters.
    texts: Vec<(Field, String)>,
    metadata: &'a BTreeMap<String, String>,
}

impl<'a> Subject<'a> {
    /// A customer; nothing where there is nothing left of one.
    pub fn of_customer(customer: &'a Customer) -> Option<Subject<'a>> {
        let profile = &customer.profile;
        let texts = [
            (Field::Email, &profile.email),
            (Field::Name, &profile.name),
            (Field::Phone, &profile.phone),
        ];
        let texts = texts.into_iter().filter_map(|(field, text)| Some((field, text.as_deref()?)));
        (!customer.deleted).then(|| Subject {
            resource: Resource::Customers,
            number: customer.number,
            customer: customer.number,
            amount: None,
            texts: texts.map(|(field, text)| (field, text.to_lowercase())).collect(),
            metadata: &profile.metadata,
        })
    }

    /// A payment intent.
    pub fn of_intent(intent: &'a PaymentIntent) -> Subject<'a> {
        Subject {
            resource: Resource::PaymentIntents,
            number: intent.key.number,
            customer: intent.key.customer,
            amount: Some(intent.amount),
            texts: vec![
                (Field::Currency, intent.currency.as_str().to_owned()),
                (Field::Status, intent.status.as_str().to_owned()),
            ],
            metadata: &intent.profile.metadata,
        }
    }

    /// The charge that is part of a payment intent.
    pub fn of_charge_in(intent: &'a PaymentIntent) -> Option<Subject<'a>> {
        let charge = intent.charge.as_ref()?;
        let mut subject = Subject {
            resource: Resource::Charges,
            number: charge.number,
            customer: intent.key.customer,
            amount: Some(intent.amount),
            texts: Vec::new(),
            metadata: &charge.metadata,
        };
        subject.is_charge((intent.currency, "succeeded"), intent.amount, charge.amount_refunded);
        subject.is_billed_to(&intent.billing_details);
        Some(subject)
    }

    /// A charge of a card or a source.
    pub fn of_card_charge(charge: &'a CardCharge) -> Subject<'a> {
        let mut subject = Subject {
            resource: Resource::Charges,
            number: charge.key.number,
            customer: charge.key.customer,
            amount: Some(charge.amount),
            texts: Vec::new(),
            metadata: &charge.profile.metadata,
        };
        let status = match charge.stage {
            Stage::Failed { .. } => "failed",
            Stage::Authorized { .. } | Stage::Captured { .. } | Stage::Released { .. } => {
                "succeeded"
            }
        };
        // What was not captured counts as refunded, as on the wire.
        let gone = match charge.stage {
            Stage::Captured { .. } | Stage::Released { .. } => {
                charge.amount - charge.amount_captured
            }
            Stage::Authorized { .. } | Stage::Failed { .. } => 0,
        };
        let refunded = charge.amount_refunded + gone;
        subject.is_charge((charge.currency, status), charge.amount, refunded);
        subject.is_billed_to(&charge.billing_details);
        if charge.disputed {
            subject.texts.push((Field::Disputed, "true".into()));
        }
        if let Some(card) = charge.instrument.card() {
            subject.texts.extend([
                (Field::Brand, card.brand.as_str().to_owned()),
                (Field::ExpMonth, card.exp_month.to_string()),
                (Field::ExpYear, card.exp_year.to_string()),
                (Field::Fingerprint, card.fingerprint.to_lowercase()),
                (Field::Last4, card.last4.to_lowercase()),
            ]);
        }
        subject
    }

    fn is_charge(&mut self, (currency, status): (Currency, &str), amount: i64, refunded: i64) {
        self.texts.push((Field::Currency, currency.as_str().to_owned()));
        self.texts.push((Field::Status, status.to_owned()));
        if refunded > 0 {
            // Stripe's page: `false` finds what was refunded in part, null what was not at all.
            self.texts.push((Field::Refunded, (refunded >= amount).to_string()));
        }
    }

    fn is_billed_to(&mut self, payer: &BillingDetails) {
        let code = payer.address.as_ref().and_then(|address| address.postal_code.as_ref());
        self.texts.extend(code.map(|code| (Field::PostalCode, code.to_lowercase())));
    }

    /// What a document shows of itself: a payment intent also shows the charge that is part of it.
    pub fn all_of(document: &'a Document) -> Vec<Subject<'a>> {
        match document {
            Document::PaymentIntent(intent) => {
                let charge = Subject::of_charge_in(intent);
                [Some(Subject::of_intent(intent)), charge].into_iter().flatten().collect()
            }
            Document::CardCharge(charge) => vec![Subject::of_card_charge(charge)],
            _ => Vec::new(),
        }
    }

    /// The text of a field, in small letters.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.texts.iter().find(|(known, _)| *known == field).map(|(_, text)| text.as_str())
    }

    /// The terms by which it is found, each once.
    pub fn terms(&self) -> Vec<Term> {
        let resource = self.resource;
        let mut terms = Vec::new();
        terms.extend(self.amount.map(|amount| Term::number(resource, Field::Amount, amount)));
        for (field, text) in &self.texts {
            match field.kind() {
                Type::Words => {
                    terms.extend(words(text).map(|word| Term::text(resource, *field, word)));
                }
                _ => terms.push(Term::text(resource, *field, text)),
            }
        }
        for (key, value) in self.metadata {
            terms.push(Term::metadata(resource, key, &value.to_lowercase()));
        }
        terms.sort_unstable();
        terms.dedup();
        terms
    }

    /// Whether a query means it.
    pub fn is_meant(&self, query: &Query) -> bool {
        match query.any {
            true => query.clauses.iter().any(|clause| self.passes(clause)),
            false => query.clauses.iter().all(|clause| self.passes(clause)),
        }
    }

    /// Whether it passes a clause.
    pub fn passes(&self, clause: &Clause) -> bool {
        let compares = |test: &Test, value: Option<i64>| match (test, value) {
            (Test::Null, value) => value.is_none(),
            (Test::Number(compare, with), Some(value)) => compare.holds(value, *with),
            _ => false,
        };
        let hit = match clause.field {
            Field::Created => compares(&clause.test, Some(self.number.created().0)),
            Field::Amount => compares(&clause.test, self.amount),
            Field::Customer => match clause.test {
                Test::Null => self.customer == Number(0),
                Test::Customer(Some(number)) => self.customer == number,
                _ => false,
            },
            Field::Metadata => {
                let value = self.metadata.get(&clause.key);
                match &clause.test {
                    Test::Null => value.is_none(),
                    Test::Is(text) => value.is_some_and(|value| value.to_lowercase() == *text),
                    _ => false,
                }
            }
            field => self.reads(field, &clause.test),
        };
        hit != clause.negated
    }

    fn reads(&self, field: Field, test: &Test) -> bool {
        let text = self.text(field);
        match (test, text) {
            (Test::Null, text) => text.is_none() && field != Field::Disputed,
            // What was never disputed has no term of it.
            (Test::Is(asked), None) => field == Field::Disputed && asked == "false",
            (Test::Is(asked), Some(text)) if field.kind() == Type::Words => has_run(text, asked),
            (Test::Is(asked), Some(text)) => text == asked,
            (Test::Has(part), Some(text)) => text.contains(part),
            _ => false,
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().take(WORDS_MAX)
}

/// Whether the words of a text contain these, one after the other.
fn has_run(text: &str, asked: &str) -> bool {
    let (text, asked): (Vec<&str>, Vec<&str>) = (words(text).collect(), words(asked).collect());
    !asked.is_empty() && text.windows(asked.len()).any(|run| run == asked)
}

/// How an index leads to what passes a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Objects with all of these terms; `exact` where these are all that pass.
    Terms {
        /// The terms.
        terms: Vec<Term>,
        /// Whether every object with these terms passes.
        exact: bool,
    },
    /// Objects with a term in this span.
    Span(Span),
    /// What belongs to a customer.
    Owner(Number),
    /// Numbers above the first and below the second.
    Window(Number, Number),
    /// Texts of a field that contain this.
    Part(Field, String),
    /// Nothing passes.
    Nowhere,
    /// Only a look at each object tells.
    Look,
}

impl Clause {
    /// How an index leads to what passes, but for `negated`.
    pub fn way(&self, resource: Resource) -> Way {
        let one = |term| Way::Terms { terms: vec![term], exact: true };
        match (&self.test, self.field) {
            (_, Field::Terminal) => Way::Look,
            (Test::Null, _) => Way::Look,
            (Test::Customer(Some(number)), _) => Way::Owner(*number),
            (Test::Customer(None), _) => Way::Nowhere,
            (Test::Number(compare, with), Field::Created) => {
                let (above, below) = compare.window(*with);
                Way::Window(above, below)
            }
            (Test::Number(Compare::Equal, with), field) => {
                one(Term::number(resource, field, *with))
            }
            (Test::Number(compare, with), field) => {
                let (from, to) = compare.span(*with);
                Way::Span(Span { field: resource.code(field), from, to })
            }
            (Test::Has(part), field) => Way::Part(field, part.clone()),
            (Test::Is(value), Field::Metadata) => one(Term::metadata(resource, &self.key, value)),
            (Test::Is(value), Field::Disputed) if value == "false" => Way::Look,
            (Test::Is(value), field) if field.kind() == Type::Words => {
                let terms: Vec<Term> =
                    words(value).map(|word| Term::text(resource, field, word)).collect();
                let exact = terms.len() == 1;
                Way::Terms { terms, exact }
            }
            (Test::Is(value), field) => one(Term::text(resource, field, value)),
        }
    }

    /// Where the index has the objects that have a key of metadata, if that is what is asked for.
    pub fn presence(&self, resource: Resource) -> Option<Span> {
        let is_it = self.negated && self.field == Field::Metadata && self.test == Test::Null;
        is_it.then(|| Span::of_key(resource, &self.key))
    }
}
