//! Somebody at a dashboard of a fresh server, with a key of its API at hand.
//!
//! Forms are sent as a browser without scripts would: with the hidden inputs of the page.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::support::http::{Answer, Client, Request};
use crate::support::server::Server;

const KEY: &str = "Bearer sk_test_desk";

/// A server, its API and its dashboard.
pub struct Desk {
    pub server: Server,
    client: Client,
}

/// Where an action led, and what it said.
#[derive(Debug, PartialEq)]
pub struct Sent {
    /// The path of the next page.
    pub to: String,
    /// Whether it went well, and the sentence about it.
    pub notice: (bool, String),
}

impl Desk {
    pub fn new() -> Desk {
        let server = Server::started();
        let client = Client::new(server.base().expect("it runs"));
        Desk { server, client }
    }

    /// Asks the API for something that it answers.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, params: &str) -> Value {
        let answer = self.ask(method, path, params);
        assert_eq!(answer.status, 200, "{method} {path} {params}: {}", answer.body);
        answer.json().expect("JSON")
    }

    /// Asks the API. Parameters are separated by blanks.
    pub fn ask(&self, method: &str, path: &str, params: &str) -> Answer {
        let pairs = params.split_whitespace().map(|pair| {
            let (name, value) = pair.split_once('=').expect("name=value");
            (name.to_owned(), value.to_owned())
        });
        let request = Request::new(method, path, &pairs.collect::<Vec<_>>());
        let request = request.header("Authorization", KEY);
        self.client.send(&request).expect("the server runs")
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.api("GET", path, "")
    }

    /// Makes something through the API, for its id.
    #[track_caller]
    pub fn make(&self, path: &str, params: &str) -> String {
        self.api("POST", path, params)["id"].as_str().expect("an id").to_owned()
    }

    #[track_caller]
    pub fn customer(&self, params: &str) -> String {
        self.make("/v1/customers", params)
    }

    #[track_caller]
    pub fn fund(&self, customer: &str, amount: i64, currency: &str) {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        self.api("POST", &path, &format!("amount={amount} currency={currency}"));
    }

    /// A payment that takes what the cash balance has, and waits for the rest.
    #[track_caller]
    pub fn payment(&self, customer: &str, amount: i64, currency: &str, more: &str) -> String {
        let rail = match currency {
            "eur" => "eu",
            "gbp" => "gb",
            "jpy" => "jp",
            "mxn" => "mx",
            _ => "us",
        };
        let options = "payment_method_options[customer_balance]";
        let country = if rail == "eu" {
            format!("{options}[bank_transfer][eu_bank_transfer][country]=DE")
        } else {
            String::new()
        };
        let params = format!(
            "amount={amount} currency={currency} customer={customer} confirm=true
             payment_method_types[]=customer_balance payment_method_data[type]=customer_balance
             {options}[funding_type]=bank_transfer
             {options}[bank_transfer][type]={rail}_bank_transfer {country} {more}"
        );
        self.make("/v1/payment_intents", &params)
    }

    /// Writes what a payment is about.
    #[track_caller]
    pub fn describe(&self, payment: &str, words: &str) {
        let params = [("description".to_owned(), words.to_owned())];
        let request = Request::new("POST", &format!("/v1/payment_intents/{payment}"), &params)
            .header("Authorization", KEY);
        assert_eq!(self.client.send(&request).expect("the server runs").status, 200);
    }

    /// A page of the dashboard; the path is below `/dashboard`.
    #[track_caller]
    pub fn page(&self, path: &str) -> String {
        let answer = self.look(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let (_, main) = answer.body.split_once("<main").expect("a page with contents");
        main.to_owned()
    }

    pub fn look(&self, path: &str) -> Answer {
        let request = Request::new("GET", &format!("/dashboard{path}"), &[]);
        self.client.send(&request).expect("the server runs")
    }

    /// Fills in the form on a page that leads to `action` and sends it.
    #[track_caller]
    pub fn send(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Sent {
        self.send_times(1, page, action, fields)
    }

    /// The same form, sent more than once.
    #[track_caller]
    pub fn send_times(
        &self,
        times: usize,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Sent {
        let (page, action) = (self.page(page), format!("/dashboard{action}"));
        let form = form(&page, &action).unwrap_or_else(|| panic!("no form for {action}:\n{page}"));
        let mut params = hidden(form);
        for (name, value) in fields {
            assert!(form.contains(&format!("name=\"{name}\"")), "no field {name}:\n{form}");
            params.push(((*name).to_owned(), (*value).to_owned()));
        }
        let base = self.server.base().expect("it runs");
        let request = Request::new("POST", &action, &params)
            .header("Origin", base)
            .header("Sec-Fetch-Site", "same-origin");
        let mut answers = Vec::new();
        for _ in 0..times {
            answers.push(self.client.send(&request).expect("the server runs"));
        }
        let answer = answers.pop().expect("it was sent");
        assert_eq!(answer.status, 303, "{action}: {}", answer.body);
        let to = answer.header_value("location").expect("a place to go on");
        Sent { to: to.trim_start_matches("/dashboard").to_owned(), notice: notice(&answer) }
    }

    /// Whether a page offers an action.
    #[track_caller]
    pub fn offers(&self, page: &str, action: &str) -> bool {
        form(&self.page(page), &format!("/dashboard{action}")).is_some()
    }

    /// Asserts that the newest request in the log came from the dashboard.
    #[track_caller]
    pub fn assert_trail(&self, method: &str, path: &str) {
        let log = self.get("/purser/v1/requests");
        let newest = &log["data"][0];
        let told = (&newest["agent"]["type"], &newest["method"], &newest["path"]);
        assert_eq!(told, (&"dashboard".into(), &method.into(), &path.into()), "{newest}");
    }
}

impl Sent {
    #[track_caller]
    pub fn assert_done(&self, to: &str, said: &str) {
        assert_eq!((self.to.as_str(), self.notice.0), (to, true), "{self:?}");
        assert!(self.notice.1.contains(said), "{self:?}");
    }

    #[track_caller]
    pub fn assert_refused(&self, back: &str, said: &str) {
        assert_eq!((self.to.as_str(), self.notice.0), (back, false), "{self:?}");
        assert!(self.notice.1.contains(said), "{self:?}");
    }
}

/// The form of a page that leads to `action`.
fn form<'p>(page: &'p str, action: &str) -> Option<&'p str> {
    let from = page.find(&format!("<form method=\"post\" action=\"{action}\""))?;
    let length = page[from..].find("</form>")?;
    Some(&page[from..from + length])
}

fn hidden(form: &str) -> Vec<(String, String)> {
    let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
    let pairs = inputs.map(|input| {
        let (name, rest) = input.split_once("\" value=\"").expect("a value");
        let (value, _) = rest.split_once('"').expect("its end");
        (name.to_owned(), value.to_owned())
    });
    pairs.collect()
}

fn notice(answer: &Answer) -> (bool, String) {
    let told = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .find_map(|(_, cookie)| cookie.strip_prefix("purser_notice="))
        .expect("a notice");
    let value = told.split(';').next().expect("a value");
    let (kind, text) = value.split_once('.').expect("a kind");
    (kind == "done", percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned())
}
