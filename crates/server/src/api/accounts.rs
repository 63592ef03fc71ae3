//! The account: whose money is kept.

use books::Timestamp;

use super::error::ApiError;
use super::json::{Json, object};
use super::list::Ask;
use super::params::NoParams;

/// Shows the account of the key, or the one that `Stripe-Account` names.
pub fn own(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    Ok(account(ask, &ask.access.account))
}

/// Shows an account: the key's own, and in the sandbox any that was opened.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let id = ask.id("account");
    let own = id == &*ask.access.account;
    if own || (!ask.app.settings.production && opened(ask, id).is_some()) {
        return Ok(account(ask, id));
    }
    let message = format!(
        "The provided key '{}' does not have access to account '{}', or there is no such account.",
        ask.access.masked,
        id.chars().take(64).collect::<String>()
    );
    Err(ApiError::invalid(403, message).coded("account_invalid"))
}

fn opened(ask: &Ask<'_>, id: &str) -> Option<Timestamp> {
    ask.app.worlds.get(id, ask.access.livemode).map(|(_, created)| created)
}

fn account(ask: &Ask<'_>, id: &str) -> Json {
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
    object! {
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
        "created": opened(ask, id),
        "default_currency": settings.currency,
        "details_submitted": true,
        "email": Json::Null,
        "external_accounts": object! {
            "object": "list",
            "data": none(),
            "has_more": false,
            "url": format!("/v1/accounts/{id}/external_accounts"),
        },
        "future_requirements": nothing_due.clone(),
        "metadata": object! {},
        "payouts_enabled": false,
        "requirements": nothing_due,
        "settings": Json::Null,
        "tos_acceptance": object! {
            "date": Json::Null,
            "ip": Json::Null,
            "user_agent": Json::Null,
        },
        "type": "standard",
    }
}
