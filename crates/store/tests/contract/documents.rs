//! Documents, entries and events: what was written is what is read, by its key and in lists.

use books::event::{EventKind, EventObject};
use books::journal::{Account, seal};
use books::{Currency, Document, Kind, Number, RowKey, Timestamp};
use store::{DocumentFilter, Page, Window};

use crate::support::asks::{
    bank_account, cancel_payout, email, instructions, invoice, item, lose, pay, payout, receive,
    receiver, refund, refund_to_cash,
};
use crate::support::{Bench, create, fund};

fn page(bench: &Bench, kind: Kind, filter: &DocumentFilter, window: Window) -> Page<Document> {
    let page = bench.readers.snapshot(|r| r.documents(bench.world, kind, filter, window));
    page.expect("documents can be listed")
}

fn keys(page: &Page<Document>) -> Vec<RowKey> {
    page.rows.iter().map(Document::key).collect()
}

/// Makes intents of two customers in turns: six of the first, oldest first, and three of the other.
fn intents(bench: &Bench) -> (Number, Vec<RowKey>) {
    let (ada, bob) = (bench.customer(), bench.customer());
    bench.expect(fund(ada, 250, "usd"), "funded usd 250 -> 250");
    let mut made = Vec::new();
    for at in 0..9 {
        match at % 3 {
            2 => drop(bench.make(pay(bob, 100, "usd"), "requires_action...", Kind::PaymentIntent)),
            _ => made.push(bench.make(pay(ada, 100, "usd"), "...", Kind::PaymentIntent)),
        }
    }
    (ada, made)
}

/// From the newest or the oldest, at most so many of the places of a list above and below others,
/// and what that shows.
type Shown = (bool, usize, Option<usize>, Option<usize>, &'static [usize], bool);

#[rustfmt::skip]
const WINDOWS: &[Shown] = &[
    (false, 10, None, None, &[5, 4, 3, 2, 1, 0], false),
    (false, 6, None, None, &[5, 4, 3, 2, 1, 0], false),
    (false, 5, None, None, &[5, 4, 3, 2, 1], true),
    (false, 2, None, Some(4), &[3, 2], true),
    (false, 4, None, Some(4), &[3, 2, 1, 0], false),
    (false, 4, None, Some(0), &[], false),
    (true, 2, Some(1), None, &[3, 2], true),
    (true, 4, Some(1), None, &[5, 4, 3, 2], false),
    (true, 4, Some(5), None, &[], false),
    (true, 2, Some(0), Some(4), &[2, 1], true),
    (true, 3, Some(0), Some(4), &[3, 2, 1], false),
];

#[test]
fn documents_are_listed_in_all_directions() {
    let bench = Bench::new();
    let (ada, made) = intents(&bench);
    let filter = DocumentFilter { customer: Some(ada), ..DocumentFilter::default() };
    for &(from_oldest, limit, above, below, want, more) in WINDOWS {
        let window = Window {
            above: above.map_or(Number(-1), |at| made[at].number),
            below: below.map_or(Number(i64::MAX), |at| made[at].number),
            from_oldest,
            limit,
        };
        let page = page(&bench, Kind::PaymentIntent, &filter, window);
        let want: Vec<RowKey> = want.iter().map(|at| made[*at]).collect();
        assert_eq!((keys(&page), page.has_more), (want, more), "{window:?}");
    }
    let all = page(&bench, Kind::PaymentIntent, &DocumentFilter::default(), Window::newest(99));
    assert_eq!((all.rows.len(), all.has_more), (9, false));
}

#[test]
fn documents_are_filtered_by_what_they_hold() {
    let bench = Bench::new();
    let (ada, made) = intents(&bench);
    let listed = |customer: Option<Number>, fields: &[(&'static str, &str)], limit| {
        let own = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
        let fields = fields.iter().map(own).collect();
        let filter = DocumentFilter { customer, fields, ..DocumentFilter::default() };
        let page = page(&bench, Kind::PaymentIntent, &filter, Window::newest(limit));
        (keys(&page), page.has_more)
    };
    // 250 pays two of them in full and half of the third.
    assert_eq!(listed(None, &[("status", "succeeded")], 9), (vec![made[1], made[0]], false));
    assert_eq!(listed(None, &[("status", "succeeded")], 1), (vec![made[1]], true));
    let waiting = vec![made[5], made[4]];
    assert_eq!(listed(Some(ada), &[("status", "requires_action")], 2), (waiting, true));
    let none = (vec![], false);
    assert_eq!(listed(None, &[("status", "succeeded"), ("currency", "eur")], 9), none);
    let both = [("status", "succeeded"), ("currency", "usd")];
    assert_eq!(listed(None, &both, 9), (vec![made[1], made[0]], false));
    assert_eq!(listed(None, &[("status", "' OR 1 --")], 9), none);
    assert_eq!(listed(Some(Number(77)), &[], 9), none);
    let filter = |field, from, to| DocumentFilter {
        ranges: vec![(field, from, to)],
        ..DocumentFilter::default()
    };
    for (from, to, want) in [(50, 50, 1), (50, 100, 3), (0, 49, 0), (101, i64::MAX, 0)] {
        let filter = filter("applied", from, to);
        let page = page(&bench, Kind::PaymentIntent, &filter, Window::newest(9));
        assert_eq!(page.rows.len(), want, "{from} to {to}");
    }
}

#[test]
fn documents_are_listed_under_others() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(email(ada), "customer");
    bench.expect(fund(ada, 900, "usd"), "funded usd 900 -> 900");
    let first = bench.make(pay(ada, 400, "usd"), "succeeded 400/400", Kind::PaymentIntent);
    let other = bench.make(pay(ada, 500, "usd"), "succeeded 500/500", Kind::PaymentIntent);
    let mut of_first = Vec::new();
    for amount in [10, 20, 30] {
        of_first.push(bench.make(refund(first, amount), "refund requires...", Kind::Refund));
        bench.make(refund_to_cash(other, amount), "refund succeeded...", Kind::Refund);
    }
    of_first.reverse();
    let under =
        |parent: Number| DocumentFilter { parent: Some(parent), ..DocumentFilter::default() };
    let two = page(&bench, Kind::Refund, &under(first.number), Window::newest(2));
    assert_eq!((keys(&two), two.has_more), (of_first[..2].to_vec(), true));
    let both = DocumentFilter { customer: Some(ada), ..under(first.number) };
    let all = page(&bench, Kind::Refund, &both, Window::newest(9));
    assert_eq!((keys(&all), all.has_more), (of_first, false));
    let of_intents = page(&bench, Kind::PaymentIntent, &under(first.number), Window::newest(9));
    assert!(of_intents.rows.is_empty());

    let draft = bench.make(invoice(ada, "usd"), "invoice draft 0/0", Kind::Invoice);
    let line = bench.make(item(draft, 70), "invoiceitem", Kind::InvoiceItem);
    let items = page(&bench, Kind::InvoiceItem, &under(draft.number), Window::newest(9));
    assert_eq!(keys(&items), [line]);

    bench.clock.forward(std::time::Duration::from_secs(5 * 24 * 3600));
    bench.run_timers();
    let bank = bench.make(bank_account("usd", None), "bank_account", Kind::BankAccount);
    let sent = bench.make(payout(5, "usd"), "payout pending 5", Kind::Payout);
    let payouts = page(&bench, Kind::Payout, &under(bank.number), Window::newest(9));
    assert_eq!(keys(&payouts), [sent]);
    bench.assert_healthy();
}

/// A document is found by its kind and its whole key, in its own world, as it was last written.
#[test]
fn documents_are_found_by_their_keys() {
    let bench = Bench::new();
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    let (ada, bob) = (bench.customer(), bench.customer());
    let key = bench.make(pay(ada, 400, "usd"), "requires_action 0/400", Kind::PaymentIntent);
    let bench = bench.restart();
    let find = |world, kind, key| {
        bench.readers.snapshot(|r| r.document(world, kind, key)).expect("it can be looked up")
    };
    let found = find(bench.world, Kind::PaymentIntent, key).expect("it is there");
    assert_eq!((found.kind(), found.key()), (Kind::PaymentIntent, key));
    for (world, kind, key) in [
        (bench.world, Kind::Refund, key),
        (bench.world, Kind::PaymentIntent, RowKey { customer: bob, ..key }),
        (bench.world, Kind::PaymentIntent, RowKey { number: Number(1), ..key }),
        (other, Kind::PaymentIntent, key),
    ] {
        assert_eq!(find(world, kind, key), None, "{world:?} {kind:?} {key:?}");
    }
    bench.expect(fund(ada, 150, "usd"), "funded usd 150 -> 150");
    let Some(Document::PaymentIntent(intent)) = find(bench.world, Kind::PaymentIntent, key) else {
        panic!("it is gone");
    };
    assert_eq!((intent.applied, intent.amount), (150, 400));
    let elsewhere = bench.readers.snapshot(|r| {
        r.documents(other, Kind::PaymentIntent, &DocumentFilter::default(), Window::newest(9))
    });
    assert!(elsewhere.unwrap().rows.is_empty());
}

#[test]
fn the_owner_of_an_account_number_is_found() {
    let bench = Bench::new();
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    let ada = bench.customer();
    let key = bench.tell(instructions(ada, "gb_bank_transfer"));
    let bench = bench.restart();
    let owner = |world, key: &str| bench.readers.snapshot(|r| r.account_owner(world, key));
    let (found, made) = owner(bench.world, &key).unwrap().expect("somebody has it");
    assert_eq!((found, made.currency, &made.account_key), (ada, Currency::GBP, &key));
    assert_eq!(owner(bench.world, "nobody's"), Ok(None));
    assert_eq!(owner(other, &key), Ok(None));
}

/// The account of a source is found by its number like that of a customer, what it received is
/// listed below it, and what it holds is a sum of the ledger.
#[test]
fn what_a_source_received_is_found() {
    let bench = Bench::new();
    let source = bench.make(receiver(), "source pending 0", Kind::Source);
    let key = bench.make(receive(source, 70), "source_transaction", Kind::SourceTransaction);
    bench.expect(receive(source, 30), "source_transaction");
    bench.expect(lose(key), "source_transaction");
    let bench = bench.restart();
    let found = bench.readers.snapshot(|r| r.document(bench.world, Kind::Source, source)).unwrap();
    let Some(Document::Source(found)) = found else { panic!("it is gone") };
    let receiver = found.receiver.expect("it is an account");
    assert_eq!((receiver.amount_received, receiver.amount_returned), (100, 70));
    let account = &receiver.instructions.account_key;
    let owner = bench.readers.snapshot(|r| r.account_owner(bench.world, account)).unwrap();
    assert_eq!(owner, Some((source.number, receiver.instructions.clone())));
    let below = DocumentFilter { parent: Some(source.number), ..DocumentFilter::default() };
    let amounts: Vec<_> = bench
        .documents(Kind::SourceTransaction, &below)
        .into_iter()
        .map(|document| match document {
            Document::SourceTransaction(row) => (row.amount, row.reversed),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(amounts, [(30, false), (70, true)]);
    let ledger = bench.readers.snapshot(|r| r.ledger(bench.world)).unwrap();
    let usd = Currency::USD;
    assert_eq!(ledger, [(Account::Bank, usd, 30), (Account::ALL_SOURCES, usd, -30)]);
}

/// Entries come with their postings and seals, so that anybody can go through the chain.
#[test]
fn entries_are_read_as_they_were_sealed() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 900, "usd"), "funded usd 900 -> 900");
    bench.expect(pay(ada, 400, "usd"), "succeeded 400/400");
    let read = |window| bench.readers.snapshot(|r| r.entries(bench.world, window)).unwrap();
    let all = read(Window::newest(9));
    let kinds: Vec<_> = all.rows.iter().map(|(entry, _)| entry.kind().as_str()).collect();
    assert_eq!(kinds, ["payment_completed", "applied_to_payment", "funded"]);
    assert!(!all.has_more);
    let newest = &all.rows[0].0;
    let accounts: Vec<_> = newest.postings().iter().map(|p| (p.account, p.amount_minor)).collect();
    let intent = bench.newest(Kind::PaymentIntent).number;
    let want = [(Account::PaymentIntent(intent), 400), (Account::MerchantPending, -400)];
    assert_eq!(accounts, want);
    let mut before = [0; 32];
    for (entry, sealed) in all.rows.iter().rev() {
        let key = RowKey { customer: ada, number: entry.number() };
        let booked = bench.readers.snapshot(|r| r.cash_transaction(bench.world, key)).unwrap();
        assert_eq!(seal(&before, bench.world.0, entry, booked.as_ref()), *sealed);
        before = *sealed;
    }
    let two = read(Window { from_oldest: true, ..Window::newest(2) });
    assert_eq!((two.rows, two.has_more), (all.rows[1..].to_vec(), true));
    let one = read(Window { below: newest.number(), ..Window::newest(1) });
    assert_eq!((one.rows, one.has_more), (all.rows[1..2].to_vec(), true));
}

/// Events of all kinds survive the store: documents now and before, and the merchant's balance.
#[test]
fn events_are_read_as_they_were_told() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(email(ada), "customer");
    bench.expect(pay(ada, 400, "usd"), "requires_action 0/400");
    bench.expect(fund(ada, 900, "usd"), "funded usd 900 -> 900");
    let intent = bench.newest(Kind::PaymentIntent);
    bench.expect(refund(intent, 100), "refund requires_action 100");
    bench.expect(create(), "customer");
    bench.clock.forward(std::time::Duration::from_secs(3 * 24 * 3600));
    bench.run_timers();
    bench.expect(bank_account("usd", None), "bank_account");
    let sent = bench.make(payout(50, "usd"), "payout pending 50", Kind::Payout);
    bench.expect(cancel_payout(sent), "payout canceled 50");
    let read = |bench: &Bench| {
        let events = bench.readers.snapshot(|r| r.events(bench.world, Window::newest(99)));
        events.expect("events can be listed").rows
    };
    let told = read(&bench);
    let of = |kind: EventKind| {
        let found = told.iter().find(|event| event.kind == kind);
        &found.unwrap_or_else(|| panic!("no {}", kind.as_str())).object
    };
    let EventObject::Document { now, before: Some(before) } = of(EventKind::ChargeRefunded) else {
        panic!("a charge was not told with what it was before");
    };
    let refunded = |document: &Document| match document {
        Document::PaymentIntent(intent) => intent.charge.as_ref().map(|c| c.amount_refunded),
        _ => None,
    };
    assert_eq!((refunded(before), refunded(now)), (Some(0), Some(100)));
    let EventObject::Document { now, before: None } = of(EventKind::PayoutCanceled) else {
        panic!("a payout was not told");
    };
    let found = bench.readers.snapshot(|r| r.document(bench.world, Kind::Payout, sent));
    assert_eq!(found, Ok(Some(now.clone())));
    let EventObject::Balance(house) = of(EventKind::BalanceAvailable) else {
        panic!("a balance was not told");
    };
    let available = (Account::MerchantAvailable, Currency::USD, -300);
    assert!(house.contains(&available), "{house:?}");
    assert_eq!(read(&bench.restart()), told);
}
