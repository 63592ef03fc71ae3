//! What can be done for a customer: each form, and the request that it becomes.

use maud::{Markup, html};
use serde_json::Value;

use super::own_path;
use crate::dashboard::pages::objects::{amount_field, read};
use crate::dashboard::visit::{Done, Failure, Form, Visit, escape};
use crate::web::parts::{amount, field, figures, text};

/// Currencies that transfers can be simulated in.
const CURRENCIES: [&str; 5] = ["usd", "eur", "gbp", "jpy", "mxn"];

fn currency_field<'c>(name: &str, currencies: impl Iterator<Item = &'c str>) -> Markup {
    let input = html! {
        select id=(name) name="currency" {
            @for currency in currencies {
                option value=(currency) { (currency.to_uppercase()) }
            }
        }
    };
    field("Currency", name, &input, "")
}

/// Reads the currency and the amount of a form; the amount in the smallest unit.
fn amount_in(form: &Form) -> Result<(i64, &str), Failure> {
    let currency = form.text("currency");
    Ok((read(form, currency)?, currency))
}

fn done(visit: &Visit, notice: String) -> Done {
    Done { to: own_path(visit.id("customer")), notice }
}

/// Where the form of a payment leads.
pub fn to_apply(customer: &str) -> String {
    format!("{}/apply", own_path(customer))
}

/// Pays a payment from the cash balance.
pub async fn apply(visit: Visit, form: Form) -> Result<Done, Failure> {
    let (minor, currency) = amount_in(&form)?;
    let payment = form.text("payment");
    let path = format!("/v1/payment_intents/{}/apply_customer_balance", escape(payment));
    let params = [("amount", &*minor.to_string()), ("currency", currency)];
    let intent = visit.post(&path, &params, form.text("key")).await?;
    let paid = amount(minor, currency);
    let notice = match text(&intent["status"]) {
        "succeeded" => format!("{paid} were paid. The payment is complete."),
        _ => format!("{paid} were paid. The payment waits for the rest."),
    };
    Ok(done(&visit, notice))
}

/// The form that simulates a transfer.
pub fn simulation(visit: &Visit, customer: &str) -> Markup {
    let fields = html! {
        div.line {
            (amount_field("fund-amount", "Amount", "", ""))
            (currency_field("fund-currency", CURRENCIES.into_iter()))
        }
        (field("Reference", "fund-reference", &html! {
            input #fund-reference name="reference" maxlength="500" autocomplete="off"
                aria-describedby="fund-reference-hint";
        }, "What the sender writes. The reference of a payment pays that one first."))
    };
    let to = format!("{}/fund", own_path(customer));
    visit.action(&to, &own_path(customer), "Send the transfer", &fields)
}

/// Simulates a transfer.
pub async fn fund(visit: Visit, form: Form) -> Result<Done, Failure> {
    let (minor, currency) = amount_in(&form)?;
    let customer = escape(visit.id("customer"));
    let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
    let minor_text = minor.to_string();
    let mut params = vec![("amount", &*minor_text), ("currency", currency)];
    params.extend(form.given("reference").map(|reference| ("reference", reference)));
    visit.post(&path, &params, form.text("key")).await?;
    Ok(done(&visit, format!("A transfer of {} arrived.", amount(minor, currency))))
}

/// The form that sends cash back to the customer's bank.
pub fn returning(visit: &Visit, customer: &str, balance: &Value) -> Markup {
    let available = balance["available"].as_object().into_iter().flatten();
    let held: Vec<(&str, i64)> = available
        .filter_map(|(currency, minor)| Some((currency.as_str(), minor.as_i64()?)))
        .filter(|(_, minor)| *minor > 0)
        .collect();
    let Some((currency, minor)) = held.first() else {
        return html! { p.empty { "There is no cash to send back." } };
    };
    let fields = html! {
        div.line {
            (amount_field("return-amount", "Amount", &figures(*minor, currency), ""))
            (currency_field("return-currency", held.iter().map(|(currency, _)| *currency)))
        }
        (field("E-mail for the bank details", "return-email", &html! {
            input #return-email type="email" name="email" maxlength="512" autocomplete="off"
                aria-describedby="return-email-hint";
        }, "Where to ask which account it goes to; the customer's own address if left empty."))
    };
    let to = format!("{}/return", own_path(customer));
    let question = "Send this cash back to the customer's bank?";
    visit.grave_action(&to, &own_path(customer), ("Send back", question), &fields)
}

/// Sends cash back to the customer's bank.
pub async fn send_back(visit: Visit, form: Form) -> Result<Done, Failure> {
    let (minor, currency) = amount_in(&form)?;
    let minor_text = minor.to_string();
    let mut params = vec![
        ("origin", "customer_balance"),
        ("customer", visit.id("customer")),
        ("amount", &*minor_text),
        ("currency", currency),
    ];
    params.extend(form.given("email").map(|email| ("instructions_email", email)));
    let refund = visit.post("/v1/refunds", &params, form.text("key")).await?;
    let sent = amount(minor, currency);
    Ok(Done {
        to: format!("/dashboard/refunds/{}", text(&refund["id"])),
        notice: format!("{sent} left the cash balance, on the way back to the customer's bank."),
    })
}

/// The switch between automatic and manual.
pub fn reconciliation(visit: &Visit, customer: &str, balance: &Value) -> Markup {
    let settings = &balance["settings"];
    let now = match settings["using_merchant_default"] == true {
        true => "merchant_default",
        false => text(&settings["reconciliation_mode"]),
    };
    let modes = [
        ("automatic", "Automatic: money that arrives pays open payments at once"),
        ("manual", "Manual: money stays in the cash balance until you apply it"),
        ("merchant_default", "As for all customers"),
    ];
    let fields = html! {
        fieldset.modes {
            legend.unseen { "What happens to money that arrives" }
            @for (mode, words) in modes {
                label {
                    input type="radio" name="mode" value=(mode) checked[mode == now];
                    span { (words) }
                }
            }
        }
    };
    let to = format!("{}/reconciliation", own_path(customer));
    visit.action(&to, &own_path(customer), "Save", &fields)
}

/// Switches between automatic and manual.
pub async fn reconcile(visit: Visit, form: Form) -> Result<Done, Failure> {
    let path = format!("/v1/customers/{}/cash_balance", escape(visit.id("customer")));
    let params = [("settings[reconciliation_mode]", form.text("mode"))];
    let balance = visit.post(&path, &params, form.text("key")).await?;
    let mode = text(&balance["settings"]["reconciliation_mode"]);
    Ok(done(&visit, format!("Reconciliation is {mode} now.")))
}

/// Gives the customer an account to send money to.
pub async fn instruct(visit: Visit, form: Form) -> Result<Done, Failure> {
    let rail = form.text("rail");
    let (currency, country) = rail.split_once(' ').unwrap_or((rail, ""));
    let kind = match currency {
        "usd" => "us_bank_transfer",
        "eur" => "eu_bank_transfer",
        "gbp" => "gb_bank_transfer",
        "jpy" => "jp_bank_transfer",
        "mxn" => "mx_bank_transfer",
        _ => return Err(Failure::new(400, "There are no accounts in that currency.")),
    };
    let path = format!("/v1/customers/{}/funding_instructions", escape(visit.id("customer")));
    let mut params = vec![
        ("funding_type", "bank_transfer"),
        ("currency", currency),
        ("bank_transfer[type]", kind),
    ];
    if !country.is_empty() {
        params.push(("bank_transfer[eu_bank_transfer][country]", country));
    }
    visit.post(&path, &params, form.text("key")).await?;
    let currency = currency.to_uppercase();
    Ok(done(&visit, format!("The customer has an account for {currency}.")))
}
