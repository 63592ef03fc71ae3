//! Refunds: all of them, and each with what it waits for.

use bank::Rail;
use maud::{Markup, html};
use serde_json::Value;

use super::objects::{self, balance_lines, destination, given, refund_line, words};
use crate::dashboard::links::{customer, known, page_of};
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit, escape};
use crate::web::accounts;
use crate::web::parts::{amount, badge, card, copyable, facts, money, rows, table, text, when};

/// Refunds, newest first.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let refunds = visit.list("/v1/refunds?expand[]=data.customer").await?;
    let lines = rows(&refunds).iter().map(|refund| {
        let mut cells = refund_line(refund);
        cells.push(match refund["payment_intent"].as_str() {
            Some(id) => html! { a href=[page_of(id)] { "a payment" } },
            None if is_of_cash(refund) => html! { "cash balance" },
            None => html! { a href=[page_of(text(&refund["charge"]))] { "a charge" } },
        });
        cells.push(customer(&refund["customer"]));
        cells
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Refund", ">Amount", "State", "To", "Created", "From", "Customer"];
    let empty = "There are no refunds yet.";
    let body = html! {
        (card("Refunds", &table("Refunds", &headings, &lines, empty)))
        (visit.pager("/dashboard/refunds", &refunds))
    };
    Ok(Shown { title: "Refunds".to_owned(), body })
}

/// One refund.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let refund = refund(&visit).await?;
    let of = match refund["customer"].as_str() {
        Some(id) => visit.get(&format!("/v1/customers/{id}")).await?,
        // A card can be charged without a customer.
        None => Value::Null,
    };
    let link = match is_waiting(&refund) {
        true => details_link(&visit, &refund).await?,
        false => None,
    };
    let lines = format!("/v1/balance_transactions?source={}", text(&refund["id"]));
    let lines = visit.get(&lines).await?;
    let lines = rows(&lines);
    let body = html! {
        (card("State", &state(&refund)))
        @if let Some(link) = &link { (card("Link for the customer", &for_customer(link))) }
        (card("Refund", &about(&refund, &of)))
        (forms(&visit, &refund))
        @if !lines.is_empty() { (balance_lines(lines)) }
        (objects::metadata(&refund))
        (objects::raw(&refund))
    };
    let total = amount(refund["amount"].as_i64().unwrap_or(0), text(&refund["currency"]));
    Ok(Shown { title: format!("Refund of {total}"), body })
}

async fn refund(visit: &Visit) -> Result<Value, Failure> {
    visit.get(&format!("/v1/refunds/{}", escape(visit.id("id")))).await
}

/// Whether it is money of a cash balance, and not of a payment or a charge.
fn is_of_cash(refund: &Value) -> bool {
    refund["payment_intent"].is_null() && refund["charge"].is_null()
}

/// Whether nobody has said yet which bank account it goes to.
fn is_waiting(refund: &Value) -> bool {
    refund["status"] == "requires_action"
}

/// The page on which the customer can name a bank account, where there is one.
async fn details_link(visit: &Visit, refund: &Value) -> Result<Option<Value>, Failure> {
    let path = format!("/purser/v1/refunds/{}/details_link", text(&refund["id"]));
    match visit.find(&path).await {
        Err(failure) if failure.status < 500 => Ok(None),
        found => found,
    }
}

/// How far it is, and what it waits for.
fn state(refund: &Value) -> Markup {
    let asked = &refund["next_action"]["display_details"];
    let mail = &asked["email_sent"];
    let is_of_cash = is_of_cash(refund);
    html! {
        p.lead {
            (badge(text(&refund["status"]))) " "
            @match text(&refund["status"]) {
                "requires_action" => "Waits for a bank account.",
                "pending" => "The bank has it.",
                "succeeded" => "The money is there.",
                "canceled" => "It was given up.",
                _ => "It failed.",
            }
        }
        @if is_waiting(refund) {
            @if refund["failure_reason"].is_string() {
                p { "The bank sent the money back, so another account is needed." }
            }
            @if let Some(address) = mail["email_sent_to"].as_str() {
                p {
                    "The customer was asked at " strong { (address) } " on "
                    (when(&mail["email_sent_at"])) ". Without an answer the refund fails on "
                    (when(&asked["expires_at"])) "."
                }
            } @else {
                p { "The customer could not be asked. Enter the account below once you know it." }
            }
        } @else if matches!(text(&refund["status"]), "canceled" | "failed") {
            p {
                @if is_of_cash { "The money is not on its way to a bank any more." }
                @else { "The money went back to your balance." }
            }
        }
    }
}

fn for_customer(link: &Value) -> Markup {
    html! {
        p {
            "Whoever opens it can name the bank account. It ends on "
            (when(&link["expires_at"])) "."
        }
        p { (copyable("the link for the customer", text(&link["url"]))) }
    }
}

fn about(refund: &Value, of: &Value) -> Markup {
    let currency = &refund["currency"];
    let details = &refund["destination_details"];
    let sent = &details[text(&details["type"])];
    let words_of = |field: &str| {
        let word = refund[field].as_str().map(|word| word.replace('_', " "));
        word.map(|word| html! { (word) })
    };
    facts(&[
        ("Id", Some(copyable("the id", text(&refund["id"])))),
        ("Amount", Some(money(&refund["amount"], currency))),
        ("Customer", of.is_object().then(|| customer(of))),
        ("Payment", known(&refund["payment_intent"])),
        ("Charge", known(&refund["charge"])),
        ("From", is_of_cash(refund).then(|| html! { "cash balance" })),
        ("To", Some(html! { (destination(refund)) })),
        ("Reference", sent["reference"].as_str().map(|it| copyable("the reference", it))),
        ("Reason", words_of("reason")),
        ("Why it failed", words_of("failure_reason")),
        ("Bank details asked at", words(&refund["instructions_email"])),
        ("Created", Some(when(&refund["created"]))),
    ])
}

/// What can be done while a refund waits for a bank account.
fn forms(visit: &Visit, refund: &Value) -> Markup {
    if !is_waiting(refund) || !visit.who.may_act() {
        return html! {};
    }
    let back = format!("/dashboard/refunds/{}", text(&refund["id"]));
    let rail = Rail::for_currency(text(&refund["currency"]));
    let is_test = !visit.who.access.livemode;
    let cancel = "Cancel this refund? The money goes back to where it came from.";
    let expire = "Let this refund fail now, as if nobody had answered in time?";
    html! {
        div.grid {
            @if let Some(rail) = rail {
                (card("Bank account", &visit.action(
                    &format!("{back}/bank-details"),
                    &back,
                    "Send the money there",
                    &html! {
                        @for field in accounts::fields(rail) { (field.shown("", None, is_test)) }
                    },
                )))
            }
            (card("Cancel", &html! {
                p { "Nothing was sent to a bank yet." }
                (visit.grave_action(
                    &format!("{back}/cancel"),
                    &back,
                    ("Cancel the refund", cancel),
                    &html! {},
                ))
            }))
            @if is_test {
                (card("Test", &html! {
                    p { "See what happens when the customer does not answer." }
                    (visit.grave_action(
                        &format!("{back}/expire"),
                        &back,
                        ("Let it expire", expire),
                        &html! {},
                    ))
                }))
            }
        }
    }
}

/// Sends a refund to the bank account that somebody found out.
pub async fn give_bank_details(visit: Visit, form: Form) -> Result<Done, Failure> {
    let refund = refund(&visit).await?;
    let rail = Rail::for_currency(text(&refund["currency"]));
    let typed = rail.map(|rail| accounts::typed(rail, &form)).unwrap_or_default();
    let account: Vec<_> =
        typed.iter().map(|(field, text)| (field.param(), text.as_str())).collect();
    let params: Vec<_> = account.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let path = format!("/purser/v1/refunds/{}/bank_details", text(&refund["id"]));
    visit.post(&path, &given(&params), form.text("key")).await?;
    Ok(done(&refund, "The money is on its way to this bank account."))
}

/// Gives a refund up.
pub async fn cancel(visit: Visit, form: Form) -> Result<Done, Failure> {
    let refund = refund(&visit).await?;
    let path = format!("/v1/refunds/{}/cancel", text(&refund["id"]));
    visit.post(&path, &[], form.text("key")).await?;
    Ok(done(&refund, "The refund was canceled."))
}

/// Lets a refund in test mode fail as if nobody had answered.
pub async fn expire(visit: Visit, form: Form) -> Result<Done, Failure> {
    let refund = refund(&visit).await?;
    let path = format!("/v1/test_helpers/refunds/{}/expire", text(&refund["id"]));
    visit.post(&path, &[], form.text("key")).await?;
    Ok(done(&refund, "The refund expired."))
}

fn done(refund: &Value, notice: &str) -> Done {
    Done { to: format!("/dashboard/refunds/{}", text(&refund["id"])), notice: notice.to_owned() }
}
