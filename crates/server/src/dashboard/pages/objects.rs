//! What pages of single objects have in common: their metadata, the lines that they made in the
//! merchant's balance, the object as the API shows it, and amounts in forms.

use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::links::link;
use crate::dashboard::visit::{Failure, Form};
use crate::web::parts::{
    amount, badge, card, field, figures, json_text, money, read_amount, rows, table, text, when,
};

/// Characters of what somebody typed that are shown again, at most.
const SHOWN_CHARS_MAX: usize = 30;

/// Words that an object may have.
pub fn words(value: &Value) -> Option<Markup> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(|text| html! { (text) })
}

/// What the merchant keeps with an object; nothing where that is nothing.
pub fn metadata(object: &Value) -> Markup {
    let kept = object["metadata"].as_object().into_iter().flatten();
    let lines = kept.map(|(name, value)| vec![html! { code { (name) } }, html! { (text(value)) }]);
    let lines: Vec<_> = lines.collect();
    html! {
        @if !lines.is_empty() {
            (card("Metadata", &table("Metadata", &["Name", "Value"], &lines, "")))
        }
    }
}

/// An object as the API shows it.
pub fn raw(object: &Value) -> Markup {
    html! {
        section.card {
            details {
                summary { "As the API shows it" }
                (json_text("As the API shows it", object))
            }
        }
    }
}

/// Lines of the merchant's balance.
pub fn balance_lines(lines: &[Value]) -> Markup {
    let cells = lines.iter().map(|line| {
        let currency = &line["currency"];
        vec![
            html! { code.id { (text(&line["id"])) } },
            html! { (text(&line["type"]).replace('_', " ")) },
            money(&line["amount"], currency),
            money(&line["fee"], currency),
            money(&line["net"], currency),
            badge(text(&line["status"])),
            when(&line["available_on"]),
        ]
    });
    let cells: Vec<_> = cells.collect();
    let headings = ["Line", "Type", ">Amount", ">Fee", ">Net", "State", "Available on"];
    card("In your balance", &table("Balance transactions", &headings, &cells, "No lines yet."))
}

/// Refunds of one payment.
pub fn refunds_of_payment(list: &Value) -> Markup {
    let lines: Vec<_> = rows(list).iter().map(refund_line).collect();
    table("Refunds", &["Refund", ">Amount", "State", "To", "Created"], &lines, "No refunds.")
}

/// The cells of a refund in a table: its id, amount, state, destination and age.
pub fn refund_line(refund: &Value) -> Vec<Markup> {
    vec![
        link(&refund["id"]),
        money(&refund["amount"], &refund["currency"]),
        badge(text(&refund["status"])),
        html! { (destination(refund)) },
        when(&refund["created"]),
    ]
}

/// Where a refund goes, in words.
pub fn destination(refund: &Value) -> &'static str {
    match refund["destination_details"]["type"].as_str() {
        Some("card") => "card",
        Some("customer_cash_balance") => "cash balance",
        Some(_) => "bank account",
        None if refund["status"] == "requires_action" => "not known yet",
        None => "nowhere",
    }
}

/// The input of an amount. `id` is its own on the page.
pub fn amount_field(id: &str, label: &str, value: &str, hint: &str) -> Markup {
    let described = (!hint.is_empty()).then(|| format!("{id}-hint"));
    let input = html! {
        input id=(id) name="amount" inputmode="decimal" autocomplete="off" required
            maxlength="30" placeholder="12.34" value=(value) aria-describedby=[described];
    };
    field(label, id, &input, hint)
}

/// The same, filled in with the most that it can be.
pub fn amount_up_to(id: &str, (most, currency): (i64, &str)) -> Markup {
    let hint = format!("At most {}.", amount(most, currency));
    amount_field(id, "Amount", &figures(most, currency), &hint)
}

/// A choice among words of the API, written as people do, which can be left open.
pub fn choice(id: &str, label: &str, name: &str, open: &str, words: &[&str]) -> Markup {
    let select = html! {
        select id=(id) name=(name) {
            option value="" { (open) }
            @for word in words { option value=(word) { (word.replace('_', " ")) } }
        }
    };
    field(label, id, &select, "")
}

/// Reads the amount of a form, in the smallest unit.
pub fn read(form: &Form, currency: &str) -> Result<i64, Failure> {
    let written = form.text("amount");
    read_amount(written, currency).filter(|minor| *minor > 0).ok_or_else(|| {
        let shown: String = written.chars().take(SHOWN_CHARS_MAX).collect();
        let example = amount(123_450, currency);
        Failure::new(400, format!("“{shown}” is no amount. Write it like {example}."))
    })
}

/// Why the API refused an amount, as people write amounts where it was just too large. That is
/// told afterwards, as a form that is sent again gets the answer that it got.
pub fn too_much(refused: Failure, asked: i64, (most, currency): (i64, &str)) -> Failure {
    if asked <= most || refused.status >= 500 {
        return refused;
    }
    let (asked, most) = (amount(asked, currency), amount(most, currency));
    Failure { message: format!("{asked} is too much: there is {most}."), ..refused }
}

/// The parameters of a request, without those that were left empty.
pub fn given<'a>(params: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    params.iter().copied().filter(|(_, value)| !value.is_empty()).collect()
}
