//! Payouts: all of them, each with how far it is, and a form for the next one.

use maud::{Markup, html};
use serde_json::Value;

use super::objects::{self, balance_lines, given, read, too_much, words};
use crate::dashboard::links::{known, link};
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit, escape};
use crate::web::parts::{
    amount, badge, card, copyable, facts, field, money, rows, table, text, when,
};

pub mod banks;

const STATES: &[&str] = &["pending", "in_transit", "paid", "failed", "canceled"];

/// Payouts, newest first; those in one state where the query names one.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let state = visit.query().given("status").filter(|state| STATES.contains(state));
    let (mut asked, mut here) = ("/v1/payouts?".to_owned(), "/dashboard/payouts".to_owned());
    if let Some(state) = state {
        asked += &format!("status={state}");
        here += &format!("?status={state}");
    }
    let payouts = visit.list(&asked).await?;
    let balance = visit.get("/v1/balance").await?;
    let accounts = banks::all(&visit).await?;
    let body = html! {
        div.grid {
            (card("Your balance", &available(&balance)))
            @if visit.who.may_act() { (card("New payout", &new(&visit, &balance, &accounts))) }
        }
        (card("Payouts", &html! {
            (filter(state))
            (lines(&payouts, &accounts))
        }))
        (visit.pager(&here, &payouts))
        (banks::card(&visit, &accounts))
    };
    Ok(Shown { title: "Payouts".to_owned(), body })
}

fn available(balance: &Value) -> Markup {
    let of = |bucket: &str, currency: &Value| {
        money(&sum(&balance[bucket], text(currency)).into(), currency)
    };
    let lines = balance["available"].as_array().into_iter().flatten().map(|line| {
        let currency = &line["currency"];
        let name = html! { (text(currency).to_uppercase()) };
        let parts = ["available", "pending", "instant_available"];
        let sums = parts.map(|part| of(part, currency));
        [name].into_iter().chain(sums).collect()
    });
    let headings = ["Currency", ">Available", ">Pending", ">For instant payouts"];
    table("Your balance", &headings, &lines.collect::<Vec<_>>(), "No money has come yet.")
}

/// What a part of the balance has in a currency.
fn sum(bucket: &Value, currency: &str) -> i64 {
    let lines = bucket.as_array().into_iter().flatten();
    lines
        .filter(|line| line["currency"] == currency)
        .filter_map(|line| line["amount"].as_i64())
        .sum()
}

/// The form for a payout, where there is money and an account to send it to.
fn new(visit: &Visit, balance: &Value, accounts: &Value) -> Markup {
    let is_there = |line: &&Value| line["amount"].as_i64().unwrap_or(0) > 0;
    let of = |part: &str| -> Vec<&Value> {
        balance[part].as_array().into_iter().flatten().filter(is_there).collect()
    };
    let (available, instant) = (of("available"), of("instant_available"));
    let mut currencies: Vec<&str> =
        available.iter().chain(&instant).map(|line| text(&line["currency"])).collect();
    currencies.sort_unstable();
    currencies.dedup();
    if currencies.is_empty() {
        return html! { p.empty { "There is nothing available to pay out." } };
    }
    if rows(accounts).is_empty() {
        return html! { p.empty { "Add a bank account below before the first payout." } };
    }
    let input = html! {
        input #payout-amount name="amount" inputmode="decimal" autocomplete="off" required
            maxlength="30" aria-describedby="payout-amount-hint";
    };
    let currencies = html! {
        select #payout-currency name="currency" {
            @for currency in &currencies {
                option value=(currency) { (currency.to_uppercase()) }
            }
        }
    };
    let method = html! {
        select #payout-method name="method" {
            option value="standard" { "Standard, on working days" }
            option value="instant" { "Instant, where the bank takes it" }
        }
    };
    let targets = html! {
        select #payout-to name="destination" {
            option value="" { "The default account of the currency" }
            @for account in rows(accounts) {
                option value=(text(&account["id"])) { (banks::name(account)) }
            }
        }
    };
    let descriptor = html! {
        input #payout-descriptor name="statement_descriptor" maxlength="22" autocomplete="off";
    };
    let has_both = available.iter().any(|line| line["source_types"]["bank_account"].is_i64());
    let kinds = html! {
        select #payout-source name="source_type" {
            option value="" { "What was paid" }
            option value="bank_account" { "What came by transfers to sources" }
        }
    };
    let fields = html! {
        (field("Amount", "payout-amount", &input, &hint(&available, &instant)))
        (field("Currency", "payout-currency", &currencies, ""))
        (field("To", "payout-to", &targets, ""))
        @if has_both { (field("Out of", "payout-source", &kinds, "")) }
        (field("Speed", "payout-method", &method, ""))
        (field("On the bank statement", "payout-descriptor", &descriptor, ""))
    };
    let path = "/dashboard/payouts";
    let question = "Send this money to the bank account?";
    visit.grave_action(path, path, ("Pay out", question), &fields)
}

/// How much a payout can be of.
fn hint(available: &[&Value], instant: &[&Value]) -> String {
    let most = |lines: &[&Value]| {
        let each = lines
            .iter()
            .map(|line| amount(line["amount"].as_i64().unwrap_or(0), text(&line["currency"])));
        each.collect::<Vec<_>>().join(", or ")
    };
    match (available.is_empty(), instant.is_empty()) {
        (false, true) => format!("At most {}.", most(available)),
        (true, _) => format!("Only as an instant payout, at most {}.", most(instant)),
        (false, false) if most(available) == most(instant) => {
            format!("At most {}.", most(available))
        }
        (false, false) => {
            format!("At most {}; as an instant payout {}.", most(available), most(instant))
        }
    }
}

fn filter(state: Option<&str>) -> Markup {
    html! {
        nav.pager aria-label="Payouts by state" {
            a.button href="/dashboard/payouts" aria-current=[state.is_none().then_some("page")] {
                "All"
            }
            @for known in STATES {
                a.button href={ "/dashboard/payouts?status=" (known) }
                    aria-current=[(state == Some(known)).then_some("page")] {
                    (known.replace('_', " "))
                }
            }
        }
    }
}

fn lines(payouts: &Value, accounts: &Value) -> Markup {
    let lines = rows(payouts).iter().map(|payout| {
        let to = &payout["destination"];
        let account = rows(accounts).iter().find(|account| account["id"] == *to);
        vec![
            link(&payout["id"]),
            money(&payout["amount"], &payout["currency"]),
            badge(text(&payout["status"])),
            match account {
                Some(account) => html! { (banks::name(account)) },
                None => html! { code.id { (text(to)) } },
            },
            when(&payout["arrival_date"]),
            when(&payout["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Payout", ">Amount", "State", "To", "Arrives", "Created"];
    table("Payouts", &headings, &lines, "There are no payouts here yet.")
}

async fn payout(visit: &Visit) -> Result<Value, Failure> {
    visit.get(&format!("/v1/payouts/{}", escape(visit.id("id")))).await
}

/// One payout.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let payout = payout(&visit).await?;
    let account = banks::find(&visit, text(&payout["destination"])).await?;
    let lines = format!("/v1/balance_transactions?source={}", text(&payout["id"]));
    let lines = visit.get(&lines).await?;
    let total = amount(payout["amount"].as_i64().unwrap_or(0), text(&payout["currency"]));
    let body = html! {
        (card("State", &state(&payout)))
        (card("Payout", &about(&payout, account.as_ref())))
        (forms(&visit, &payout))
        (balance_lines(rows(&lines)))
        (objects::metadata(&payout))
        (objects::raw(&payout))
    };
    Ok(Shown { title: format!("Payout of {total}"), body })
}

fn state(payout: &Value) -> Markup {
    let arrives = &payout["arrival_date"];
    html! {
        p.lead {
            (badge(text(&payout["status"]))) " "
            @match text(&payout["status"]) {
                "pending" => { "It waits. It should arrive on " (when(arrives)) "." }
                "in_transit" => { "The bank has it. It should arrive on " (when(arrives)) "." }
                "paid" => { "It arrived on " (when(arrives)) "." }
                "canceled" => "It was canceled. The money is in your balance.",
                _ => "It came back. The money is in your balance.",
            }
        }
        @if let Some(why) = words(&payout["failure_message"]) { p { (why) } }
        @if let Some(other) = known(&payout["reversed_by"]) {
            p { "It was taken back by " (other) "." }
        }
        @if let Some(other) = known(&payout["original_payout"]) {
            p { "It takes back " (other) "." }
        }
    }
}

fn about(payout: &Value, account: Option<&Value>) -> Markup {
    facts(&[
        ("Id", Some(copyable("the id", text(&payout["id"])))),
        ("Amount", Some(money(&payout["amount"], &payout["currency"]))),
        ("To", account.map(|account| html! { (banks::name(account)) })),
        ("Bank account", words(&payout["destination"]).map(|id| html! { code.id { (id) } })),
        ("Arrives", Some(when(&payout["arrival_date"]))),
        ("Created", Some(when(&payout["created"]))),
        ("On the bank statement", words(&payout["statement_descriptor"])),
        ("Description", words(&payout["description"])),
        ("Method", words(&payout["method"])),
        ("Out of", words(&payout["source_type"]).map(|_| html! { (money_of(payout)) })),
    ])
}

/// Which part of the balance a payout takes, in words.
fn money_of(payout: &Value) -> &'static str {
    match text(&payout["source_type"]) {
        "bank_account" => "money that came by transfers to sources",
        _ => "money that was paid",
    }
}

/// What the state of a payout allows.
fn forms(visit: &Visit, payout: &Value) -> Markup {
    let back = format!("/dashboard/payouts/{}", text(&payout["id"]));
    let is_first = payout["original_payout"].is_null() && payout["reversed_by"].is_null();
    let (to, heading, button, question) = match text(&payout["status"]) {
        "pending" if is_first => (
            format!("{back}/cancel"),
            "Cancel",
            "Cancel the payout",
            "Cancel this payout? The money stays in your balance.",
        ),
        "paid" if is_first => (
            format!("{back}/reverse"),
            "Reverse",
            "Take the payout back",
            "Take this payout back? Your bank account will be debited.",
        ),
        _ => return html! {},
    };
    let form = visit.grave_action(&to, &back, (button, question), &html! {});
    html! { @if visit.who.may_act() { (card(heading, &form)) } }
}

/// Sends money to the bank.
pub async fn create(visit: Visit, form: Form) -> Result<Done, Failure> {
    let currency = form.text("currency");
    let balance = visit.get("/v1/balance").await?;
    let method = form.text("method");
    let part = if method == "instant" { "instant_available" } else { "available" };
    let most = sum(&balance[part], currency);
    let asked = read(&form, currency)?;
    let figure = asked.to_string();
    let params = given(&[
        ("amount", &figure),
        ("currency", currency),
        ("destination", form.text("destination")),
        ("method", method),
        ("source_type", form.text("source_type")),
        ("statement_descriptor", form.text("statement_descriptor")),
    ]);
    let payout = visit.post("/v1/payouts", &params, form.text("key")).await;
    let payout = payout.map_err(|refused| too_much(refused, asked, (most, currency)))?;
    let sent = amount(payout["amount"].as_i64().unwrap_or(0), currency);
    Ok(done(&payout, format!("{sent} will go to the bank.")))
}

/// Gives a payout up that has not left.
pub async fn cancel(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payout = payout(&visit).await?;
    let path = format!("/v1/payouts/{}/cancel", text(&payout["id"]));
    visit.post(&path, &[], form.text("key")).await?;
    Ok(done(&payout, "The payout was canceled.".to_owned()))
}

/// Takes a payout back that arrived.
pub async fn reverse(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payout = payout(&visit).await?;
    let path = format!("/v1/payouts/{}/reverse", text(&payout["id"]));
    let reversal = visit.post(&path, &[], form.text("key")).await?;
    Ok(done(&reversal, "This payout takes the other one back.".to_owned()))
}

fn done(payout: &Value, notice: String) -> Done {
    Done { to: format!("/dashboard/payouts/{}", text(&payout["id"])), notice }
}
