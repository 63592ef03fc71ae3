//! A key for some customers, against every operation that reads.

use purser::api::routes::{Action, all};
use serde_json::Value;

use crate::support::server::Server;
use crate::{Api, payment, text};

/// Names in paths, with what Bob, the account, and nobody has there.
const IDS: usize = 3;

/// Whatever is asked for, in whichever way, no answer names anything of Bob's.
#[test]
fn no_read_shows_what_is_anothers() {
    let mut server = Server::started();
    let person = Api::person(&server);
    let (ada, bob) = (person.customer(5000), person.customer(5000));
    let mut hidden = vec![bob.clone()];
    for (who, key) in [(&ada, "ada"), (&bob, "bob")] {
        assert_eq!(person.send(payment(who, 1000, key)).status, 200);
    }
    let of = |path: String| text(&person.get(&path)["data"][0], "id");
    let cash = of(format!("/v1/customers/{bob}/cash_balance_transactions?limit=1"));
    let intent = of(format!("/v1/payment_intents?customer={bob}"));
    let charge = of(format!("/v1/charges?customer={bob}"));
    let method = of(format!("/v1/customers/{bob}/payment_methods"));
    let event = of("/v1/events".to_owned());
    let line = of("/v1/balance_transactions".to_owned());
    hidden.extend([&cash, &intent, &charge, &method, &event, &line].map(String::clone));
    let own = of(format!("/v1/payment_intents?customer={ada}"));
    let agent = Api::agent(&server, &["--customer", &ada]);
    let (mut reached, mut count) = (0, 0);
    for route in all().iter().filter(|route| matches!(route.action, Action::Read(_))) {
        let named = |name: &str, at: usize| -> String {
            let others = match name {
                "customer" => &bob,
                "intent" => &intent,
                "charge" => &charge,
                "payment_method" => &method,
                "transaction" => &cash,
                _ if route.path.contains("/events") => &event,
                _ => &line,
            };
            match (at, name) {
                (0, _) => others.clone(),
                (1, "customer") => ada.clone(),
                (1, "intent") => own.clone(),
                _ => others.replacen('_', "_0", 1),
            }
        };
        for at in 0..IDS {
            let parts = route.path.split('/').map(|part| {
                let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
                name.map_or(part.to_owned(), |name| named(name, at))
            });
            let path = parts.collect::<Vec<_>>().join("/");
            let queries = [
                String::new(),
                format!("customer={ada}"),
                format!("customer={bob}"),
                format!("customer[]={ada}&customer[]={bob}"),
                format!("customer[0]={ada}"),
                format!("payment_intent={intent}&customer={ada}"),
                format!("payment_intent={own}"),
                format!("charge={charge}"),
                format!("source={charge}"),
                format!("source={own}"),
                "limit=100&expand[]=data.customer".to_owned(),
                format!("customer={ada}&ending_before={intent}"),
            ];
            for query in queries {
                let path = format!("{path}?{query}");
                let answer = agent.call("GET", &path, &[]);
                count += 1;
                let known = [200, 400, 403, 404].contains(&answer.status);
                assert!(known, "{path}: {} {}", answer.status, answer.body);
                if answer.status != 200 {
                    continue;
                }
                reached += 1;
                let shown: Value = crate::json(&answer);
                let shown = shown.to_string();
                for id in &hidden {
                    assert!(!shown.contains(id), "{path} shows {id}: {shown}");
                }
            }
        }
    }
    assert!(reached >= 20 && count > reached, "{reached} of {count} answers were no refusals");
    let stream = agent.call("GET", "/purser/v1/events/stream", &[]);
    assert_eq!(stream.status, 403, "{}", stream.body);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// An agent that guesses the idempotency keys of others neither gets their answers nor stands in
/// their way.
#[test]
fn idempotency_keys_of_agents_are_their_own() {
    let mut server = Server::started();
    let person = Api::person(&server);
    let ada = person.customer(5000);
    let agents = [(); 2].map(|()| Api::agent(&server, &["--approve-above", "eur=1500"]));
    let asked = payment(&ada, 1000, "guessed");
    let first = person.send(asked.clone());
    let ids: Vec<String> = agents
        .iter()
        .map(|agent| {
            let answer = agent.send(asked.clone());
            assert_eq!(answer.header_value("Idempotent-Replayed"), None, "{}", answer.body);
            let again = agent.send(asked.clone());
            assert_eq!((again.status, &again.body), (200, &answer.body));
            text(&crate::json(&answer), "id")
        })
        .chain([text(&crate::json(&first), "id")])
        .collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[2] != ids[0], "{ids:?}");
    assert_eq!(person.cash(&ada), 2000);
    agents[0].held(&ada, 2000, "in the way");
    assert_eq!(person.send(payment(&ada, 2000, "in the way")).status, 200);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}
