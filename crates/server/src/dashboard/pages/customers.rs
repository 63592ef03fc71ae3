//! Customers: all of them, and those that are searched for.

use maud::html;

use crate::dashboard::visit::{Failure, Shown, Visit};
use crate::web::parts::{card, id_link, rows, table, text, when};

/// Customers, newest first.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let customers = visit.list("/v1/customers").await?;
    let lines = rows(&customers).iter().map(|customer| {
        let id = text(&customer["id"]);
        vec![
            id_link(&format!("/dashboard/customers/{id}"), id),
            html! { (text(&customer["name"])) },
            html! { (text(&customer["email"])) },
            when(&customer["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Customer", "Name", "Email", "Created"];
    let empty = "There are no customers yet.";
    let body = html! {
        (card("All customers", &table("Customers", &headings, &lines, empty)))
        (visit.pager("/dashboard/customers", &customers))
    };
    Ok(Shown { title: "Customers".to_owned(), body })
}
