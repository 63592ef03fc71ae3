//! Customers: all of them, those that are searched for, and new ones.

use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::links::{link, object_link, page_of};
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit, escape};
use crate::web::parts::{card, field, rows, table, text, when};

const PATH: &str = "/dashboard/customers";
/// Customers that a search shows, at most.
const FOUND_MAX: usize = 100;

/// Customers, newest first, or those that are searched for.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let (heading, found, pager) = match visit.query().given("query") {
        Some(query) => {
            let asked =
                format!("/purser/v1/customer_search?query={}&limit={FOUND_MAX}", escape(query));
            let found = visit.get(&asked).await?;
            (format!("Customers found for “{query}”"), found, html! {})
        }
        None => {
            let all = visit.list("/v1/customers").await?;
            let pager = visit.pager(PATH, &all);
            ("All customers".to_owned(), all, pager)
        }
    };
    let is_search = visit.query().given("query").is_some();
    let object = named(&visit).await?;
    let body = html! {
        section.card {
            h2 { (heading) }
            (search(visit.query().text("query")))
            @if let Some(object) = &object { p { "This id is of " (object) "." } }
            (lines(&found, is_search))
            @if found["has_more"] == true && is_search {
                p.hint { "There are more. Add a word to find fewer." }
            }
            (pager)
        }
        @if visit.who.may_act() { (card("New customer", &new(&visit))) }
    };
    Ok(Shown { title: "Customers".to_owned(), body })
}

/// The page of what the query is the id of, where that is no customer.
async fn named(visit: &Visit) -> Result<Option<Markup>, Failure> {
    let query = visit.query().text("query").trim();
    let read = match query.split_once('_') {
        Some(("ch" | "py", _)) => "/v1/charges/",
        Some(("pi", _)) => "/v1/payment_intents/",
        Some(("re" | "pyr", _)) => "/v1/refunds/",
        Some(("po", _)) => "/v1/payouts/",
        Some(("tu", _)) => "/v1/topups/",
        Some(("src", _)) => "/v1/sources/",
        Some(("pm" | "card", _)) => "/v1/payment_methods/",
        _ => return Ok(None),
    };
    let object = match visit.find(&format!("{read}{}", escape(query))).await {
        Err(failure) if failure.status < 500 => None,
        found => found?,
    };
    Ok(object.map(|object| match object["customer"].as_str() {
        Some(id) if page_of(query).is_none() => html! {
            a href=[page_of(id)] { "something of a customer" }
        },
        _ => object_link(&object),
    }))
}

fn search(query: &str) -> Markup {
    html! {
        form.line role="search" aria-label="Customers" action=(PATH) {
            (field("Name, e-mail, id, account number or reference", "query", &html! {
                input #query type="search" name="query" value=(query) maxlength="100";
            }, ""))
            button.button type="submit" { "Search" }
            @if !query.is_empty() { a.button href=(PATH) { "Show all" } }
        }
    }
}

fn lines(customers: &Value, is_search: bool) -> Markup {
    let lines = rows(customers).iter().map(|customer| {
        vec![
            link(&customer["id"]),
            html! { (text(&customer["name"])) },
            html! { (text(&customer["email"])) },
            when(&customer["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Customer", "Name", "E-mail", "Created"];
    let empty = match is_search {
        true => "Nobody was found.",
        false => "There are no customers yet.",
    };
    table("Customers", &headings, &lines, empty)
}

fn new(visit: &Visit) -> Markup {
    let fields = html! {
        div.line {
            (field("Name", "new-name", &html! {
                input #new-name name="name" maxlength="256" autocomplete="off";
            }, ""))
            (field("E-mail", "new-email", &html! {
                input #new-email type="email" name="email" maxlength="512" autocomplete="off";
            }, ""))
        }
    };
    visit.action(PATH, PATH, "Make customer", &fields)
}

/// Makes a customer.
pub async fn create(visit: Visit, form: Form) -> Result<Done, Failure> {
    let given = |name| form.given(name).map(|value| (name, value));
    let params: Vec<_> = [given("name"), given("email")].into_iter().flatten().collect();
    if params.is_empty() {
        return Err(Failure::new(400, "A customer needs a name or an e-mail address."));
    }
    let made = visit.post("/v1/customers", &params, form.text("key")).await?;
    let to = format!("{PATH}/{}", text(&made["id"]));
    Ok(Done { to, notice: "The customer was made.".to_owned() })
}
