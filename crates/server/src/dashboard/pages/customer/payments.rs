//! Payments that wait for money, and paying them by hand.

use maud::{Markup, html};
use serde_json::Value;

use super::forms::to_apply;
use super::own_path;
use crate::dashboard::links::link;
use crate::dashboard::pages::objects::amount_field;
use crate::dashboard::visit::Visit;
use crate::web::parts::{amount, badge, copyable, figures, money, rows, text, when};

/// What is not paid yet, with what each still needs.
pub fn open(visit: &Visit, customer: &str, balance: &Value, intents: &Value) -> Markup {
    let is_open = |intent: &&Value| {
        let waits = ["requires_payment_method", "requires_confirmation", "requires_action"];
        waits.contains(&text(&intent["status"]))
    };
    let open: Vec<&Value> = rows(intents).iter().filter(is_open).collect();
    html! {
        @if open.is_empty() { p.empty { "No payment waits for money." } }
        @for intent in open { (shown(visit, customer, balance, intent)) }
        @if intents["has_more"] == true {
            p.hint {
                "Older payments are not shown here: "
                a href={ "/dashboard/payments?customer=" (customer) } { "all payments" }
            }
        }
    }
}

fn shown(visit: &Visit, customer: &str, balance: &Value, intent: &Value) -> Markup {
    let (id, currency) = (text(&intent["id"]), text(&intent["currency"]));
    let told = &intent["next_action"]["display_bank_transfer_instructions"];
    let whole = intent["amount"].as_i64().unwrap_or_default();
    let remaining = told["amount_remaining"].as_i64().unwrap_or(whole);
    let available = balance["available"][currency].as_i64().unwrap_or_default();
    html! {
        article.payment {
            h3 { (link(&intent["id"])) }
            p {
                (badge(text(&intent["status"]))) " "
                (money(&remaining.into(), &intent["currency"]))
                " of " (amount(whole, currency)) " to pay, since " (when(&intent["created"]))
                @if let Some(reference) = told["reference"].as_str() {
                    ". Reference: " (copyable("the reference", reference))
                }
            }
            @if available > 0 {
                (apply(visit, customer, (id, currency), remaining.min(available)))
            } @else if visit.who.may_act() {
                p.hint { "There is no cash in " (currency.to_uppercase()) " to pay it with." }
            }
        }
    }
}

/// A form that pays a part of a payment, or the rest.
fn apply(visit: &Visit, customer: &str, (intent, currency): (&str, &str), most: i64) -> Markup {
    let name = format!("amount-{intent}");
    let label = format!("Pay from the cash balance, in {}", currency.to_uppercase());
    let fields = html! {
        input type="hidden" name="payment" value=(intent);
        input type="hidden" name="currency" value=(currency);
        (amount_field(&name, &label, &figures(most, currency), ""))
    };
    html! {
        div.inline { (visit.action(&to_apply(customer), &own_path(customer), "Pay", &fields)) }
    }
}
