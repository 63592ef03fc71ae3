//! What people do with payments. Each is one request to the API.

use serde_json::Value;

use super::{Payment, missing};
use crate::dashboard::pages::objects::{given, read, too_much};
use crate::dashboard::visit::{Done, Failure, Form, Visit};
use crate::web::parts::{amount, text};

fn page(payment: &Payment) -> String {
    format!("/dashboard/payments/{}", payment.id())
}

fn shown(object: &Value) -> String {
    amount(object["amount"].as_i64().unwrap_or(0), text(&object["currency"]))
}

/// Gives it money of the cash balance; to an invoice, which names no amount, all that it takes.
pub async fn apply(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = Payment::find(&visit).await?;
    let (currency, most) = (payment.currency(), payment.applicable());
    let asked = match payment.invoice {
        Some(_) => None,
        None => Some(read(&form, currency)?),
    };
    let figure = asked.map(|minor| minor.to_string()).unwrap_or_default();
    let path = format!("/v1/payment_intents/{}/apply_customer_balance", payment.id());
    let params = given(&[("amount", &figure), ("currency", currency)]);
    let after = visit.post(&path, &params, form.text("key")).await;
    let asked = asked.unwrap_or_default();
    let after = after.map_err(|refused| too_much(refused, asked, (most, currency)))?;
    let notice = match missing(&after) {
        0 => "The payment is complete.".to_owned(),
        missing => format!("The payment has the money. {} is missing.", amount(missing, currency)),
    };
    Ok(Done { to: page(&payment), notice })
}

/// Gives it up.
pub async fn cancel(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = Payment::find(&visit).await?;
    let path = format!("/v1/payment_intents/{}/cancel", payment.id());
    let params = given(&[("cancellation_reason", form.text("cancellation_reason"))]);
    visit.post(&path, &params, form.text("key")).await?;
    Ok(Done { to: page(&payment), notice: "The payment was canceled.".to_owned() })
}

/// Takes money that the bank of a card set aside, or a part of it.
pub async fn capture(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = Payment::find(&visit).await?;
    let (currency, most) = (payment.currency(), payment.capturable());
    let asked = read(&form, currency)?;
    let path = format!("/v1/payment_intents/{}/capture", payment.id());
    let params = [("amount_to_capture", &*asked.to_string())];
    let after = visit.post(&path, &params, form.text("key")).await;
    let after = after.map_err(|refused| too_much(refused, asked, (most, currency)))?;
    let taken = amount(after["amount_received"].as_i64().unwrap_or(0), currency);
    Ok(Done { to: page(&payment), notice: format!("{taken} was captured.") })
}

/// Sends money back to the card or the customer's bank.
pub async fn refund(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = Payment::find(&visit).await?;
    let (currency, most) = (payment.currency(), payment.refundable());
    let asked = read(&form, currency)?;
    let figure = asked.to_string();
    let params = given(&[
        ("payment_intent", payment.id()),
        ("amount", &figure),
        ("reason", form.text("reason")),
        ("instructions_email", form.text("instructions_email")),
    ]);
    let refund = visit.post("/v1/refunds", &params, form.text("key")).await;
    let refund = refund.map_err(|refused| too_much(refused, asked, (most, currency)))?;
    Ok(Done {
        to: format!("/dashboard/refunds/{}", text(&refund["id"])),
        notice: match payment.charged() {
            "card" => format!("{} will go back to the card.", shown(&refund)),
            _ => format!("{} will go back to the customer's bank.", shown(&refund)),
        },
    })
}

/// Puts money back into the cash balance.
pub async fn refund_to_cash_balance(visit: Visit, form: Form) -> Result<Done, Failure> {
    let payment = Payment::find(&visit).await?;
    let (currency, most) = (payment.currency(), payment.refundable());
    let asked = read(&form, currency)?;
    let figure = asked.to_string();
    let path = format!("/purser/v1/payment_intents/{}/refund_to_cash_balance", payment.id());
    let params = given(&[("amount", &figure), ("reason", form.text("reason"))]);
    let refund = visit.post(&path, &params, form.text("key")).await;
    let refund = refund.map_err(|refused| too_much(refused, asked, (most, currency)))?;
    let notice = format!("{} went back to the cash balance.", shown(&refund));
    Ok(Done { to: page(&payment), notice })
}
