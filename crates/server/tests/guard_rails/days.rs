//! An allowance for the day is never exceeded: split into however many requests, at however many
//! servers, for however many customers, and by approvals too. It begins anew at midnight, UTC.

use testing::postgres;

use crate::support::server::{Kind, Server};
use crate::{Api, at_once, code, eventually, json, payment, until_told};

const DAY_S: i64 = 24 * 60 * 60;
const CLOCK: &str = "/purser/v1/clock";
const THREADS: usize = 16;
const EACH: usize = 4;
const AMOUNT: i64 = 300;
/// Less than all that is asked for, and no multiple of what one request moves.
const DAY: i64 = 10_000;
const PAYMENTS: i64 = DAY / AMOUNT;

crate::support::on_both! {
    a_sum_that_is_split_up_is_the_same_sum
    what_is_agreed_to_counts_for_the_day
    the_day_ends_at_midnight
}

fn limited(server: &Server) -> Api {
    Api::agent(server, &["--max-per-day", &format!("eur={DAY}")])
}

/// Moves the clock to just after a midnight, so that no test sees another one.
fn morning(person: &Api) {
    let now = person.get(CLOCK)["now"].as_i64().expect("a moment");
    let wait = (DAY_S - now % DAY_S + 1).to_string();
    person.ask("POST", CLOCK, &[("advance_s", &wait)]);
}

fn a_sum_that_is_split_up_is_the_same_sum(kind: Kind) {
    let mut server = Server::started_on(kind);
    split_at(&[&server]);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn a_sum_that_is_split_up_among_servers_is_the_same_sum() {
    let database = postgres::shared().database();
    let mut servers = [0, 1].map(|_| Server::at(&database.url()));
    let flags = ["--store-lanes", "2"].map(str::to_owned);
    servers.iter_mut().for_each(|server| server.serve(&flags));
    split_at(&[&servers[0], &servers[1]]);
    servers[1].kill9();
    servers[0].stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// One key, many customers, so that many lanes decide at the same time.
fn split_at(servers: &[&Server]) {
    let person = Api::person(servers[0]);
    morning(&person);
    // The others hear of the new time a moment later. Until then their day is another one.
    let now = person.get(CLOCK)["now"].as_i64().expect("a moment");
    for server in servers {
        let there = person.at(server);
        eventually("it is the same day", || there.get(CLOCK)["now"].as_i64() >= Some(now));
    }
    let customers: Vec<String> = (0..5).map(|_| person.customer(DAY)).collect();
    let agent = limited(servers[0]);
    let agents: Vec<Api> = servers.iter().map(|server| agent.at(server)).collect();
    let answers = at_once(THREADS, |at| {
        let ask = |round: usize| {
            let (agent, count) = (&agents[at % agents.len()], at * EACH + round);
            let customer = &customers[count % customers.len()];
            until_told(|| agent.send(payment(customer, AMOUNT, &format!("key-{count}"))))
        };
        (0..EACH).map(ask).collect::<Vec<_>>()
    });
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(code(answer), "key_limit_exceeded", "{}", answer.body);
    }
    let left: i64 = customers.iter().map(|customer| person.cash(customer)).sum();
    assert_eq!(DAY * customers.len() as i64 - left, PAYMENTS * AMOUNT);
    assert_eq!(done as i64, PAYMENTS, "as much as there is, and no more");
    // What is left of the day is less than any of these was.
    let rest = agents[0].send(payment(&customers[0], DAY - PAYMENTS * AMOUNT, "rest"));
    assert_eq!(rest.status, 200, "{}", rest.body);
    let more = agents[0].send(payment(&customers[0], 50, "more"));
    assert_eq!(code(&more), "key_limit_exceeded", "{}", more.body);
}

/// Each was within the day when it was asked for; together they are not.
fn what_is_agreed_to_counts_for_the_day(kind: Kind) {
    const WAITING: i64 = 8;
    const EACH: i64 = 3_000;
    let mut server = Server::started_on(kind);
    let person = Api::person(&server);
    morning(&person);
    let customer = person.customer(WAITING * EACH);
    let day = format!("eur={DAY}");
    let agent = Api::agent(&server, &["--max-per-day", &day, "--approve-above", "eur=1000"]);
    let held: Vec<String> =
        (0..WAITING).map(|at| agent.held(&customer, EACH, &format!("key-{at}"))).collect();
    let answers = at_once(held.len(), |at| until_told(|| person.approve(&held[at])));
    let count = |status: &str| answers.iter().filter(|it| json(it)["status"] == status).count();
    let fit = (DAY / EACH) as usize;
    assert_eq!((count("approved"), count("failed")), (fit, held.len() - fit), "{answers:?}");
    assert_eq!(person.cash(&customer), (WAITING - DAY / EACH) * EACH);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

fn the_day_ends_at_midnight(kind: Kind) {
    let mut server = Server::started_on(kind);
    let (person, agent) = (Api::person(&server), limited(&server));
    let customer = person.customer(10 * DAY);
    let pay = |amount: i64, key: &str| agent.send(payment(&customer, amount, key));
    // A minute before midnight, with time for a slow machine.
    morning(&person);
    person.ask("POST", CLOCK, &[("advance_s", &(DAY_S - 120).to_string())]);
    assert_eq!(pay(DAY, "evening").status, 200);
    assert_eq!(code(&pay(100, "late")), "key_limit_exceeded");
    person.ask("POST", CLOCK, &[("advance_s", "120")]);
    assert_eq!(pay(DAY - 100, "morning").status, 200);
    assert_eq!(code(&pay(101, "soon")), "key_limit_exceeded");
    assert_eq!(pay(100, "rest").status, 200);
    // What was refused is refused under its key for as long as that is known.
    person.ask("POST", CLOCK, &[("advance_s", &(DAY_S - 240).to_string())]);
    assert_eq!(code(&pay(101, "soon")), "key_limit_exceeded");
    assert_eq!(person.cash(&customer), 10 * DAY - 2 * DAY);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}
