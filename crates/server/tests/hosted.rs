//! The pages of payers: links, where money is to go, where a refund is to go, and whether the holder
//! of a card authenticates.

#[path = "hosted/authentication.rs"]
mod authentication;
#[path = "hosted/instructions.rs"]
mod instructions;
#[path = "hosted/links.rs"]
mod links;
#[path = "hosted/live.rs"]
mod live;
#[path = "hosted/refunds.rs"]
mod refunds;
mod support;

use serde_json::Value;
use support::http::{Answer, Client, Request};
use support::server::Server;

/// What a payer must never learn.
const SECRETS: [&str; 5] =
    ["ada@example.com", "Ada Lovelace", "metadata-value", "description-value", "cus_"];

/// A merchant, one customer, and whoever opens a link.
struct Shop {
    server: Server,
    client: Client,
    key: String,
    account: Option<&'static str>,
    customer: String,
}

impl Shop {
    fn open() -> Shop {
        Shop::over(Server::started(), "sk_test_hosted".to_owned(), None)
    }

    fn over(server: Server, key: String, account: Option<&'static str>) -> Shop {
        let client = Client::new(server.base().expect("it runs"));
        let mut shop = Shop { server, client, key, account, customer: String::new() };
        let made = shop.post(
            "/v1/customers",
            &[("email", SECRETS[0]), ("name", SECRETS[1]), ("metadata[a]", SECRETS[2])],
        );
        shop.customer = text(&made["id"]);
        shop
    }

    fn call(&self, key: &str, method: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        let params: Vec<_> = params.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        let mut request = Request::new(method, path, &params);
        request = request.header("Authorization", &format!("Bearer {key}"));
        if let Some(account) = self.account {
            request = request.header("Stripe-Account", account);
        }
        self.client.send(&request).expect("the server runs")
    }

    fn api(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.call(&self.key, method, path, params);
        let value = answer.json().unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(answer.status, 200, "{method} {path}: {value}");
        value
    }

    fn post(&self, path: &str, params: &[(&str, &str)]) -> Value {
        self.api("POST", path, params)
    }

    fn fund(&self, amount: &str, currency: &str, reference: &str) {
        let path = format!("/v1/test_helpers/customers/{}/fund_cash_balance", self.customer);
        let mut params = vec![("amount", amount), ("currency", currency)];
        if !reference.is_empty() {
            params.push(("reference", reference));
        }
        self.post(&path, &params);
    }

    /// A payment that waits for a transfer, or has the money already.
    fn payment(&self, amount: &str, currency: &str) -> Value {
        let rail = &match currency {
            "eur" => "eu_bank_transfer".to_owned(),
            "jpy" => "jp_bank_transfer".to_owned(),
            _ => format!("{}_bank_transfer", &currency[..2]),
        };
        let options = "payment_method_options[customer_balance]";
        let (funding, kind) =
            (format!("{options}[funding_type]"), format!("{options}[bank_transfer][type]"));
        let country = format!("{options}[bank_transfer][eu_bank_transfer][country]");
        let mut params = vec![
            ("amount", amount),
            ("currency", currency),
            ("customer", &self.customer),
            ("confirm", "true"),
            ("description", SECRETS[3]),
            ("metadata[a]", SECRETS[2]),
            ("payment_method_types[]", "customer_balance"),
            ("payment_method_data[type]", "customer_balance"),
            (&funding, "bank_transfer"),
            (&kind, rail),
        ];
        if currency == "eur" {
            params.push((&country, "DE"));
        }
        self.post("/v1/payment_intents", &params)
    }

    /// A refund of a payment that succeeded, which waits for bank details, and its link.
    fn refund(&self, amount: &str, currency: &str) -> (String, String) {
        self.fund(amount, currency, "");
        let payment = self.payment(amount, currency);
        let refund = self.post("/v1/refunds", &[("payment_intent", &text(&payment["id"]))]);
        let refund = text(&refund["id"]);
        let link = self.api("GET", &format!("/purser/v1/refunds/{refund}/details_link"), &[]);
        assert_eq!(link["object"], "purser.refund_details_link");
        (refund, path(&text(&link["url"])))
    }

    fn move_clock(&self, days: i64) {
        let seconds = (days * 24 * 60 * 60).to_string();
        self.post("/purser/v1/clock", &[("advance_s", &seconds)]);
    }

    /// What somebody without a key gets.
    fn visit(&self, path: &str) -> Answer {
        self.client.send(&Request::new("GET", path, &[])).expect("the server runs")
    }

    /// A page that is there.
    fn page(&self, path: &str) -> String {
        let answer = self.visit(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Sends the form of a page.
    fn fill_in(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let fields: Vec<_> = fields.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        self.client.send(&Request::new("POST", path, &fields)).expect("the server runs")
    }
}

/// A new key.
fn key(server: &Server, flags: &[&str]) -> String {
    let words = ["keys", "create", "--json", "--name", "hosted"];
    let made = server.purser(&[&words, flags].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    text(&made["key"])
}

fn instructions(payment: &Value) -> &Value {
    let told = &payment["next_action"]["display_bank_transfer_instructions"];
    assert!(told.is_object(), "{payment}");
    told
}

/// The path of an address.
fn path(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or_else(|| panic!("no address: {url}"));
    rest[rest.find('/').unwrap_or_else(|| panic!("no path: {url}"))..].to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

#[track_caller]
fn shows(page: &str, all: &[&str]) {
    for wanted in all {
        assert!(page.contains(wanted), "{wanted} is missing:\n{page}");
    }
}

#[track_caller]
fn hides(page: &str, all: &[&str]) {
    for secret in all {
        assert!(!page.contains(secret), "{secret} is shown:\n{page}");
    }
}
