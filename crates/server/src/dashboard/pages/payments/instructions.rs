//! Where a payer sends the money, while a payment waits for it.

use maud::{Markup, html};
use serde_json::Value;

use crate::web::parts::{self, copyable, facts, money, text};

/// The card with the accounts of a payment that waits for a bank transfer; nothing for others.
pub fn card(intent: &Value) -> Markup {
    let awaited = &intent["next_action"]["display_bank_transfer_instructions"];
    let Some(addresses) = awaited["financial_addresses"].as_array() else {
        return html! {};
    };
    let reference = awaited["reference"].as_str();
    let page = awaited["hosted_instructions_url"].as_str();
    let body = html! {
        (facts(&[
            ("Amount to send", Some(money(&awaited["amount_remaining"], &awaited["currency"]))),
            ("Reference", reference.map(|text| copyable("the reference", text))),
        ]))
        @for address in addresses { (account(address)) }
        @if let Some(page) = page {
            h3 { "Page for the payer" }
            p { a href=(page) { "Open the page with these instructions" } }
            p { (copyable("the link for the payer", page)) }
        }
    };
    parts::card("Instructions for the bank transfer", &body)
}

fn account(address: &Value) -> Markup {
    let kind = text(&address["type"]);
    let account = &address[kind];
    let lines = FIELDS.iter().filter_map(|(field, name)| {
        let value = account[*field].as_str()?;
        Some((*name, Some(copyable(&name.to_lowercase(), value))))
    });
    let lines: Vec<_> = lines.collect();
    html! {
        h3 { (heading(kind)) }
        (facts(&lines))
    }
}

/// A way to send money, as people call it.
fn heading(kind: &str) -> &str {
    match kind {
        "aba" => "From within the United States",
        "iban" => "By SEPA transfer",
        "sort_code" => "From within the United Kingdom",
        "spei" => "From within Mexico (SPEI)",
        "swift" => "From abroad (SWIFT)",
        "zengin" => "From within Japan (Zengin)",
        other => other,
    }
}

/// The fields of all types of accounts, in the order in which banks ask for them.
const FIELDS: &[(&str, &str)] = &[
    ("account_holder_name", "Account holder"),
    ("iban", "IBAN"),
    ("bic", "BIC"),
    ("clabe", "CLABE"),
    ("account_number", "Account number"),
    ("routing_number", "Routing number"),
    ("sort_code", "Sort code"),
    ("swift_code", "SWIFT code"),
    ("bank_name", "Bank"),
    ("bank_code", "Bank code"),
    ("branch_name", "Branch"),
    ("branch_code", "Branch code"),
    ("account_type", "Type of account"),
];
