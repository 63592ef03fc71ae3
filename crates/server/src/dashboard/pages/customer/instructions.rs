//! Where a customer sends money to, in the words that banks use.

use maud::{Markup, html};
use serde_json::Value;

use super::own_path;
use crate::dashboard::visit::Visit;
use crate::web::addresses;
use crate::web::parts::{field, text};

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

/// The instructions that a customer was given, and a form that gives more.
pub fn shown(visit: &Visit, customer: &str, given: &[Value]) -> Markup {
    html! {
        @if given.is_empty() {
            p.empty { "This customer was not given an account to send money to yet." }
        }
        div.accounts {
            @for instructions in given {
                @let currency = text(&instructions["currency"]).to_uppercase();
                @for address in &addresses::read(&instructions["bank_transfer"]) {
                    article.account-card {
                        h3 { (currency) " by " (addresses::ways(address)) }
                        (addresses::list(&addresses::lines(address)))
                    }
                }
            }
        }
        (more(visit, customer))
    }
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
