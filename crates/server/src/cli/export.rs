//! `purser export`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use books::IdKey;
use clap::{Args, ValueEnum};
use store::admin::Admin;
use store::{Location, Readers, Store};

use super::{Done, output};
use crate::exports::wanted::{Format, Subject, Wanted};
use crate::exports::{Books, Export as Way};
use crate::settings::DEFAULT_STORE;

/// How often progress is told: every so many pieces.
const TELL_EVERY: u64 = 10;

/// What `purser export` takes.
#[derive(Args)]
pub struct Export {
    /// What to export.
    what: What,
    /// In which form; transactions come as CSV only.
    #[arg(long, default_value = "csv")]
    format: Format,
    /// Only what is about this customer, cus_...
    #[arg(long)]
    customer: Option<String>,
    /// Only this currency, such as usd.
    #[arg(long)]
    currency: Option<String>,
    /// Only from this date, or moment, on (UTC).
    #[arg(long)]
    from: Option<String>,
    /// Only until the end of this date, or until this moment (UTC).
    #[arg(long)]
    to: Option<String>,
    /// How customers appear for hledger and beancount: all in one account, or each in their own.
    #[arg(long)]
    accounts: Option<String>,
    /// The account; without it the database's own.
    #[arg(long)]
    account: Option<String>,
    /// The live mode rather than the test mode.
    #[arg(long)]
    live: bool,
    /// The file to write, which must not exist; without it standard output.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// The database to read.
    #[arg(long, env = "PURSER_STORE", default_value = DEFAULT_STORE)]
    store: Location,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Transactions,
    Journal,
}

impl Export {
    /// Exports.
    pub fn run(&self) -> Done {
        let subject = match self.what {
            What::Transactions => Subject::Transactions,
            What::Journal => Subject::Journal,
        };
        let store = Store::visit(&self.store).map_err(|e| e.to_string())?;
        let ids = IdKey::new(store.secret());
        let wanted = Wanted::read((subject, self.format), &ids, |name| self.given(name))?;
        let books = self.books(ids)?;
        match &self.output {
            None => write(&store, books, wanted, &mut std::io::stdout().lock())?,
            Some(path) => {
                let told = |error: std::io::Error| format!("{}: {error}", path.display());
                let mut file = BufWriter::new(File::create_new(path).map_err(told)?);
                write(&store, books, wanted, &mut file)?;
                file.into_inner().map_err(|e| told(e.into_error()))?.sync_all().map_err(told)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn given(&self, name: &str) -> Option<&str> {
        match name {
            "customer" => self.customer.as_deref(),
            "currency" => self.currency.as_deref(),
            "from" => self.from.as_deref(),
            "to" => self.to.as_deref(),
            "accounts" => self.accounts.as_deref(),
            _ => None,
        }
    }

    /// Whose books are meant.
    fn books(&self, ids: IdKey) -> Result<Books, String> {
        let admin = Admin::open(&self.store).map_err(|e| e.to_string())?;
        let worlds = admin.worlds().map_err(|e| e.to_string())?;
        let account = match &self.account {
            Some(account) => account.clone(),
            None => admin.account().map_err(|e| e.to_string())?,
        };
        let found = worlds
            .iter()
            .find(|(known, livemode, ..)| *known == account && *livemode == self.live)
            .map(|(_, _, world, _)| *world);
        let mode = if self.live { "live" } else { "test" };
        let world = found
            .ok_or_else(|| format!("{account} has no books in {mode} mode in this database"))?;
        Ok(Books { ids, world, account: account.into(), livemode: self.live })
    }
}

fn write(store: &Store, books: Books, wanted: Wanted, to: &mut dyn Write) -> Result<(), String> {
    let readers = Readers::open(store, 1).map_err(|e| e.to_string())?;
    let mut progress = output::Progress::of("exporting entries");
    let begun = readers.snapshot(|reader| Way::begin(reader, books, wanted));
    let mut way = begun.map_err(|e| e.to_string())?;
    for piece in 0u64.. {
        let text = readers.snapshot(|reader| way.next(reader)).map_err(|e| e.to_string())?;
        readers.release();
        let Some(text) = text else { break };
        to.write_all(text.as_bytes()).map_err(|e| format!("the export cannot be written: {e}"))?;
        if piece % TELL_EVERY == 0 {
            let (done, total) = way.progress();
            progress.tell(done, total);
        }
    }
    to.flush().map_err(|e| format!("the export cannot be written: {e}"))
}
