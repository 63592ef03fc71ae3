//! The merchant's bank accounts, on the page of the payouts that go there.

use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::pages::objects::given;
use crate::dashboard::visit::{Done, Failure, Form, Visit, escape};
use crate::web::parts::{self, badge, field, rows, table, text};

const PAGE: &str = "/dashboard/payouts";
/// Bank accounts that the page shows, at most.
const SHOWN_MAX: usize = 100;

fn path(visit: &Visit) -> String {
    format!("/v1/accounts/{}/external_accounts", visit.who.access.account)
}

/// All bank accounts.
pub async fn all(visit: &Visit) -> Result<Value, Failure> {
    visit.get(&format!("{}?limit={SHOWN_MAX}", path(visit))).await
}

/// One of them, if it was not removed.
pub async fn find(visit: &Visit, id: &str) -> Result<Option<Value>, Failure> {
    visit.find(&format!("{}/{}", path(visit), escape(id))).await
}

/// A bank account in a few words.
pub fn name(account: &Value) -> String {
    let (currency, last4) = (text(&account["currency"]).to_uppercase(), text(&account["last4"]));
    let country = text(&account["country"]);
    let holder = account["account_holder_name"].as_str().map(|name| format!(", {name}"));
    format!("{currency} {country} ••{last4}{}", holder.unwrap_or_default())
}

/// The bank accounts, with a form to add one.
pub fn card(visit: &Visit, accounts: &Value) -> Markup {
    let may_act = visit.who.may_act();
    let lines = rows(accounts).iter().map(|account| {
        let mut cells = vec![
            html! { (name(account)) },
            html! { (text(&account["routing_number"])) },
            html! { @if account["default_for_currency"] == true { (badge("default")) } },
            html! { code.id { (text(&account["id"])) } },
        ];
        if may_act {
            cells.push(remove_form(visit, account));
        }
        cells
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Account", "Bank", "Default", "Id", "Remove"];
    let headings = if may_act { &headings[..] } else { &headings[..4] };
    let empty = "There are no bank accounts yet.";
    html! {
        (parts::card("Bank accounts", &table("Bank accounts", headings, &lines, empty)))
        @if may_act { (parts::card("Add a bank account", &add_form(visit))) }
    }
}

fn remove_form(visit: &Visit, account: &Value) -> Markup {
    let to = format!("{PAGE}/bank-accounts/{}/remove", text(&account["id"]));
    let button = format!("Remove ••{}", text(&account["last4"]));
    let question = "Remove this bank account? No further payouts can go there.";
    visit.grave_action(&to, PAGE, (&button, question), &html! {})
}

fn add_form(visit: &Visit) -> Markup {
    let input = |name: &str, length: &str, required: bool, hint: bool| {
        html! {
            input id=(name) name=(name) maxlength=(length) autocomplete="off" spellcheck="false"
                required[required] aria-describedby=[hint.then(|| format!("{name}-hint"))];
        }
    };
    let kind = html! {
        select #account_holder_type name="account_holder_type" {
            option value="" { "Not said" }
            option value="company" { "A business" }
            option value="individual" { "A person" }
        }
    };
    let routing = "Where the country has one: routing number, sort code, bank and branch.";
    let number = "An IBAN, a CLABE, or what the country uses. Only its end is kept.";
    let fields = html! {
        div.grid {
            (field("Country", "country", &input("country", "2", true, true),
                "As two letters, such as US or DE."))
            (field("Currency", "currency", &input("currency", "3", true, true),
                "As three letters, such as USD or EUR."))
            (field("Account number", "account_number",
                &input("account_number", "64", true, true), number))
            (field("Routing number", "routing_number",
                &input("routing_number", "64", false, true), routing))
            (field("Account holder", "account_holder_name",
                &input("account_holder_name", "300", false, false), ""))
            (field("The holder is", "account_holder_type", &kind, ""))
        }
        p {
            label {
                input type="checkbox" name="default_for_currency" value="true";
                " Payouts in this currency go there from now on"
            }
        }
    };
    visit.action(&format!("{PAGE}/bank-accounts"), PAGE, "Add the account", &fields)
}

/// Adds a bank account.
pub async fn add(visit: Visit, form: Form) -> Result<Done, Failure> {
    let (country, currency) =
        (form.text("country").to_uppercase(), form.text("currency").to_lowercase());
    let params = given(&[
        ("external_account[object]", "bank_account"),
        ("external_account[country]", &country),
        ("external_account[currency]", &currency),
        ("external_account[account_number]", form.text("account_number")),
        ("external_account[routing_number]", form.text("routing_number")),
        ("external_account[account_holder_name]", form.text("account_holder_name")),
        ("external_account[account_holder_type]", form.text("account_holder_type")),
        ("default_for_currency", form.text("default_for_currency")),
    ]);
    let account = visit.post(&path(&visit), &params, form.text("key")).await?;
    Ok(Done { to: PAGE.to_owned(), notice: format!("{} was added.", name(&account)) })
}

/// Removes a bank account.
pub async fn remove(visit: Visit, _: Form) -> Result<Done, Failure> {
    visit.delete(&format!("{}/{}", path(&visit), escape(visit.id("id")))).await?;
    Ok(Done { to: PAGE.to_owned(), notice: "The bank account was removed.".to_owned() })
}
