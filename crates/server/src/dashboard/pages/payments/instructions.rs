//! Where a payer sends the money, while a payment waits for it.

use maud::{Markup, html};
use serde_json::Value;

use crate::web::addresses;
use crate::web::parts::{self, copyable, facts, money};

/// The card with the accounts of a payment that waits for a bank transfer; nothing for others.
pub fn card(intent: &Value) -> Markup {
    let awaited = &intent["next_action"]["display_bank_transfer_instructions"];
    let accounts = addresses::read(awaited);
    if accounts.is_empty() {
        return html! {};
    }
    let reference = awaited["reference"].as_str();
    let page = awaited["hosted_instructions_url"].as_str();
    let body = html! {
        (facts(&[
            ("Amount to send", Some(money(&awaited["amount_remaining"], &awaited["currency"]))),
            ("Reference", reference.map(|text| copyable("the reference", text))),
        ]))
        @for account in &accounts {
            h3 { (addresses::heading(account)) }
            (addresses::list(&addresses::lines(account)))
        }
        @if let Some(page) = page {
            h3 { "Page for the payer" }
            p { a href=(page) { "Open the page with these instructions" } }
            p { (copyable("the link for the payer", page)) }
        }
    };
    parts::card("Instructions for the bank transfer", &body)
}
