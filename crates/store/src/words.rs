//! The words by which customers are found.
//!
//! A word is a run of letters and digits, in small letters; an e-mail address is a word as a whole,
//! too. At most [`WORDS_MAX`] words of a customer are kept, each with at most [`WORD_CHARS_MAX`]
//! characters: the name's come first. They are only the way to candidates; whether a customer is
//! meant is said by all of its words as they are now.

use std::collections::HashSet;

use books::{Customer, World};

use crate::changes::Writes;
use crate::db::{Db, Value, values};
use crate::error::Result;
use crate::tables;

/// Words of a customer that are kept, at most.
pub(crate) const WORDS_MAX: usize = 16;
/// Characters of a word that are kept, at most.
pub(crate) const WORD_CHARS_MAX: usize = 40;
/// Rows that are written at once where the table is filled.
const FILL_ROWS: usize = 5_000;

/// All words of a customer, each once.
pub(crate) fn of(customer: &Customer) -> Vec<String> {
    let profile = &customer.profile;
    let email = profile.email.as_deref().map(str::to_lowercase);
    let names = [&profile.name, &profile.business_name, &profile.individual_name];
    let mut words: Vec<String> = names.into_iter().flatten().flat_map(|name| split(name)).collect();
    words.extend(email.iter().cloned());
    words.extend(email.iter().flat_map(|email| split(email)));
    words.extend(profile.description.iter().flat_map(|text| split(text)));
    let mut seen = HashSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

/// The words of a query. A part with an `@` is an e-mail address, or the beginning of one.
pub(crate) fn of_query(query: &str) -> Vec<String> {
    let part = |part: &str| match part.contains('@') {
        true => vec![part.to_lowercase()],
        false => split(part).collect(),
    };
    query.split_whitespace().flat_map(part).collect()
}

/// Whether each of the words asked for is the beginning of a word of the customer.
pub(crate) fn all_begin(asked: &[String], customer: &Customer) -> bool {
    let words = of(customer);
    asked.iter().all(|asked| words.iter().any(|word| word.starts_with(asked.as_str())))
}

/// A word as it is kept.
pub(crate) fn kept(word: &str) -> &str {
    let end = word.char_indices().nth(WORD_CHARS_MAX);
    end.map_or(word, |(end, _)| &word[..end])
}

fn split(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

/// Writes the words of a customer beside those that are there already.
pub(crate) fn put<'a>(world: World, customer: &Customer, into: &mut impl Writes<'a>) -> Result<()> {
    rows(world, customer).into_iter().try_for_each(|row| into.put(&tables::CUSTOMER_WORD, row))
}

fn rows(world: World, customer: &Customer) -> Vec<[Value<'static>; 3]> {
    if customer.deleted {
        return Vec::new();
    }
    let words = of(customer).into_iter().take(WORDS_MAX);
    words.map(|word| values![world, kept(&word).to_owned(), customer.number]).collect()
}

/// Fills the new table with the words of all customers that are there.
pub(crate) fn fill(db: &dyn Db) -> Result<()> {
    let mut some = Vec::new();
    db.scan("SELECT world, data FROM customer WHERE deleted = 0", &mut |row| {
        // What cannot be read is for the doctor to tell.
        if let Ok(customer) = serde_json::from_str::<Customer>(row.text(1)?) {
            some.extend(rows(row.world(0)?, &customer).into_iter().map(Vec::from));
        }
        if some.len() >= FILL_ROWS {
            db.insert_all(&tables::CUSTOMER_WORD, std::mem::take(&mut some))?;
        }
        Ok(true)
    })?;
    db.insert_all(&tables::CUSTOMER_WORD, some)
}
