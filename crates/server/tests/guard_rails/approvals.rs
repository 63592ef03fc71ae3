//! What a person agreed to happens once: however many agree at the same moment, disagree or ask
//! again, at whichever server, and whenever one of them dies.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use testing::postgres;

use crate::support::http::{Answer, Request};
use crate::support::server::{Kind, Server};
use crate::{Api, at_once, code, eventually, json, payment, text, until_told};

const THREADS: usize = 32;
const AMOUNT: i64 = 1500;
const CASH: i64 = 1_000_000;
const ROUNDS: i64 = 8;
/// Long enough for a request to be decided again.
const STILL: Duration = Duration::from_millis(300);

crate::support::on_both! {
    many_agree_and_it_happens_once
    to_agree_and_to_disagree_at_once_is_one_of_both
    who_asks_again_meanwhile_gets_one_of_two_answers
    killed_between_the_commit_and_its_answer
    what_waits_survives_a_crash
}

fn limited(server: &Server) -> Api {
    Api::agent(server, &["--approve-above", "eur=1000"])
}

fn reject(api: &Api, approval: &str) -> Answer {
    let path = format!("/purser/v1/approvals/{approval}/reject");
    until_told(|| api.call("POST", &path, &[]))
}

fn agree(api: &Api, approval: &str) -> Answer {
    until_told(|| api.approve(approval))
}

/// Payments of a customer, and what they took.
fn paid(api: &Api, customer: &str) -> (usize, i64) {
    let payments = api.get(&format!("/v1/payment_intents?customer={customer}&limit=100"));
    let count = payments["data"].as_array().map_or(0, Vec::len);
    (count, CASH - api.cash(customer))
}

fn many_agree_and_it_happens_once(kind: Kind) {
    let mut server = Server::started_on(kind);
    agree_at(&[&server]);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn many_agree_at_two_servers_and_it_happens_once() {
    let database = postgres::shared().database();
    let mut servers = [0, 1].map(|_| Server::at(&database.url()));
    servers.iter_mut().for_each(|server| server.serve(&[]));
    agree_at(&[&servers[0], &servers[1]]);
    servers[1].kill9();
    servers[0].stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

fn agree_at(servers: &[&Server]) {
    let persons: Vec<Api> = servers.iter().map(|server| Api::person(server)).collect();
    let agent = limited(servers[0]);
    let customer = persons[0].customer(CASH);
    for round in 1..=ROUNDS {
        let key = format!("key-{round}");
        let approval = agent.held(&customer, AMOUNT, &key);
        let answers = at_once(THREADS, |at| agree(&persons[at % persons.len()], &approval));
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
        }
        assert_eq!(json(&answers[0])["status"], "approved", "{}", answers[0].body);
        assert_eq!(paid(&persons[0], &customer), (round as usize, round * AMOUNT));
        for server in servers {
            let again = agent.at(server).send(payment(&customer, AMOUNT, &key));
            assert_eq!(again.status, 200, "{}", again.body);
            assert_eq!(json(&again), json(&answers[0])["response"]["body"]);
        }
    }
}

fn to_agree_and_to_disagree_at_once_is_one_of_both(kind: Kind) {
    let mut server = Server::started_on(kind);
    let (person, agent) = (Api::person(&server), limited(&server));
    let customer = person.customer(CASH);
    let mut agreed = 0;
    for round in 0..ROUNDS {
        let key = format!("key-{round}");
        let approval = agent.held(&customer, AMOUNT, &key);
        let answers = at_once(8, |at| match at % 2 {
            0 => agree(&person, &approval),
            _ => reject(&person, &approval),
        });
        let shown = person.get(&format!("/purser/v1/approvals/{approval}"));
        let is_approved = shown["status"] == "approved";
        agreed += i64::from(is_approved);
        let again = agent.send(payment(&customer, AMOUNT, &key));
        match is_approved {
            true => assert_eq!(again.status, 200, "{}", again.body),
            false => assert_eq!(code(&again), "approval_rejected", "{shown}"),
        }
        let done = |answer: &&Answer| answer.status == 200;
        let count = answers.iter().filter(done).count();
        // Who agrees once more is told so; nobody disagrees twice.
        assert_eq!(count, if is_approved { 4 } else { 1 }, "{answers:?}");
        assert_eq!(paid(&person, &customer), (agreed as usize, agreed * AMOUNT));
    }
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

fn who_asks_again_meanwhile_gets_one_of_two_answers(kind: Kind) {
    let mut server = Server::started_on(kind);
    let (person, agent) = (Api::person(&server), limited(&server));
    let customer = person.customer(CASH);
    for round in 1..=ROUNDS {
        let key = format!("key-{round}");
        let approval = agent.held(&customer, AMOUNT, &key);
        let answers = at_once(8, |at| match at {
            0 => agree(&person, &approval),
            _ => until_told(|| agent.send(payment(&customer, AMOUNT, &key))),
        });
        let whole = agent.send(payment(&customer, AMOUNT, &key));
        assert_eq!(whole.status, 200, "{}", whole.body);
        for answer in &answers[1..] {
            match answer.status {
                200 => assert_eq!(answer.body, whole.body),
                _ => assert_eq!(text(&json(answer)["error"], "approval"), approval),
            }
        }
        assert_eq!(paid(&person, &customer), (round as usize, round * AMOUNT));
    }
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// The idempotency key of what waits begins so that the server stands still after the commit that
/// carries it out. Then it is killed, and the person, who never got an answer, agrees again.
fn killed_between_the_commit_and_its_answer(kind: Kind) {
    let mut server = Server::started_on(kind);
    let (person, agent) = (Api::person(&server), limited(&server));
    let customer = person.customer(CASH);
    let ask = |agent: Api| agent.try_send(payment(&customer, AMOUNT, "hold-agent"));
    let listed = || -> Value { person.get("/purser/v1/approvals")["data"][0].clone() };
    // To ask for an approval has the key, too, and is held and killed first.
    kill_after(&mut server, || drop(ask(agent.clone())), || listed()["status"] == "pending");
    let (person, agent) = (person.at(&server), agent.at(&server));
    let approval = text(&person.get("/purser/v1/approvals")["data"][0], "id");
    let held = ask(agent.clone()).expect("it runs");
    assert_eq!(text(&json(&held)["error"], "approval"), approval);

    let cash = || person.cash(&customer);
    kill_after(&mut server, || drop(try_agree(&person, &approval)), || cash() < CASH);
    let (person, agent) = (person.at(&server), agent.at(&server));
    assert_eq!(paid(&person, &customer), (1, AMOUNT));
    let shown = person.get(&format!("/purser/v1/approvals/{approval}"));
    assert_eq!(shown["status"], "approved");
    let whole = ask(agent).expect("it runs");
    assert_eq!(whole.status, 200, "{}", whole.body);
    assert_eq!(json(&whole), shown["response"]["body"]);

    // Who agrees again is not answered either, for the server stands still once more.
    thread::scope(|scope| {
        let sent = scope.spawn(|| try_agree(&person, &approval));
        thread::sleep(STILL);
        server.kill9();
        assert!(sent.join().expect("no panic").is_err(), "it was answered");
    });
    server.restart();
    let person = person.at(&server);
    assert_eq!(paid(&person, &customer), (1, AMOUNT));
    assert_eq!(person.get(&format!("/purser/v1/approvals/{approval}")), shown);
    assert_eq!(code(&reject(&person, &approval)), "approval_unexpected_state");
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

fn try_agree(person: &Api, approval: &str) -> Result<Answer, String> {
    person.try_send(Request::new("POST", &format!("/purser/v1/approvals/{approval}/approve"), &[]))
}

/// Sends something that gets no answer, kills the server as soon as its effect shows, and starts
/// it again.
fn kill_after(server: &mut Server, send: impl FnOnce() + Send, shows: impl FnMut() -> bool) {
    thread::scope(|scope| {
        let sent = scope.spawn(send);
        eventually("the effect shows", shows);
        assert!(!sent.is_finished(), "it was answered");
        server.kill9();
    });
    server.restart();
}

fn what_waits_survives_a_crash(kind: Kind) {
    let mut server = Server::started_on(kind);
    let (person, agent) = (Api::person(&server), limited(&server));
    let customer = person.customer(CASH);
    let approvals: Vec<String> =
        (0..5).map(|at| agent.held(&customer, AMOUNT + at, &format!("key-{at}"))).collect();
    server.restart();
    let (person, agent) = (person.at(&server), agent.at(&server));
    let waiting = person.get("/purser/v1/approvals?status=pending");
    assert_eq!(waiting["data"].as_array().map(Vec::len), Some(approvals.len()));
    for (at, approval) in (0..).zip(&approvals) {
        assert_eq!(agree(&person, approval).status, 200);
        let whole = agent.send(payment(&customer, AMOUNT + at, &format!("key-{at}")));
        assert_eq!(json(&whole)["amount"], AMOUNT + at, "{}", whole.body);
    }
    assert_eq!(paid(&person, &customer).0, approvals.len());
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}
