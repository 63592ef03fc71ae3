//! Every page and every action of the dashboard, on one screen.

use std::pin::Pin;
use std::sync::LazyLock;

use hyper::Method;

use super::pages::customer::{self, cards, forms};
use super::pages::{
    approvals, charges, clock, customers, events, exports, home, journal, ledger, payments,
    payouts, refunds, requests, sources, statement, topups, transaction, unreconciled, webhooks,
};
use super::visit::{Came, Failure, Form, Shown, Visit};

type Later<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;
/// Shows something.
pub type Page = fn(Visit) -> Later<Shown>;
/// Does something, and says where to go on or shows what came of it.
pub type Action = fn(Visit, Form) -> Later<Came>;

enum Row {
    Page(&'static str, Page),
    Action(&'static str, Action),
}

macro_rules! page {
    ($path:literal $page:path) => {
        Row::Page($path, |visit| Box::pin($page(visit)))
    };
}

macro_rules! action {
    ($path:literal $action:path) => {
        Row::Action($path, |visit, form| {
            Box::pin(async move { $action(visit, form).await.map(Into::into) })
        })
    };
}

/// The table; paths are below `/dashboard`.
#[rustfmt::skip]
fn all() -> Vec<Row> { vec![
    page!("/" home::show),
    page!("/customers" customers::list),
    action!("/customers" customers::create),
    page!("/customers/{customer}" customer::show),
    action!("/customers/{customer}/apply" forms::apply),
    action!("/customers/{customer}/fund" forms::fund),
    action!("/customers/{customer}/instructions" forms::instruct),
    action!("/customers/{customer}/reconciliation" forms::reconcile),
    action!("/customers/{customer}/return" forms::send_back),
    action!("/customers/{customer}/cards/{id}/remove" cards::take_away),
    page!("/customers/{customer}/statement" statement::show),
    page!("/transactions/{customer}/{transaction}" transaction::show),
    action!("/transactions/{customer}/{transaction}/reverse" transaction::reverse),
    page!("/payments" payments::list),
    page!("/payments/{id}" payments::show),
    action!("/payments/{id}/apply" payments::actions::apply),
    action!("/payments/{id}/cancel" payments::actions::cancel),
    action!("/payments/{id}/refund" payments::actions::refund),
    action!("/payments/{id}/refund-to-cash-balance" payments::actions::refund_to_cash_balance),
    action!("/payments/{id}/capture" payments::actions::capture),
    page!("/charges" charges::list),
    page!("/charges/{id}" charges::show),
    action!("/charges/{id}/capture" charges::capture),
    action!("/charges/{id}/refund" charges::refund),
    page!("/refunds" refunds::list),
    page!("/refunds/{id}" refunds::show),
    action!("/refunds/{id}/bank-details" refunds::give_bank_details),
    action!("/refunds/{id}/cancel" refunds::cancel),
    action!("/refunds/{id}/expire" refunds::expire),
    page!("/payouts" payouts::list),
    action!("/payouts" payouts::create),
    page!("/payouts/{id}" payouts::show),
    action!("/payouts/{id}/cancel" payouts::cancel),
    action!("/payouts/{id}/reverse" payouts::reverse),
    action!("/payouts/bank-accounts" payouts::banks::add),
    action!("/payouts/bank-accounts/{id}/remove" payouts::banks::remove),
    page!("/sources/{id}" sources::show),
    page!("/topups" topups::list),
    page!("/topups/{id}" topups::show),
    page!("/unreconciled" unreconciled::show),
    page!("/events" events::list),
    page!("/events/{id}" events::show),
    action!("/events/{id}/resend" events::resend),
    page!("/webhooks" webhooks::list),
    action!("/webhooks" webhooks::add),
    page!("/webhooks/{id}" webhooks::show),
    action!("/webhooks/{id}/status" webhooks::set_status),
    action!("/webhooks/{id}/secret" webhooks::roll_secret),
    action!("/webhooks/{id}/remove" webhooks::remove),
    page!("/requests" requests::list),
    page!("/requests/{id}" requests::show),
    page!("/approvals" approvals::list),
    page!("/approvals/{id}" approvals::show),
    action!("/approvals/{id}/approve" approvals::approve),
    action!("/approvals/{id}/reject" approvals::reject),
    page!("/ledger" ledger::show),
    action!("/ledger/audits" ledger::audit),
    page!("/journal" journal::list),
    page!("/journal/{id}" journal::show),
    page!("/exports" exports::show),
    page!("/clock" clock::show),
    action!("/clock" clock::advance),
] }

/// What a request means.
pub enum Found {
    /// This page, with the ids in the path.
    Page(Page, Ids),
    /// This action, with the ids in the path.
    Action(Action, Ids),
    /// Nothing.
    Nothing,
}

/// The ids in a path, by name.
pub type Ids = Vec<(String, String)>;

#[derive(Default)]
struct At {
    page: Option<Page>,
    action: Option<Action>,
}

static ROUTER: LazyLock<matchit::Router<At>> = LazyLock::new(|| {
    let mut by_path = std::collections::BTreeMap::<&str, At>::new();
    for row in all() {
        match row {
            Row::Page(path, page) => by_path.entry(path).or_default().page = Some(page),
            Row::Action(path, action) => by_path.entry(path).or_default().action = Some(action),
        }
    }
    let mut router = matchit::Router::new();
    for (path, at) in by_path {
        router.insert(path, at).expect("paths in the table do not conflict");
    }
    router
});

/// Finds what a path below `/dashboard` means.
pub fn find(method: &Method, path: &str) -> Found {
    let below = path.strip_prefix(super::door::PATH).unwrap_or_default();
    let Ok(matched) = ROUTER.at(if below.is_empty() { "/" } else { below }) else {
        return Found::Nothing;
    };
    let ids = matched.params.iter().map(|(name, id)| (name.to_owned(), id.to_owned())).collect();
    match (method, matched.value.page, matched.value.action) {
        (&Method::GET, Some(page), _) => Found::Page(page, ids),
        (&Method::POST, _, Some(action)) => Found::Action(action, ids),
        _ => Found::Nothing,
    }
}
