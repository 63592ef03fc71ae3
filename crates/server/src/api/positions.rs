//! Where money stands and stood: what the accounts of the ledger held day by day, and the cash that
//! waits in customers' cash balances, by age. These objects are Purser's own.

use std::borrow::Cow;

use books::timer::DAY_S;
use books::{Currency, Kind, Number, Timestamp};
use store::{DayBalances, IdlePurse, IdleTotal, Page as Rows, Window};

use super::error::ApiError;
use super::journal::name;
use super::json::{Json, object};
use super::list::Ask;
use super::params::{Between, CurrencyCode, NoParams, Page, params};
use super::payouts::currency;
use super::wire::Wire;

/// Days of balances in an answer: as a rule, and at most.
const DAYS: i64 = 30;
const DAYS_MAX: i64 = 366;

params! {
    /// Of which days the balances are wanted.
    pub struct Days {
        /// In this currency.
        pub currency: CurrencyCode,
        /// Up to today, so many days; 30 as a rule.
        pub days: Option<Between<1, DAYS_MAX>>,
    }
    refuses {}
}

params! {
    /// Which cash to list.
    pub struct List {
        /// Only cash in this currency.
        pub currency: Option<CurrencyCode>,
        ..page: Page,
    }
    refuses {}
}

/// Lists what the accounts of the ledger held at the end of each day, oldest first. Today stands
/// there as it is by now, and days before any money was there are left out.
pub fn daily_balances(ask: &Ask<'_>, params: Days) -> Result<Json, ApiError> {
    let currency = currency(params.currency);
    let today = ask.now().0.div_euclid(DAY_S);
    let first = today + 1 - params.days.map_or(DAYS, |days| days.0);
    let rows = ask.reader.day_balances(ask.wire.world, currency, (first, today))?;
    Ok(ask.page(Rows { rows, has_more: false }, |day| show_day(ask.wire, currency, &day)))
}

/// Lists the cash that customers have, what has been there for longest first.
pub fn unreconciled(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut window = Window { from_oldest: true, ..Window::newest(params.page.limit.0) };
    if let Some(id) = &params.page.starting_after {
        window.above = cursor(ask, id, "starting_after")?;
    }
    if let Some(id) = &params.page.ending_before {
        window.below = cursor(ask, id, "ending_before")?;
        window.from_oldest = false;
    }
    let currency = params.currency.map(currency);
    let rows = ask.reader.idle_purses(ask.wire.world, currency, window)?;
    Ok(ask.page(rows, |purse| show_purse(ask.wire, &purse)))
}

/// Lists the cash of all customers together, by currency.
pub fn unreconciled_totals(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let rows = ask.reader.idle_totals(ask.wire.world)?;
    Ok(ask.page(Rows { rows, has_more: false }, |total| show_total(ask.wire, &total)))
}

/// Where a page goes on. Whoever reads a page while its last row is reconciled begins anew.
fn cursor(ask: &Ask<'_>, id: &str, param: &str) -> Result<Number, ApiError> {
    let missing = || ApiError { status: 400, ..ApiError::missing("unreconciled cash", id, param) };
    let named = id.split_once(':').and_then(|(customer, currency)| {
        let customer = ask.wire.ids.read(Kind::Customer, customer)?.number;
        Some((customer, Currency::parse(currency)?))
    });
    let (customer, currency) = named.ok_or_else(missing)?;
    ask.reader.idle_since(ask.wire.world, customer, currency)?.ok_or_else(missing)
}

fn show_day(wire: &Wire, currency: Currency, day: &DayBalances) -> Json {
    let sums = day.sums.iter().map(|(account, sum)| (Cow::Borrowed(name(*account)), (*sum).into()));
    object! {
        "object": "purser.daily_balance",
        "balances": Json::Object(sums.collect()),
        "currency": currency,
        "day": Timestamp(day.day * DAY_S),
        "livemode": wire.livemode,
    }
}

fn show_purse(wire: &Wire, purse: &IdlePurse) -> Json {
    let customer = wire.ids.customer(purse.customer);
    object! {
        "id": format!("{customer}:{}", purse.currency),
        "object": "purser.unreconciled",
        "amount": purse.amount,
        "currency": purse.currency,
        "customer": customer,
        "livemode": wire.livemode,
        "since": purse.since.created(),
    }
}

fn show_total(wire: &Wire, total: &IdleTotal) -> Json {
    object! {
        "object": "purser.unreconciled_total",
        "amount": total.amount,
        "currency": total.currency,
        "customers": total.customers,
        "livemode": wire.livemode,
        "oldest": total.oldest.map(Number::created),
    }
}
