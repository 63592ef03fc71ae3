//! Exports over HTTP and on the command line, and statements of customers. What hledger and
//! beancount make of the files is tested in `clients/exports`.

#[path = "exports/command_line.rs"]
mod command_line;
#[path = "exports/failing.rs"]
mod failing;
#[path = "exports/many.rs"]
mod many;
#[path = "exports/statements.rs"]
mod statements;
mod support;
#[path = "exports/tables.rs"]
mod tables;
#[path = "exports/writing.rs"]
mod writing;

use std::time::Duration;

use serde_json::Value;
use support::http::{Answer, Client, Request};
use support::server::Server;

const KEY: &str = "sk_test_exports";
/// How long after a commit it is sure to be exported.
const HORIZON_LAG: Duration = Duration::from_millis(500);

/// The server as those see it who move money and who export.
#[derive(Clone)]
struct Desk {
    client: Client,
}

impl Desk {
    fn of(server: &Server) -> Desk {
        Desk { client: Client::new(server.base().expect("it runs")) }
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let params: Vec<_> = params.iter().map(owned).collect();
        let request = Request::new(method, path, &params);
        let request = request.header("Authorization", &format!("Bearer {KEY}"));
        let answer = self.client.send(&request).expect("the server runs");
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.json().unwrap_or_else(|why| panic!("{why}"))
    }

    fn customer(&self, name: &str) -> String {
        let made = self.ask("POST", "/v1/customers", &[("name", name)]);
        made["id"].as_str().expect("an id").to_owned()
    }

    fn fund(&self, customer: &str, amount: i64, currency: &str) {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        self.ask("POST", &path, &[("amount", &amount.to_string()), ("currency", currency)]);
    }

    fn pay(&self, customer: &str, amount: i64, currency: &str) -> String {
        let intent = self.ask(
            "POST",
            "/v1/payment_intents",
            &[
                ("amount", &amount.to_string()),
                ("currency", currency),
                ("customer", customer),
                ("confirm", "true"),
                ("payment_method_types[]", "customer_balance"),
                ("payment_method_data[type]", "customer_balance"),
            ],
        );
        intent["id"].as_str().expect("an id").to_owned()
    }

    fn wait_days(&self, days: i64) {
        self.ask("POST", "/purser/v1/clock", &[("advance_s", &(days * 86_400).to_string())]);
    }

    /// What the server says to a browser.
    fn page(&self, path: &str) -> Answer {
        self.client.send(&Request::new("GET", path, &[])).expect("an answer to its end")
    }

    /// A file that is exported.
    #[track_caller]
    fn file(&self, path: &str) -> String {
        // On PostgreSQL it ends where no lane can still commit, which is a moment behind.
        std::thread::sleep(HORIZON_LAG);
        let answer = self.page(&format!("/dashboard/exports/{path}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }
}

/// The rows of a table below its heading; no cell of these has a comma.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.split_terminator("\r\n").skip(1).map(|line| line.split(',').collect()).collect()
}

/// The cells of a column.
fn column<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let heading = text.split("\r\n").next().unwrap_or_default();
    let at = heading.split(',').position(|known| known == name);
    let at = at.unwrap_or_else(|| panic!("no column {name} in {heading}"));
    rows(text).iter().map(|row| row[at]).collect()
}
