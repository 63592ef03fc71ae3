//! Payments: all of them, and each with where its money is.

use books::refund::REFUND_DAYS_MAX;
use maud::{Markup, html};
use serde_json::Value;

use super::charges;
use super::objects::{self, balance_lines, words};
use crate::dashboard::links::{customer, link, transaction_link};
use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::web::parts::{
    amount, badge, card, change, copyable, facts, field, money, rows, table, text, when,
};

pub mod actions;
mod forms;
mod instructions;

/// Transactions, refunds and invoices that are looked through for those of one payment.
const LOOKED_THROUGH: usize = 100;
const DAY_S: i64 = 86_400;

/// Payments, newest first; those of one customer where the query names one.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let of = visit.query().given("customer");
    let (mut asked, mut here) =
        ("/v1/payment_intents?expand[]=data.customer".to_owned(), "/dashboard/payments".to_owned());
    if let Some(id) = of {
        asked += &format!("&customer={}", escape(id));
        here += &format!("?customer={}", escape(id));
    }
    // Whoever mistypes an id stays where it can be typed again.
    let (payments, problem) = match visit.list(&asked).await {
        Ok(payments) => (payments, None),
        Err(failure) if of.is_some() && failure.status < 500 => (Value::Null, Some(failure)),
        Err(failure) => return Err(failure),
    };
    let lines: Vec<_> = rows(&payments).iter().map(line).collect();
    let headings = ["Payment", ">Amount", ">Missing", "State", "Customer", "Reference", "Created"];
    let empty = match (problem.as_ref(), of) {
        (Some(failure), _) => &*failure.message,
        (None, Some(_)) => "This customer has no payments.",
        (None, None) => "There are no payments yet.",
    };
    let body = html! {
        (filter(of))
        (card("Payments", &table("Payments", &headings, &lines, empty)))
        (visit.pager(&here, &payments))
    };
    Ok(Shown { title: "Payments".to_owned(), body })
}

fn filter(of: Option<&str>) -> Markup {
    let input = html! {
        input #customer name="customer" value=[of] placeholder="cus_…" autocomplete="off"
            maxlength="100";
    };
    html! {
        section.card.narrow {
            form.line method="get" action="/dashboard/payments" {
                (field("Payments of one customer", "customer", &input, ""))
                button type="submit" { "Show" }
                @if of.is_some() { a.button href="/dashboard/payments" { "Show all" } }
            }
        }
    }
}

fn line(payment: &Value) -> Vec<Markup> {
    let currency = &payment["currency"];
    let awaited = &payment["next_action"]["display_bank_transfer_instructions"];
    let missing = missing(payment);
    vec![
        html! {
            (link(&payment["id"]))
            @if let Some(words) = words(&payment["description"]) { div.hint { (words) } }
        },
        money(&payment["amount"], currency),
        match missing {
            0 => html! { span.muted { "–" } },
            _ => money(&missing.into(), currency),
        },
        badge(text(&payment["status"])),
        customer(&payment["customer"]),
        html! { code { (text(&awaited["reference"])) } },
        when(&payment["created"]),
    ]
}

/// Whether anything can still happen to a payment.
fn is_open(payment: &Value) -> bool {
    !matches!(text(&payment["status"]), "succeeded" | "canceled")
}

/// What is still to come, in the smallest unit.
fn missing(payment: &Value) -> i64 {
    let awaited = &payment["next_action"]["display_bank_transfer_instructions"];
    match is_open(payment) && payment["status"] != "requires_capture" {
        true => awaited["amount_remaining"].as_i64().or(payment["amount"].as_i64()).unwrap_or(0),
        false => 0,
    }
}

/// A payment with all that is known about it.
struct Payment {
    intent: Value,
    customer: Value,
    /// What the customer's cash balance has in the currency of the payment.
    cash: i64,
    charge: Option<Value>,
    refunds: Value,
    invoice: Option<Value>,
    /// Transactions of the cash balance that it caused, and whether older ones may be missing.
    transactions: (Vec<Value>, bool),
    /// Whether it is too late to refund it.
    is_old: bool,
}

impl Payment {
    async fn find(visit: &Visit) -> Result<Payment, Failure> {
        let intent = visit.get(&format!("/v1/payment_intents/{}", escape(visit.id("id")))).await?;
        let (id, of) = (text(&intent["id"]), text(&intent["customer"]));
        // A card may have paid for nobody who is known.
        let (customer, cash) = match of {
            "" => (Value::Null, None),
            _ => (
                visit.get(&format!("/v1/customers/{of}")).await?,
                visit.find(&format!("/v1/customers/{of}/cash_balance")).await?,
            ),
        };
        let cash = cash.unwrap_or_default()["available"][text(&intent["currency"])].as_i64();
        let charge = match intent["latest_charge"].as_str() {
            Some(id) => {
                Some(visit.get(&format!("/v1/charges/{id}?expand[]=balance_transaction")).await?)
            }
            None => None,
        };
        let refunds = format!("/v1/refunds?payment_intent={id}&limit={LOOKED_THROUGH}");
        let refunds = visit.get(&refunds).await?;
        let charged = charge.as_ref().and_then(|charge| charge["created"].as_i64());
        let age_s = charged.map_or(0, |at| visit.app.clock.now().seconds().0 - at);
        Ok(Payment {
            cash: cash.unwrap_or(0),
            invoice: invoice(visit, &intent).await?,
            transactions: transactions(visit, &intent, &refunds).await?,
            is_old: age_s > REFUND_DAYS_MAX * DAY_S,
            intent,
            customer,
            charge,
            refunds,
        })
    }

    fn id(&self) -> &str {
        text(&self.intent["id"])
    }

    fn currency(&self) -> &str {
        text(&self.intent["currency"])
    }

    /// What the cash balance can give it.
    fn applicable(&self) -> i64 {
        if self.takes_cash() { missing(&self.intent).min(self.cash) } else { 0 }
    }

    /// What can still be refunded.
    fn refundable(&self) -> i64 {
        match &self.charge {
            Some(charge) if !self.is_old => charges::refundable(charge),
            _ => 0,
        }
    }

    /// Whether the cash balance can pay it, or paid it.
    fn takes_cash(&self) -> bool {
        rows_of(&self.intent["payment_method_types"]).any(|kind| kind == "customer_balance")
    }

    /// What its latest charge charged: `card`, `customer_balance` and so on; empty before.
    fn charged(&self) -> &str {
        self.charge.as_ref().map_or("", |charge| text(&charge["payment_method_details"]["type"]))
    }

    /// What is set aside and can be captured.
    fn capturable(&self) -> i64 {
        self.intent["amount_capturable"].as_i64().unwrap_or(0)
    }
}

/// The members of a list.
fn rows_of(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The invoice that a payment pays. Payments do not name theirs; their descriptions do.
async fn invoice(visit: &Visit, intent: &Value) -> Result<Option<Value>, Failure> {
    let Some(number) = text(&intent["description"]).strip_prefix("Payment for Invoice ") else {
        return Ok(None);
    };
    let of = text(&intent["customer"]);
    if of.is_empty() {
        return Ok(None);
    }
    let path = format!("/v1/invoices?customer={of}&limit={LOOKED_THROUGH}");
    let invoices = visit.find(&path).await?.unwrap_or_default();
    let is_it = |invoice: &&Value| {
        invoice["number"] == number
            && invoice["amount_due"] == intent["amount"]
            && invoice["currency"] == intent["currency"]
    };
    Ok(rows(&invoices).iter().find(is_it).cloned())
}

async fn transactions(
    visit: &Visit,
    intent: &Value,
    refunds: &Value,
) -> Result<(Vec<Value>, bool), Failure> {
    let of = text(&intent["customer"]);
    if of.is_empty() {
        return Ok((Vec::new(), false));
    }
    let path = format!("/v1/customers/{of}/cash_balance_transactions?limit={LOOKED_THROUGH}");
    let all = visit.find(&path).await?.unwrap_or_default();
    let is_of_it = |row: &&Value| {
        let cause = &row[text(&row["type"])];
        let refund = &cause["refund"];
        cause["payment_intent"] == intent["id"]
            || (refund.is_string() && rows(refunds).iter().any(|known| known["id"] == *refund))
    };
    let found = rows(&all).iter().filter(is_of_it).cloned().collect();
    Ok((found, all["has_more"] == true))
}

/// One payment.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let payment = Payment::find(&visit).await?;
    let intent = &payment.intent;
    let total = amount(intent["amount"].as_i64().unwrap_or(0), payment.currency());
    let body = html! {
        (card("Progress", &progress(&payment)))
        (card("Payment", &about(&payment)))
        (instructions::card(intent))
        (forms::all(&visit, &payment))
        @if let Some(charge) = &payment.charge { (charged(charge)) }
        @if !rows(&payment.refunds).is_empty() {
            (card("Refunds", &objects::refunds_of_payment(&payment.refunds)))
        }
        @if payment.takes_cash() { (moved(&payment)) }
        @if let Some(invoice) = &payment.invoice { (card("Invoice", &billed(invoice))) }
        (objects::metadata(intent))
        (objects::raw(intent))
    };
    Ok(Shown { title: format!("Payment of {total}"), body })
}

/// How much of the money is there.
fn progress(payment: &Payment) -> Markup {
    let (intent, currency) = (&payment.intent, payment.currency());
    let total = intent["amount"].as_i64().unwrap_or(0);
    let missing = missing(intent);
    let came = match text(&intent["status"]) {
        "canceled" | "requires_capture" => 0,
        "succeeded" => intent["amount_received"].as_i64().unwrap_or(total),
        _ => total - missing,
    };
    let awaited = &intent["next_action"]["display_bank_transfer_instructions"];
    let words = match text(&intent["status"]) {
        "succeeded" => format!("{} came. The payment is complete.", amount(came, currency)),
        "canceled" => "The payment was given up. It holds no money.".to_owned(),
        "requires_capture" => format!(
            "The bank of the card set {} aside. It can be captured.",
            amount(intent["amount_capturable"].as_i64().unwrap_or(0), currency)
        ),
        "requires_action" if awaited.is_null() => {
            "The holder of the card has to authenticate first.".to_owned()
        }
        "requires_payment_method" if !intent["last_payment_error"].is_null() => {
            "The payment failed. It can be tried again in another way.".to_owned()
        }
        "requires_action" if came == 0 => {
            format!("Nothing came yet. {} is missing.", amount(missing, currency))
        }
        "requires_action" => format!(
            "{} of {} came, {} is missing.",
            amount(came, currency),
            amount(total, currency),
            amount(missing, currency)
        ),
        _ => format!("Nobody has confirmed this payment of {} yet.", amount(total, currency)),
    };
    html! {
        p.lead { (badge(text(&intent["status"]))) " " (words) }
        progress.part value=(came) max=(total) aria-label="How much of the money is there" {
            (amount(came, currency))
        }
        @if let Some(problem) = words_of_error(intent) { p { (problem) } }
        @if let Some(page) = intent["next_action"]["redirect_to_url"]["url"].as_str() {
            p { a href=(page) { "Open the page on which the holder authenticates" } }
            p { (copyable("the link for the holder", page)) }
        }
    }
}

fn words_of_error(intent: &Value) -> Option<&str> {
    intent["last_payment_error"]["message"].as_str()
}

fn about(payment: &Payment) -> Markup {
    let intent = &payment.intent;
    let awaited = &intent["next_action"]["display_bank_transfer_instructions"];
    let currency = &intent["currency"];
    let reason = text(&intent["cancellation_reason"]).replace('_', " ");
    facts(&[
        ("Id", Some(copyable("the id", payment.id()))),
        ("Amount", Some(money(&intent["amount"], currency))),
        ("Customer", Some(customer(&payment.customer))),
        ("Created", Some(when(&intent["created"]))),
        ("Description", words(&intent["description"])),
        ("Reference", awaited["reference"].as_str().map(|it| copyable("the reference", it))),
        ("Canceled", intent["canceled_at"].as_i64().map(crate::web::parts::moment)),
        ("Reason", (!reason.is_empty()).then(|| html! { (reason) })),
        ("Receipt goes to", words(&intent["receipt_email"])),
        ("On the bank statement", words(&intent["statement_descriptor"])),
        ("Transfer group", words(&intent["transfer_group"])),
    ])
}

/// The charge, and what came of it in the merchant's balance.
fn charged(charge: &Value) -> Markup {
    let (line, currency) = (&charge["balance_transaction"], &charge["currency"]);
    let state = text(&charge["status"]);
    let mut of_charge = vec![
        ("Charge", Some(link(&charge["id"]))),
        ("State", Some(badge(state))),
        ("Made", Some(when(&charge["created"]))),
        ("Captured", Some(money(&charge["amount_captured"], currency))),
        ("Refunded", Some(money(&charge["amount_refunded"], currency))),
    ];
    if line.is_object() {
        of_charge.push(("Fee", Some(money(&line["fee"], currency))));
        of_charge.push(("Net", Some(money(&line["net"], currency))));
    }
    of_charge.extend(charges::charged_with(charge));
    html! {
        (card("Charge", &facts(&of_charge)))
        @if line.is_object() { (balance_lines(std::slice::from_ref(line))) }
    }
}

/// What the payment moved in the customer's cash balance.
fn moved(payment: &Payment) -> Markup {
    let (found, has_more) = &payment.transactions;
    let lines = found.iter().map(|row| {
        let (id, of) = (text(&row["id"]), text(&row["customer"]));
        let currency = text(&row["currency"]);
        vec![
            transaction_link(of, id),
            html! { (text(&row["type"]).replace('_', " ")) },
            change(row["net_amount"].as_i64().unwrap_or(0), currency),
            money(&row["ending_balance"], &row["currency"]),
            when(&row["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Transaction", "What happened", ">Change", ">Balance after", "When"];
    let empty = "No money of the cash balance went to this payment.";
    let body = html! {
        (table("Transactions of the cash balance", &headings, &lines, empty))
        @if *has_more {
            p.hint {
                "The newest " (LOOKED_THROUGH) " transactions of the customer were looked through."
            }
        }
    };
    card("In the cash balance", &body)
}

fn billed(invoice: &Value) -> Markup {
    let currency = &invoice["currency"];
    let state = text(&invoice["status"]);
    facts(&[
        ("Number", words(&invoice["number"])),
        ("State", Some(badge(state))),
        ("Total", Some(money(&invoice["total"], currency))),
        ("Paid", Some(money(&invoice["amount_paid"], currency))),
        ("Remaining", Some(money(&invoice["amount_remaining"], currency))),
        ("Due", Some(when(&invoice["due_date"]))),
        ("Description", words(&invoice["description"])),
        ("Id", Some(copyable("the id of the invoice", text(&invoice["id"])))),
    ])
}
