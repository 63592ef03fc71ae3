//! The account: whose money is kept.

use books::{Timestamp, World};
use store::Window;

use super::auth::Access;
use super::error::ApiError;
use super::external_accounts::present;
use super::json::{Json, object};
use super::list::Ask;
use super::params::{Limit, NoParams};
use super::wire::Wire;

/// Shows the account of the key, or the one that `Stripe-Account` names.
pub fn own(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    account(ask, &ask.access.account)
}

/// Shows an account: the key's own, and in the sandbox any that was opened.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let id = ask.id("account");
    let own = id == &*ask.access.account;
    if own || (!ask.app.settings.production && opened(ask, id).is_some()) {
        return account(ask, id);
    }
    Err(no_access(ask.access, id))
}

/// Refuses an account that is not the key's own, or the one that `Stripe-Account` names.
pub(super) fn check_own(access: &Access, id: &str) -> Result<(), ApiError> {
    match id == &*access.account {
        true => Ok(()),
        false => Err(no_access(access, id)),
    }
}

fn no_access(access: &Access, id: &str) -> ApiError {
    let message = format!(
        "The provided key '{}' does not have access to account '{}', or there is no such account.",
        access.masked,
        id.chars().take(64).collect::<String>()
    );
    ApiError::invalid(403, message).coded("account_invalid")
}

fn opened(ask: &Ask<'_>, id: &str) -> Option<(World, Timestamp)> {
    ask.app.worlds.get(id, ask.access.livemode)
}

/// The first page of an account's bank accounts.
fn external_accounts(ask: &Ask<'_>, id: &str) -> Result<Json, ApiError> {
    let world = opened(ask, id).map_or(ask.wire.world, |(world, _)| world);
    let wire = Wire { account: id.into(), world, ..ask.wire.clone() };
    let window = Window::newest(Limit::DEFAULT);
    let found = present(ask.reader, world, window)?;
    Ok(object! {
        "object": "list",
        "data": found.rows.iter().map(|account| wire.document(account)).collect::<Vec<_>>(),
        "has_more": found.has_more,
        "url": format!("/v1/accounts/{id}/external_accounts"),
    })
}

fn account(ask: &Ask<'_>, id: &str) -> Result<Json, ApiError> {
    let settings = &ask.app.settings;
    let none = || Json::List(Vec::new());
    let nothing_due = object! {
        "alternatives": none(),
        "current_deadline": Json::Null,
        "currently_due": none(),
        "disabled_reason": Json::Null,
        "errors": none(),
        "eventually_due": none(),
        "past_due": none(),
        "pending_verification": none(),
    };
    Ok(object! {
        "id": id.to_owned(),
        "object": "account",
        "business_profile": Json::Null,
        "business_type": Json::Null,
        "capabilities": object! {
            "gb_bank_transfer_payments": "active",
            "jp_bank_transfer_payments": "active",
            "mx_bank_transfer_payments": "active",
            "sepa_bank_transfer_payments": "active",
            "transfers": "active",
            "us_bank_transfer_payments": "active",
        },
        "charges_enabled": true,
        "controller": object! { "type": "account" },
        "country": &settings.country,
        "created": opened(ask, id).map(|(_, created)| created),
        "default_currency": settings.currency,
        "details_submitted": true,
        "email": Json::Null,
        "external_accounts": external_accounts(ask, id)?,
        "future_requirements": nothing_due.clone(),
        "metadata": object! {},
        "payouts_enabled": true,
        "requirements": nothing_due,
        "settings": Json::Null,
        "tos_acceptance": object! {
            "date": Json::Null,
            "ip": Json::Null,
            "user_agent": Json::Null,
        },
        "type": "standard",
    })
}
