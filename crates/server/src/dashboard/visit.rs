//! What a page knows and may ask: who looks, at what, and the API of this very process.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Builder;
use hyper::{Method, Request};
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::routes::Ids;
use super::who::Who;
use crate::api::form::{Node, parse_form};
use crate::api::serve::serve_as;
use crate::app::App;
use crate::web::parts::pager;

/// What agents' notes call the dashboard.
const AGENT_TYPE: &str = "dashboard";
/// What cannot stand in a path or a query. Ids are to stay as they are.
const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');
/// Rows of a list on one page.
const ROWS: usize = 25;

/// One look at one page, or one action.
pub struct Visit {
    /// Everything shared.
    pub app: Arc<App>,
    /// Who looks.
    pub who: Who,
    ids: Ids,
    query: Form,
}

/// What a page shows.
pub struct Shown {
    /// Its heading.
    pub title: String,
    /// What is below it.
    pub body: Markup,
}

/// What an action leaves behind.
pub struct Done {
    /// The path of the page to go on with.
    pub to: String,
    /// What was done, in a sentence.
    pub notice: String,
}

/// What came of an action.
pub enum Came {
    /// A page to go on with.
    Done(Done),
    /// A page that is shown there and then, because what is on it is not to be shown again.
    Shown(Shown),
}

impl From<Done> for Came {
    fn from(done: Done) -> Came {
        Came::Done(done)
    }
}

impl From<Shown> for Came {
    fn from(shown: Shown) -> Came {
        Came::Shown(shown)
    }
}

/// Why a page or an action did not come about.
#[derive(Clone, Debug)]
pub struct Failure {
    /// HTTP status.
    pub status: u16,
    /// For the reader.
    pub message: String,
    /// The parameter that the API named.
    pub param: Option<String>,
}

impl Failure {
    /// A failure with a sentence.
    pub fn new(status: u16, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into(), param: None }
    }
}

/// Fields of a form, or of the query of a page.
#[derive(Clone, Debug, Default)]
pub struct Form(Option<Node>);

impl Form {
    /// Reads the pairs of a form; `None` if they cannot be read.
    pub fn read(text: &[u8]) -> Option<Form> {
        Some(Form(Some(parse_form(text).ok()?)))
    }

    /// A field's text; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        let node = self.0.as_ref().and_then(|node| node.get(name));
        node.and_then(Node::as_text).unwrap_or_default().trim()
    }

    /// The text of a field whose name is like `hash[name]`; empty where there is none.
    pub fn within(&self, hash: &str, name: &str) -> &str {
        let node = self.0.as_ref().and_then(|node| node.get(hash)?.get(name));
        node.and_then(Node::as_text).unwrap_or_default().trim()
    }

    /// A field's text where it has any.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }
}

impl Visit {
    /// A visit of somebody who is known.
    pub fn new(app: &Arc<App>, who: Who, ids: Ids, query: &str) -> Visit {
        let query = Form::read(query.as_bytes()).unwrap_or_default();
        Visit { app: app.clone(), who, ids, query }
    }

    /// An id in the path.
    pub fn id(&self, name: &str) -> &str {
        let found = self.ids.iter().find(|(known, _)| known == name);
        found.map(|(_, id)| id.as_str()).unwrap_or_default()
    }

    /// The query of the page.
    pub fn query(&self) -> &Form {
        &self.query
    }

    /// Reads a page of a list from the API, as the query of this page says: rows `after` or
    /// `before` one of them. `path` may have filters in a query.
    pub async fn list(&self, path: &str) -> Result<Value, Failure> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut asked = format!("{path}{joint}limit={ROWS}");
        for (name, param) in [("after", "starting_after"), ("before", "ending_before")] {
            if let Some(id) = self.query.given(name) {
                asked += &format!("&{param}={}", escape(id));
            }
        }
        self.get(&asked).await
    }

    /// The buttons below such a list; `path` is that of this page, with its other query.
    pub fn pager(&self, path: &str, list: &Value) -> Markup {
        let is_given = |name| self.query.given(name).is_some();
        pager(path, list, (is_given("after"), is_given("before")))
    }

    /// Reads from the API: `path` may have a query, whose values [`escape`] makes safe.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        let request = Request::builder().method(Method::GET).uri(path);
        self.ask(request.body(Bytes::new())).await
    }

    /// Reads something that may be missing.
    pub async fn find(&self, path: &str) -> Result<Option<Value>, Failure> {
        match self.get(path).await {
            Ok(found) => Ok(Some(found)),
            Err(failure) if failure.status == 404 => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Writes through the API. `key` makes a form that is sent twice count once.
    pub async fn post(
        &self,
        path: &str,
        params: &[(&str, &str)],
        key: &str,
    ) -> Result<Value, Failure> {
        let pairs =
            params.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut request = Request::builder().method(Method::POST).uri(path);
        request = request.header(CONTENT_TYPE, kind);
        if !key.is_empty() {
            request = request.header(HeaderName::from_static("idempotency-key"), key);
        }
        self.ask(self.signed(request).body(body.into())).await
    }

    /// Removes through the API.
    pub async fn delete(&self, path: &str) -> Result<Value, Failure> {
        let request = Request::builder().method(Method::DELETE).uri(path);
        self.ask(self.signed(request).body(Bytes::new())).await
    }

    /// A request that says for whom it is made, as the trail tells it.
    fn signed(&self, request: Builder) -> Builder {
        let request = request.header("ocp-agent-type", AGENT_TYPE);
        match HeaderValue::from_str(&self.who.name) {
            Ok(name) => request.header("ocp-user", name),
            Err(_) => request,
        }
    }

    async fn ask(&self, request: hyper::http::Result<Request<Bytes>>) -> Result<Value, Failure> {
        let request = request.map_err(|_| Failure::new(404, "There is nothing of that name."))?;
        let (parts, body) = request.into_parts();
        let (answer, _) = serve_as(&self.app, Some(&self.who.access), &parts, body).await;
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if parts.status.is_success() {
            return Ok(value);
        }
        let error = &value["error"];
        let message = error["message"].as_str().unwrap_or("The server gave no reason.");
        let param = error["param"].as_str().map(str::to_owned);
        Err(Failure { status: parts.status.as_u16(), message: message.to_owned(), param })
    }

    /// A form whose button does something: `fields` are its inputs, `back` the page to return to
    /// where it does not work. Nothing for whoever may only look.
    pub fn action(&self, to: &str, back: &str, button: &str, fields: &Markup) -> Markup {
        self.form((to, back), ("button primary", button, None), fields)
    }

    /// The same where it should be asked first whether that is really meant.
    pub fn grave_action(
        &self,
        to: &str,
        back: &str,
        (button, question): (&str, &str),
        fields: &Markup,
    ) -> Markup {
        self.form((to, back), ("button danger", button, Some(question)), fields)
    }

    fn form(
        &self,
        (to, back): (&str, &str),
        (class, button, question): (&str, &str, Option<&str>),
        fields: &Markup,
    ) -> Markup {
        let key = books::id::random_text(&self.app.entropy.bytes::<24>(), 24);
        html! {
            @if self.who.may_act() {
                form method="post" action=(to) data-confirm=[question] {
                    input type="hidden" name="token" value=(self.who.token);
                    input type="hidden" name="key" value={ "dashboard-" (key) };
                    input type="hidden" name="back" value=(back);
                    (fields)
                    button class=(class) type="submit" { (button) }
                }
            }
        }
    }
}

/// A text that can stand in a path or a query.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, UNSAFE).to_string()
}
