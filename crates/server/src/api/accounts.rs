//! The account: whose money is kept.

use books::Timestamp;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::Ask;
use super::routes::NoParams;

/// Shows the account of the key, or the one that `Stripe-Account` names.
pub fn own(ask: &Ask<'_>, _: NoParams) -> Result<Value, ApiError> {
    Ok(account(ask, &ask.access.account))
}

/// Shows an account: the key's own, and in the sandbox any that was opened.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Value, ApiError> {
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
    ask.app
        .worlds
        .get(id, ask.access.livemode)
        .map(|(_, created)| created)
}

fn account(ask: &Ask<'_>, id: &str) -> Value {
    let settings = &ask.app.settings;
    let nothing_due = json!({
        "alternatives": [], "current_deadline": null, "currently_due": [],
        "disabled_reason": null, "errors": [], "eventually_due": [], "past_due": [],
        "pending_verification": [],
    });
    json!({
        "id": id,
        "object": "account",
        "business_profile": {
            "mcc": null, "minority_owned_business_designation": null, "name": null,
            "product_description": null, "specified_commercial_transactions_act_url": null,
            "support_address": null, "support_email": null, "support_phone": null,
            "support_url": null, "url": null,
        },
        "business_type": null,
        "capabilities": {
            "gb_bank_transfer_payments": "active", "jp_bank_transfer_payments": "active",
            "mx_bank_transfer_payments": "active", "sepa_bank_transfer_payments": "active",
            "us_bank_transfer_payments": "active", "transfers": "active",
        },
        "charges_enabled": true,
        "controller": { "type": "account" },
        "country": settings.country,
        "created": opened(ask, id),
        "default_currency": settings.currency,
        "details_submitted": true,
        "email": null,
        "external_accounts": {
            "object": "list", "data": [], "has_more": false,
            "url": format!("/v1/accounts/{id}/external_accounts"),
        },
        "future_requirements": nothing_due,
        "metadata": {},
        "payouts_enabled": false,
        "requirements": nothing_due,
        "settings": null,
        "tos_acceptance": { "date": null, "ip": null, "user_agent": null },
        "type": "standard",
    })
}
