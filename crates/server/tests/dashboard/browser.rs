//! What a browser does: keeps cookies, sends forms with the token of the page, follows nothing.

use std::collections::BTreeMap;

use crate::support::http::{Answer, Client, Request};
use crate::support::server::Server;

/// Somebody's browser.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    /// What it has from the server, by name.
    pub cookies: BTreeMap<String, String>,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
}

impl Browser {
    pub fn new(server: &Server) -> Browser {
        let client = Client::new(server.base().expect("it runs"));
        Browser { client, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// The same with one more header in every request.
    pub fn with(&self, name: &str, value: &str) -> Browser {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send(Request::new("GET", path, &[]))
    }

    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs = fields.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        self.send(Request::new("POST", path, &pairs.collect::<Vec<_>>()))
    }

    pub fn send(&mut self, mut request: Request) -> Answer {
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header("Cookie", &pairs.collect::<Vec<_>>().join("; "));
        }
        let answer = self.client.send(&request).expect("the server runs");
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// The token in the forms of a page.
    pub fn token(&mut self, path: &str) -> String {
        let page = self.get(path);
        let (_, after) = page.body.split_once("name=\"token\" value=\"").expect("a form");
        after.split('"').next().unwrap_or_default().to_owned()
    }

    /// Signs in with these fields beside the token.
    pub fn sign_in(&mut self, fields: &[(&str, &str)]) -> Answer {
        let token = self.token("/dashboard/sign-in");
        self.post("/dashboard/sign-in", &[&[("token", token.as_str())], fields].concat())
    }

    /// The same where somebody may be signed in already: the cookies are forgotten first.
    pub fn sign_in_again(&mut self, fields: &[(&str, &str)]) -> Answer {
        self.cookies.clear();
        self.sign_in(fields)
    }

    /// Whether the dashboard shows itself.
    pub fn is_in(&mut self) -> bool {
        let answer = self.get("/dashboard");
        assert!(answer.status == 200 || is_led_to_sign_in(&answer), "{}", answer.body);
        answer.status == 200
    }
}

/// Whether an answer leads to the sign-in page.
pub fn is_led_to_sign_in(answer: &Answer) -> bool {
    let to = answer.header_value("location").unwrap_or_default();
    answer.status == 303 && to.split('?').next() == Some("/dashboard/sign-in")
}
