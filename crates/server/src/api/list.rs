//! Reads and lists: what a handler of a read gets, cursors, pages.
//!
//! Lists are newest first. A cursor is an id of the listed kind; a page is at most 100 rows and
//! costs the same wherever it lies. Rules: Stripe's page "Pagination".

use books::id::{Number, RowKey};
use books::{Kind, Purse, Timestamp};
use store::{Page as Rows, Reader, Window};

use super::auth::Access;
use super::error::ApiError;
use super::expand::Source;
use super::json::{Json, object};
use super::params::{CreatedRange, Page};
use super::wire::Wire;
use crate::app::App;

/// What a read knows: the snapshot, who asks, and the ids in the path.
pub struct Ask<'a> {
    /// Everything shared.
    pub app: &'a App,
    /// The snapshot.
    pub reader: &'a Reader,
    /// Who asks.
    pub access: &'a Access,
    /// How objects look.
    pub wire: &'a Wire,
    /// The path, for the `url` of a list.
    pub path: &'a str,
    /// The ids in the path.
    pub ids: &'a matchit::Params<'a, 'a>,
}

impl Ask<'_> {
    /// An id of the path.
    pub fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_default()
    }

    /// The moment of the read.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now().seconds()
    }

    /// The purse of the customer named in the path, if it exists and is not deleted.
    pub fn purse(&self) -> Result<Purse, ApiError> {
        let id = self.id("customer");
        let found = match self.wire.ids.read_customer(id) {
            Some(number) => self.reader.purse(self.wire.world, number)?,
            None => None,
        };
        found
            .filter(|purse| !purse.standing.deleted)
            .ok_or_else(|| ApiError::missing("customer", id, "customer"))
    }

    /// The window of a page. `read` turns a cursor into the row's number, if there is such a row.
    pub fn window(
        &self,
        page: &Page,
        created: Option<CreatedRange>,
        name: &str,
        read: impl Fn(&str) -> Result<Option<Number>, ApiError>,
    ) -> Result<Window, ApiError> {
        let mut window = Window::newest(page.limit.0);
        if let Some(CreatedRange { from, to }) = created {
            window.above = Number(Number::first_at(Timestamp(from)).0 - 1);
            window.below = Number::first_at(Timestamp(to.saturating_add(1)));
        }
        let cursor = |id: &str, param: &str| {
            read(id)?.ok_or_else(|| ApiError { status: 400, ..ApiError::missing(name, id, param) })
        };
        if let Some(id) = &page.starting_after {
            window.below = window.below.min(cursor(id, "starting_after")?);
        }
        if let Some(id) = &page.ending_before {
            window.above = window.above.max(cursor(id, "ending_before")?);
            window.from_oldest = true;
        }
        Ok(window)
    }

    /// The envelope of a list.
    pub fn page<T>(&self, rows: Rows<T>, mut show: impl FnMut(T) -> Json) -> Json {
        object! {
            "object": "list",
            "data": rows.rows.into_iter().map(&mut show).collect::<Vec<_>>(),
            "has_more": rows.has_more,
            "url": self.path.to_owned(),
        }
    }
}

/// Whole objects from a snapshot.
pub struct FromSnapshot<'a> {
    /// The snapshot.
    pub reader: &'a Reader,
    /// How they look.
    pub wire: &'a Wire,
    /// The moment.
    pub now: Timestamp,
}

impl Source for FromSnapshot<'_> {
    fn object(&self, id: &str) -> Result<Option<Json>, ApiError> {
        let Some(kind) = Kind::of(id) else {
            return Ok(None);
        };
        let Some(RowKey { customer, number }) = self.wire.ids.read(kind, id) else {
            return Ok(None);
        };
        let world = self.wire.world;
        Ok(match kind {
            Kind::Customer => self.reader.customer(world, number)?.map(|c| self.wire.customer(&c)),
            Kind::CashTransaction => self
                .reader
                .cash_transaction(world, RowKey { customer, number })?
                .map(|row| self.wire.cash_transaction(&row)),
            Kind::BalanceTransaction => self
                .reader
                .balance_transaction(world, number)?
                .map(|row| self.wire.balance_transaction(&row, self.now)),
            Kind::Event => None,
        })
    }

    fn cash_balance(&self, customer: &str) -> Result<Option<Json>, ApiError> {
        let Some(number) = self.wire.ids.read_customer(customer) else {
            return Ok(None);
        };
        let purse = self.reader.purse(self.wire.world, number)?;
        Ok(purse.filter(|purse| !purse.standing.deleted).map(|purse| self.wire.purse(&purse)))
    }
}
