//! Signatures as a receiver checks them, with an HMAC of its own.

use books::command::SECRETS_MAX;
use sha2::{Digest, Sha256};

use crate::receiver::{Act, Receiver};
use crate::support::server::{Kind, Server};
use crate::{Api, TRANSACTION, eventually, text};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// How long an old secret signs beside the new one here, in seconds.
const OVERLAP_S: i64 = 3600;

/// A `Stripe-Signature` in its parts.
#[derive(Debug)]
pub struct Signature {
    pub t: i64,
    pub v1: Vec<String>,
}

impl Signature {
    pub fn parse(header: &str) -> Signature {
        let parts = || header.split(',').filter_map(|part| part.split_once('='));
        let t = parts().find(|(name, _)| *name == "t").and_then(|(_, text)| text.parse().ok());
        let v1 = parts().filter(|(name, _)| *name == "v1").map(|(_, hex)| hex.to_owned());
        Signature { t: t.unwrap_or_else(|| panic!("no time in {header}")), v1: v1.collect() }
    }
}

/// What `v1` has to be for a body that is signed with a secret at a moment.
pub fn v1(secret: &str, t: i64, body: &[u8]) -> String {
    hmac(secret.as_bytes(), &[t.to_string().as_bytes(), b".", body].concat())
}

/// HMAC-SHA256 in hexadecimal digits.
fn hmac(key: &[u8], message: &[u8]) -> String {
    assert!(key.len() <= BLOCK, "a longer key would be hashed first");
    let padded = |with: u8| {
        let mut block = [with; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Case 2 of RFC 4231.
#[test]
fn the_own_hmac_is_right() {
    assert_eq!(
        hmac(b"Jefe", b"what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

crate::support::on_both! {
    one_event_is_told_once_and_signed
}

fn one_event_is_told_once_and_signed(kind: Kind) {
    let server = Server::started_on(kind);
    let (api, receiver) = (Api::new(&server), Receiver::start());
    let added = api.endpoint(&receiver.url(), TRANSACTION);
    let (endpoint, secret) = (text(&added, "id"), text(&added, "secret"));
    let path = format!("/v1/webhook_endpoints/{endpoint}");
    let other_answers = [
        api.get(&path),
        api.ask("POST", &path, &[("description", "Till")]),
        api.get("/v1/webhook_endpoints")["data"][0].clone(),
    ];
    for answer in other_answers {
        assert_eq!(answer["id"], endpoint.as_str());
        assert!(answer.get("secret").is_none(), "{answer}");
    }

    let customer = api.customer();
    let transaction = api.fund(&customer);
    let post = receiver.wait_for(1).remove(0);
    assert_eq!(post.event["type"], TRANSACTION);
    assert_eq!(post.event["data"]["object"]["id"], transaction.as_str());
    assert_eq!(post.event["pending_webhooks"], 1);

    let signature = Signature::parse(&post.signature);
    let body = post.body.as_bytes();
    assert_eq!(signature.v1, [v1(&secret, signature.t, body)]);
    assert_ne!(signature.v1, [v1(&secret, signature.t + 1, body)]);
    for at in 0..body.len() {
        let mut flipped = body.to_vec();
        flipped[at] ^= 1;
        assert_ne!(signature.v1, [v1(&secret, signature.t, &flipped)], "byte {at}");
    }

    // What comes next is the next event: the first was told once, and of its type alone.
    eventually("the first is noted", || api.pending(&post.id()) == 0);
    api.advance(OVERLAP_S);
    let transaction = api.fund(&customer);
    let posts = receiver.wait_for(2);
    assert_eq!(posts[1].event["data"]["object"]["id"], transaction.as_str());
    eventually("the second is noted", || api.pending(&posts[1].id()) == 0);
    assert_eq!(receiver.posts().len(), 2);
    assert_eq!(api.attempts(&post.id()).len(), 1);
}

#[test]
fn a_rolled_secret_signs_beside_the_new_one_for_a_while() {
    let server = Server::started();
    let (api, receiver) = (Api::new(&server), Receiver::start());
    let added = api.endpoint(&receiver.url(), TRANSACTION);
    let (endpoint, old) = (text(&added, "id"), text(&added, "secret"));
    let customer = api.customer();
    let path = format!("/purser/v1/webhook_endpoints/{endpoint}/roll_secret");
    let roll = |overlap_s: i64| {
        let rolled = api.ask("POST", &path, &[("overlap_s", &overlap_s.to_string())]);
        text(&rolled, "secret")
    };
    let signed = |count: usize, secrets: &[&String]| {
        api.fund(&customer);
        let post = receiver.wait_for(count).remove(count - 1);
        assert_eq!(post.act, Act::Answer(200));
        let signature = Signature::parse(&post.signature);
        let want: Vec<String> =
            secrets.iter().map(|secret| v1(secret, signature.t, post.body.as_bytes())).collect();
        assert_eq!(signature.v1, want, "request {count}");
    };
    signed(1, &[&old]);
    let new = roll(OVERLAP_S);
    assert_ne!(new, old);
    signed(2, &[&new, &old]);
    api.advance(OVERLAP_S + 1);
    signed(3, &[&new]);
    let newest = roll(0);
    signed(4, &[&newest]);
    // Each old one signs until its own time has come, however many follow it.
    let second = roll(3 * OVERLAP_S);
    let third = roll(OVERLAP_S);
    signed(5, &[&third, &second, &newest]);
    api.advance(OVERLAP_S + 1);
    signed(6, &[&third, &newest]);
    api.advance(2 * OVERLAP_S);
    signed(7, &[&third]);
}

#[test]
fn so_many_secrets_sign_at_once() {
    let server = Server::started();
    let api = Api::new(&server);
    let endpoint = text(&api.endpoint("http://127.0.0.1:9/hook", TRANSACTION), "id");
    let path = format!("/purser/v1/webhook_endpoints/{endpoint}/roll_secret");
    let roll = || api.answer("POST", &path, &[("overlap_s", &OVERLAP_S.to_string())]);
    for _ in 1..SECRETS_MAX {
        assert_eq!(roll().status, 200);
    }
    let refused = roll();
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("secrets_max"), "{}", refused.body);
    api.advance(OVERLAP_S + 1);
    assert_eq!(roll().status, 200);
}
