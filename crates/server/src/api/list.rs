//! Reads and lists: what a handler of a read gets, cursors, pages.
//!
//! Lists are newest first. A cursor is an id of the listed kind; a page is at most 100 rows and
//! costs the same wherever it lies. Rules: Stripe's page "Pagination".

use std::cmp::Reverse;

use books::id::{Number, RowKey};
use books::{Document, Kind, Purse, Timestamp, World};
use store::{DocumentFilter, Page as Rows, Reader, StoreError, Window};

use super::auth::Access;
use super::customer_sources;
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
    /// What is to be expanded.
    pub expand: &'a [String],
}

impl Ask<'_> {
    /// An id of the path.
    pub fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_default()
    }

    /// Whether something is asked for that is there only when it is.
    pub fn expands(&self, path: &str) -> bool {
        self.expand.iter().any(|asked| asked == path)
    }

    /// The row that the id in a segment of the path names.
    pub fn row(&self, kind: Kind, name: &str) -> Result<RowKey, ApiError> {
        self.wire.named(kind, self.id(name), name)
    }

    /// The row that an id in a parameter names.
    pub fn named(&self, kind: Kind, id: &str, param: &str) -> Result<RowKey, ApiError> {
        self.wire.named(kind, id, param)
    }

    /// The document that the id in a segment of the path names.
    pub fn document(&self, kind: Kind, name: &str) -> Result<Document, ApiError> {
        self.named_document(kind, self.id(name), name)
    }

    /// The document that an id in a parameter names.
    pub fn named_document(&self, kind: Kind, id: &str, param: &str) -> Result<Document, ApiError> {
        let key = self.wire.named(kind, id, param)?;
        let found = self.reader.document(self.wire.world, kind, key)?;
        found.ok_or_else(|| ApiError::missing(kind.object(), id, param))
    }

    /// A page of documents.
    pub fn documents(
        &self,
        kind: Kind,
        filter: &DocumentFilter,
        created: Option<CreatedRange>,
        page: &Page,
    ) -> Result<Json, ApiError> {
        let world = self.wire.world;
        let window = self.window(page, created, kind.object(), |id| {
            let Some(key) = self.wire.ids.read(kind, id) else { return Ok(None) };
            Ok(self.reader.document(world, kind, key)?.map(|document| document.key().number))
        })?;
        let rows = self.reader.documents(world, kind, filter, window)?;
        let mut shown = Vec::with_capacity(rows.rows.len());
        for document in rows.rows {
            shown.extend(self.show(document)?);
        }
        Ok(self.page(Rows { rows: shown, has_more: rows.has_more }, |document| document))
    }

    /// A document as the wire shows it.
    pub fn show(&self, document: Document) -> Result<Option<Json>, ApiError> {
        if let Document::Approval(approval) = &document {
            // Whether it expired is not stored.
            return Ok(Some(self.wire.approval(approval, self.now())));
        }
        let load = |kind, key| Ok(self.reader.document(self.wire.world, kind, key)?);
        self.wire.found(Some(document), load)
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

/// A page of several lists of documents, merged: each is read as if it were alone.
pub fn merged(
    reader: &Reader,
    world: World,
    lists: &[(Kind, DocumentFilter)],
    window: Window,
) -> Result<Rows<Document>, StoreError> {
    let mut merged = Rows { rows: Vec::new(), has_more: false };
    for (kind, filter) in lists {
        let read = reader.documents(world, *kind, filter, window)?;
        merged.rows.extend(read.rows);
        merged.has_more |= read.has_more;
    }
    merged.rows.sort_unstable_by_key(|document| Reverse(document.key().number));
    let extra = merged.rows.len().saturating_sub(window.limit);
    if extra > 0 {
        merged.has_more = true;
        match window.from_oldest {
            true => drop(merged.rows.drain(..extra)),
            false => merged.rows.truncate(window.limit),
        }
    }
    Ok(merged)
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
        let kind = Kind::of(id);
        let Some((kind, key)) = kind.and_then(|kind| Some((kind, self.wire.ids.read(kind, id)?)))
        else {
            return Ok(None);
        };
        let (reader, wire, world) = (self.reader, self.wire, self.wire.world);
        Ok(match kind {
            Kind::Customer => reader.customer(world, key.number)?.map(|c| wire.customer(&c)),
            Kind::CashTransaction => {
                reader.cash_transaction(world, key)?.map(|row| wire.cash_transaction(&row))
            }
            Kind::BalanceTransaction => reader
                .balance_transaction(world, key.number)?
                .map(|row| wire.balance_transaction(&row, self.now)),
            Kind::Event | Kind::InvoiceLine => None,
            kind => {
                let load = |kind, key| Ok(reader.document(world, kind, key)?);
                wire.found(load(kind, key)?, load)?
            }
        })
    }

    fn sources(&self, customer: &str) -> Result<Option<Json>, ApiError> {
        let Some(number) = self.wire.ids.read_customer(customer) else { return Ok(None) };
        let found = customer_sources::newest(self.reader, self.wire, number)?;
        Ok(Some(self.wire.sources(number, found)))
    }

    fn refunds(&self, charge: &str) -> Result<Option<Json>, ApiError> {
        let (reader, world) = (self.reader, self.wire.world);
        let Some(key) = self.wire.ids.read(Kind::Charge, charge) else { return Ok(None) };
        let parent = match reader.document(world, Kind::Charge, key)? {
            Some(Document::Charge(row)) => row.payment_intent,
            Some(Document::CardCharge(charge)) => charge.key.number,
            _ => return Ok(None),
        };
        let filter = DocumentFilter { parent: Some(parent), ..Default::default() };
        let rows = reader.documents(world, Kind::Refund, &filter, Window::newest(10))?;
        let data: Vec<Json> = rows.rows.iter().map(|refund| self.wire.document(refund)).collect();
        Ok(Some(object! {
            "object": "list",
            "data": data,
            "has_more": rows.has_more,
            "url": format!("/v1/charges/{charge}/refunds"),
        }))
    }

    fn cash_balance(&self, customer: &str) -> Result<Option<Json>, ApiError> {
        let Some(number) = self.wire.ids.read_customer(customer) else {
            return Ok(None);
        };
        let purse = self.reader.purse(self.wire.world, number)?;
        Ok(purse.filter(|purse| !purse.standing.deleted).map(|purse| self.wire.purse(&purse)))
    }
}

impl Wire {
    /// The row that an id names, which may still be missing; else the error of a missing object.
    pub fn named(&self, kind: Kind, id: &str, param: &str) -> Result<RowKey, ApiError> {
        let missing = || ApiError::missing(kind.object(), id, param);
        self.ids.read(kind, id).ok_or_else(missing)
    }

    /// A document as it is shown. A charge is part of its payment intent, which is loaded for it.
    pub fn found(
        &self,
        document: Option<Document>,
        load: impl Fn(Kind, RowKey) -> Result<Option<Document>, ApiError>,
    ) -> Result<Option<Json>, ApiError> {
        let Some(Document::Charge(row)) = document else {
            return Ok(document.map(|document| self.document(&document)));
        };
        let key = RowKey { number: row.payment_intent, ..row.key };
        Ok(match load(Kind::PaymentIntent, key)? {
            Some(Document::PaymentIntent(intent)) => Some(self.charge(&intent)),
            _ => None,
        })
    }
}
