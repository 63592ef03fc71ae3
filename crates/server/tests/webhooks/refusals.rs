//! What is refused, and that the refusal says what is allowed.

use purser::webhooks::{DELIVERIES_AT_ONCE, RESENDS_MAX};

use crate::receiver::{Act, Receiver};
use crate::support::server::Server;
use crate::{Api, TRANSACTION, eventually, text};

#[test]
fn refusals_say_what_is_allowed() {
    let server = Server::started();
    let api = Api::new(&server);
    let check = |(method, path): (&str, &str), params: &[(&str, &str)], want: &str| {
        let answer = api.answer(method, path, params);
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains(want), "{want}: {}", answer.body);
    };
    let endpoints = ("POST", "/v1/webhook_endpoints");
    let url = ("url", "http://127.0.0.1:9/hook");
    let names = vec![("enabled_events[]", TRANSACTION); 251];
    check(endpoints, &[&[url], &names[..]].concat(), "can name at most 250 types");
    for name in ["customer.*", "**", "*.created"] {
        check(endpoints, &[url, ("enabled_events[]", name)], "the star stands alone");
    }
    check(("GET", "/v1/events"), &[("types[]", "a.b"); 21], "can name at most 20 types");
}

/// So many deliveries in a row may end unanswered while a test asks for resends.
const ROUNDS: usize = 4;

/// A receiver that is silent has so many events on their way; what is asked for beside them waits.
#[test]
fn so_many_resends_wait() {
    let server = Server::started();
    let (api, receiver) = (Api::new(&server), Receiver::start());
    let endpoint = text(&api.endpoint(&receiver.url(), TRANSACTION), "id");
    let customer = api.customer();
    api.fund(&customer);
    let event = receiver.wait_for(1)[0].id();
    eventually("it is noted", || api.pending(&event) == 0);
    receiver.script(&[Act::Silent; DELIVERIES_AT_ONCE * ROUNDS]);
    for _ in 0..DELIVERIES_AT_ONCE {
        api.fund(&customer);
    }
    receiver.wait_for(1 + DELIVERIES_AT_ONCE);
    let path = format!("/purser/v1/events/{event}/resend");
    let resend = || api.answer("POST", &path, &[("webhook_endpoint", &endpoint)]);
    // Each round of deliveries that ends unanswered, where all this takes long, makes some room.
    let most = RESENDS_MAX + DELIVERIES_AT_ONCE * (ROUNDS - 1);
    let answers: Vec<_> = (0..=most).map(|_| resend()).collect();
    let taken = answers.iter().take_while(|answer| answer.status == 200).count();
    assert!((RESENDS_MAX..=most).contains(&taken), "{taken} resends");
    assert_eq!(answers[taken].status, 429, "{}", answers[taken].body);
    assert!(answers[taken].body.contains("resends_max"), "{}", answers[taken].body);
}
