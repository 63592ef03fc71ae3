//! Requests that are nearly right.

use std::thread;

use serde_json::json;

use crate::support::random::Random;
use crate::support::raw::{Raw, request};
use crate::{JSON, customer, started};

/// Requests that are nearly right, again and again. The seed is printed.
#[test]
fn junk_is_never_a_fault_of_the_server() {
    let (server, base) = started();
    let mut random = Random::seeded("junk", 4_711);
    let ids = [customer(&base), customer(&base)];
    let seen = thread::scope(|scope| {
        let parts: Vec<_> = (0..4)
            .map(|_| {
                let (mut random, base, ids) = (random.part(), &base, &ids);
                scope.spawn(move || {
                    let mut statuses = Vec::new();
                    for _ in 0..500 {
                        let (bytes, damaged) = junk(&mut random, ids);
                        let mut raw = Raw::connect(base);
                        raw.send(&bytes);
                        if damaged {
                            // It may wait for more; and for its answer, nobody has to wait.
                            raw.finish();
                        }
                        let Some(answer) = raw.answer() else {
                            assert!(damaged, "no answer");
                            continue;
                        };
                        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]);
                        assert!(answer.status < 500, "{}: {shown}", answer.body);
                        statuses.push(answer.status);
                    }
                    statuses
                })
            })
            .collect();
        let statuses = parts.into_iter().map(|part| part.join().expect("no 5xx"));
        statuses.flatten().collect::<Vec<u16>>()
    });
    for status in [200, 400, 401, 404, 405] {
        assert!(seen.contains(&status), "junk should also lead to {status}");
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
    let doctor = server.purser(&["doctor"]);
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "amount", "currency", "reference", "email", "name", "metadata[a]", "metadata", "expand[]",
    "expand", "limit", "starting_after", "ending_before", "created[gte]", "created[lt]", "created",
    "cash_balance[settings][reconciliation_mode]", "settings[reconciliation_mode]", "shipping",
    "shipping[name]", "shipping[address][city]", "address", "address[country]", "phone",
    "bank_transfer[type]", "bank_transfer[eu_bank_transfer][country]", "funding_type",
    "bank_transfer[requested_address_types][]", "preferred_locales[]", "tax_exempt", "source",
    "invoice_settings[custom_fields][][name]", "invoice_settings[custom_fields][][value]",
    "next_invoice_sequence", "invoice_prefix", "payout", "type", "unknown", "[", "]", "",
];
#[rustfmt::skip]
const VALUES: &[&str] = &[
    "", "0", "1", "-1", "500", "9223372036854775807", "-9223372036854775808", "1e9", "1.5", "usd",
    "eur", "EUR", "xyz", "us_bank_transfer", "eu_bank_transfer", "bank_transfer", "DE", "manual",
    "automatic", "merchant_default", "reversal_1", "a@example.com", "%00", "%ff", "%", "+",
    "\u{e9}", "data.cash_balance", "cash_balance.customer.cash_balance.customer", "cash_balance",
    "customer", "null", "true", "[]", "{}", "<script>", "' OR 1=1 --",
    "99999999999999999999999999999999999",
];

/// A request that is wrong in some places, mostly; and whether its very bytes were damaged.
fn junk(random: &mut Random, ids: &[String]) -> (Vec<u8>, bool) {
    let id = match random.below(4) {
        0 => "cus_00000000000000".to_owned(),
        1 => format!("cus_{}", random.pick(VALUES)),
        _ => random.pick(ids).clone(),
    };
    let paths = [
        "/v1/customers".to_owned(),
        format!("/v1/customers/{id}"),
        format!("/v1/customers/{id}/cash_balance"),
        format!("/v1/customers/{id}/cash_balance_transactions"),
        format!("/v1/customers/{id}/cash_balance_transactions/ccsbtxn_{}", random.pick(VALUES)),
        format!("/v1/customers/{id}/funding_instructions"),
        format!("/v1/test_helpers/customers/{id}/fund_cash_balance"),
        "/v1/events".to_owned(),
        format!("/v1/events/evt_{}", random.pick(VALUES)),
        "/v1/balance_transactions".to_owned(),
        format!("/v1/accounts/{}", random.pick(VALUES)),
        format!("/v1/{}", random.pick(VALUES)),
    ];
    let count = random.below(6);
    let pairs: Vec<String> =
        (0..count).map(|_| format!("{}={}", random.pick(NAMES), random.pick(VALUES))).collect();
    let mut body = pairs.join(if random.one_in(20) { ";" } else { "&" });
    let method = *random.pick(&["GET", "GET", "POST", "POST", "POST", "DELETE", "PUT"]);
    let mut target = random.pick(&paths).replace(' ', "+");
    if method == "GET" || random.one_in(5) {
        target = format!("{target}?{}", std::mem::take(&mut body).replace(' ', "+"));
    }
    let mut headers = Vec::new();
    if random.one_in(3) {
        headers.push(JSON);
        let members = (0..random.below(5)).map(|_| json_member(random));
        body = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    }
    if random.one_in(3) {
        // A line break would end the header; everything else is fair.
        headers.push(("Idempotency-Key", *random.pick(VALUES)));
    }
    if random.one_in(8) {
        headers.push(("Stripe-Account", *random.pick(&["acct_1", "acct_", "x", "acct_\u{e9}"])));
    }
    if random.one_in(15) {
        headers.push(("Authorization", *random.pick(VALUES)));
    }
    let mut bytes = request(method, &target, &headers, &body);
    let damage = random.below(16);
    match damage {
        0 => {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        1 => bytes.truncate(random.below(bytes.len())),
        _ => {}
    }
    (bytes, damage < 2)
}

fn json_member(random: &mut Random) -> String {
    let value = match random.below(6) {
        0 => "[]".to_owned(),
        1 => format!("[{}]", random.below(9)),
        2 => format!("{{\"{}\":null}}", random.pick(NAMES)),
        3 => (*random.pick(VALUES)).to_owned(),
        _ => json!(random.pick(VALUES)).to_string(),
    };
    format!("\"{}\":{value}", random.pick(NAMES))
}
