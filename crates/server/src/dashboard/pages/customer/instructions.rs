//! Where a customer sends money to, in the words that banks use.

use maud::{Markup, html};
use serde_json::Value;

use super::cash::network_name;
use super::own_path;
use crate::dashboard::visit::Visit;
use crate::web::parts::{copyable, field, items, text};

/// Rails, as a form names them and in words.
const RAILS: &[(&str, &str)] = &[
    ("usd", "US dollars (ACH, wires, SWIFT)"),
    ("eur DE", "Euros, IBAN in Germany (SEPA)"),
    ("eur FR", "Euros, IBAN in France (SEPA)"),
    ("eur IE", "Euros, IBAN in Ireland (SEPA)"),
    ("eur NL", "Euros, IBAN in the Netherlands (SEPA)"),
    ("gbp", "British pounds (Faster Payments, Bacs)"),
    ("jpy", "Japanese yen (Zengin)"),
    ("mxn", "Mexican pesos (SPEI)"),
];

/// What is called how on an address, of whatever type.
const FIELDS: &[(&str, &str)] = &[
    ("account_holder_name", "Account holder"),
    ("iban", "IBAN"),
    ("bic", "BIC"),
    ("routing_number", "Routing number"),
    ("swift_code", "SWIFT code"),
    ("sort_code", "Sort code"),
    ("clabe", "CLABE"),
    ("bank_name", "Bank"),
    ("bank_code", "Bank code"),
    ("branch_name", "Branch"),
    ("branch_code", "Branch code"),
    ("account_type", "Account type"),
    ("account_number", "Account number"),
];

/// The instructions that a customer was given, and a form that gives more.
pub fn shown(visit: &Visit, customer: &str, given: &[Value]) -> Markup {
    html! {
        @if given.is_empty() {
            p.empty { "This customer was not given an account to send money to yet." }
        }
        div.accounts {
            @for instructions in given {
                @let currency = text(&instructions["currency"]).to_uppercase();
                @for address in items(&instructions["bank_transfer"]["financial_addresses"]) {
                    (account(&currency, address))
                }
            }
        }
        (more(visit, customer))
    }
}

/// One account.
fn account(currency: &str, address: &Value) -> Markup {
    let told = &address[text(&address["type"])];
    let networks = items(&address["supported_networks"]).iter();
    let networks: Vec<_> = networks.map(|network| network_name(text(network))).collect();
    html! {
        article.account-card {
            h3 { (currency) " by " (networks.join(", ")) }
            dl.facts {
                @for (name, words) in FIELDS {
                    @if let Some(value) = told[*name].as_str() {
                        div { dt { (words) } dd { (copyable(words, value)) } }
                    }
                }
                @for (name, words) in [
                    ("account_holder_address", "Address of the holder"),
                    ("bank_address", "Address of the bank"),
                ] {
                    @if let Some(line) = on_one_line(&told[name]) {
                        div { dt { (words) } dd { (line) } }
                    }
                }
            }
        }
    }
}

/// A postal address; nothing where there is none.
fn on_one_line(address: &Value) -> Option<String> {
    let order = ["line1", "line2", "postal_code", "city", "state", "country"];
    let parts = order.iter().filter_map(|field| address[*field].as_str());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn more(visit: &Visit, customer: &str) -> Markup {
    let fields = field(
        "Give this customer an account for",
        "rail",
        &html! {
            select #rail name="rail" {
                @for (rail, words) in RAILS { option value=(rail) { (words) } }
            }
        },
        "",
    );
    let to = format!("{}/instructions", own_path(customer));
    html! {
        div.inline { (visit.action(&to, &own_path(customer), "Give an account", &fields)) }
    }
}
