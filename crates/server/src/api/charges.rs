//! Charges: what payment intents become once they are paid in full. A charge is part of its
//! intent, and shown from it.

use books::Kind;
use store::{DocumentFilter, Page as Rows};

use super::error::ApiError;
use super::json::Json;
use super::list::Ask;
use super::params::{CreatedRange, NoParams, Page, Text, params};
use super::payment_intents;

params! {
    /// Which charges to list.
    pub struct List {
        /// Only charges made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only charges of this customer.
        pub customer: Option<Text>,
        /// Only the charge of this payment intent.
        pub payment_intent: Option<Text>,
        ..page: Page,
    }
    refuses { "transfer_group" }
}

/// Shows a charge.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let charge = ask.document(Kind::Charge, "charge")?;
    let missing = || ApiError::missing("charge", ask.id("charge"), "charge");
    ask.show(charge)?.ok_or_else(missing)
}

/// Lists charges.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut filter = DocumentFilter::default();
    if let Some(id) = &params.customer {
        filter.customer = Some(payment_intents::customer(ask, id)?);
    }
    match &params.payment_intent {
        Some(id) => of_intent(ask, id, &filter, &params),
        None => ask.documents(Kind::Charge, &filter, params.created, &params.page),
    }
}

/// The one charge that a payment intent has, if it has one and the page reaches it.
fn of_intent(
    ask: &Ask<'_>,
    id: &str,
    filter: &DocumentFilter,
    params: &List,
) -> Result<Json, ApiError> {
    let intent = payment_intents::named(ask, id)?;
    let window = ask.window(&params.page, params.created, "charge", |id| {
        let Some(key) = ask.wire.ids.read(Kind::Charge, id) else { return Ok(None) };
        let found = ask.reader.document(ask.wire.world, Kind::Charge, key)?;
        Ok(found.map(|row| row.key().number))
    })?;
    let inside = |number| window.above < number && number < window.below;
    let is_listed = filter.customer.is_none_or(|customer| customer == intent.key.customer)
        && intent.charge.as_ref().is_some_and(|charge| inside(charge.number));
    let rows = if is_listed { vec![intent] } else { Vec::new() };
    Ok(ask.page(Rows { rows, has_more: false }, |intent| ask.wire.charge(&intent)))
}
