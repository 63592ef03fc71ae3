//! What is awkward to write as a scenario: many clients at once, and walking through long lists.
//!
//! S34 (money that comes and goes on many sides at once), S35 (pages without overlap) and S42 (no
//! money is lost or made).

#[path = "ledger_over_http/conservation.rs"]
mod conservation;
#[path = "ledger_over_http/many_at_once.rs"]
mod many_at_once;
#[path = "ledger_over_http/mixed_load.rs"]
mod mixed_load;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use serde_json::Value;
use support::http::{Client, Request};
use support::server::{Kind, Server};
use support::wire;

const PARALLEL: usize = 50;
const ROWS: usize = 25;
const TRIES_MAX: usize = 50;

support::on_both! {
    parallel_funding_keeps_the_chain
    pages_join_into_the_whole_list
}

/// S34: every funding counts once, whoever comes first, and no currency disturbs another.
fn parallel_funding_keeps_the_chain(kind: Kind) {
    let mut server = Server::started_on(kind);
    let api = Api::new(&server);
    let (ada, bob) = (api.new_customer(), api.new_customer());
    thread::scope(|scope| {
        for turn in 0..PARALLEL {
            let (api, ada, bob) = (&api, &ada, &bob);
            scope.spawn(move || api.fund_until_taken(ada, 100, "usd"));
            if turn % 5 == 0 {
                scope.spawn(move || api.fund_until_taken(ada, 7, "eur"));
                scope.spawn(move || api.fund_until_taken(bob, 11, "usd"));
            }
        }
    });
    api.assert_history(&ada, &[("eur", 10, 7), ("usd", PARALLEL, 100)]);
    api.assert_history(&bob, &[("usd", 10, 11)]);
    api.assert_one_event_for_each_row(&[&ada, &bob]);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// S35: pages join without gap or overlap, newest first even within one second.
fn pages_join_into_the_whole_list(kind: Kind) {
    let server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.new_customer();
    let made: Vec<String> = (1..=ROWS).map(|i| api.fund(&customer, i, "usd").1).collect();
    let newest_first: Vec<String> = made.iter().rev().cloned().collect();
    let path = format!("/v1/customers/{customer}/cash_balance_transactions");

    let first = api.page(&path, &[("limit", "10")]);
    let second = api.page(&path, &[("limit", "10"), ("starting_after", &first.ids[9])]);
    let third = api.page(&path, &[("limit", "10"), ("starting_after", &second.ids[9])]);
    let sizes = [&first, &second, &third].map(|page| (page.ids.len(), page.has_more));
    assert_eq!(sizes, [(10, true), (10, true), (5, false)]);
    let joined = [&first, &second, &third].map(|page| page.ids.clone()).concat();
    assert_eq!(joined, newest_first);

    let above = api.page(&path, &[("limit", "10"), ("ending_before", &second.ids[0])]);
    assert_eq!((above.ids, above.has_more), (first.ids, false));
    let above = api.page(&path, &[("limit", "10"), ("ending_before", &third.ids[0])]);
    assert_eq!((above.ids, above.has_more), (second.ids, true));

    assert_eq!(api.page(&path, &[]).ids.len(), 10);
    assert_eq!(api.page(&path, &[("limit", "0")]).ids, newest_first[..1]);
    assert_eq!(api.page(&path, &[("limit", "1000")]).ids, newest_first);
    let last = api.page(&path, &[("starting_after", &made[0])]);
    assert_eq!((last.ids.len(), last.has_more), (0, false));
}

/// The operations these tests use, each answer held against the field tables.
struct Api {
    client: Client,
}

struct Page {
    ids: Vec<String>,
    rows: Vec<Value>,
    has_more: bool,
}

impl Api {
    fn new(server: &Server) -> Self {
        Self { client: Client::new(server.base().expect("it runs")) }
    }

    fn new_customer(&self) -> String {
        text(&self.made("/v1/customers", &[("email", "ada@example.com")])["id"])
    }

    /// Posts what must succeed.
    fn made(&self, path: &str, params: &[(&str, &str)]) -> Value {
        let (status, made) = self.call("POST", path, params);
        assert_eq!(status, 200, "{path} {params:?}: {made}");
        made
    }

    /// Gets what must be there.
    fn get(&self, target: &str) -> Value {
        let (status, found) = self.call("GET", target, &[]);
        assert_eq!(status, 200, "{target}: {found}");
        found
    }

    /// All money of the world, checked. Nobody may write meanwhile.
    fn assert_conserved(&self, customers: &[String]) -> conservation::World {
        let world = conservation::World::read(&|path| self.get(path), customers);
        world.check();
        world
    }

    /// Funds once; gives the status and the id of the transaction.
    fn fund(&self, customer: &str, amount: usize, currency: &str) -> (u16, String) {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        let amount = amount.to_string();
        let (status, row) =
            self.call("POST", &path, &[("amount", &amount), ("currency", currency)]);
        let busy = status == 429 && row["error"]["code"] == "lock_timeout";
        assert!(status == 200 || busy, "{status} {row}");
        (status, text(&row["id"]))
    }

    /// Under pressure the server may say that the customer is busy; then nothing has happened.
    fn fund_until_taken(&self, customer: &str, amount: usize, currency: &str) {
        let taken = (0..TRIES_MAX).any(|_| self.fund(customer, amount, currency).0 == 200);
        assert!(taken, "not taken after {TRIES_MAX} tries");
    }

    fn page(&self, path: &str, params: &[(&str, &str)]) -> Page {
        let (status, list) = self.call("GET", path, params);
        assert_eq!(status, 200, "{list}");
        let rows = list["data"].as_array().expect("a list").clone();
        let ids = rows.iter().map(|row| text(&row["id"])).collect();
        Page { ids, rows, has_more: list["has_more"] == true }
    }

    /// Every row of a list, newest first.
    fn all(&self, path: &str) -> Vec<Value> {
        let mut rows: Vec<Value> = Vec::new();
        loop {
            let last = rows.last().map(|row| text(&row["id"]));
            let mut params = vec![("limit", "100")];
            params.extend(last.as_deref().map(|id| ("starting_after", id)));
            let page = self.page(path, &params);
            rows.extend(page.rows);
            if !page.has_more {
                return rows;
            }
        }
    }

    /// So many fundings of this amount in each currency, each ending where the next begins.
    fn assert_history(&self, customer: &str, wanted: &[(&str, usize, i64)]) {
        let rows = self.all(&format!("/v1/customers/{customer}/cash_balance_transactions"));
        let path = format!("/v1/customers/{customer}/cash_balance");
        let (_, cash_balance) = self.call("GET", &path, &[]);
        let mut ending: BTreeMap<String, i64> = BTreeMap::new();
        for row in rows.iter().rev() {
            let balance = ending.entry(text(&row["currency"])).or_default();
            *balance += row["net_amount"].as_i64().expect("an amount");
            assert_eq!(row["ending_balance"], *balance, "the chain breaks at {row}");
        }
        for (currency, count, amount) in wanted {
            let of_currency = rows.iter().filter(|row| row["currency"] == *currency);
            assert_eq!(of_currency.clone().count(), *count, "{currency}");
            assert!(of_currency.clone().all(|row| row["net_amount"] == *amount), "{currency}");
            assert_eq!(ending[*currency], *count as i64 * amount);
            assert_eq!(cash_balance["available"][currency], ending[*currency]);
        }
        assert_eq!(ending.len(), wanted.len());
        assert_eq!(cash_balance["available"].as_object().map(|map| map.len()), Some(wanted.len()));
    }

    fn assert_one_event_for_each_row(&self, customers: &[&str]) {
        let mut rows = Vec::new();
        for customer in customers {
            rows.extend(self.all(&format!("/v1/customers/{customer}/cash_balance_transactions")));
        }
        let events = self.all("/v1/events");
        let told = events
            .iter()
            .filter(|event| event["type"] == "customer_cash_balance_transaction.created")
            .map(|event| text(&event["data"]["object"]["id"]));
        let told: Vec<String> = told.collect();
        let ids: BTreeSet<String> = rows.iter().map(|row| text(&row["id"])).collect();
        assert_eq!(told.len(), rows.len());
        assert_eq!(told.into_iter().collect::<BTreeSet<String>>(), ids);
    }

    fn call(&self, method: &str, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
        let params: Vec<(String, String)> =
            params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let request = Request::new(method, path, &params)
            .header("Authorization", "Bearer sk_test_ledger_over_http");
        let answer = self.client.send(&request).expect("an answer");
        let value = answer.json().expect("JSON");
        assert_eq!(wire::check(&value), Vec::<String>::new(), "{method} {path}");
        (answer.status, value)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
