//! Every operation of the API, on one screen. The router and the API description are made from
//! this table; nothing else knows a path.
//!
//! To add an operation: declare its parameters, write its handler, add its row here, add its
//! scenario.

use std::collections::HashMap;

use books::Command;
use hyper::Method;

use super::execute::Asked;
use super::form::Node;
use super::json::Json;
use super::list::Ask;
use super::params::{NoParams, Param, Schema};
use super::{accounts, balances, cash_balances, customers, error::ApiError, events, funding};

/// One operation.
pub struct Route {
    /// HTTP method.
    pub method: Method,
    /// Path, with `{names}` for ids.
    pub path: &'static str,
    /// Stripe's operation id.
    pub operation: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The object it answers with.
    pub answer: &'static str,
    /// Whether it answers with a list of them.
    pub list: bool,
    /// The resource that a restricted key needs a scope for.
    pub resource: &'static str,
    /// Its parameters, beside those in the path.
    pub params: fn() -> Schema,
    /// What it does.
    pub action: Action,
}

/// Reads answer at once, from a snapshot; writes become a command for the lane.
pub enum Action {
    /// Answers from a snapshot.
    Read(fn(&Ask<'_>, &Node) -> Result<Json, ApiError>),
    /// Becomes a command.
    Write(fn(&Asked<'_>, &Node) -> Result<Command, ApiError>),
}

macro_rules! route {
    ($method:ident $path:literal $operation:ident $kind:ident $handler:path, $params:ty
     => $($answer:literal)? $([$listed:literal])?, $resource:literal, $summary:literal) => {
        Route {
            method: Method::$method,
            path: $path,
            operation: stringify!($operation),
            summary: $summary,
            answer: concat!($($answer)? $($listed)?),
            list: route!(@list $($listed)?),
            resource: $resource,
            params: <$params as Param>::schema,
            action: Action::$kind(|asked, tree| {
                $handler(asked, super::params::read_all::<$params>(tree)?)
            }),
        }
    };
    (@list $listed:literal) => { true };
    (@list) => { false };
}

/// The table.
#[rustfmt::skip]
pub fn all() -> Vec<Route> { vec![
    route!(GET "/v1/account" GetAccount Read accounts::own, NoParams => "account", "account", "Retrieve the account of the key"),
    route!(GET "/v1/accounts/{account}" GetAccountsAccount Read accounts::retrieve, NoParams => "account", "account", "Retrieve an account"),
    route!(GET "/v1/balance" GetBalance Read balances::retrieve, NoParams => "balance", "balance", "Retrieve the merchant's balance"),
    route!(GET "/v1/balance_transactions" GetBalanceTransactions Read balances::list, balances::List => ["balance_transaction"], "balance", "List balance transactions"),
    route!(GET "/v1/balance_transactions/{id}" GetBalanceTransactionsId Read balances::transaction, NoParams => "balance_transaction", "balance", "Retrieve a balance transaction"),
    route!(GET "/v1/customers" GetCustomers Read customers::list, customers::List => ["customer"], "customers", "List customers"),
    route!(POST "/v1/customers" PostCustomers Write customers::create, customers::Create => "customer", "customers", "Create a customer"),
    route!(DELETE "/v1/customers/{customer}" DeleteCustomersCustomer Write customers::delete, NoParams => "customer", "customers", "Delete a customer"),
    route!(GET "/v1/customers/{customer}" GetCustomersCustomer Read customers::retrieve, NoParams => "customer", "customers", "Retrieve a customer"),
    route!(POST "/v1/customers/{customer}" PostCustomersCustomer Write customers::update, customers::Update => "customer", "customers", "Update a customer"),
    route!(GET "/v1/customers/{customer}/cash_balance" GetCustomersCustomerCashBalance Read cash_balances::retrieve, NoParams => "cash_balance", "cash_balance", "Retrieve a cash balance"),
    route!(POST "/v1/customers/{customer}/cash_balance" PostCustomersCustomerCashBalance Write cash_balances::update, cash_balances::Update => "cash_balance", "cash_balance", "Update the settings of a cash balance"),
    route!(GET "/v1/customers/{customer}/cash_balance_transactions" GetCustomersCustomerCashBalanceTransactions Read cash_balances::transactions, cash_balances::List => ["customer_cash_balance_transaction"], "cash_balance", "List cash balance transactions"),
    route!(GET "/v1/customers/{customer}/cash_balance_transactions/{transaction}" GetCustomersCustomerCashBalanceTransactionsTransaction Read cash_balances::transaction, NoParams => "customer_cash_balance_transaction", "cash_balance", "Retrieve a cash balance transaction"),
    route!(POST "/v1/customers/{customer}/funding_instructions" PostCustomersCustomerFundingInstructions Write funding::instructions, funding::Instructions => "funding_instructions", "cash_balance", "Create or retrieve funding instructions"),
    route!(GET "/v1/events" GetEvents Read events::list, events::List => ["event"], "events", "List events"),
    route!(GET "/v1/events/{id}" GetEventsId Read events::retrieve, NoParams => "event", "events", "Retrieve an event"),
    route!(POST "/v1/test_helpers/customers/{customer}/fund_cash_balance" PostTestHelpersCustomersCustomerFundCashBalance Write funding::fund, funding::Fund => "customer_cash_balance_transaction", "cash_balance", "Simulate an incoming bank transfer"),
] }

/// Finds the operation that a method and a path mean.
pub struct Router {
    routes: Vec<Route>,
    paths: matchit::Router<HashMap<Method, usize>>,
}

/// What a request asks for.
pub enum Found<'r, 'p> {
    /// This operation, with the ids in the path.
    Operation(usize, &'r Route, matchit::Params<'r, 'p>),
    /// The path is known, but only with these methods.
    OtherMethods(Vec<&'r str>),
    /// Nothing.
    Nothing,
}

impl Default for Router {
    fn default() -> Router {
        Router::new()
    }
}

impl Router {
    /// Makes the router from the table.
    pub fn new() -> Router {
        let routes = all();
        let mut by_path: HashMap<&str, HashMap<Method, usize>> = HashMap::new();
        for (index, route) in routes.iter().enumerate() {
            let known = by_path.entry(route.path).or_default().insert(route.method.clone(), index);
            assert!(known.is_none(), "{} {} is in the table twice", route.method, route.path);
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in by_path {
            paths.insert(path, methods).expect("paths in the table do not conflict");
        }
        Router { routes, paths }
    }

    /// All operations.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Finds an operation.
    pub fn find<'r, 'p>(&'r self, method: &Method, path: &'p str) -> Found<'r, 'p> {
        let Ok(matched) = self.paths.at(path) else {
            return Found::Nothing;
        };
        match matched.value.get(method) {
            Some(&index) => Found::Operation(index, &self.routes[index], matched.params),
            None => {
                let mut methods: Vec<&str> = matched.value.keys().map(Method::as_str).collect();
                methods.sort_unstable();
                Found::OtherMethods(methods)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every parameter that Stripe documents is either acted on or refused by name; nothing is
    /// made up. The facts are in `wire/operations.json`.
    #[test]
    fn no_documented_parameter_is_forgotten() {
        let text = include_str!("../../wire/operations.json");
        let documented: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut compared = 0;
        for route in all() {
            let key = format!("{} {}", route.method, route.path);
            let known = documented.as_object().unwrap().iter().find(|(name, _)| {
                // The tables name path parameters by their own fashion.
                shape(name) == shape(&key)
            });
            let Some((_, fields)) = known else { continue };
            compared += 1;
            compare(&key, fields, &(route.params)());
        }
        assert!(compared >= 14, "only {compared} operations were found in the table");
    }

    fn shape(path: &str) -> Vec<&str> {
        path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect()
    }

    fn compare(at: &str, documented: &serde_json::Value, schema: &Schema) {
        let (fields, refuses) = match schema {
            Schema::Hash { fields, refuses } => (fields, refuses),
            Schema::Emptyable(inner) => return compare(at, documented, inner),
            Schema::List(inner) => return compare(at, documented, inner),
            _ => return,
        };
        let names = documented.as_object().unwrap();
        for (name, spec) in names.iter().filter(|(name, _)| *name != "expand") {
            let field = fields.iter().find(|field| field.name == name);
            let refused = refuses.contains(&name.as_str());
            assert!(field.is_some() != refused, "{at}: {name} must be taken or refused");
            let below = spec.get("fields").or_else(|| spec.get("items")?.get("fields"));
            if let (Some(field), Some(below)) = (field, below) {
                compare(&format!("{at} {name}"), below, &field.schema);
            }
        }
        for name in fields.iter().map(|field| field.name).chain(refuses.iter().copied()) {
            assert!(names.contains_key(name), "{at}: nobody documents {name}");
        }
    }
}
