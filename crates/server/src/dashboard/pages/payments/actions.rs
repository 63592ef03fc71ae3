//! What people do with payments. Each is one request to the API.

use serde_json::Value;

use super::missing;
use crate::dashboard::pages::objects::{given, read};
use crate::dashboard::visit::{Done, Failure, Form, Visit, escape};
use crate::web::parts::{amount, text};

/// The payment that is meant, for its currency.
async fn payment(visit: &Visit) -> Result<Value, Failure> {
    visit.get(&format!("/v1/payment_intents/{}", escape(visit.id("id")))).await
}

fn page(payment: &Value) -> String {
    format!("/dashboard/payments/{}", text(&payment["id"]))
}

fn shown(object: &Value) -> String {
    amount(object["amount"].as_i64().unwrap_or(0), text(&object["currency"]))
}

/// Gives it money of the cash balance; all that fits where no amount is named.
pub async fn apply(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = payment(&visit).await?;
    let currency = text(&payment["currency"]);
    let asked = match form.given("amount") {
        Some(_) => read(&form, currency)?,
        None => String::new(),
    };
    let path = format!("/v1/payment_intents/{}/apply_customer_balance", text(&payment["id"]));
    let params = given(&[("amount", &asked), ("currency", currency)]);
    let after = visit.post(&path, &params, form.text("key")).await?;
    let notice = match missing(&after) {
        0 => "The payment is complete.".to_owned(),
        missing => format!("The payment has the money. {} is missing.", amount(missing, currency)),
    };
    Ok(Done { to: page(&payment), notice })
}

/// Gives it up.
pub async fn cancel(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = payment(&visit).await?;
    let path = format!("/v1/payment_intents/{}/cancel", text(&payment["id"]));
    let params = given(&[("cancellation_reason", form.text("cancellation_reason"))]);
    visit.post(&path, &params, form.text("key")).await?;
    Ok(Done { to: page(&payment), notice: "The payment was canceled.".to_owned() })
}

/// Sends money back to the customer's bank.
pub async fn refund(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = payment(&visit).await?;
    let asked = read(&form, text(&payment["currency"]))?;
    let params = given(&[
        ("payment_intent", text(&payment["id"])),
        ("amount", &asked),
        ("reason", form.text("reason")),
        ("instructions_email", form.text("instructions_email")),
    ]);
    let refund = visit.post("/v1/refunds", &params, form.text("key")).await?;
    Ok(Done {
        to: format!("/dashboard/refunds/{}", text(&refund["id"])),
        notice: format!("{} will go back to the customer's bank.", shown(&refund)),
    })
}

/// Puts money back into the cash balance.
pub async fn refund_to_cash_balance(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = payment(&visit).await?;
    let asked = read(&form, text(&payment["currency"]))?;
    let path =
        format!("/purser/v1/payment_intents/{}/refund_to_cash_balance", text(&payment["id"]));
    let params = given(&[("amount", &asked), ("reason", form.text("reason"))]);
    let refund = visit.post(&path, &params, form.text("key")).await?;
    let notice = format!("{} went back to the cash balance.", shown(&refund));
    Ok(Done { to: page(&payment), notice })
}
