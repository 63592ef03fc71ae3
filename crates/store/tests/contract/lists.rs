//! Lists: windows and filters.

use books::balance::{BalanceKind, BalanceTransaction, SourceType};
use books::{Currency, Kind, Number, RowKey, Timestamp};
use store::BalanceFilter;
use store::{Page, Window};

use crate::support::{Bench, create, fund};

/// Rows above and below these numbers, from the newest or from the oldest, at most so many; the
/// rows that shows where 1 to 9 exist, and whether there are more.
type Shown = (i64, i64, End, usize, &'static [i64], bool);

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Newest,
    Oldest,
}
use End::{Newest, Oldest};

const ALL: i64 = i64::MAX;

#[rustfmt::skip]
const WINDOWS: &[Shown] = &[
    (-1, ALL, Newest, 3, &[9, 8, 7], true),
    (-1, ALL, Newest, 8, &[9, 8, 7, 6, 5, 4, 3, 2], true),
    (-1, ALL, Newest, 9, &[9, 8, 7, 6, 5, 4, 3, 2, 1], false),
    (-1, ALL, Newest, 100, &[9, 8, 7, 6, 5, 4, 3, 2, 1], false),
    (-1, 7, Newest, 3, &[6, 5, 4], true),
    (-1, 4, Newest, 3, &[3, 2, 1], false),
    (-1, 3, Newest, 3, &[2, 1], false),
    (-1, 1, Newest, 3, &[], false),
    (7, ALL, Newest, 3, &[9, 8], false),
    (6, ALL, Newest, 3, &[9, 8, 7], false),
    (5, ALL, Newest, 3, &[9, 8, 7], true),
    (9, ALL, Newest, 3, &[], false),
    (3, 5, Newest, 3, &[4], false),
    (5, 5, Newest, 3, &[], false),
    (7, 3, Newest, 3, &[], false),
    (2, ALL, Oldest, 3, &[5, 4, 3], true),
    (6, ALL, Oldest, 3, &[9, 8, 7], false),
    (8, ALL, Oldest, 3, &[9], false),
    (9, ALL, Oldest, 3, &[], false),
    (-1, ALL, Oldest, 2, &[2, 1], true),
    (1, 5, Oldest, 2, &[3, 2], true),
    (1, 4, Oldest, 2, &[3, 2], false),
];

#[test]
fn windows() {
    let bench = Bench::new();
    for number in 1..=9 {
        insert(&bench, number, "payment", "usd", None);
    }
    for &(above, below, end, limit, want, more) in WINDOWS {
        let window = Window {
            above: Number(above),
            below: Number(below),
            from_oldest: end == Oldest,
            limit,
        };
        let page = list(&bench, BalanceFilter::default(), window);
        assert_eq!((numbers(&page), page.has_more), (want.to_vec(), more), "{window:?}");
    }
    let newest = list(&bench, BalanceFilter::default(), Window::newest(2));
    assert_eq!((numbers(&newest), newest.has_more), (vec![9, 8], true));
}

/// Currency, source and type that are asked for, and the rows that have them.
type Filtered = (Option<&'static str>, Option<(Kind, i64)>, Option<BalanceKind>, &'static [i64]);

#[rustfmt::skip]
const FILTERS: &[Filtered] = &[
    (None, None, None, &[5, 4, 3, 2, 1]),
    (Some("eur"), None, None, &[2]),
    (Some("jpy"), None, None, &[]),
    (None, None, Some(BalanceKind::Payment), &[5, 2, 1]),
    (None, None, Some(BalanceKind::PayoutFailure), &[]),
    (None, Some((Kind::Charge, 71)), None, &[4, 1]),
    (None, Some((Kind::Refund, 71)), None, &[]),
    (None, Some((Kind::Charge, 72)), None, &[]),
    (None, Some((Kind::Payout, 73)), None, &[3]),
    (Some("usd"), Some((Kind::Charge, 71)), Some(BalanceKind::PaymentRefund), &[4]),
    (Some("eur"), Some((Kind::Charge, 71)), Some(BalanceKind::PaymentRefund), &[]),
];

fn filter(
    currency: Option<&str>,
    source: Option<(Kind, i64)>,
    kind: Option<BalanceKind>,
) -> BalanceFilter {
    let customer = Number(0);
    let key = |number| RowKey { customer, number: Number(number) };
    BalanceFilter {
        currency: currency.and_then(Currency::parse),
        source: source.map(|(kind, number)| (kind, key(number))),
        kind,
    }
}

#[test]
fn filters_of_balance_transactions() {
    let bench = Bench::new();
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    insert(&bench, 1, "payment", "usd", Some(("charge", 71)));
    insert(&bench, 2, "payment", "eur", Some(("charge", 75)));
    insert(&bench, 3, "payout", "usd", Some(("payout", 73)));
    insert(&bench, 4, "payment_refund", "usd", Some(("charge", 71)));
    insert(&bench, 5, "payment", "usd", None);
    for (currency, source, kind, want) in FILTERS {
        let page = list(&bench, filter(*currency, *source, *kind), Window::newest(10));
        assert_eq!(numbers(&page), *want, "{currency:?} {source:?} {kind:?}");
    }
    let usd = filter(Some("usd"), None, None);
    let page = list(&bench, usd.clone(), Window::newest(2));
    assert_eq!((numbers(&page), page.has_more), (vec![5, 4], true));
    let below = Window { below: Number(4), ..Window::newest(2) };
    let page = list(&bench, usd.clone(), below);
    assert_eq!((numbers(&page), page.has_more), (vec![3, 1], false));
    let oldest = Window { above: Number(1), from_oldest: true, ..Window::newest(2) };
    let page = list(&bench, usd.clone(), oldest);
    assert_eq!((numbers(&page), page.has_more), (vec![4, 3], true));

    let seen = bench.fresh_readers().snapshot(|reader| {
        let elsewhere = reader.balance_transactions(other, &usd, Window::newest(2))?;
        assert!(elsewhere.rows.is_empty());
        assert_eq!(reader.balance_transaction(other, Number(1))?, None);
        reader.balance_transaction(bench.world, Number(4))
    });
    let key = RowKey { customer: Number(0), number: Number(71) };
    let row = BalanceTransaction {
        number: Number(4),
        kind: BalanceKind::PaymentRefund,
        currency: Currency::USD,
        amount: 40,
        fee: 4,
        available_on: Timestamp(400),
        source_type: SourceType::Card,
        source: Some((Kind::Charge, key)),
        description: Some("row 4".into()),
    };
    assert_eq!(seen, Ok(Some(row)));
}

#[test]
fn customers_are_listed_without_those_that_were_deleted() {
    let bench = Bench::new();
    let made: Vec<Number> = (0..5).map(|_| bench.customer()).collect();
    assert_eq!(bench.tell(crate::support::delete(made[3])), "deleted");
    let email = |number: Number, text: &str| {
        let edits = vec![books::command::Edit::Email(Some(text.into()))];
        let customer = number;
        books::Command::UpdateCustomer { customer, edits }.into()
    };
    assert_eq!(bench.tell(email(made[0], "ada@example.com")), "customer");
    assert_eq!(bench.tell(email(made[2], "ada@example.com")), "customer");
    let listed = |email: Option<&str>, window| {
        let page = bench.readers.snapshot(|reader| reader.customers(bench.world, email, window));
        let page = page.unwrap();
        let rows = page.rows.iter().map(|customer| customer.number);
        (rows.collect::<Vec<_>>(), page.has_more)
    };
    let all = vec![made[4], made[2], made[1], made[0]];
    assert_eq!(listed(None, Window::newest(10)), (all.clone(), false));
    assert_eq!(listed(None, Window::newest(2)), (all[..2].to_vec(), true));
    let ada = Some("ada@example.com");
    assert_eq!(listed(ada, Window::newest(1)), (vec![made[2]], true));
    let older = Window { below: made[2], ..Window::newest(1) };
    assert_eq!(listed(ada, older), (vec![made[0]], false));
    assert_eq!(listed(Some("Ada@example.com"), Window::newest(9)), (vec![], false));
    // The deleted one can still be looked up, as such.
    let gone = bench.readers.snapshot(|reader| reader.customer(bench.world, made[3]));
    assert!(gone.unwrap().expect("its tombstone").deleted);
}

#[test]
fn transactions_and_events_are_listed() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    for amount in 1..=4 {
        assert!(bench.tell(fund(ada, amount, "usd")).starts_with("funded"));
        assert!(bench.tell(fund(bob, 100, "eur")).starts_with("funded"));
    }
    assert_eq!(bench.tell(create()), "customer");
    let page = bench
        .readers
        .snapshot(|reader| reader.cash_transactions(bench.world, ada, Window::newest(3)));
    let page = page.unwrap();
    let amounts: Vec<i64> = page.rows.iter().map(|row| row.net_amount).collect();
    assert_eq!((amounts, page.has_more), (vec![4, 3, 2], true));
    let key = page.rows[2].key;
    let found = bench.readers.snapshot(|reader| {
        let theirs = RowKey { customer: bob, ..key };
        assert_eq!(reader.cash_transaction(bench.world, theirs)?, None);
        reader.cash_transaction(bench.world, key)
    });
    assert_eq!(found, Ok(Some(page.rows[2].clone())));

    let events = bench.readers.snapshot(|reader| reader.events(bench.world, Window::newest(100)));
    let events = events.unwrap();
    assert_eq!((events.rows.len(), events.has_more), (3 + 8 * 2, false));
    let falling = events.rows.windows(2).all(|two| two[0].number > two[1].number);
    assert!(falling, "events are not newest first");
    for event in &events.rows {
        let again = bench.readers.snapshot(|reader| reader.event(bench.world, event.number));
        assert_eq!(again.as_ref(), Ok(&Some(event.clone())));
    }
}

fn insert(
    bench: &Bench,
    number: i64,
    type_name: &str,
    currency: &str,
    source: Option<(&str, i64)>,
) {
    let text = |text: &str| format!("'{text}'");
    let (kind, customer, source) = match source {
        Some((kind, source)) => (text(kind), "0".to_owned(), source.to_string()),
        None => ("NULL".to_owned(), "NULL".to_owned(), "NULL".to_owned()),
    };
    let (world, amount, day) = (bench.world.0, number * 10, number * 100);
    bench.run(&format!(
        "INSERT INTO balance_transaction (world, number, type, currency, amount, fee,
             available_on, source_kind, source_customer, source, description)
         VALUES ({world}, {number}, '{type_name}', '{currency}', {amount}, {number}, {day},
             {kind}, {customer}, {source}, 'row {number}')"
    ));
}

fn list(bench: &Bench, filter: BalanceFilter, window: Window) -> Page<BalanceTransaction> {
    let page = bench
        .fresh_readers()
        .snapshot(|reader| reader.balance_transactions(bench.world, &filter, window));
    page.expect("a page")
}

fn numbers(page: &Page<BalanceTransaction>) -> Vec<i64> {
    page.rows.iter().map(|row| row.number.0).collect()
}
