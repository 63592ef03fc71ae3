//! The balances.

use maud::html;

use crate::dashboard::visit::{Failure, Shown, Visit};
use crate::web::parts::{card, money, rows, table, text};

/// What there is, by currency.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let accounts = visit.get("/purser/v1/ledger_accounts").await?;
    let lines = rows(&accounts).iter().map(|account| {
        vec![
            html! { (text(&account["account"]).replace('_', " ")) },
            money(&account["balance"], &account["currency"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let empty = "No money has moved yet.";
    let body = card("Accounts", &table("Accounts", &["Account", ">Balance"], &lines, empty));
    Ok(Shown { title: "Balances".to_owned(), body })
}
