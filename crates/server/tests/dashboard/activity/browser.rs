//! A server with its API, and somebody who looks at its dashboard and fills in forms.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::http::{Answer, Client, Request};
use crate::support::server::Server;

/// A page, at most.
const PAGE_BYTES_MAX: usize = 200 * 1024;
/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);
/// Somebody whose key has no limits.
const PERSON: &str = "sk_test_person";

pub struct Browser {
    server: Server,
    client: Client,
}

impl Browser {
    pub fn new() -> Browser {
        let server = Server::started();
        let client = Client::new(server.base().expect("it runs"));
        Browser { server, client }
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

    /// Sends a request to the API with a key and more headers.
    pub fn send(
        &self,
        key: &str,
        (method, path): (&str, &str),
        params: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::new(method, path, &owned(params))
            .header("Authorization", &format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.client.send(&request).expect("the server runs")
    }

    /// Asks the API for something that works.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.send(PERSON, (method, path), params, &[]);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.json().expect("an object")
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.api("GET", path, &[])
    }

    /// A customer with this much money, in cents of euros.
    #[track_caller]
    pub fn customer(&self, cash: i64) -> String {
        let customer = text(&self.api("POST", "/v1/customers", &[]), "id");
        if cash > 0 {
            self.fund(&customer, cash);
        }
        customer
    }

    #[track_caller]
    pub fn fund(&self, customer: &str, cash: i64) -> Value {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        self.api("POST", &path, &[("amount", &cash.to_string()), ("currency", "eur")])
    }

    pub fn look(&self, path: &str) -> Answer {
        let target = format!("/dashboard{path}");
        self.client.send(&Request::new("GET", &target, &[])).expect("the server runs")
    }

    /// The page at a path.
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

    /// The rows of the tables of a page.
    #[track_caller]
    pub fn rows(&self, path: &str) -> usize {
        self.page(path).matches("<tr>").count() - self.page(path).matches("<thead>").count()
    }

    /// Where a link or button of a page leads, by what is on it.
    #[track_caller]
    pub fn target(&self, path: &str, words: &str) -> Option<String> {
        let page = self.page(path);
        let before = page.split(&format!(">{words}</a>")).next().filter(|found| *found != page)?;
        let link = before.rsplit("<a ").next()?;
        let target = link.split("href=\"").nth(1)?.split('"').next()?;
        Some(plain(target.strip_prefix("/dashboard").expect("a page of the dashboard")))
    }

    /// The form of a page that has this button: where it leads, and its hidden fields.
    #[track_caller]
    pub fn form(&self, path: &str, button: &str) -> (String, Vec<(String, String)>) {
        let page = self.page(path);
        let forms = page.split("<form").skip(1).filter_map(|form| form.split("</form>").next());
        let on_button = format!("type=\"submit\">{button}</button>");
        let form = forms.into_iter().find(|form| form.contains(&on_button));
        let form = form.unwrap_or_else(|| panic!("{path} has no button {button}:\n{page}"));
        let hidden = form.split("<input").filter(|input| input.contains("type=\"hidden\""));
        let fields =
            hidden.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
        (attribute(form, "action"), fields)
    }

    /// Sends a form with more fields.
    pub fn submit(
        &self,
        (action, hidden): &(String, Vec<(String, String)>),
        fields: &[(&str, &str)],
    ) -> Answer {
        let sent = [&hidden[..], &owned(fields)].concat();
        let request = Request::new("POST", action, &sent).header("Origin", self.base());
        self.client.send(&request).expect("the server runs")
    }

    /// Presses a button of a page, which leads to another; gives what that says, which has to
    /// have these words in it.
    #[track_caller]
    pub fn press(&self, path: &str, button: &str, fields: &[(&str, &str)], words: &str) -> String {
        let answer = self.submit(&self.form(path, button), fields);
        self.led(&answer, words)
    }

    /// The page to which an answer leads, which has to say this.
    #[track_caller]
    pub fn led(&self, answer: &Answer, words: &str) -> String {
        assert_eq!(answer.status, 303, "{}", answer.body);
        let to = answer.header_value("location").expect("a page to go on with");
        let cookie = answer.header_value("set-cookie").expect("a notice");
        let cookie = cookie.split(';').next().unwrap_or_default();
        let next = Request::new("GET", to, &[]).header("Cookie", cookie);
        let next = self.client.send(&next).expect("the server runs");
        let said = next.body.split("role=\"status\">").nth(1).unwrap_or_default();
        let said = said.split("</p>").next().unwrap_or_default();
        assert!(said.contains(words), "{to}: it is not said that {words}, but {said}");
        to.strip_prefix("/dashboard").expect("a page of the dashboard").to_owned()
    }
}

/// A page as it has to be.
#[track_caller]
pub fn check(page: &str) -> String {
    assert!(page.len() < PAGE_BYTES_MAX, "{} bytes", page.len());
    for foul in ["<script>", "style=\"", "onclick"] {
        assert!(!page.contains(foul), "{foul} in {page}");
    }
    page.to_owned()
}

fn attribute(tag: &str, name: &str) -> String {
    let value = tag.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    plain(value.unwrap_or_else(|| panic!("no {name} in {tag}")))
}

fn plain(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

pub fn owned(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
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
