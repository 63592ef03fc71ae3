//! Exports: transactions and the journal as files that spreadsheets and accounting tools read.
//!
//! An export is read in pages of [`PAGE`] entries, each from a short snapshot of its own, oldest
//! first, and no page is kept once it was sent. It ends at the entry that was the last when it
//! began, so that it is consistent however much is written meanwhile, and comes to an end. Whoever
//! asks gets the same text over HTTP ([`door`]) and on the command line (`purser export`).
//!
//! The order is that of the journal: entries by their number, which is the time of their commit,
//! and the transactions of all customers in the same order.
//!
//! Reading order: [`wanted`] is what may be asked for; [`csv`] writes cells; [`transactions`] and
//! [`journal`] are the tables; [`plain_text`] writes the journal for hledger and beancount;
//! [`statement`] is what a customer may be sent.

pub mod wanted;

pub mod csv;
pub mod journal;
pub mod plain_text;
pub mod transactions;

pub mod door;
pub mod statement;

use std::sync::Arc;

use books::journal::{Account, Entry, Posting};
use books::{IdKey, Kind, Number, RowKey, Timestamp, World};
use store::{JournalEnd, Reader, StoreError, Window};

use crate::moments::show_moment;
use wanted::{Format, Subject, Wanted};

/// Entries that are read at once.
pub const PAGE: usize = 200;

/// Whose books are exported.
#[derive(Clone)]
pub struct Books {
    /// Writes ids.
    pub ids: IdKey,
    /// The books.
    pub world: World,
    /// The id of their account.
    pub account: Arc<str>,
    /// The mode.
    pub livemode: bool,
}

impl Books {
    /// The mode in a word.
    pub fn mode(&self) -> &'static str {
        if self.livemode { "live" } else { "test" }
    }
}

/// An export on its way.
pub struct Export {
    books: Books,
    wanted: Wanted,
    end: JournalEnd,
    stage: Stage,
    /// Entries that were read, and rows or entries that were written.
    done: Done,
}

#[derive(Clone, Copy, Default)]
struct Done {
    read: u64,
    written: u64,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Stage {
    Heading,
    /// The accounts of customers after this one.
    Accounts(Number),
    /// Entries, or the transactions of one customer, after this one.
    Rows(Number),
    Closing,
    Over,
}

impl Export {
    /// Begins: what is committed after this is not part of it.
    pub fn begin(reader: &Reader, books: Books, wanted: Wanted) -> Result<Export, StoreError> {
        let end = reader.journal_end(books.world)?;
        Ok(Export { books, wanted, end, stage: Stage::Heading, done: Done::default() })
    }

    /// A name for the file, which says what is in it.
    pub fn file_name(&self) -> String {
        let wanted = &self.wanted;
        let mut parts = vec![format!("purser-{}", wanted.subject.name())];
        parts.push(self.books.account.to_string());
        parts.push(self.books.mode().to_owned());
        parts.extend(wanted.customer.map(|customer| self.books.ids.customer(customer)));
        parts.extend(wanted.currency.map(|currency| currency.to_string()));
        parts.extend(wanted.from.map(|from| format!("from-{}", &show_moment(from)[..10])));
        let upto = wanted.upto.unwrap_or(self.end.last.created());
        parts.push(format!("to-{}", &show_moment(upto.min(self.end.last.created()))[..10]));
        format!("{}.{}", parts.join("-"), wanted.format.ending())
    }

    /// Entries that were read, and about how many there are.
    pub fn progress(&self) -> (u64, u64) {
        (self.done.read, self.end.entries.unsigned_abs())
    }

    /// The next piece of the text, which may be empty; none after the last one.
    pub fn next(&mut self, reader: &Reader) -> Result<Option<String>, StoreError> {
        let first = self.above();
        Ok(Some(match self.stage {
            Stage::Heading => {
                self.stage = match self.wanted.has_customer_accounts() {
                    true => Stage::Accounts(Number(0)),
                    false => Stage::Rows(first),
                };
                self.heading()
            }
            Stage::Accounts(after) => self.accounts(reader, after)?,
            Stage::Rows(after) => self.rows(reader, after)?,
            Stage::Closing => {
                self.stage = Stage::Over;
                self.closing()
            }
            Stage::Over => return Ok(None),
        }))
    }

    fn heading(&self) -> String {
        match (self.wanted.subject, self.wanted.format) {
            (Subject::Transactions, _) => csv::line(transactions::COLUMNS.iter().copied()),
            (Subject::Journal, Format::Csv) => csv::line(journal::COLUMNS.iter().copied()),
            (Subject::Journal, format) => {
                plain_text::heading(format, &self.books, &self.wanted, &self.end)
            }
        }
    }

    /// Declares accounts of customers.
    fn accounts(&mut self, reader: &Reader, after: Number) -> Result<String, StoreError> {
        let upto = self.end.last;
        let (numbers, is_last) = match self.wanted.customer {
            Some(customer) => (vec![customer], true),
            None => {
                let found = reader.customer_numbers(self.books.world, (after, upto), PAGE)?;
                let is_last = found.len() < PAGE;
                (found, is_last)
            }
        };
        self.stage = match numbers.last() {
            Some(last) if !is_last => Stage::Accounts(*last),
            _ => Stage::Rows(self.above()),
        };
        let declare = |customer: &Number| {
            plain_text::declare_customer(self.wanted.format, &self.books.ids, *customer)
        };
        Ok(numbers.iter().map(declare).collect())
    }

    fn rows(&mut self, reader: &Reader, after: Number) -> Result<String, StoreError> {
        let window = Window { above: after, below: self.below(), from_oldest: true, limit: PAGE };
        let (text, last, read) = match (self.wanted.subject, self.wanted.customer) {
            (Subject::Transactions, Some(customer)) => {
                transactions::of_one(self, reader, customer, window)?
            }
            _ => self.entries(reader, window)?,
        };
        self.done.read += read as u64;
        self.done.written += text.count;
        self.stage = match last {
            Some(last) if read == PAGE => Stage::Rows(last),
            _ => Stage::Closing,
        };
        Ok(text.text)
    }

    fn entries(&self, reader: &Reader, window: Window) -> Result<Read, StoreError> {
        // Pages come newest first.
        let page = reader.entries(self.books.world, window)?.rows;
        let mut rows = Rows::default();
        for (entry, seal) in page.iter().rev() {
            if self.wanted.subject == Subject::Transactions {
                transactions::of_entry(self, reader, entry, &mut rows)?;
                continue;
            }
            let lines = self.lines(reader, entry)?;
            if lines.is_empty() {
                continue;
            }
            rows.add(match self.wanted.format {
                Format::Csv => journal::rows(&self.books.ids, entry, seal, &lines),
                format => plain_text::entry(format, &self.books.ids, &self.wanted, entry, &lines),
            });
        }
        Ok((rows, page.first().map(|(entry, _)| entry.number()), page.len()))
    }

    /// The lines of an entry that are wanted, each with whose account it is.
    fn lines(&self, reader: &Reader, entry: &Entry) -> Result<Vec<Line>, StoreError> {
        let mut lines = Vec::with_capacity(entry.postings().len());
        for (at, posting) in entry.postings().iter().enumerate() {
            if self.wanted.currency.is_none_or(|wanted| wanted == posting.currency) {
                let owner = owner(reader, self.books.world, entry, posting)?;
                lines.push(Line { at, posting: *posting, owner });
            }
        }
        if let Some(customer) = self.wanted.customer {
            let is_theirs =
                |line: &Line| line.owner.is_some_and(|(_, key)| key.customer == customer);
            if !lines.iter().any(is_theirs) {
                lines.clear();
            }
        }
        Ok(lines)
    }

    fn closing(&self) -> String {
        match self.wanted.format {
            Format::Csv => String::new(),
            format => {
                let mut text = String::new();
                if self.wanted.customer.is_none() && self.is_whole() {
                    text = plain_text::balances(format, &self.wanted, &self.end);
                }
                text + &format!("\n; end of export: {} entries\n", self.done.written)
            }
        }
    }

    /// Whether no date leaves entries out.
    fn is_whole(&self) -> bool {
        self.wanted.from.is_none() && self.below() > self.end.last
    }

    fn above(&self) -> Number {
        let first = self.wanted.from.map_or(Number(0), Number::first_at);
        Number(first.0 - 1)
    }

    fn below(&self) -> Number {
        let last = Number(self.end.last.0 + 1);
        self.wanted
            .upto
            .map_or(last, |upto| last.min(Number::first_at(Timestamp(upto.0.saturating_add(1)))))
    }
}

/// Text, and how many rows it is.
#[derive(Default)]
struct Rows {
    text: String,
    count: u64,
}

impl Rows {
    fn add(&mut self, text: String) {
        self.text += &text;
        self.count += 1;
    }
}

/// What a page came to: its rows, where it ended, and how much was read.
type Read = (Rows, Option<Number>, usize);

/// A line of an entry.
pub struct Line {
    /// Its place in the entry, from 0.
    pub at: usize,
    /// What it books.
    pub posting: Posting,
    /// The customer, the payment or the source whose account it is.
    pub owner: Option<(Kind, RowKey)>,
}

/// Whose account a line is about.
fn owner(
    reader: &Reader,
    world: World,
    entry: &Entry,
    posting: &Posting,
) -> Result<Option<(Kind, RowKey)>, StoreError> {
    let number = match posting.account {
        Account::CustomerCash(customer) => {
            return Ok(Some((Kind::Customer, RowKey { customer, number: customer })));
        }
        Account::PaymentIntent(number) => number,
        // The keys of sources name no customer.
        Account::Source(number) => {
            return Ok(Some((Kind::Source, RowKey { customer: Number(0), number })));
        }
        _ => return Ok(None),
    };
    // Cash goes to payments of the same customer, who is named beside; else the payment is read.
    let beside = entry.postings().iter().find_map(|posting| match posting.account {
        Account::CustomerCash(customer) => Some(RowKey { customer, number }),
        _ => None,
    });
    let key = match beside {
        Some(key) => key,
        None => match reader.document_at(world, number)? {
            Some(intent) => intent.key(),
            None => return Err(gone("payment", entry)),
        },
    };
    Ok(Some((Kind::PaymentIntent, key)))
}

fn gone(what: &str, entry: &Entry) -> StoreError {
    StoreError::Corrupt(format!("the {what} of entry {} is gone", entry.number().0))
}
