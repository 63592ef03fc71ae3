//! What is remembered: over restarts for ever, and of idempotency keys for a day.

use std::sync::atomic::Ordering;
use std::time::Duration;

use books::journal::Account;
use books::{Currency, Timestamp};
use store::admin::{ApiKey, hash_key};

use crate::support::{Bench, create, eventually, fault, fund};

#[test]
fn sums_and_chains_go_on_after_a_restart() {
    let mut bench = Bench::new();
    let ada = bench.customer();
    for round in 1..=3 {
        bench.check([
            (fund(ada, 100, "usd"), &*format!("funded usd 100 -> {}", round * 100)),
            (fund(ada, 1, "jpy"), &*format!("funded jpy 1 -> {round}")),
        ]);
        bench = bench.restart();
        let house = bench.readers.snapshot(|reader| reader.house_balances(bench.world));
        let sums = [(Currency::JPY, round), (Currency::USD, 100 * round)];
        let want = sums.map(|(currency, sum)| (Account::Bank, currency, sum));
        assert_eq!(house.as_deref(), Ok(want.as_slice()));
        assert_eq!(bench.one::<i64>("SELECT length FROM chain"), 2 * round);
        let head = "SELECT count(*) FROM chain c JOIN entry e ON e.seal = c.head
                    WHERE e.number = (SELECT max(number) FROM entry)";
        assert_eq!(bench.one::<i64>(head), 1);
        bench.assert_healthy();
    }
}

/// Numbers grow, whatever the clock does and however often the server starts.
#[test]
fn numbers_grow_over_restarts() {
    let mut bench = Bench::new();
    let mut last = bench.customer();
    for back_by_ms in [0, 3_600_000, 0, -7_200_000] {
        bench = bench.restart();
        bench.clock.ms.fetch_sub(back_by_ms, Ordering::SeqCst);
        let next = bench.customer();
        assert!(next > last, "{next:?} after {last:?}");
        last = next;
    }
}

/// A key is remembered for a day and forgotten soon after; then it executes anew.
#[test]
fn keys_are_forgotten_after_a_day() {
    let hour = Duration::from_secs(3600);
    let bench = Bench::new();
    let ada = bench.customer();
    let used = || bench.one::<i64>("SELECT count(*) FROM used_key");
    bench.check([
        (fund(ada, 5, "usd").key("A", "5"), "funded usd 5 -> 5"),
        (create().key("B", "new"), "customer"),
    ]);
    bench.clock.forward(23 * hour);
    bench.check([
        (fund(ada, 5, "usd").key("A", "5"), "replay of req_A: a row"),
        (create().key("B", "new"), "replay of req_B: 200 customer"),
        (fund(ada, 1, "usd").key("C", "1"), "funded usd 1 -> 6"),
    ]);
    bench.clock.forward(2 * hour);
    eventually("old keys are forgotten", || used() == 1);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM answer"), 0);
    bench.check([
        (fund(ada, 1, "usd").key("C", "1"), "replay of req_C: a row"),
        (fund(ada, 7, "usd").key("A", "7"), "funded usd 7 -> 13"),
        (create().key("B", "other"), "customer"),
    ]);
    bench.assert_healthy();
}

/// More keys than one step of forgetting looks at.
#[test]
fn all_old_keys_are_forgotten() {
    let bench = Bench::new();
    bench.home.run_as(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
         INSERT INTO idempotency (world, key, fingerprint, number, request_id)
         SELECT 1, CAST(printf('%016d', i) AS BLOB), zeroblob(16), i, 'req' FROM n",
        "INSERT INTO idempotency (world, key, fingerprint, number, request_id)
         SELECT 1, CAST(lpad(i::text, 16, '0') AS BYTEA), decode(repeat('00', 16), 'hex'), i, 'req'
         FROM generate_series(1, 1200) AS n (i)",
    );
    let left = "SELECT count(*) FROM idempotency";
    eventually("all are forgotten", || bench.one::<i64>(left) == 0);
}

#[test]
fn api_keys_are_kept_and_revoked() {
    let bench = Bench::new();
    let key = |name: &str, created: i64, scopes: Option<Vec<String>>| ApiKey {
        id: format!("key_{name}"),
        hash: hash_key(name),
        account: "acct_1".into(),
        livemode: true,
        name: name.into(),
        masked: "sk_live_****".into(),
        scopes,
        created: Timestamp(created),
        revoked: None,
        limits: None,
    };
    let scopes = vec!["customers:read".to_owned(), "events:read".to_owned()];
    let (first, second) = (key("first", 1, Some(scopes)), key("second", 2, None));
    bench.admin.add_key(&second).unwrap();
    bench.admin.add_key(&first).unwrap();
    assert_eq!(fault(bench.admin.add_key(&first)), "another", "it is there already");
    assert_eq!(bench.admin.keys(), Ok(vec![first.clone(), second.clone()]));
    assert_eq!(bench.admin.revoke_key("key_first", Timestamp(7)), Ok(true));
    assert_eq!(bench.admin.revoke_key("key_first", Timestamp(8)), Ok(false));
    assert_eq!(bench.admin.revoke_key("key_third", Timestamp(8)), Ok(false));
    let bench = bench.restart();
    let find = |name: &str| {
        let hash = hash_key(name);
        bench.readers.snapshot(|reader| reader.api_key(&hash))
    };
    let revoked = Some(Timestamp(7));
    assert_eq!(find("first"), Ok(Some(ApiKey { revoked, ..first })));
    assert_eq!(find("second"), Ok(Some(second)));
    assert_eq!(find("third"), Ok(None));
}

#[test]
fn the_account_of_a_database_stays() {
    let bench = Bench::new();
    let fresh = |bench: &Bench, text| bench.admin.default_account(text);
    assert_eq!(fresh(&bench, "acct_new"), Ok("acct_new".into()));
    assert_eq!(fresh(&bench, "acct_newer"), Ok("acct_new".into()));
    let secret = bench.store.secret();
    let world = bench.admin.world("acct_new", true, Timestamp(5)).unwrap();
    let bench = bench.restart();
    assert_eq!(fresh(&bench, "acct_newest"), Ok("acct_new".into()));
    assert_eq!(bench.store.secret(), secret);
    let worlds = bench.admin.worlds().unwrap();
    assert!(worlds.contains(&("acct_new".into(), true, world, Timestamp(5))));
}
