//! Exports: what to put into a file, and the files.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::dashboard::visit::{Failure, Shown, Visit};
use crate::web::parts::{card, field, rows, text};

/// Where the files are, what the button of each says, and which looks like the first choice.
const FILES: [(&str, &str, bool); 4] = [
    ("transactions.csv", "Transactions as CSV", true),
    ("journal.csv", "Journal as CSV", false),
    ("journal.hledger", "Journal for hledger", false),
    ("journal.beancount", "Journal for beancount", false),
];

/// One form, and a button for each file.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let accounts = visit.get("/purser/v1/ledger_accounts").await?;
    let currencies: BTreeSet<&str> =
        rows(&accounts).iter().map(|account| text(&account["currency"])).collect();
    let body = html! {
        (card("What to export", &form(&visit, &currencies)))
        (card("What is in the files", &explained()))
    };
    Ok(Shown { title: "Exports".to_owned(), body })
}

fn form(visit: &Visit, currencies: &BTreeSet<&str>) -> Markup {
    let query = visit.query();
    let date = |name| {
        html! {
            input id=(name) type="date" name=(name) value=(query.text(name))
                aria-describedby="dates-hint";
        }
    };
    let customer = html! {
        input #customer name="customer" value=(query.text("customer")) placeholder="cus_…"
            maxlength="100" autocomplete="off" spellcheck="false"
            aria-describedby="customer-hint";
    };
    let currency = html! {
        select #currency name="currency" {
            option value="" { "All currencies" }
            @for currency in currencies {
                option value=(currency) selected[*currency == query.text("currency")] {
                    (currency.to_uppercase())
                }
            }
        }
    };
    let accounts = html! {
        select #accounts name="accounts" aria-describedby="accounts-hint" {
            option value="totals" { "All customers in one account" }
            option value="customers" { "An account for each customer" }
        }
    };
    html! {
        form method="get" action={ "/dashboard/exports/" (FILES[0].0) } {
            div.field {
                div.line {
                    (field("From", "from", &date("from"), ""))
                    (field("To", "to", &date("to"), ""))
                    (field("Currency", "currency", &currency, ""))
                }
                p.hint #dates-hint {
                    "Days in UTC, both included. Without dates an export has everything."
                }
            }
            (field("Customer", "customer", &customer, "The id of one customer, or empty for all."))
            (field(
                "Customers in hledger and beancount", "accounts", &accounts,
                "Either way each line names its customer."
            ))
            div.buttons {
                @for (file, name, is_first) in FILES {
                    button.button.primary[is_first] type="submit"
                        formaction={ "/dashboard/exports/" (file) } { (name) }
                }
            }
        }
    }
}

fn explained() -> Markup {
    html! {
        p {
            "Everything is in the order of the journal, oldest first, and ends with what was the \
             last entry when the export began. A file that could not be sent whole ends with a \
             failed download."
        }
        ul {
            li {
                strong { "Transactions" } " are those of cash balances: a row each, with the \
                balance after it and what caused it. Amounts are in the smallest unit and as \
                decimal numbers."
            }
            li {
                strong { "The journal" } " has each entry with all its lines. Of one customer it \
                has the entries that touch their cash or their payments."
            }
            li {
                "Files for " strong { "hledger" } " and " strong { "beancount" } " end with what \
                the ledger says that each account holds, if no date and no customer leaves \
                entries out: these tools then check the books themselves."
            }
            li {
                "Texts that a spreadsheet would take for a formula begin with an apostrophe."
            }
        }
        p {
            "On the command line " code { "purser export" } " writes the same files, also beside \
             a running server. A statement for a customer is on the customer's page."
        }
    }
}
