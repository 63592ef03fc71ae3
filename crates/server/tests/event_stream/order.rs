//! In order, all of it, once, and only what was asked for.

use std::thread;
use std::time::Instant;

use crate::stream::{SOON, Stream};
use crate::support::server::{Kind, Server};
use crate::{Api, eventually};

crate::support::on_both! {
    what_happens_arrives_in_order
    what_happens_arrives_at_once
    a_stream_goes_on_where_the_last_one_was
    others_are_not_heard
}

/// Many write at once: the stream has what the list has, in its order, and what it tells is
/// committed.
fn what_happens_arrives_in_order(kind: Kind) {
    let server = Server::started_on(kind);
    let api = Api::new(&server);
    let customers: Vec<String> = (0..4).map(|_| api.customer()).collect();
    let before = api.events();
    let mut stream = Stream::open(&api, "", before.last().map(String::as_str));
    thread::scope(|scope| {
        for customer in &customers {
            let api = &api;
            scope.spawn(move || (0..20).for_each(|_| api.fund(customer)));
        }
        let mut told = Vec::new();
        while told.len() < 4 * 20 * 2 {
            let sent = stream.next().expect("there is more");
            let kept = api.ask("GET", &format!("/v1/events/{}", sent.id), &[]);
            assert_eq!(sent.json(), kept);
            told.push(sent.id);
        }
        assert_eq!(told, api.events()[before.len()..]);
    });
}

/// One after the other: each is told at once, not with the next one or with the next silence.
fn what_happens_arrives_at_once(kind: Kind) {
    let server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.customer();
    let mut stream = Stream::open(&api, "?type=customer_cash_balance_transaction.*", None);
    for count in 0..100 {
        let began = Instant::now();
        api.fund(&customer);
        let sent = stream.next().expect("there is more");
        assert_eq!(sent.kind, "customer_cash_balance_transaction.created");
        assert!(began.elapsed() < SOON, "event {count} took {:?}", began.elapsed());
    }
    assert_eq!(stream.silences, 0);
}

fn a_stream_goes_on_where_the_last_one_was(kind: Kind) {
    let server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.customer();
    (0..60).for_each(|_| api.fund(&customer));
    let all = api.events();
    assert_eq!(all.len(), 121);
    for at in [0, 1, 2, 50, 98, 99, 100, 101, 119, 120] {
        let mut stream = Stream::open(&api, "", Some(&all[at]));
        let rest = &all[at + 1..];
        assert_eq!(stream.ids(rest.len()), rest, "after {at}");
        api.fund(&customer);
        let mut more = Stream::open(&api, "", Some(&all[120]));
        let newest = api.events();
        let new = &newest[all.len()..];
        assert_eq!(more.ids(new.len()), new);
        assert_eq!(stream.ids(new.len()), new, "after {at}");
    }
    // Piece by piece, each time on a new connection.
    let all = api.events();
    let mut last = all[0].clone();
    for wanted in &all[1..20] {
        let mut stream = Stream::open(&api, "", Some(&last));
        assert_eq!(stream.ids(1), std::slice::from_ref(wanted));
        last.clone_from(wanted);
    }
}

#[test]
fn only_what_was_asked_for() {
    let server = Server::started();
    let api = Api::new(&server);
    api.customer();
    let start = api.events()[0].clone();
    let make = || {
        let customer = api.customer();
        api.fund(&customer);
        api.ask("POST", &format!("/v1/customers/{customer}"), &[("name", "Ada")]);
    };
    let kinds = [
        "customer.created",
        "customer_cash_balance_transaction.created",
        "cash_balance.funds_available",
        "customer.updated",
    ];
    make();
    for (query, wanted) in [
        ("", &kinds[..]),
        ("?type=*", &kinds),
        ("?type=customer.*", &["customer.created", "customer.updated"]),
        ("?type=customer.updated", &["customer.updated"]),
        ("?type=customer*", &[kinds[0], kinds[1], kinds[3]]),
        ("?types[]=customer.updated&types[]=cash_balance.*", &kinds[2..]),
        ("?types[0]=customer.updated&types[1]=customer.updated", &kinds[3..]),
    ] {
        let rounds = (api.events().len() - 1) / kinds.len();
        let mut old = Stream::open(&api, query, Some(&start));
        let mut new = Stream::open(&api, query, None);
        let expect = |stream: &mut Stream| {
            for kind in wanted {
                assert_eq!(stream.next().expect("there is more").kind, *kind, "{query}");
            }
        };
        (0..rounds).for_each(|_| expect(&mut old));
        make();
        expect(&mut old);
        expect(&mut new);
    }
}

/// Worlds are apart, and so are their streams.
fn others_are_not_heard(kind: Kind) {
    let server = Server::started_on(kind);
    let api = Api::new(&server);
    let mut own = Stream::open(&api, "", None);
    let elsewhere = [("Stripe-Account", "acct_other")];
    let mut other = Stream::try_open(&api, "", &elsewhere).expect("a sandbox has many worlds");
    let request = crate::Request::new("POST", "/v1/customers", &[])
        .header("Authorization", "Bearer sk_test_stream")
        .header("Stripe-Account", "acct_other");
    let made = api.client.send(&request).expect("the server runs");
    assert_eq!(made.status, 200, "{}", made.body);
    let there = other.next().expect("an event").json();
    assert_eq!(there["data"]["object"]["id"], made.json().expect("JSON")["id"]);
    let here = api.customer();
    assert_eq!(own.next().expect("an event").json()["data"]["object"]["id"], here.as_str());
}

/// Nobody reads for a while: the others do not notice, and nothing is lost for the slow one.
#[test]
fn a_slow_reader_blocks_nobody_and_loses_nothing() {
    const LARGE: usize = 600;
    let server = Server::started();
    let api = Api::new(&server);
    let filler = "x".repeat(500);
    let names: Vec<String> = (0..50).map(|at| format!("metadata[name{at}]")).collect();
    let large: Vec<(&str, &str)> =
        names.iter().map(|name| (name.as_str(), filler.as_str())).collect();
    // Together they are far larger than what all buffers on the way hold.
    let mut slow = Stream::open(&api, "", None);
    let mut quick = Stream::open(&api, "?type=customer.created", None);
    let started = Instant::now();
    thread::scope(|scope| {
        let reader = scope.spawn(|| quick.ids(LARGE));
        for _ in 0..3 {
            let (api, large) = (&api, &large);
            scope.spawn(move || {
                for _ in 0..LARGE / 3 {
                    api.ask("POST", "/v1/customers", large);
                }
            });
        }
        assert_eq!(reader.join().expect("all arrive").len(), LARGE);
    });
    println!("{LARGE} events of 25 kB with a stuck reader beside: {:?}", started.elapsed());
    // Others still get in, and answers do not wait.
    let began = Instant::now();
    Stream::open(&api, "", None);
    api.ask("GET", "/v1/balance", &[]);
    assert!(began.elapsed() < SOON);
    assert_eq!(slow.ids(LARGE), api.events());
    eventually("the server is ready", || api.call("GET", "/readyz", &[]).status == 200);
}
