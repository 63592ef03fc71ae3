//! The number of a card that may be somebody's: wherever it is sent, it is refused, and there is
//! no trace of it afterwards: not in the answer, not in the database and its files, not in the log.

use std::fs;

use crate::support::http::{Answer, Request};
use crate::support::server::{Kind, Server};
use crate::tables::{Tables, read_at_rest};
use crate::{Api, owned};

/// No test card has it, and its check digit holds.
const NUMBER: &str = "4532015112830366";
const GROUPED: &str = "4532 0151 1283 0366";
/// A test card, whose number is no secret; but neither is it to be kept.
const TEST_NUMBER: &str = "4000056655665556";
const CVC: &str = "973";

crate::support::on_both! {
    a_real_number_leaves_no_trace
    what_waits_for_a_person_has_no_number
}

/// Where a number can be put. `#` stands for the number, `$` for the customer.
const PLACES: &[(&str, &str)] = &[
    ("/v1/tokens", "card[number]=#&card[exp_month]=12&card[exp_year]=34&card[cvc]=973"),
    ("/v1/tokens", "card=#"),
    ("/v1/tokens", "card[number]=4242424242424242&card[exp_month]=#&card[exp_year]=34"),
    ("/v1/tokens", "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=#"),
    ("/v1/tokens", "card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=34&card[cvc]=#"),
    (
        "/v1/tokens",
        "card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=34&card[name]=#",
    ),
    ("/v1/tokens", "card[#]=1"),
    ("/v1/tokens", "number=#"),
    ("/v1/payment_methods", "type=card&card[number]=#&card[exp_month]=12&card[exp_year]=34"),
    ("/v1/payment_methods", "type=card&card[token]=#"),
    ("/v1/payment_methods", "type=#&card[token]=tok_visa"),
    ("/v1/payment_methods", "type=card&card=#"),
    ("/v1/payment_methods/#/attach", "customer=$"),
    ("/v1/payment_methods/#/detach", ""),
    ("/v1/payment_methods/#", "metadata[a]=1"),
    ("/v1/payment_methods/pm_card_visa/attach", "customer=#"),
    ("/v1/customers", "source=#"),
    (
        "/v1/customers",
        "source[object]=card&source[number]=#&source[exp_month]=1&source[exp_year]=34",
    ),
    ("/v1/customers", "payment_method=#"),
    ("/v1/customers", "invoice_settings[default_payment_method]=#"),
    ("/v1/customers/$", "default_source=#"),
    ("/v1/customers/$/sources", "source=#"),
    ("/v1/customers/$/sources", "source[object]=card&source[number]=#&source[exp_month]=1"),
    ("/v1/customers/$/sources/#", "name=Ada"),
    ("/v1/charges", "amount=100&currency=usd&source=#"),
    ("/v1/charges", "amount=100&currency=usd&card[number]=#&card[exp_month]=1&card[exp_year]=34"),
    ("/v1/charges", "amount=100&currency=usd&customer=$&source=#"),
    ("/v1/payment_intents", "amount=100&currency=usd&payment_method=#&confirm=true"),
    (
        "/v1/payment_intents",
        "amount=100&currency=usd&confirm=true&payment_method_types[]=card\
         &payment_method_data[type]=card&payment_method_data[card][number]=#\
         &payment_method_data[card][exp_month]=1&payment_method_data[card][exp_year]=34",
    ),
    ("/v1/payment_intents/#/confirm", "payment_method=pm_card_visa"),
    ("/v1/sources", "type=card&token=#"),
    ("/v1/sources", "type=card&card[number]=#&card[exp_month]=1&card[exp_year]=34"),
    ("/v1/refunds", "charge=#"),
];

fn a_real_number_leaves_no_trace(kind: Kind) {
    let mut server = Server::on(kind);
    server.serve(&["--log-level".into(), "trace".into()]);
    let person = Api::person(&server);
    let customer = person.customer(0);
    let agent = Api::agent(&server, &["--max-per-call", "usd=1000"]);
    for (at, (path, form)) in PLACES.iter().enumerate() {
        for (spelled, number) in [("plain", NUMBER), ("grouped", GROUPED)] {
            let (path, params) = filled(path, form, number, &customer);
            for (who, api) in [("person", &person), ("agent", &agent)] {
                let request = Request::new("POST", &path, &params)
                    .header("Idempotency-Key", &format!("{who}-{spelled}-{at}"))
                    .header("OCP-Context-ID", "ocp-a1b2c3d4")
                    .header("OCP-Agent-Type", "ai_agent")
                    .header("OCP-Version", "1.0");
                check_refused(&api.send(request), &path, form);
                let tried = Request::new("POST", &path, &params);
                check_refused(&api.send(tried.header("Purser-Dry-Run", "true")), &path, form);
            }
        }
    }
    let json = format!(r#"{{"card":{{"number":{NUMBER},"exp_month":1,"exp_year":2034}}}}"#);
    let answer = person.send(Request::new("POST", "/v1/tokens", &[]).json(&json));
    check_refused(&answer, "/v1/tokens", &json);
    for path in ["tokens", "payment_methods", "customers", "charges", "payment_intents"] {
        let answer = person.call("GET", &format!("/v1/{path}/{NUMBER}"), &[]);
        check_refused(&answer, path, "");
    }
    check_no_trace(&mut server, kind, &[NUMBER, GROUPED]);
}

/// A request that has to wait is kept as it was asked, but for what is secret.
fn what_waits_for_a_person_has_no_number(kind: Kind) {
    let mut server = Server::started_on(kind);
    let agent = Api::agent(&server, &["--approve-above", "usd=1"]);
    let params = owned(&[
        ("amount", "5000"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("payment_method_types[]", "card"),
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", TEST_NUMBER),
        ("payment_method_data[card][exp_month]", "12"),
        ("payment_method_data[card][exp_year]", "34"),
        ("payment_method_data[card][cvc]", CVC),
    ]);
    let request = Request::new("POST", "/v1/payment_intents", &params);
    let answer = agent.send(request.header("Idempotency-Key", "k"));
    assert!(answer.status == 403 || answer.status == 400, "{}", answer.body);
    let token = owned(&[
        ("card[number]", TEST_NUMBER),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "34"),
        ("card[cvc]", CVC),
    ]);
    let answer = agent.send(Request::new("POST", "/v1/tokens", &token));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let kept = [TEST_NUMBER.to_owned(), format!("\"cvc\":\"{CVC}\""), format!("cvc={CVC}")];
    check_no_trace(&mut server, kind, &kept.each_ref().map(String::as_str));
}

fn filled(path: &str, form: &str, number: &str, customer: &str) -> (String, Vec<(String, String)>) {
    let path = path.replace('#', &number.replace(' ', "%20")).replace('$', customer);
    let fill = |text: &str| text.replace('#', number).replace('$', customer);
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    (path, pairs.map(|(name, value)| (fill(name), fill(value))).collect())
}

#[track_caller]
fn check_refused(answer: &Answer, path: &str, form: &str) {
    let (status, body) = (answer.status, &answer.body);
    assert!((400..500).contains(&status), "{path} {form}: {status} {body}");
    for number in [NUMBER, GROUPED] {
        assert!(!body.contains(number), "{path} {form}: {body}");
    }
}

/// Neither the rows nor the files nor the log have any of these texts.
fn check_no_trace(server: &mut Server, kind: Kind, texts: &[&str]) {
    let tables: Tables = read_at_rest(server, kind);
    for (name, rows) in &tables {
        for text in texts {
            let found = rows.iter().find(|row| row.contains(text));
            assert_eq!(found, None, "{text} is in the table {name}");
        }
    }
    let mut files = 0;
    for entry in fs::read_dir(server.home()).expect("a folder") {
        let path = entry.expect("a file").path();
        let Ok(bytes) = fs::read(&path) else { continue };
        files += 1;
        for text in texts {
            let is_there = bytes.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!is_there, "{text} is in {}", path.display());
        }
    }
    assert!(kind == Kind::Postgres || files > 0, "there is a database file");
    for text in texts {
        assert!(!server.log().contains(text), "{text} is in the log: {}", server.log());
    }
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}
