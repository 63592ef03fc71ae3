//! The ledger: what is in every account, by currency, and that it adds up to nothing.

use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::visit::{Failure, Shown, Visit};
use crate::web::parts::{amount, card, figures, rows, table, text};

/// The accounts.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let accounts = visit.get("/purser/v1/ledger_accounts").await?;
    let mut currencies: Vec<&str> =
        rows(&accounts).iter().map(|account| text(&account["currency"])).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let body = html! {
        @if currencies.is_empty() {
            section.card { p.empty { "No money has moved yet." } }
        }
        @for currency in currencies {
            @let own: Vec<&Value> =
                rows(&accounts).iter().filter(|one| one["currency"] == currency).collect();
            (card(&currency.to_uppercase(), &of_currency(currency, &own)))
        }
        section.card {
            h2 { "How it came about" }
            p { "Each line of an account is a posting of an entry, and entries are sealed." }
            a.button href="/dashboard/journal" { "Read the journal" }
        }
    };
    Ok(Shown { title: "Ledger".to_owned(), body })
}

/// The accounts of a currency with their sums, which are the same on both sides.
fn of_currency(currency: &str, accounts: &[&Value]) -> Markup {
    let side = |minor: i64| match minor > 0 {
        true => html! { span.money { (figures(minor, currency)) } },
        false => html! {},
    };
    let balance = |account: &Value| account["balance"].as_i64().unwrap_or_default();
    let mut lines: Vec<Vec<Markup>> = Vec::with_capacity(accounts.len() + 1);
    let (mut debits, mut credits) = (0i64, 0i64);
    for account in accounts {
        let minor = balance(account);
        debits = debits.saturating_add(minor.max(0));
        credits = credits.saturating_add(minor.saturating_neg().max(0));
        let name = account_name(text(&account["account"]));
        lines.push(vec![html! { (name) }, side(minor), side(minor.saturating_neg())]);
    }
    let sum = |minor: i64| html! { strong.money { (figures(minor, currency)) } };
    lines.push(vec![html! { strong { "Sum" } }, sum(debits), sum(credits)]);
    let difference = debits.saturating_sub(credits);
    html! {
        (table(&format!("Accounts in {}", currency.to_uppercase()),
            &["Account", ">Debit", ">Credit"], &lines, ""))
        p {
            @if difference == 0 {
                span.badge.good { "balanced" } " Debits and credits differ by nothing."
            } @else {
                span.badge.bad { "broken" }
                " Debits and credits differ by " (amount(difference, currency)) "."
            }
        }
    }
}

/// What people call an account of the ledger.
pub fn account_name(account: &str) -> String {
    let name = match account {
        "bank" => "Bank",
        "customers" => "Customers, all of them",
        "customer_cash" => "Cash of a customer",
        "payment_intent" => "Held by a payment",
        "merchant_pending" => "Merchant, pending",
        "merchant_available" => "Merchant, available",
        "fees" => "Fees",
        "refunds_in_transit" => "Refunds on their way",
        "payouts_in_transit" => "Payouts on their way",
        other => return other.replace('_', " "),
    };
    name.to_owned()
}
