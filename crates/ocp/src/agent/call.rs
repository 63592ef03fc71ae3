//! Calling a tool.

use serde_json::{Map, Value};

use super::answer::Answer;
use super::header::{check, has, put_over};
use super::record::Call;
use super::{Agent, Registered};
use crate::error::Error;
use crate::headers::{self, Scope};
use crate::request::{self, HttpRequest};
use crate::tool::{Api, Tool};
use crate::transport::{Redirects, Retries, origin, send_with_retries};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// How a tool is called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallOptions {
    /// The API that has the tool; else the first that does.
    pub api: Option<String>,
    /// Headers over those that were registered; the others stay.
    pub headers: Vec<(String, String)>,
    /// Says which calls are the same. A POST without one gets one of its own.
    pub idempotency_key: Option<String>,
    /// Only checks the arguments and makes the request; nothing is sent or written down.
    pub dry_run: bool,
}

impl Agent {
    /// Calls a tool. An answer of any status is an [`Answer`].
    ///
    /// What was done goes into the history, with secrets replaced, and what the server sends back of
    /// the context is taken over. Lost answers, 409, 429 and 5xx are tried again where that cannot do
    /// a thing twice: a GET, or a call with an idempotency key.
    ///
    /// Errors: [`Error::UnknownApi`], [`Error::UnknownTool`], [`Error::Arguments`] before anything
    /// is sent; [`Error::Transport`] where no answer came.
    pub fn call_tool(
        &self,
        name: &str,
        arguments: Value,
        options: CallOptions,
    ) -> Result<Answer, Error> {
        let (api, tool) = self.find_tool(name, options.api.as_deref())?;
        let registered = self.registered(&api.name)?;
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            Value::Null => Map::new(),
            _ => return Err(Error::Arguments(vec!["the arguments are an object".to_owned()])),
        };
        check(&options.headers)?;
        let mut request = self.make(registered, tool, &arguments, &options)?;
        if options.dry_run {
            self.add_context(&mut request, api);
            return Ok(Answer::of_trial(request));
        }
        if self.record {
            self.record_call(&Call { api, tool, request: &request }, &arguments);
        }
        self.add_context(&mut request, api);
        let call = Call { api, tool, request: &request };
        let retries = self.retries_of(registered, &request, &options);
        let sent = send_with_retries(
            self.transport.as_ref(),
            &request,
            Redirects::SameOrigin,
            retries,
            &self.clock,
        );
        let response = match sent {
            Ok(response) => response,
            Err(problem) => {
                if self.record {
                    self.record_failure(&call, &problem);
                }
                return Err(problem);
            }
        };
        if self.record {
            self.record_answer(&call, &response);
        }
        if self.apply_returned {
            self.with_context(|context| {
                let pairs = response.header_pairs();
                context.update_from_headers(pairs, Some(&api.name), &self.clock)
            });
        }
        Ok(Answer::new(request, response))
    }

    /// The request without the context: checked, with the headers of API, arguments and call.
    fn make(
        &self,
        registered: &Registered,
        tool: &Tool,
        arguments: &Map<String, Value>,
        options: &CallOptions,
    ) -> Result<HttpRequest, Error> {
        let base_url = &registered.api.base_url;
        let mut request = request::build(tool, base_url, arguments)?;
        // A path like `@elsewhere.test/` would lead the credentials to another host.
        if origin(&request.url).is_none() || origin(&request.url) != origin(base_url) {
            let name = &tool.name;
            return Err(Error::Discovery(format!("the path of {name} leads to another host")));
        }
        let mut headers = registered.headers.clone();
        put_over(&mut headers, &request.headers);
        put_over(&mut headers, &options.headers);
        let key = options.idempotency_key.clone();
        let key = key.or_else(|| self.own_key(&request.method, &headers));
        if let Some(key) = key {
            let given = [(IDEMPOTENCY_KEY.to_owned(), key)];
            check(&given)?;
            put_over(&mut headers, &given);
        }
        request.headers = headers;
        Ok(request)
    }

    fn own_key(&self, method: &str, headers: &[(String, String)]) -> Option<String> {
        let needed = method == "POST" && !has(headers, IDEMPOTENCY_KEY);
        needed.then(|| format!("ocp-{:016x}{:016x}", self.clock.random(), self.clock.random()))
    }

    fn add_context(&self, request: &mut HttpRequest, api: &Api) {
        if self.send_context {
            let scope = Scope::api(&api.name);
            let others = &request.headers;
            let headers = self.with_context(|context| headers::merge(others, context, &scope));
            request.headers = headers;
        }
    }

    /// A key that this agent made up says nothing where the API does not look at keys.
    fn retries_of(
        &self,
        registered: &Registered,
        request: &HttpRequest,
        options: &CallOptions,
    ) -> Retries {
        let reads = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        if reads || registered.retry_writes || options.idempotency_key.is_some() {
            self.retries
        } else {
            Retries::none()
        }
    }
}
