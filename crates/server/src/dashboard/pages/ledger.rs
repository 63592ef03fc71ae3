//! The ledger: what is in every account, by currency, that it adds up to nothing, and what audits
//! of the whole database found.

use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit};
use crate::web::parts::{amount, badge, card, figures, rows, short, table, text, when};

const PATH: &str = "/dashboard/ledger";
/// Findings of an audit that are shown, at most.
const FINDINGS_MAX: usize = 20;

/// The accounts.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let accounts = visit.get("/purser/v1/ledger_accounts").await?;
    let audits = visit.get("/purser/v1/audits").await?;
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
        (card("Audits", &audit_card(&visit, &audits)))
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

/// What the last audits found, and a button that starts one.
fn audit_card(visit: &Visit, audits: &Value) -> Markup {
    let lines: Vec<_> = rows(audits).iter().map(audit_line).collect();
    let headings = ["Started", "Result", ">Entries", ">Transactions", ">Documents", ">Findings"];
    let empty = "This server has not audited its books since it was started.";
    let newest = rows(audits).first();
    let is_running = newest.is_some_and(|audit| audit["status"] == "running");
    let findings = newest.and_then(|audit| audit["findings"].as_array());
    let findings = findings.map_or(&[][..], Vec::as_slice);
    let nothing = html! {};
    html! {
        p {
            "An audit reads everything again: that each entry balances and its seal fits, and that "
            "every balance is the sum of its postings."
        }
        (table("Audits", &headings, &lines, empty))
        @if !findings.is_empty() {
            h3 { "What the last one found" }
            ul {
                @for finding in findings.iter().take(FINDINGS_MAX) {
                    li { (text(&finding["check"])) ": " (short(text(&finding["detail"]))) }
                }
            }
        }
        @if is_running {
            p { a.button href=(PATH) { "Look again" } }
        } @else {
            (visit.action(&format!("{PATH}/audits"), PATH, "Audit now", &nothing))
        }
    }
}

fn audit_line(audit: &Value) -> Vec<Markup> {
    let checked = &audit["checked"];
    let count = |value: &Value| match value.as_i64() {
        Some(count) => html! { (count) },
        None => html! { span.muted { "–" } },
    };
    vec![
        when(&audit["started"]),
        html! {
            (badge(text(&audit["status"])))
            @if audit["status"] == "running" {
                " " (count(&checked["rows"])) " of " (count(&checked["rows_total"])) " rows"
            }
        },
        count(&checked["entries"]),
        count(&checked["cash_balance_transactions"]),
        count(&checked["documents"]),
        count(&audit["findings_total"]),
    ]
}

/// Starts an audit.
pub async fn audit(visit: Visit, form: Form) -> Result<Done, Failure> {
    visit.post("/purser/v1/audits", &[], form.text("key")).await?;
    let notice = "An audit was started. Its result is shown here as soon as it is there.";
    Ok(Done { to: PATH.to_owned(), notice: notice.to_owned() })
}

/// What people call an account of the ledger.
pub fn account_name(account: &str) -> String {
    let name = match account {
        "bank" => "Bank",
        "customer_cash" => "Cash of customers",
        "payment_intent" => "Held by payments",
        "merchant_pending" => "Merchant, pending",
        "merchant_available" => "Merchant, available",
        "bank_pending" => "Merchant, of transfers, pending",
        "bank_available" => "Merchant, of transfers, available",
        "card_network" => "Owed by card networks",
        "source" => "Held by sources",
        "fees" => "Fees",
        "refunds_in_transit" => "Refunds on their way",
        "payouts_in_transit" => "Payouts on their way",
        other => return other.replace('_', " "),
    };
    name.to_owned()
}
