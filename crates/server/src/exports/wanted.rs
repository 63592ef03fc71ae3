//! What may be asked for: which rows, in which form.

use books::{Currency, IdKey, Number, Timestamp};

use crate::moments::parse_moment;

/// Length of a date as text: 2031-01-31.
const DATE_CHARS: usize = 10;
const DAY_S: i64 = 86_400;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Cash balance transactions.
    Transactions,
    /// The journal.
    Journal,
}

impl Subject {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Transactions => "transactions",
            Subject::Journal => "journal",
        }
    }
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for spreadsheets.
    Csv,
    /// A journal for hledger.
    Hledger,
    /// A ledger for beancount.
    Beancount,
}

impl Format {
    /// What names of such files end with.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Hledger => "hledger",
            Format::Beancount => "beancount",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Hledger | Format::Beancount => "text/plain; charset=utf-8",
        }
    }
}

/// How customers appear in a journal for accounting tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Accounts {
    /// All customers in one account; each line names its customer.
    Totals,
    /// An account for each customer.
    Customers,
}

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What.
    pub subject: Subject,
    /// In which form.
    pub format: Format,
    /// Only what is about this customer.
    pub customer: Option<Number>,
    /// Only this currency.
    pub currency: Option<Currency>,
    /// Only what happened in this second or later.
    pub from: Option<Timestamp>,
    /// Only what happened until this second, which is included.
    pub upto: Option<Timestamp>,
    /// How customers appear.
    pub accounts: Accounts,
}

impl Wanted {
    /// Reads what is asked for; `given` finds a text by its name. Fails with a sentence.
    pub fn read<'t>(
        (subject, format): (Subject, Format),
        ids: &IdKey,
        given: impl Fn(&str) -> Option<&'t str>,
    ) -> Result<Wanted, String> {
        if subject == Subject::Transactions && format != Format::Csv {
            return Err("Transactions are exported as CSV only.".to_owned());
        }
        let customer = given("customer").map(|id| {
            let found = ids.read_customer(id);
            found.ok_or_else(|| format!("'{id}' is no customer of this database."))
        });
        let currency = given("currency").map(|code| {
            let found = Currency::parse(code);
            found.ok_or_else(|| format!("'{code}' is no currency: write one like usd."))
        });
        let accounts = match given("accounts") {
            None | Some("totals") => Accounts::Totals,
            Some("customers") => Accounts::Customers,
            Some(other) => {
                return Err(format!("'{other}' is neither of totals and customers (accounts)."));
            }
        };
        let (from, upto) = read_span(given("from"), given("to"))?;
        Ok(Wanted {
            subject,
            format,
            customer: customer.transpose()?,
            currency: currency.transpose()?,
            from,
            upto,
            accounts,
        })
    }

    /// Whether each customer has an account in the text.
    pub fn has_customer_accounts(&self) -> bool {
        self.format != Format::Csv && self.accounts == Accounts::Customers
    }
}

/// Reads the two ends of a span of time, both included: a date as `to` means all of that day.
pub fn read_span(
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let read = |text: Option<&str>, name: &str| {
        text.map(|text| parse_moment(text).map_err(|why| format!("{name}: {why}."))).transpose()
    };
    let from = read(from, "from")?;
    let whole_day = to.is_some_and(|text| text.len() == DATE_CHARS && text.contains('-'));
    let upto = read(to, "to")?.map(|at| if whole_day { Timestamp(at.0 + DAY_S - 1) } else { at });
    match (from, upto) {
        (Some(from), Some(upto)) if from > upto => Err("This span ends before it begins.".into()),
        span => Ok(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::show_moment;

    #[test]
    fn a_span_has_both_its_ends() {
        for (from, to, want) in [
            (Some("2026-02-01"), Some("2026-02-28"), "2026-02-01T00:00:00Z 2026-02-28T23:59:59Z"),
            (Some("2026-02-01"), Some("2026-02-01"), "2026-02-01T00:00:00Z 2026-02-01T23:59:59Z"),
            (None, Some("2026-02-28T10:00:00Z"), "- 2026-02-28T10:00:00Z"),
            (Some("1000000000"), None, "2001-09-09T01:46:40Z -"),
            (Some("2026-02-02"), Some("2026-02-01"), "This span ends before it begins."),
        ] {
            let shown = |at: Option<Timestamp>| at.map_or("-".to_owned(), show_moment);
            let read = match read_span(from, to) {
                Ok((from, upto)) => format!("{} {}", shown(from), shown(upto)),
                Err(why) => why,
            };
            assert_eq!(read, want);
        }
        assert!(read_span(Some("2026-02-30"), None).is_err(), "there is no such day");
    }
}
