//! Charges: all of them, and each with what was charged and what came of it.
//!
//! Charges that a payment asked for are dealt with on the page of the payment. What is shown of a
//! card is what the API tells of it: its brand, its last four digits and its expiry.

use books::card::Brand;
use maud::{Markup, html};
use serde_json::Value;

use super::objects::{
    self, amount_up_to, balance_lines, choice, given, read, refunds_of_payment, too_much, words,
};
use crate::dashboard::links::{customer, known, link, page_of};
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit, escape};
use crate::web::parts::{
    amount, badge, card, copyable, facts, field, money, rows, table, text, when,
};

/// Reasons for a refund.
pub const REASONS: &[&str] = &["requested_by_customer", "duplicate", "fraudulent"];
/// Refunds of a charge that are shown.
const REFUNDS_MAX: usize = 100;
const LIST: &str = "/dashboard/charges";

/// Charges, newest first.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let charges = visit.list("/v1/charges?expand[]=data.customer").await?;
    let lines = rows(&charges).iter().map(|charge| {
        vec![
            link(&charge["id"]),
            money(&charge["amount"], &charge["currency"]),
            badge(state(charge)),
            html! { (instrument(charge)) },
            customer(&charge["customer"]),
            match charge["payment_intent"].as_str() {
                Some(id) => html! { a href=[page_of(id)] { "a payment" } },
                None => html! { span.muted { "–" } },
            },
            when(&charge["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Charge", ">Amount", "State", "With", "Customer", "Payment", "Created"];
    let body = html! {
        (card("Charges", &table("Charges", &headings, &lines, "Nothing was charged yet.")))
        (visit.pager(LIST, &charges))
    };
    Ok(Shown { title: "Charges".to_owned(), body })
}

/// How far a charge is, in a word.
fn state(charge: &Value) -> &'static str {
    match (text(&charge["status"]), charge["captured"] == true) {
        ("failed", _) => "failed",
        (_, true) if charge["refunded"] == true => "refunded",
        (_, true) => "succeeded",
        (_, false) if charge["refunded"] == true => "canceled",
        (_, false) => "requires_capture",
    }
}

/// What was charged, in words.
pub fn instrument(charge: &Value) -> String {
    let details = &charge["payment_method_details"];
    let card = &details["card"];
    match text(&details["type"]) {
        "card" => format!("{} ending in {}", brand(card), text(&card["last4"])),
        "customer_balance" => "cash balance".to_owned(),
        "" => "unknown".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The brand of a card, as people write it.
pub fn brand(card: &Value) -> &str {
    let name = text(&card["brand"]);
    Brand::ALL.iter().find(|brand| brand.as_str() == name).map_or(name, |brand| brand.title())
}

/// Month and year in which a card ends.
pub fn expiry(card: &Value) -> Option<String> {
    let (month, year) = (card["exp_month"].as_i64()?, card["exp_year"].as_i64()?);
    Some(format!("{month:02}/{year}"))
}

/// Whether a charge is by card, so that a refund goes back to it.
pub fn is_by_card(charge: &Value) -> bool {
    charge["payment_method_details"]["type"] == "card"
}

/// What can still be refunded of a charge, in the smallest unit.
pub fn refundable(charge: &Value) -> i64 {
    let of = |field: &str| charge[field].as_i64().unwrap_or(0);
    match charge["captured"] == true {
        true => of("amount").saturating_sub(of("amount_refunded")),
        false => 0,
    }
}

/// What is set aside and can be captured, in the smallest unit.
fn capturable(charge: &Value) -> i64 {
    match state(charge) {
        "requires_capture" => charge["amount"].as_i64().unwrap_or(0),
        _ => 0,
    }
}

async fn charge(visit: &Visit) -> Result<Value, Failure> {
    let path = format!("/v1/charges/{}", escape(visit.id("id")));
    visit.get(&format!("{path}?expand[]=balance_transaction&expand[]=customer")).await
}

/// One charge.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let charge = charge(&visit).await?;
    let id = text(&charge["id"]);
    let refunds = visit.get(&format!("/v1/refunds?charge={id}&limit={REFUNDS_MAX}")).await?;
    let line = &charge["balance_transaction"];
    let body = html! {
        (card("State", &progress(&charge)))
        (card("Charge", &about(&charge)))
        (card("Charged", &facts(&charged_with(&charge))))
        (forms(&visit, &charge))
        @if !rows(&refunds).is_empty() { (card("Refunds", &refunds_of_payment(&refunds))) }
        @if line.is_object() { (balance_lines(std::slice::from_ref(line))) }
        (objects::metadata(&charge))
        (objects::raw(&charge))
    };
    let total = amount(charge["amount"].as_i64().unwrap_or(0), text(&charge["currency"]));
    Ok(Shown { title: format!("Charge of {total}"), body })
}

fn progress(charge: &Value) -> Markup {
    let currency = text(&charge["currency"]);
    let of = |field: &str| amount(charge[field].as_i64().unwrap_or(0), currency);
    let details = &charge["payment_method_details"]["card"];
    html! {
        p.lead {
            (badge(state(charge))) " "
            @match state(charge) {
                "failed" => { "No money came." }
                "canceled" => { "The money was let go. Nothing was taken." }
                "requires_capture" => { (of("amount")) " is set aside, and can be captured." }
                "refunded" => { (of("amount_captured")) " was taken, and nothing of it is left." }
                _ => { (of("amount_captured")) " was taken." }
            }
        }
        @if let Some(why) = words(&charge["failure_message"]) { p { (why) } }
        @if details["capture_before"].is_i64() && capturable(charge) > 0 {
            p { "It is let go on " (when(&details["capture_before"])) "." }
        }
        @if charge["disputed"] == true { p { "The holder of the card disputes this charge." } }
    }
}

fn about(charge: &Value) -> Markup {
    let currency = &charge["currency"];
    let of = &charge["customer"];
    facts(&[
        ("Id", Some(copyable("the id", text(&charge["id"])))),
        ("Amount", Some(money(&charge["amount"], currency))),
        ("Captured", Some(money(&charge["amount_captured"], currency))),
        ("Refunded or let go", Some(money(&charge["amount_refunded"], currency))),
        ("Customer", (!of.is_null()).then(|| customer(of))),
        ("Payment", known(&charge["payment_intent"])),
        ("Description", words(&charge["description"])),
        ("Receipt goes to", words(&charge["receipt_email"])),
        ("On the bank statement", words(&charge["statement_descriptor"])),
        ("Transfer group", words(&charge["transfer_group"])),
        ("Created", Some(when(&charge["created"]))),
    ])
}

/// What was charged and what its bank said, as facts.
pub fn charged_with(charge: &Value) -> Vec<(&'static str, Option<Markup>)> {
    let card = &charge["payment_method_details"]["card"];
    let outcome = &charge["outcome"];
    let reason = outcome["reason"].as_str().map(|reason| reason.replace('_', " "));
    let code = charge["failure_code"].as_str().map(|code| code.replace('_', " "));
    let said = |of: Option<String>| of.map(|words| html! { (words) });
    vec![
        ("With", Some(html! { (instrument(charge)) })),
        ("Expires", said(expiry(card))),
        ("Which", known(&charge["payment_method"])),
        ("Outcome", words(&outcome["seller_message"])),
        ("Why it failed", said(code)),
        ("Reason", said(reason)),
        ("Risk", words(&outcome["risk_level"])),
        ("Disputed", (charge["disputed"] == true).then(|| html! { "by the holder" })),
    ]
}

/// What the state of a charge without a payment allows.
fn forms(visit: &Visit, charge: &Value) -> Markup {
    if !visit.who.may_act() || charge["payment_intent"].is_string() {
        return html! {};
    }
    let back = format!("{LIST}/{}", text(&charge["id"]));
    let currency = text(&charge["currency"]);
    let (capturable, refundable) = (capturable(charge), refundable(charge));
    let capture = || {
        let fields = amount_up_to("capture-amount", (capturable, currency));
        let question = "Take this money? What is left of it is let go.";
        visit.grave_action(&format!("{back}/capture"), &back, ("Capture", question), &fields)
    };
    let refund = || {
        let fields = refund_fields(charge, refundable);
        let question = "Refund this money? It leaves your balance at once.";
        visit.grave_action(&format!("{back}/refund"), &back, ("Refund", question), &fields)
    };
    html! {
        @if capturable > 0 { (card("Capture", &capture())) }
        @if refundable > 0 {
            (card(if is_by_card(charge) { "Refund to the card" } else { "Refund" }, &refund()))
        }
    }
}

fn refund_fields(charge: &Value, most: i64) -> Markup {
    let input = html! {
        input #refund-email type="email" name="instructions_email" maxlength="500"
            autocomplete="off" aria-describedby="refund-email-hint";
    };
    let hint = "The payer is asked there for a bank account.";
    html! {
        (amount_up_to("refund-amount", (most, text(&charge["currency"]))))
        (choice("refund-reason", "Reason", "reason", "No reason given", REASONS))
        @if !is_by_card(charge) { (field("E-mail address", "refund-email", &input, hint)) }
    }
}

/// Takes money that was set aside, or a part of it.
pub async fn capture(visit: Visit, form: Form) -> Result<Done, Failure> {
    let charge = charge(&visit).await?;
    let (currency, most) = (text(&charge["currency"]), capturable(&charge));
    let asked = read(&form, currency)?;
    let path = format!("/v1/charges/{}/capture", text(&charge["id"]));
    let after = visit.post(&path, &[("amount", &*asked.to_string())], form.text("key")).await;
    let after = after.map_err(|refused| too_much(refused, asked, (most, currency)))?;
    let taken = amount(after["amount_captured"].as_i64().unwrap_or(0), currency);
    let to = format!("{LIST}/{}", text(&charge["id"]));
    Ok(Done { to, notice: format!("{taken} was captured.") })
}

/// Sends money back to the card or the payer.
pub async fn refund(visit: Visit, form: Form) -> Result<Done, Failure> {
    let charge = charge(&visit).await?;
    let (currency, most) = (text(&charge["currency"]), refundable(&charge));
    let asked = read(&form, currency)?;
    let figure = asked.to_string();
    let params = given(&[
        ("charge", text(&charge["id"])),
        ("amount", &figure),
        ("reason", form.text("reason")),
        ("instructions_email", form.text("instructions_email")),
    ]);
    let refund = visit.post("/v1/refunds", &params, form.text("key")).await;
    let refund = refund.map_err(|refused| too_much(refused, asked, (most, currency)))?;
    let to = format!("/dashboard/refunds/{}", text(&refund["id"]));
    Ok(Done { to, notice: format!("{} will go back.", amount(asked, currency)) })
}
