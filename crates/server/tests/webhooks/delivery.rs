//! What counts as told, when it is tried again, and who is told nothing.

use crate::receiver::{Act, Receiver};
use crate::signature::{Signature, v1};
use crate::support::server::{Kind, Server};
use crate::{Api, RETRIES_S, TRANSACTION, eventually, text};

crate::support::on_both! {
    what_fails_is_told_again_over_restarts
    a_disabled_endpoint_is_told_nothing
    an_attempt_sends_an_event_once
    a_resend_takes_no_retry_away
}

/// The server is killed between the attempts, and still makes each of them once.
fn what_fails_is_told_again_over_restarts(kind: Kind) {
    let mut server = Server::started_on(kind);
    let mut api = Api::new(&server);
    let receiver = Receiver::start();
    receiver.script(&[Act::Answer(500), Act::Answer(500)]);
    let secret = text(&api.endpoint(&receiver.url(), TRANSACTION), "secret");
    let customer = api.customer();
    api.fund(&customer);
    let event = receiver.wait_for(1)[0].id();
    for (made, wait_s) in RETRIES_S.into_iter().take(2).enumerate() {
        eventually("the attempt is noted", || api.attempts(&event).len() == made + 1);
        assert_eq!(api.pending(&event), 1);
        server.restart();
        api = Api::new(&server);
        // Nothing is due yet.
        api.advance(wait_s - 20);
        assert_eq!(receiver.posts().len(), made + 1);
        api.advance(21);
        receiver.wait_for(made + 2);
    }
    eventually("the success is noted", || api.pending(&event) == 0);
    server.restart();
    api = Api::new(&server);
    api.advance(RETRIES_S.iter().sum());
    api.fund(&customer);
    // Nothing came between the third attempt and the next event.
    let posts = receiver.wait_for(4);
    assert_ne!(posts[3].id(), event);

    let mut moments = Vec::new();
    for post in &posts[..3] {
        assert_eq!(post.id(), event);
        let signature = Signature::parse(&post.signature);
        assert_eq!(signature.v1, [v1(&secret, signature.t, post.body.as_bytes())]);
        moments.push(signature.t);
    }
    assert!(moments[1] - moments[0] >= RETRIES_S[0], "{moments:?}");
    assert!(moments[2] - moments[1] >= RETRIES_S[1], "{moments:?}");
    let attempts = api.attempts(&event);
    let mut outcomes: Vec<(i64, i64)> = attempts
        .iter()
        .map(|it| (it["attempt"].as_i64().unwrap(), it["status"].as_i64().unwrap()))
        .collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [(1, 500), (2, 500), (3, 200)]);
}

#[test]
fn no_redirect_is_followed_and_no_answer_is_a_failure() {
    let server = Server::started();
    let (api, receiver) = (Api::new(&server), Receiver::start());
    receiver.script(&[Act::CloseEarly, Act::Hang, Act::Redirect]);
    api.endpoint(&receiver.url(), TRANSACTION);
    api.fund(&api.customer());
    let event = receiver.wait_for(1)[0].id();
    for (made, wait_s) in RETRIES_S.into_iter().enumerate() {
        eventually("the attempt is noted", || api.attempts(&event).len() == made + 1);
        assert_eq!(api.pending(&event), 1);
        api.advance(wait_s + 1);
        receiver.wait_for(made + 2);
    }
    eventually("the success is noted", || api.pending(&event) == 0);
    let attempts = api.attempts(&event);
    let status = |number: i64| {
        let attempt = attempts.iter().find(|it| it["attempt"] == number).expect("an attempt");
        assert_eq!(attempt["succeeded"], number == 4, "{attempt}");
        attempt["status"].as_i64()
    };
    assert_eq!([1, 2, 3, 4].map(status), [None, None, Some(302), Some(200)]);
    assert!(receiver.posts().iter().all(|post| post.path == "/hook" && post.id() == event));
}

fn a_disabled_endpoint_is_told_nothing(kind: Kind) {
    let server = Server::started_on(kind);
    let (api, receiver, witness) = (Api::new(&server), Receiver::start(), Receiver::start());
    let endpoint = text(&api.endpoint(&receiver.url(), TRANSACTION), "id");
    api.endpoint(&witness.url(), TRANSACTION);
    let path = format!("/v1/webhook_endpoints/{endpoint}");
    let customer = api.customer();
    api.ask("POST", &path, &[("disabled", "true")]);
    api.fund(&customer);
    let missed = witness.wait_for(1)[0].id();
    eventually("it is pending for nobody", || api.pending(&missed) == 0);
    api.advance(RETRIES_S.iter().sum());
    api.ask("POST", &path, &[("disabled", "false")]);
    api.fund(&customer);
    let posts = receiver.wait_for(1);
    let told = witness.wait_for(2)[1].id();
    assert_eq!(posts[0].id(), told);
    eventually("both have it", || api.pending(&told) == 0);
    api.ask("DELETE", &path, &[]);
    api.fund(&customer);
    let last = witness.wait_for(3)[2].id();
    eventually("it is pending for nobody", || api.pending(&last) == 0);
    assert_eq!(receiver.posts().len(), 1);
}

/// A receiver may have seen to what it got before it closed a connection, so an attempt sends it
/// once, also over a connection that was used before.
fn an_attempt_sends_an_event_once(kind: Kind) {
    let server = Server::started_on(kind);
    let (api, receiver) = (Api::new(&server), Receiver::start());
    receiver.script(&[Act::Answer(200), Act::CloseEarly]);
    api.endpoint(&receiver.url(), TRANSACTION);
    let customer = api.customer();
    api.fund(&customer);
    receiver.wait_for(1);
    api.fund(&customer);
    let event = receiver.wait_for(2)[1].id();
    eventually("the attempt is noted", || api.attempts(&event).len() == 1);
    assert_eq!(api.attempts(&event)[0]["succeeded"], false);
    assert_eq!(receiver.posts().len(), 2);
    api.advance(RETRIES_S[0] + 1);
    assert_eq!(receiver.wait_for(3)[2].id(), event);
}

/// What somebody asks for comes on top: the retries follow as if nobody had.
fn a_resend_takes_no_retry_away(kind: Kind) {
    let server = Server::started_on(kind);
    let (api, receiver) = (Api::new(&server), Receiver::start());
    receiver.script(&[Act::Answer(500); 6]);
    let endpoint = text(&api.endpoint(&receiver.url(), TRANSACTION), "id");
    api.fund(&api.customer());
    let event = receiver.wait_for(1)[0].id();
    let noted = |count: usize| {
        eventually("the attempt is noted", || api.attempts(&event).len() == count);
    };
    noted(1);
    for made in 1..=2 {
        let path = format!("/purser/v1/events/{event}/resend");
        api.ask("POST", &path, &[("webhook_endpoint", &endpoint)]);
        receiver.wait_for(made + 1);
        noted(made + 1);
    }
    for (retry, wait_s) in RETRIES_S.into_iter().enumerate() {
        api.advance(wait_s - 20);
        assert_eq!(receiver.posts().len(), 3 + retry, "retry {retry} comes early");
        api.advance(21);
        receiver.wait_for(4 + retry);
        noted(4 + retry);
    }
    let mut attempts: Vec<(i64, bool)> = api
        .attempts(&event)
        .iter()
        .map(|it| (it["attempt"].as_i64().unwrap(), it["by_hand"].as_bool().unwrap()))
        .collect();
    attempts.sort_unstable();
    let by_hand = [false, true, true, false, false, false];
    assert_eq!(attempts, (1..).zip(by_hand).collect::<Vec<_>>());
    // Now they have run out, and nothing got through.
    eventually("the endpoint is given up", || {
        api.get(&format!("/v1/webhook_endpoints/{endpoint}"))["status"] == "disabled"
    });
}
