//! What can be done with a payment, each only while it can be.

use maud::{Markup, html};

use super::{Payment, is_open, missing};
use crate::dashboard::pages::charges::REASONS;
use crate::dashboard::pages::objects::{amount_up_to, choice};
use crate::dashboard::visit::Visit;
use crate::web::parts::{amount, card, field, text};

/// Reasons for giving a payment up.
const CANCELLATIONS: &[&str] = &["requested_by_customer", "duplicate", "abandoned", "fraudulent"];

/// All forms that the payment is in the state for.
pub fn all(visit: &Visit, payment: &Payment) -> Markup {
    if !visit.who.may_act() {
        return html! {};
    }
    let forms: Vec<Markup> = [capture, apply, cancel, to_card, to_bank, to_cash_balance]
        .into_iter()
        .filter_map(|form| form(visit, payment))
        .collect();
    html! {
        @if !forms.is_empty() { div.grid { @for form in forms { (form) } } }
        @if payment.is_old {
            p.muted { "It is too late to refund this payment." }
        }
    }
}

fn path(payment: &Payment, action: &str) -> (String, String) {
    let back = format!("/dashboard/payments/{}", payment.id());
    (format!("{back}/{action}"), back)
}

fn is_deleted(payment: &Payment) -> bool {
    payment.customer["deleted"] == true
}

/// Takes money that the bank of a card set aside.
fn capture(visit: &Visit, payment: &Payment) -> Option<Markup> {
    let most = payment.capturable();
    if most <= 0 {
        return None;
    }
    let (to, back) = path(payment, "capture");
    let fields = amount_up_to("capture-amount", (most, payment.currency()));
    let question = "Take this money? What is left of it is let go.";
    let form = visit.grave_action(&to, &back, ("Capture", question), &fields);
    Some(card("Capture", &form))
}

/// Gives the payment money of the cash balance.
fn apply(visit: &Visit, payment: &Payment) -> Option<Markup> {
    let is_set_aside = payment.capturable() > 0;
    if !is_open(&payment.intent) || is_deleted(payment) || is_set_aside || !payment.takes_cash() {
        return None;
    }
    let (to, back) = path(payment, "apply");
    let (missing, currency) = (missing(&payment.intent), payment.currency());
    let most = payment.applicable();
    let has = format!("The cash balance has {}.", amount(payment.cash, currency));
    // An invoice takes its money whole.
    let is_whole = payment.invoice.is_some();
    let body = html! {
        p { (has) }
        @if most <= 0 || (is_whole && most < missing) {
            p.muted { "That is not enough to give this payment any." }
        } @else {
            @let fields = match is_whole {
                true => html! { p { "The invoice takes " (amount(missing, currency)) "." } },
                false => amount_up_to("apply-amount", (most, currency)),
            };
            (visit.action(&to, &back, "Give it to this payment", &fields))
        }
    };
    Some(card("Pay from the cash balance", &body))
}

fn cancel(visit: &Visit, payment: &Payment) -> Option<Markup> {
    // A payment of an invoice ends with the invoice.
    if !is_open(&payment.intent) || payment.invoice.is_some() {
        return None;
    }
    let (to, back) = path(payment, "cancel");
    let none = "No reason given";
    let fields = choice("cancel-reason", "Reason", "cancellation_reason", none, CANCELLATIONS);
    let question = match payment.takes_cash() {
        true => {
            "Cancel this payment? What it holds goes back to the cash balance. \
             A payment that was canceled stays so."
        }
        false => {
            "Cancel this payment? What is set aside on a card is let go. \
             A payment that was canceled stays so."
        }
    };
    let form = visit.grave_action(&to, &back, ("Cancel the payment", question), &fields);
    Some(card("Cancel", &form))
}

/// Sends money back to the card that paid.
fn to_card(visit: &Visit, payment: &Payment) -> Option<Markup> {
    let most = payment.refundable();
    if most <= 0 || payment.charged() != "card" {
        return None;
    }
    let (to, back) = path(payment, "refund");
    let fields = html! {
        (amount_up_to("refund-amount", (most, payment.currency())))
        (choice("refund-reason", "Reason", "reason", "No reason given", REASONS))
    };
    let question = "Refund this money? It leaves your balance at once.";
    let form = visit.grave_action(&to, &back, ("Refund to the card", question), &fields);
    Some(card("Refund to the card", &form))
}

/// Sends money back to the customer's bank, which the customer has to name.
fn to_bank(visit: &Visit, payment: &Payment) -> Option<Markup> {
    let most = payment.refundable();
    if most <= 0 || payment.charged() == "card" {
        return None;
    }
    let (to, back) = path(payment, "refund");
    let email = payment.customer["email"].as_str();
    let input = html! {
        input #refund-email type="email" name="instructions_email" maxlength="500"
            autocomplete="off" placeholder=[email] required[email.is_none()]
            aria-describedby="refund-email-hint";
    };
    let hint = match email {
        Some(_) => "The customer is asked for a bank account. Leave empty for the known address.",
        None => "The customer is asked for a bank account, and no address is known.",
    };
    let fields = html! {
        (amount_up_to("refund-amount", (most, payment.currency())))
        (choice("refund-reason", "Reason", "reason", "No reason given", REASONS))
        (field("E-mail address", "refund-email", &input, hint))
    };
    let question = "Refund this money? It leaves your balance at once.";
    let form = visit.grave_action(&to, &back, ("Refund to the bank", question), &fields);
    Some(card("Refund to the customer's bank", &form))
}

/// Puts money back into the cash balance.
fn to_cash_balance(visit: &Visit, payment: &Payment) -> Option<Markup> {
    let most = payment.refundable();
    if most <= 0 || is_deleted(payment) || payment.charged() != "customer_balance" {
        return None;
    }
    let (to, back) = path(payment, "refund-to-cash-balance");
    let fields = html! {
        (amount_up_to("return-amount", (most, payment.currency())))
        (choice("return-reason", "Reason", "reason", "No reason given", REASONS))
    };
    let question = "Put this money back into the cash balance? It may pay another payment at once.";
    let form = visit.grave_action(&to, &back, ("Refund to the cash balance", question), &fields);
    let name = text(&payment.customer["name"]);
    let body = html! {
        p { "It is there at once" @if !name.is_empty() { ", for " (name) " to spend" } "." }
        (form)
    };
    Some(card("Refund to the cash balance", &body))
}
