//! What pages of single objects have in common: whose they are, their metadata, the lines that
//! they made in the merchant's balance, the object as the API shows it, and amounts in forms.

use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::visit::{Failure, Form};
use crate::web::parts::{
    amount, badge, card, field, figures, id_link, money, read_amount, rows, table, text, when,
};

/// A customer, by id or as a whole: the name that people know leads to the customer's page.
pub fn customer(customer: &Value) -> Markup {
    let id = customer["id"].as_str().unwrap_or_else(|| text(customer));
    let path = format!("/dashboard/customers/{id}");
    let names = [&customer["name"], &customer["email"]];
    match names.into_iter().find_map(Value::as_str) {
        Some(name) => html! { a href=(path) { (name) } },
        None => id_link(&path, id),
    }
}

/// An id of another object that leads to its page below this path, if there is one.
pub fn other(path: &str, id: &Value) -> Option<Markup> {
    id.as_str().map(|id| id_link(&format!("/dashboard/{path}/{id}"), id))
}

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
    let shown = serde_json::to_string_pretty(object).unwrap_or_default();
    html! {
        section.card {
            details {
                summary { "As the API shows it" }
                pre tabindex="0" { code { (shown) } }
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
    let id = text(&refund["id"]);
    vec![
        id_link(&format!("/dashboard/refunds/{id}"), id),
        money(&refund["amount"], &refund["currency"]),
        badge(text(&refund["status"])),
        html! { (destination(refund)) },
        when(&refund["created"]),
    ]
}

/// Where a refund goes, in words.
pub fn destination(refund: &Value) -> &'static str {
    match refund["destination_details"]["type"].as_str() {
        Some("customer_cash_balance") => "cash balance",
        Some(_) => "bank account",
        None if refund["status"] == "requires_action" => "not known yet",
        None => "nowhere",
    }
}

/// The input of an amount, filled in with the most that it can be. `id` is its own on the page.
pub fn amount_field(id: &str, label: &str, (most, currency): (i64, &str)) -> Markup {
    let input = html! {
        input id=(id) name="amount" inputmode="decimal" autocomplete="off" required
            maxlength="30" value=(figures(most, currency)) aria-describedby={ (id) "-hint" };
    };
    field(label, id, &input, &format!("At most {}.", amount(most, currency)))
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

/// Reads the amount of a form into what the API takes.
pub fn read(form: &Form, currency: &str) -> Result<String, Failure> {
    let written = form.text("amount");
    let minor = read_amount(written, currency).filter(|minor| *minor > 0);
    minor.map(|minor| minor.to_string()).ok_or_else(|| {
        let shown: String = written.chars().take(30).collect();
        let (example, currency) = (figures(123_456, currency), currency.to_uppercase());
        let problem = format!("“{shown}” is no amount in {currency}: write one like {example}.");
        Failure::new(400, problem)
    })
}

/// Why the API refused an amount, as people write amounts where it was just too large. That is
/// told afterwards, as a form that is sent again gets the answer that it got.
pub fn too_much(refused: Failure, asked: &str, (most, currency): (i64, &str)) -> Failure {
    match asked.parse::<i64>() {
        Ok(minor) if minor > most && refused.status < 500 => {
            let (asked, most) = (amount(minor, currency), amount(most, currency));
            Failure { message: format!("{asked} is too much: there is {most}."), ..refused }
        }
        _ => refused,
    }
}

/// The parameters of a request, without those that were left empty.
pub fn given<'a>(params: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    params.iter().copied().filter(|(_, value)| !value.is_empty()).collect()
}
