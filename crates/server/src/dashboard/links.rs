//! Which page shows an object.

use maud::{Markup, html};
use serde_json::Value;

use super::door::PATH;
use crate::web::parts::{id_link, text};

/// Prefixes of ids, and the list below which objects with such ids have their pages.
const PLACES: &[(&str, &str)] = &[
    ("cus_", "customers"),
    ("pi_", "payments"),
    ("ch_", "charges"),
    ("py_", "charges"),
    ("pyr_", "refunds"),
    ("re_", "refunds"),
    ("po_", "payouts"),
    ("tu_", "topups"),
    ("src_", "sources"),
    ("evt_", "events"),
    ("we_", "webhooks"),
    ("req_", "requests"),
    ("apr_", "approvals"),
];

/// The page of the object with an id, if it has one.
pub fn page_of(id: &str) -> Option<String> {
    let (_, place) = PLACES.iter().find(|(prefix, _)| id.starts_with(prefix))?;
    Some(format!("{PATH}/{place}/{id}"))
}

/// An id, which leads to the page of its object where there is one.
pub fn link(id: &Value) -> Markup {
    let id = text(id);
    match page_of(id) {
        Some(path) => id_link(&path, id),
        None if id.is_empty() => html! { span.muted { "–" } },
        None => html! { code { (id) } },
    }
}

/// The same where there may be no id.
pub fn known(id: &Value) -> Option<Markup> {
    id.is_string().then(|| link(id))
}

/// A customer, by id or as a whole: the name that people know leads to the customer's page.
pub fn customer(customer: &Value) -> Markup {
    let id = if customer.is_object() { &customer["id"] } else { customer };
    let names = [&customer["name"], &customer["email"]];
    match names.into_iter().find_map(Value::as_str).zip(page_of(text(id))) {
        Some((name, path)) => html! { a href=(path) { (name) } },
        None => link(id),
    }
}

/// The page of a transaction of a customer's cash balance.
pub fn transaction_page(customer: &str, id: &str) -> String {
    format!("{PATH}/transactions/{customer}/{id}")
}

/// A transaction of a customer's cash balance, which leads to its page.
pub fn transaction_link(customer: &str, id: &str) -> Markup {
    id_link(&transaction_page(customer, id), id)
}

/// An object of the API, which leads to its page or to that of what it is part of.
pub fn object_link(object: &Value) -> Markup {
    let customer = text(&object["customer"]);
    match text(&object["object"]) {
        "customer_cash_balance_transaction" => transaction_link(customer, text(&object["id"])),
        "cash_balance" => html! {
            a href=[page_of(customer)] { "Cash balance of " (customer) }
        },
        // A card is shown with its customer.
        "card" | "payment_method" if !customer.is_empty() => link(&object["customer"]),
        "source_transaction" => link(&object["source"]),
        "balance" => html! { a href=(PATH) { "Balance" } },
        _ => link(&object["id"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_lead_to_their_pages() {
        for (object, want) in [
            (json!({"object": "customer", "id": "cus_1"}), "href=\"/dashboard/customers/cus_1\""),
            (json!({"object": "refund", "id": "pyr_1"}), "href=\"/dashboard/refunds/pyr_1\""),
            (
                json!({"object": "charge", "id": "py_1", "payment_intent": "pi_1"}),
                "href=\"/dashboard/charges/py_1\"",
            ),
            (
                json!({"object": "charge", "id": "ch_1", "payment_intent": null}),
                "href=\"/dashboard/charges/ch_1\"",
            ),
            (
                json!({"object": "card", "id": "card_1", "customer": "cus_1"}),
                "href=\"/dashboard/customers/cus_1\"",
            ),
            (json!({"object": "card", "id": "card_1"}), "<code>card_1</code>"),
            (json!({"object": "source", "id": "src_1"}), "href=\"/dashboard/sources/src_1\""),
            (
                json!({"object": "customer_cash_balance_transaction", "id": "ccsbtxn_1",
                    "customer": "cus_1"}),
                "href=\"/dashboard/transactions/cus_1/ccsbtxn_1\"",
            ),
            (
                json!({"object": "cash_balance", "customer": "cus_1"}),
                "href=\"/dashboard/customers/cus_1\"",
            ),
            (json!({"object": "invoice", "id": "in_1"}), "<code>in_1</code>"),
            (json!({"object": "invoice", "id": "<b>"}), "<code>&lt;b&gt;</code>"),
            (json!({}), "–"),
        ] {
            let shown = object_link(&object).into_string();
            assert!(shown.contains(want), "{object}: {shown}");
        }
    }
}
