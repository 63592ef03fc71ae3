//! The request log: which agent asked for what, why, and what came of it.

use books::{Kind, RequestRow};
use store::{Page as Rows, RequestFilter};

use super::error::ApiError;
use super::json::Json;
use super::list::Ask;
use super::params::{CreatedRange, NoParams, Page, Str, Text, params};

/// Characters of the id of a conversation, at most.
const CONTEXT_CHARS_MAX: usize = 256;

params! {
    /// Which requests to list.
    pub struct List {
        /// Only those of this conversation, as `OCP-Context-ID` names it.
        pub context: Option<Str<CONTEXT_CHARS_MAX>>,
        /// Only those made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only those about this customer.
        pub customer: Option<Text>,
        ..page: Page,
    }
    refuses {}
}

/// Lists what agents asked for.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let customer = match &params.customer {
        Some(id) => Some(ask.named(Kind::Customer, id, "customer")?.number),
        None => None,
    };
    let filter = RequestFilter { context: params.context.map(|context| context.0), customer };
    let world = ask.wire.world;
    let window = ask.window(&params.page, params.created, "request", |id| {
        Ok(ask.reader.request(world, id)?.map(|row| row.number))
    })?;
    let rows = ask.reader.requests(world, &filter, window)?;
    let show = |row: RequestRow| ask.wire.request(&row);
    Ok(ask.page(Rows { rows: rows.rows, has_more: rows.has_more }, show))
}

/// Retrieves one.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let id = ask.id("request");
    let found = ask.reader.request(ask.wire.world, id)?;
    let row = found.ok_or_else(|| ApiError::missing("request", id, "request"))?;
    Ok(ask.wire.request(&row))
}
