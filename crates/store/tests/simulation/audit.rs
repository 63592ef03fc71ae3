//! The auditor at the end: the doctor, and sums of its own over the rows, told apart from how the
//! engine keeps them.

use std::collections::BTreeSet;

use books::{Number, RowKey};
use rusqlite::Connection;
use rusqlite::types::Value;
use store::{Readers, Store};

use crate::simulator::Simulator;

/// What must be so, and a query for what is not.
const MUST_BE: &[(&str, &str)] = &[
    (
        "a cash balance is below zero only until the merchant makes good",
        "SELECT t.world, t.customer, t.currency, t.ending_balance FROM cash_transaction t
         WHERE t.ending_balance < 0 AND NOT EXISTS
             (SELECT 1 FROM cash_transaction n
              WHERE n.world = t.world AND n.customer = t.customer AND n.currency = t.currency
              AND n.type = 'adjusted_for_overdraft' AND n.ending_balance = 0
              AND t.type = 'funding_reversed' AND n.number =
                  (SELECT min(number) FROM cash_transaction x WHERE x.world = t.world
                   AND x.customer = t.customer AND x.number > t.number))",
    ),
    (
        "what came in and went out is what is available",
        "SELECT world, customer, currency, sum(net_amount) FROM cash_transaction t
         GROUP BY 1, 2, 3 HAVING sum(net_amount) <>
             (SELECT ending_balance FROM cash_transaction n WHERE n.world = t.world
              AND n.customer = t.customer AND n.currency = t.currency
              ORDER BY number DESC LIMIT 1)",
    ),
    (
        "the merchant's lines are what the merchant has",
        "SELECT world, 0, currency, sum(amount) FROM
             (SELECT world, currency, amount - fee AS amount FROM balance_transaction UNION ALL
              SELECT world, currency, amount FROM house_balance
              WHERE account IN (4, 5, 14, 15))
         GROUP BY 1, 2, 3 HAVING sum(amount) <> 0",
    ),
    (
        "what is pending is what a timer will settle",
        "SELECT world, 0, currency, sum(amount) FROM
             (SELECT b.world, b.currency, b.amount - b.fee AS amount FROM timer t
              JOIN balance_transaction b ON b.world = t.world AND b.number = t.number
              WHERE t.kind = 'settle' UNION ALL
              SELECT world, currency, amount FROM house_balance WHERE account IN (4, 14))
         GROUP BY 1, 2, 3 HAVING sum(amount) <> 0",
    ),
    (
        "card networks owe the charges that a timer will settle",
        "SELECT world, 0, currency, sum(amount) FROM
             (SELECT b.world, b.currency, -b.amount AS amount FROM timer t
              JOIN balance_transaction b ON b.world = t.world AND b.number = t.number
              WHERE t.kind = 'settle' AND b.type = 'charge' UNION ALL
              SELECT world, currency, amount FROM house_balance WHERE account = 13)
         GROUP BY 1, 2, 3 HAVING sum(amount) <> 0",
    ),
    (
        "of an intent's charges no more than one is one that its card paid",
        "SELECT world, data ->> '$.payment_intent', 0, count(*) FROM document
         WHERE kind = 'charge' AND data ->> '$.instrument' IS NOT NULL
         AND data ->> '$.payment_intent' IS NOT NULL
         AND (data ->> '$.stage.captured' IS NOT NULL OR
              data ->> '$.stage.authorized' IS NOT NULL)
         GROUP BY 1, 2 HAVING count(*) > 1",
    ),
    (
        "a release is timed for every charge that is authorized, and for no other",
        "SELECT d.world, d.number, 0, 0 FROM document d
         WHERE d.kind = 'charge' AND d.data ->> '$.instrument' IS NOT NULL
         AND (d.data ->> '$.stage.authorized' IS NOT NULL) <>
             (SELECT count(*) FROM timer t WHERE t.world = d.world AND t.number = d.number
              AND t.kind = 'authorization_ends')",
    ),
    (
        "a token is one card, of one charge or one customer",
        "SELECT t.world, t.number, 0, count(c.number) FROM document t
         JOIN document c ON c.world = t.world AND c.number = t.data ->> '$.card_number'
         WHERE t.kind = 'token' GROUP BY 1, 2 HAVING count(c.number) > 1",
    ),
    (
        "what sources received is what their transactions say",
        "SELECT s.world, s.number, 0, 0 FROM document s
         WHERE s.kind = 'source' AND s.data ->> '$.receiver' IS NOT NULL
         AND coalesce(s.data ->> '$.receiver.amount_received', 0) <>
             (SELECT coalesce(sum(t.data ->> '$.amount'), 0) FROM document t
              WHERE t.world = s.world AND t.kind = 'source_transaction'
              AND t.data ->> '$.source' = s.number)",
    ),
    (
        "refunds that are on their way are in transit",
        "SELECT world, 0, currency, sum(amount) FROM
             (SELECT world, data ->> '$.currency' AS currency, data ->> '$.amount' AS amount
              FROM document WHERE kind = 'refund'
              AND data ->> '$.status' IN ('requires_action', 'pending')
              AND data ->> '$.destination.card' IS NULL UNION ALL
              SELECT world, currency, amount FROM house_balance WHERE account = 7)
         GROUP BY 1, 2, 3 HAVING sum(amount) <> 0",
    ),
    (
        "payouts that are on their way are in transit",
        "SELECT world, 0, currency, sum(amount) FROM
             (SELECT world, data ->> '$.currency' AS currency, data ->> '$.amount' AS amount
              FROM document WHERE kind = 'payout'
              AND data ->> '$.status' IN ('pending', 'in_transit') UNION ALL
              SELECT world, currency, amount FROM house_balance WHERE account = 8)
         GROUP BY 1, 2, 3 HAVING sum(amount) <> 0",
    ),
    (
        "every movement of cash is told once",
        "SELECT t.world, t.number, t.type, count(e.number) FROM cash_transaction t
         LEFT JOIN event e ON e.world = t.world AND e.row = t.number
             AND e.type = 'customer_cash_balance_transaction.created'
         WHERE t.number >= coalesce(
             (SELECT f.number FROM forgotten f WHERE f.world = t.world), 0)
         GROUP BY 1, 2 HAVING count(e.number) <> 1",
    ),
    (
        "what was applied to an intent is what it holds",
        "SELECT world, intent, 0, sum(amount) FROM
             (SELECT world, number AS intent, coalesce(data ->> '$.applied', 0) AS amount
              FROM document WHERE kind = 'payment_intent' UNION ALL
              SELECT world, detail ->> '$.payment_intent', net_amount FROM cash_transaction
              WHERE type IN ('applied_to_payment', 'unapplied_from_payment'))
         GROUP BY 1, 2, 3 HAVING sum(amount) <> 0",
    ),
    (
        "an intent holds all of its amount when it succeeded, less while it is open",
        "SELECT world, number, data ->> '$.status', data ->> '$.applied' FROM document
         WHERE kind = 'payment_intent' AND data ->> '$.card.instrument' IS NULL
         AND CASE data ->> '$.status'
             WHEN 'succeeded' THEN data ->> '$.applied' IS NOT data ->> '$.amount'
             WHEN 'canceled' THEN coalesce(data ->> '$.applied', 0) <> 0
             ELSE coalesce(data ->> '$.applied', 0) >= data ->> '$.amount' END",
    ),
    (
        "what takes money is what is open",
        "SELECT p.world, p.intent, p.currency, p.remaining FROM payable p
         LEFT JOIN document d ON d.world = p.world AND d.number = p.intent
         WHERE d.data ->> '$.status' IN ('succeeded', 'canceled') OR p.remaining IS NOT
             d.data ->> '$.amount' - coalesce(d.data ->> '$.applied', 0)",
    ),
    (
        "an expiry is timed for every refund that waits for bank details, and for no other",
        "SELECT d.world, d.number, 0, 0 FROM document d WHERE d.kind = 'refund'
         AND (d.data ->> '$.status' = 'requires_action') <>
             (SELECT count(*) FROM timer t WHERE t.world = d.world AND t.number = d.number
              AND t.kind = 'refund_expires')",
    ),
];

/// What only requests make, each its own row.
const MADE: &[&str] = &[
    "bank_account",
    "card",
    "charge",
    "customer",
    "invoice",
    "invoiceitem",
    "payout",
    "source",
    "source_transaction",
    "token",
    "topup",
];

/// What must be so when time is over: nothing is on its way, and nobody's money is left alone.
const AT_THE_END: &[(&str, &str)] = &[
    ("no timer is left", "SELECT world, number, kind, due FROM timer"),
    (
        "nothing is pending or in transit",
        "SELECT world, account, currency, amount FROM house_balance
         WHERE account IN (4, 7, 8, 13, 14) AND amount <> 0",
    ),
    (
        "unclaimed money is the merchant's",
        "SELECT world, customer, currency, ending_balance FROM cash_transaction t
         WHERE ending_balance <> 0 AND NOT EXISTS
             (SELECT 1 FROM cash_transaction n WHERE n.world = t.world
              AND n.customer = t.customer AND n.currency = t.currency AND n.number > t.number)",
    ),
];

/// The doctor finds nothing.
pub fn doctor(simulator: &Simulator) -> Result<(), String> {
    let report = store::doctor::examine(&simulator.life().location(), &mut |_, _| {});
    let report = report.map_err(|error| format!("the doctor fails: {error}"))?;
    match report.broken {
        0 => Ok(()),
        _ => Err(format!("the doctor finds {:#?}", report.findings)),
    }
}

/// All that must always be so.
pub fn everything(simulator: &mut Simulator) -> Result<(), String> {
    simulator.log.say(|| "the auditor comes".into());
    doctor(simulator)?;
    let db = open(simulator)?;
    hold(&db, MUST_BE)?;
    rows_are_those_that_were_made(&db, simulator)?;
    purses_at_hand_are_those_on_disk(&db, simulator)
}

/// All that must be so when time is over.
pub fn nothing_is_open(simulator: &Simulator) -> Result<(), String> {
    hold(&open(simulator)?, AT_THE_END)
}

fn open(simulator: &Simulator) -> Result<Connection, String> {
    Connection::open(simulator.life().path()).map_err(|error| error.to_string())
}

fn hold(db: &Connection, rules: &[(&str, &str)]) -> Result<(), String> {
    for (name, query) in rules {
        let broken = all(db, query, |row| {
            (0..4).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Value>>>()
        })?;
        if !broken.is_empty() {
            return Err(format!("{name}: {broken:?}"));
        }
    }
    Ok(())
}

fn all<T>(
    db: &Connection,
    query: &str,
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, String> {
    let rows = || -> rusqlite::Result<Vec<T>> {
        db.prepare(query)?.query_map([], |row| read(row))?.collect()
    };
    rows().map_err(|error| format!("{query}: {error}"))
}

/// Every request that was carried out made its row, once, and nothing else made one.
fn rows_are_those_that_were_made(db: &Connection, simulator: &Simulator) -> Result<(), String> {
    let shadow = &simulator.shadow;
    let funded = "SELECT world, customer, number FROM cash_transaction WHERE type = 'funded'";
    let rows = all(db, funded, |row| {
        let key = RowKey { customer: Number(row.get(1)?), number: Number(row.get(2)?) };
        Ok((books::World(row.get(0)?), key))
    })?;
    let rows: BTreeSet<_> = rows.into_iter().collect();
    if rows != shadow.funded {
        let differ: Vec<_> = rows.symmetric_difference(&shadow.funded).collect();
        return Err(format!("fundings on disk are not those that were carried out: {differ:?}"));
    }
    for kind in MADE {
        let query = match *kind {
            "customer" => "SELECT world, number FROM customer".to_owned(),
            // Those of cash balances are made with whatever pays their intents.
            "charge" => "SELECT world, number FROM document WHERE kind = 'charge'
                         AND data ->> '$.instrument' IS NOT NULL"
                .to_owned(),
            kind => format!("SELECT world, number FROM document WHERE kind = '{kind}'"),
        };
        let rows = all(db, &query, |row| Ok((books::World(row.get(0)?), Number(row.get(1)?))))?;
        let rows: BTreeSet<_> = rows.into_iter().collect();
        let none = BTreeSet::new();
        let made = shadow.made.get(*kind).unwrap_or(&none);
        if rows != *made {
            let differ: Vec<_> = rows.symmetric_difference(made).collect();
            return Err(format!("each {kind} on disk is one that was made: {differ:?}"));
        }
    }
    Ok(())
}

/// What the lane and its readers have in memory is what somebody reads who opens the file anew.
fn purses_at_hand_are_those_on_disk(db: &Connection, simulator: &Simulator) -> Result<(), String> {
    let visit = Store::visit(&simulator.life().location());
    let fresh = visit.and_then(|store| Readers::open(&store, 1));
    let fresh = fresh.map_err(|error| error.to_string())?;
    let customers = "SELECT world, number FROM customer";
    let customers = all(db, customers, |row| Ok((books::World(row.get(0)?), Number(row.get(1)?))))?;
    for (world, number) in customers {
        let at_hand = simulator.read(|reader| reader.purse(world, number))?;
        let on_disk = fresh.snapshot(|reader| reader.purse(world, number));
        let on_disk = on_disk.map_err(|error| error.to_string())?;
        if at_hand != on_disk {
            return Err(format!("at hand is {at_hand:?}, on disk {on_disk:?}"));
        }
    }
    Ok(())
}
