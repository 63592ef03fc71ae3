//! Finding things by what people know of them.

use books::event::Event;
use books::funding::Instructions;
use books::{Customer, Number, World};

use super::Reader;
use crate::db::{Value, all, values};
use crate::error::Result;
use crate::list::Page;
use crate::lookup;
use crate::rows::{self, EVENT_COLUMNS};
use crate::words;

/// Words that are looked at for one search of customers, at most.
pub const SEARCH_CANDIDATES_MAX: usize = 1_000;
/// Payment intents whose references are compared in one search, at most: the newest.
pub const REFERENCES_MAX: usize = 5_000;

impl Reader {
    /// Customers of whom each word of a query begins a word, newest first; deleted ones aside.
    /// Looks for them along the longest word, and at no more than [`SEARCH_CANDIDATES_MAX`];
    /// or, where customers are named, among these alone.
    pub fn customers_called(
        &self,
        world: World,
        query: &str,
        among: &[Number],
        limit: usize,
    ) -> Result<Page<Customer>> {
        let asked = words::of_query(query);
        let Some(longest) = asked.iter().max_by_key(|word| word.chars().count()) else {
            return Ok(Page { rows: Vec::new(), has_more: false });
        };
        let mut found = match among {
            [] => self.candidates(world, words::kept(longest))?,
            among => self.living_customers(world, among)?,
        };
        let is_cut = among.is_empty() && found.len() >= SEARCH_CANDIDATES_MAX;
        found.retain(|customer| !customer.deleted && words::all_begin(&asked, customer));
        found.sort_unstable_by_key(|customer| std::cmp::Reverse(customer.number));
        found.dedup_by_key(|customer| customer.number);
        let has_more = is_cut || found.len() > limit;
        found.truncate(limit);
        Ok(Page { rows: found, has_more })
    }

    /// Customers with these numbers that are there and not deleted.
    pub fn living_customers(&self, world: World, numbers: &[Number]) -> Result<Vec<Customer>> {
        let mut found = Vec::with_capacity(numbers.len());
        for number in numbers {
            found.extend(lookup::customer(self.db()?, world, *number)?);
        }
        found.retain(|customer| !customer.deleted);
        Ok(found)
    }

    /// Customers with this word, the newest first, and then some with words that begin with it.
    fn candidates(&self, world: World, word: &str) -> Result<Vec<Customer>> {
        let select = "SELECT c.data FROM customer_word w
                      JOIN customer c ON c.world = w.world AND c.number = w.customer
                      WHERE w.world = ?1 AND c.world = ?1";
        let whole = format!("{select} AND w.word = ?2 ORDER BY w.customer DESC LIMIT ?3");
        let mut found = self.customers_in(&whole, &values![world, word, SEARCH_CANDIDATES_MAX])?;
        // No letter comes after this one, so these are the words that begin with the word.
        let end = format!("{word}\u{10ffff}");
        let longer = format!(
            "{select} AND w.word > ?2 AND w.word < ?3
             ORDER BY w.word DESC, w.customer DESC LIMIT ?4"
        );
        let rest = SEARCH_CANDIDATES_MAX - found.len();
        found.extend(self.customers_in(&longer, &values![world, word, end, rest])?);
        Ok(found)
    }

    fn customers_in(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Customer>> {
        all(self.db()?, sql, values, |row| Ok(serde_json::from_str(row.text(0)?)?))
    }

    /// The numbers of the newest payment intents, [`REFERENCES_MAX`] at most.
    pub fn newest_payment_intents(&self, world: World) -> Result<Vec<Number>> {
        let sql = "SELECT number FROM document WHERE world = ?1 AND kind = 'payment_intent'
                   ORDER BY number DESC LIMIT ?2";
        all(self.db()?, sql, &values![world, REFERENCES_MAX], |row| row.number(0))
    }

    /// The funding instructions that were made for a customer.
    pub fn instructions_of(&self, world: World, customer: Number) -> Result<Vec<Instructions>> {
        let sql = "SELECT data FROM funding_instructions WHERE world = ?1 AND customer = ?2
                   ORDER BY currency, country";
        let at = &values![world, customer];
        all(self.db()?, sql, at, |row| Ok(serde_json::from_str(row.text(0)?)?))
    }

    /// The events whose numbers follow on a number, oldest first, also those that are not to be
    /// told yet.
    pub fn events_behind(&self, world: World, number: Number, limit: usize) -> Result<Vec<Event>> {
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM event WHERE world = ?1 AND number > ?2
             ORDER BY number LIMIT ?3"
        );
        all(self.db()?, &sql, &values![world, number, limit], rows::event)
    }
}
