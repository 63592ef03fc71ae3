//! Somebody at a dashboard of a fresh server, with a key of its API at hand.
//!
//! Forms are sent as a browser without scripts would: with the hidden inputs of the page. Paths of
//! pages are below `/dashboard`.

use std::time::{Duration, Instant};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::support::http::{Answer, Client, Request};
use crate::support::server::Server;

/// A key without limits.
pub const PERSON: &str = "sk_test_person";
/// A page, at most.
const PAGE_BYTES_MAX: usize = 200 * 1024;
/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);
const DAY_S: i64 = 24 * 60 * 60;

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

/// A form of a page.
pub struct Form {
    html: String,
    action: String,
    hidden: Vec<(String, String)>,
}

/// Parameters of a request: pairs, or a text in which blanks separate `name=value`.
pub trait Params {
    fn pairs(&self) -> Vec<(String, String)>;
}

impl Params for [(&str, &str)] {
    fn pairs(&self) -> Vec<(String, String)> {
        self.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }
}

impl<const N: usize> Params for [(&str, &str); N] {
    fn pairs(&self) -> Vec<(String, String)> {
        self[..].pairs()
    }
}

impl Params for Vec<(&str, &str)> {
    fn pairs(&self) -> Vec<(String, String)> {
        self[..].pairs()
    }
}

impl Params for str {
    fn pairs(&self) -> Vec<(String, String)> {
        let pairs = self.split_whitespace().map(|pair| {
            let (name, value) = pair.split_once('=').expect("name=value");
            (name.to_owned(), value.to_owned())
        });
        pairs.collect()
    }
}

impl Params for String {
    fn pairs(&self) -> Vec<(String, String)> {
        self.as_str().pairs()
    }
}

/// The API.
impl Desk {
    pub fn new() -> Desk {
        let server = Server::started();
        let client = Client::new(server.base().expect("it runs"));
        Desk { server, client }
    }

    pub fn base(&self) -> &str {
        self.server.base().expect("it runs")
    }

    /// A fresh key that has limits: flags of `purser keys create`.
    pub fn agent_key(&self, flags: &[&str]) -> String {
        let words = ["keys", "create", "--json", "--name", "agent"];
        let made = self.server.purser(&[&words, flags].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
        text(&made, "key")
    }

    /// Asks the API with a key and more headers.
    pub fn ask(
        &self,
        key: &str,
        (method, path): (&str, &str),
        params: &(impl Params + ?Sized),
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::new(method, path, &params.pairs())
            .header("Authorization", &format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.client.send(&request).expect("the server runs")
    }

    /// Asks the API for something that works.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, params: &(impl Params + ?Sized)) -> Value {
        let answer = self.ask(PERSON, (method, path), params, &[]);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.json().expect("JSON")
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.api("GET", path, "")
    }

    /// Makes something through the API, for its id.
    #[track_caller]
    pub fn make(&self, path: &str, params: &(impl Params + ?Sized)) -> String {
        text(&self.api("POST", path, params), "id")
    }

    #[track_caller]
    pub fn customer(&self, params: &(impl Params + ?Sized)) -> String {
        self.make("/v1/customers", params)
    }

    /// A customer with this much money, in cents of euros.
    #[track_caller]
    pub fn customer_with(&self, cash: i64) -> String {
        let customer = self.customer("");
        self.fund(&customer, cash, "eur");
        customer
    }

    #[track_caller]
    pub fn fund(&self, customer: &str, amount: i64, currency: &str) -> Value {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        self.api("POST", &path, &format!("amount={amount} currency={currency}"))
    }

    /// What a cash balance has.
    #[track_caller]
    pub fn cash(&self, customer: &str, currency: &str) -> i64 {
        let balance = self.get(&format!("/v1/customers/{customer}/cash_balance"));
        balance["available"][currency].as_i64().unwrap_or_default()
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

    /// Moves the clock.
    #[track_caller]
    pub fn later(&self, days: i64) {
        self.api("POST", "/purser/v1/clock", &format!("advance_s={}", days * DAY_S));
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

/// Pages.
impl Desk {
    pub fn look(&self, path: &str) -> Answer {
        let request = Request::new("GET", &format!("/dashboard{path}"), &[]);
        self.client.send(&request).expect("the server runs")
    }

    /// A page that is there.
    #[track_caller]
    pub fn page(&self, path: &str) -> String {
        let answer = self.look(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        check(&answer.body)
    }

    /// Holds a page against what it has to show, and must not.
    #[track_caller]
    pub fn sees(&self, path: &str, parts: &[&str], not: &[&str]) {
        let page = self.page(path);
        for part in parts {
            assert!(page.contains(part), "{path} does not show {part}:\n{page}");
        }
        for part in not {
            assert!(!page.contains(part), "{path} shows {part}:\n{page}");
        }
    }

    #[track_caller]
    pub fn shows(&self, path: &str, parts: &[&str]) {
        self.sees(path, parts, &[]);
    }

    /// The rows of the tables of a page.
    #[track_caller]
    pub fn rows(&self, path: &str) -> usize {
        let page = self.page(path);
        page.matches("<tr>").count() - page.matches("<thead>").count()
    }

    /// Where a link of a page leads, by what is on it.
    #[track_caller]
    pub fn target(&self, path: &str, words: &str) -> Option<String> {
        let page = self.page(path);
        let before = page.split(&format!(">{words}</a>")).next().filter(|found| *found != page)?;
        let target = attribute(before.rsplit("<a ").next()?, "href");
        Some(target.strip_prefix("/dashboard").expect("a page of the dashboard").to_owned())
    }
}

/// Forms.
impl Desk {
    /// The form of a page that has this button.
    #[track_caller]
    pub fn form(&self, path: &str, button: &str) -> Form {
        self.form_with(path, &format!("type=\"submit\">{button}</button>"))
    }

    /// Whether a page offers an action.
    #[track_caller]
    pub fn offers(&self, path: &str, action: &str) -> bool {
        find_form(&self.page(path), &leads_to(action)).is_some()
    }

    /// Whether a page offers any action.
    #[track_caller]
    pub fn can_do(&self, path: &str) -> bool {
        find_form(&self.page(path), "name=\"back\"").is_some()
    }

    #[track_caller]
    fn form_with(&self, path: &str, part: &str) -> Form {
        let page = self.page(path);
        let html = find_form(&page, part);
        let html = html.unwrap_or_else(|| panic!("{path} has no form with {part}:\n{page}"));
        let inputs = html.split("<input").filter(|input| input.contains("type=\"hidden\""));
        let hidden = inputs.map(|input| (attribute(input, "name"), attribute(input, "value")));
        Form { action: attribute(html, "action"), hidden: hidden.collect(), html: html.to_owned() }
    }

    /// Sends a form with more fields.
    pub fn submit(&self, form: &Form, fields: &[(&str, &str)]) -> Answer {
        let sent = [&form.hidden[..], &fields.pairs()].concat();
        let request = Request::new("POST", &form.action, &sent)
            .header("Origin", self.base())
            .header("Sec-Fetch-Site", "same-origin");
        self.client.send(&request).expect("the server runs")
    }

    /// Presses a button of a page, which leads to another; gives the path of that. It has to say
    /// these words.
    #[track_caller]
    pub fn press(&self, path: &str, button: &str, fields: &[(&str, &str)], words: &str) -> String {
        self.led(&self.submit(&self.form(path, button), fields), words)
    }

    /// The path to which an answer leads, with these words.
    #[track_caller]
    pub fn led(&self, answer: &Answer, words: &str) -> String {
        let sent = self.followed(answer);
        assert!(sent.notice.1.contains(words), "it is not said that {words}: {sent:?}");
        sent.to
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
        let form = self.form_with(page, &leads_to(action));
        for (name, _) in fields {
            let html = &form.html;
            assert!(html.contains(&format!("name=\"{name}\"")), "no field {name}:\n{html}");
        }
        let answers: Vec<_> = (0..times).map(|_| self.submit(&form, fields)).collect();
        self.followed(answers.last().expect("it was sent"))
    }

    /// Goes where an answer leads, and hears what is said there.
    #[track_caller]
    fn followed(&self, answer: &Answer) -> Sent {
        assert_eq!(answer.status, 303, "{}", answer.body);
        let to = answer.header_value("location").expect("a page to go on with");
        let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        let mut pairs = cookies.filter_map(|(_, cookie)| cookie.split(';').next());
        let cookie = pairs.find(|pair| pair.starts_with("purser_notice=")).expect("a notice");
        let next = Request::new("GET", to, &[]).header("Cookie", cookie);
        let next = self.client.send(&next).expect("the server runs");
        assert_eq!(next.status == 200, next.body.contains("role=\"status\""), "{to}");
        let told = cookie.strip_prefix("purser_notice=").and_then(|told| told.split_once('.'));
        let (kind, said) = told.expect("a kind");
        let said = percent_decode_str(said).decode_utf8().expect("UTF-8").into_owned();
        let to = to.strip_prefix("/dashboard").expect("a page of the dashboard").to_owned();
        Sent { to, notice: (kind == "done", said) }
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

/// A page as it has to be.
#[track_caller]
pub fn check(page: &str) -> String {
    assert!(page.len() < PAGE_BYTES_MAX, "{} bytes", page.len());
    for foul in ["<script>", "style=\"", "onclick", "class=\"\""] {
        assert!(!page.contains(foul), "{foul} in {page}");
    }
    page.to_owned()
}

fn leads_to(action: &str) -> String {
    format!("method=\"post\" action=\"/dashboard{action}\"")
}

/// The first form of a page that has this in it.
fn find_form<'p>(page: &'p str, part: &str) -> Option<&'p str> {
    let mut forms = page.split("<form").skip(1).filter_map(|form| form.split("</form>").next());
    forms.find(|form| form.contains(part))
}

/// An attribute of the tag that a text begins with.
fn attribute(tag: &str, name: &str) -> String {
    let tag = format!(" {tag}");
    let value = tag.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    let value = value.unwrap_or_else(|| panic!("no {name} in {tag}"));
    value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[track_caller]
pub fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {object}")).to_owned()
}

/// Waits until `what` comes true.
#[track_caller]
pub fn eventually(name: &str, mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < DEADLINE, "never: {name}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
