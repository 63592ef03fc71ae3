//! Everything that happens to money, and everything that is read of it.

use std::collections::BTreeMap;
use std::time::Duration;

use books::balance::BalanceKind;
use books::command::{Attempted, EndpointDraft, LaterCommand, Report, WebhookCommand};
use books::event::EventKind;
use books::search::{Query, Resource};
use books::timer::{DAY_S, Look};
use books::webhook::Attempt;
use books::{Command, Currency, Kind, Number, RowKey, Timestamp};
use store::admin::{ApiKey, hash_key};
use store::dashboard::{Holder, Role, Session, User};
use store::{BalanceFilter, DocumentFilter, RequestFilter, Search, Window};

use crate::life::lived;
use crate::support::asks::{
    delete, email, fund, instructions, later, limited, note, pay, pull_back, refund,
};
use crate::support::{Ask, Bench, create, eventually};

/// All tables but that of the migrations.
pub const TABLES: &[&str] = &[
    "meta",
    "world",
    "api_key",
    "lane",
    "lease",
    "customer",
    "customer_word",
    "cash_transaction",
    "entry",
    "posting",
    "chain",
    "house_balance",
    "day_balance",
    "idle_purse",
    "idle_count",
    "balance_transaction",
    "document",
    "payable",
    "timer",
    "looked",
    "event",
    "idempotency",
    "answer",
    "funding_instructions",
    "told",
    "delivery_attempt",
    "forgotten",
    "spent",
    "request",
    "search_term",
    "search_text",
    "dashboard_user",
    "dashboard_session",
];

const DAY: Duration = Duration::from_secs(DAY_S as u64);

/// Does it all, and closes everything.
pub fn run() {
    let (bench, _) = lived();
    commands(&bench);
    webhooks(&bench);
    agents(&bench);
    rare_writes(&bench);
    reads(&bench);
    lists(&bench);
    searches(&bench);
    two_servers(&bench);
    forgetting(&bench);
}

fn commands(bench: &Bench) {
    let ada = bench.customer();
    bench.check([
        (create().key("C", "new"), "customer"),
        (fund(ada, 6, "eur"), "funded eur 6 -> 6"),
        (fund(ada, 5, "usd").key("K", "5"), "funded usd 5 -> 5"),
        (instructions(ada, "us_bank_transfer"), "us_bank_transfer..."),
        (email(ada), "customer"),
        (Command::UpdateCashBalance { customer: ada, mode: None }.into(), "automatic"),
        (delete(ada), "CustomerHoldsCash"),
    ]);
    bench.check([
        (create().key("C", "new"), "replay..."),
        (fund(ada, 5, "usd").key("K", "5"), "replay..."),
    ]);
    let window = Window::newest(1);
    let newest = bench.readers.snapshot(|r| r.cash_transactions(bench.world, ada, window));
    bench.expect(pull_back(newest.unwrap().rows[0].key), "funding_reversed usd -5 -> 0");
    bench.expect(fund(ada, 1000, "usd"), "funded usd 1000 -> 1000");
    let paid = bench.make(pay(ada, 600, "usd"), "succeeded 600/600", Kind::PaymentIntent);
    bench.expect(refund(paid, 100), "refund requires_action 100");
    let gone = bench.customer();
    bench.expect(delete(gone), "deleted");
    let look = LaterCommand::Looked(Look::Sweep, Number(5));
    bench.expect(later(look), "done");
}

fn webhook(command: WebhookCommand) -> Ask {
    Command::Webhook(command).into()
}

/// An endpoint that is told of some events, and fails once.
fn webhooks(bench: &Bench) {
    let draft = EndpointDraft {
        url: "https://example.com/".into(),
        enabled_events: vec!["*".into()],
        description: None,
        metadata: BTreeMap::new(),
        api_version: None,
    };
    let made = webhook(WebhookCommand::Create(Box::new(draft)));
    let endpoint = bench.make(made, "WithSecret...", Kind::WebhookEndpoint).number;
    bench.expect(create(), "customer");
    let read = bench.readers.snapshot(|r| {
        assert_eq!(r.webhook_endpoints()?.len(), 1);
        assert_eq!(r.webhook_endpoints_of(bench.world)?.len(), 1);
        assert_eq!(r.told(bench.world, endpoint)?, None);
        r.last_event(bench.world)?;
        r.events(bench.world, Window::newest(1))
    });
    let event = read.unwrap().rows[0].number;
    let attempt = Attempt {
        event,
        attempt: 1,
        at: bench.clock.now(),
        latency_ms: 5,
        status: Some(500),
        answer: "no".into(),
        by_hand: false,
    };
    let report = Report {
        endpoint,
        livemode: false,
        attempts: vec![Attempted { attempt, turn: Some(1) }],
        called_by: vec![],
        told: Some(event),
        give_up: false,
    };
    bench.expect(webhook(WebhookCommand::Report(Box::new(report))), "done");
    let retries = bench.readers.snapshot(|r| {
        assert_eq!(r.attempts(bench.world, event)?.len(), 1);
        assert_eq!(r.attempts_of(bench.world, endpoint, 9)?.len(), 1);
        assert_eq!(r.told(bench.world, endpoint)?, Some(event));
        r.due_retries(Timestamp(i64::MAX), 9)
    });
    let retries = retries.unwrap();
    assert_eq!(retries.len(), 1);
    let report = Report {
        endpoint,
        livemode: false,
        attempts: vec![],
        called_by: vec![retries[0].1],
        told: None,
        give_up: false,
    };
    bench.expect(webhook(WebhookCommand::Report(Box::new(report))), "done");
    bench.expect(webhook(WebhookCommand::RollSecret { endpoint, overlap_s: 60 }), "WithSecret...");
    bench.expect(webhook(WebhookCommand::Delete { endpoint }), "webhook_endpoint");
}

/// A key with limits moves money, and a request that moved none is noted.
fn agents(bench: &Bench) {
    let customer = bench.newest(Kind::PaymentIntent).customer;
    bench.expect(limited("key_1", fund(customer, 60, "usd")), "funded...");
    bench.expect(note("req_noted", Some("ocp-1"), Some(customer)), "done");
}

fn rare_writes(bench: &Bench) {
    let admin = &bench.admin;
    admin.default_account("acct_1").expect("the account");
    admin.save_clock_offset_ms(5).expect("the clock");
    assert_eq!(admin.clock_offset_ms(), Ok(5));
    admin.world("acct_2", true, Timestamp(0)).expect("a world");
    assert_eq!(admin.worlds().map(|worlds| worlds.len()), Ok(2));
    let key = ApiKey {
        id: "key_1".into(),
        hash: hash_key("secret"),
        account: "acct_1".into(),
        livemode: false,
        name: "a key".into(),
        masked: "sk_****".into(),
        scopes: None,
        created: Timestamp(0),
        revoked: None,
        limits: None,
    };
    admin.add_key(&key).expect("a key");
    assert_eq!(admin.keys().map(|keys| keys.len()), Ok(1));
    assert_eq!(admin.revoke_key("key_1", Timestamp(1)), Ok(true));
    sessions(bench);
}

/// Somebody signs in to the dashboard, looks, and goes.
fn sessions(bench: &Bench) {
    let admin = &bench.admin;
    let (name, password) = ("ada".to_owned(), "a hash".to_owned());
    let user = User { name, password, role: Role::Operator, created: Timestamp(0) };
    assert_eq!(admin.add_user(&user), Ok(true));
    assert_eq!(admin.set_password("ada", "another hash"), Ok(true));
    assert_eq!(admin.users().map(|users| users.len()), Ok(1));
    let token = [3; 32];
    let session = Session {
        token,
        holder: Holder::User("ada".into()),
        proof: user.proof(),
        account: "acct_1".into(),
        livemode: false,
        created: Timestamp(0),
        expires: Timestamp(9),
    };
    admin.begin_session(&session).expect("a session");
    admin.extend_session(&token, Timestamp(10)).expect("it goes on");
    admin.turn_session(&token, "acct_2", true).expect("it looks elsewhere");
    let read = bench.readers.snapshot(|r| {
        r.dashboard_user("ada")?.expect("a user");
        r.dashboard_session(&token)
    });
    let found = read.expect("it can be read").expect("a session");
    assert_eq!((found.account.as_str(), found.expires), ("acct_2", Timestamp(10)));
    admin.end_session(&token).expect("it ends");
    assert_eq!(admin.remove_user("ada"), Ok(true));
}

/// One of each thing, by its key.
fn reads(bench: &Bench) {
    let world = bench.world;
    let intent = bench.newest(Kind::PaymentIntent);
    let read = bench.readers.snapshot(|r| {
        let customer = intent.customer;
        r.purse(world, customer)?.expect("a purse");
        r.customer(world, customer)?.expect("a customer");
        let rows = r.cash_transactions(world, customer, Window::newest(1))?.rows;
        r.cash_transaction(world, rows[0].key)?.expect("a transaction");
        r.document(world, Kind::PaymentIntent, intent)?.expect("an intent");
        r.document_at(world, intent.number)?.expect("an intent");
        let event = r.events(world, Window::newest(1))?.rows[0].number;
        r.event(world, event)?.expect("an event");
        r.events_after(world, Number(0), 9)?;
        let lines = r.balance_transactions(world, &BalanceFilter::default(), Window::newest(1))?;
        r.balance_transaction(world, lines.rows[0].number)?.expect("a line");
        r.api_key(&hash_key("secret"))?.expect("a key");
        r.api_key_of("key_1")?.expect("a key");
        r.request(world, "req_noted")?.expect("a request");
        r.house_balances(world)?;
        r.ledger(world)?;
        assert_eq!(r.glance(world)?, r.glance(world)?);
        let end = r.journal_end(world)?;
        assert!(!r.customer_numbers(world, (Number(0), end.last), 2)?.is_empty());
        r.living_customers(world, &[customer])?;
        let today = bench.clock.now().seconds().0 / DAY_S;
        assert!(!r.day_balances(world, Currency::USD, (today, today))?.is_empty());
        r.idle_totals(world)?;
        r.idle_since(world, customer, Currency::USD)?;
        r.account_owner(world, "nobody's")?;
        r.entries(world, Window::newest(2))?;
        r.customers_called(world, "ada", &[], 2)?;
        r.newest_payment_intents(world)?;
        r.instructions_of(world, customer)?;
        r.events_behind(world, Number(0), 2)?;
        assert!(!r.due_timers(Timestamp(i64::MAX), 9)?.is_empty());
        r.next_timer()?.expect("a timer");
        r.worlds()?;
        r.lots_due(world, Look::Return, bench.clock.now().seconds(), 9)?;
        r.next_lot(world, Look::Sweep)
    });
    read.expect("everything can be read");
}

/// Whatever leads to what is searched, and whatever is looked up on the way.
fn searches(bench: &Bench) {
    let owner = bench.newest(Kind::PaymentIntent).customer;
    let customers = ["email:'ada@example.com'", "-email~'navy'", "email~'ada' -email:'x'"];
    let intents =
        ["amount>1 currency:'usd' status:'succeeded'", "customer:'x' amount:5", "amount>1"];
    let asked = customers.map(|text| (Resource::Customers, text)).into_iter();
    let asked = asked.chain(intents.map(|text| (Resource::PaymentIntents, text)));
    for (resource, text) in asked.chain([(Resource::Charges, "currency:'usd'")]) {
        let query = Query::read(resource, text, &|_| Some(owner)).expect("a query");
        let search = Search { resource, query: &query, among: &[] };
        let read = bench.readers.snapshot(|r| {
            r.search_count(bench.world, search)?;
            r.search(bench.world, search, Number(i64::MAX), 2)
        });
        assert!(read.expect("it can be read").is_some(), "{text}");
    }
}

/// Lists with every filter, in both directions.
fn lists(bench: &Bench) {
    let world = bench.world;
    let parent = bench.newest(Kind::Refund);
    let oldest = Window { from_oldest: true, ..Window::newest(3) };
    let source = RowKey { customer: parent.customer, number: parent.number };
    let balances = BalanceFilter {
        currency: Some(Currency::USD),
        source: Some((Kind::Refund, source)),
        kind: Some(BalanceKind::Payment),
    };
    let documents = DocumentFilter {
        customer: Some(parent.customer),
        parent: Some(parent.number),
        fields: vec![("status", "succeeded".into())],
        absent: vec!["invoice"],
        ranges: vec![("amount", 0, 9)],
    };
    let requests = RequestFilter { context: Some("ocp-1".into()), customer: Some(parent.customer) };
    for window in [Window::newest(3), oldest] {
        let read = bench.readers.snapshot(|r| {
            r.customers(world, None, window)?;
            r.customers(world, Some("ada@example.com"), window)?;
            r.cash_transactions(world, parent.customer, window)?;
            r.events(world, window)?;
            r.events_of(world, &[EventKind::PayoutCanceled, EventKind::ChargeRefunded], window)?;
            r.balance_transactions(world, &balances, window)?;
            r.documents(world, Kind::PaymentIntent, &documents, window)?;
            r.documents(world, Kind::Refund, &DocumentFilter::default(), window)?;
            r.requests(world, &RequestFilter::default(), window)?;
            r.idle_purses(world, None, window)?;
            r.idle_purses(world, Some(Currency::USD), window)?;
            r.requests(world, &requests, window)?;
            r.entries(world, window)
        });
        read.expect("everything can be listed");
    }
}

/// Another server comes and goes; a lane is raised, another connection made.
fn two_servers(bench: &Bench) {
    let other = bench.beside();
    other.expect(create(), "customer");
    bench.clock.forward(Duration::from_secs(2));
    bench.expect(create(), "customer");
    let raised = "SELECT count(DISTINCT last_number) FROM lane";
    eventually("an idle lane is raised", || bench.one::<i64>(raised) == 1);
    drop(other);
    bench.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'purser'",
    );
    eventually("the lane is back", || bench.tell(create()) == "customer");
}

/// Much later, keys and events are forgotten.
fn forgetting(bench: &Bench) {
    bench.clock.forward(40 * DAY);
    let left = "SELECT (SELECT count(*) FROM idempotency) + (SELECT count(*) FROM event)";
    eventually("what is old is forgotten", || bench.one::<i64>(left) == 0);
}
