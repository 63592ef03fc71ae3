//! Random sequences: stories of a few commands that belong together, with anything in between.

mod cards;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use crate::ops::{Awaits, Change, Cur, Mode, Name, Network, Op, Settings, Style, Words};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn place() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0usize), 2 => Just(1usize), 1 => 0..12usize]
}

/// The first customer and the first currency come most often, so that things meet.
fn who() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0usize), 3 => Just(1usize), 1 => 0..4usize]
}

fn cur() -> impl Strategy<Value = Cur> {
    prop_oneof![5 => Just("usd"), 2 => Just("eur"), 2 => Just("jpy")]
}

/// Small multiples of 50, so that sums are often exact.
fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![20 => (1..=12i64).prop_map(|n| n * 50), 2 => 1..700i64]
}

fn awaits() -> impl Strategy<Value = Awaits> {
    use Awaits::*;
    prop_oneof![2 => Just(Nothing), 12 => Just(Usual), 2 => Just(Elsewhere), 1 => Just(Wrong)]
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![3 => place().prop_map(Name::Intent), 2 => place().prop_map(Name::Invoice)]
}

fn words() -> impl Strategy<Value = Words> {
    prop_oneof![
        6 => Just(Words::Nothing),
        1 => Just(Words::Garbage),
        5 => vec(name(), 1..=1).prop_map(Words::Names),
        1 => vec(name(), 2..=3).prop_map(Words::Names),
        2 => weighted(0.4, name()).prop_map(Words::Reversal),
    ]
}

fn fund() -> impl Strategy<Value = Op> {
    let amount = prop_oneof![60 => amount(), 6 => Just(i64::MAX - 10_000_000)];
    let style = select(vec![Style::Plain, Style::Lower, Style::InText]);
    let network = prop_oneof![
        6 => Just(Network::Simulated),
        1 => Just(Network::Ach),
        1 => Just(Network::Swift)
    ];
    (who(), amount, cur(), words(), style, network).prop_map(
        |(who, amount, cur, words, style, network)| Op::Fund {
            who,
            amount,
            cur,
            words,
            style,
            network,
        },
    )
}

fn change() -> impl Strategy<Value = Change> {
    let other_cur = (cur(), awaits());
    prop_oneof![
        5 => amount().prop_map(|amount| Change { amount: Some(amount), ..Change::default() }),
        1 => awaits().prop_map(|awaits| Change { awaits: Some(awaits), ..Change::default() }),
        1 => other_cur.prop_map(|(cur, awaits)| Change {
            cur: Some(cur),
            awaits: Some(awaits),
            ..Change::default()
        }),
        1 => cur().prop_map(|cur| Change { cur: Some(cur), ..Change::default() }),
        1 => Just(Change { method: true, ..Change::default() }),
        1 => Just(Change { metadata: true, ..Change::default() }),
    ]
}

fn intents() -> impl Strategy<Value = Op> {
    let cur_given = weighted(0.15, cur());
    prop_oneof![
        10 => (
            who(), amount(), cur(), awaits(),
            prop::bool::weighted(0.9), prop::bool::weighted(0.8)
        )
            .prop_map(|(who, amount, cur, awaits, method, confirm)| Op::Intent {
                who, amount, cur, awaits, method, confirm
            }),
        3 => (place(), change()).prop_map(|(intent, change)| Op::Change { intent, change }),
        4 => (
            place(), weighted(0.3, awaits()),
            prop::bool::weighted(0.4), prop::bool::weighted(0.05)
        )
            .prop_map(|(intent, awaits, method, strange)| Op::Confirm {
                intent, awaits, method, strange
            }),
        3 => place().prop_map(|intent| Op::Cancel { intent }),
        4 => (place(), weighted(0.4, amount()), cur_given)
            .prop_map(|(intent, amount, cur)| Op::Apply { intent, amount, cur }),
    ]
}

fn invoices() -> impl Strategy<Value = Op> {
    let days = proptest::option::of(select(vec![0, 1, 30]));
    let number = weighted(0.3, 0..2u8);
    let line = prop_oneof![8 => amount(), 1 => amount().prop_map(|amount| -amount)];
    prop_oneof![
        4 => (who(), cur(), number, days, awaits()).prop_map(
            |(who, cur, number, days, awaits)| {
                // An invoice on the wrong rail cannot be asked for.
                let awaits = if awaits == Awaits::Wrong { Awaits::Nothing } else { awaits };
                Op::Invoice { who, cur, number, days, awaits }
            }
        ),
        6 => (place(), line, weighted(0.1, cur()))
            .prop_map(|(invoice, amount, cur)| Op::Item { invoice, amount, cur }),
        5 => place().prop_map(|invoice| Op::Finalize { invoice }),
        3 => (place(), prop::bool::weighted(0.3))
            .prop_map(|(invoice, elsewhere)| Op::PayInvoice { invoice, elsewhere }),
        2 => place().prop_map(|invoice| Op::Void { invoice }),
        2 => place().prop_map(|invoice| Op::GiveUp { invoice }),
    ]
}

fn refunds() -> impl Strategy<Value = Op> {
    let email = || prop::bool::weighted(0.7);
    prop_oneof![
        4 => (place(), proptest::option::of(amount()), email(), any::<bool>()).prop_map(
            |(intent, amount, email, by_charge)| Op::Refund { intent, amount, email, by_charge }
        ),
        3 => (place(), proptest::option::of(amount()))
            .prop_map(|(intent, amount)| Op::RefundToCash { intent, amount }),
        3 => (who(), amount(), cur(), email())
            .prop_map(|(who, amount, cur, email)| Op::Return { who, amount, cur, email }),
        2 => place().prop_map(|refund| Op::CancelRefund { refund }),
        1 => place().prop_map(|refund| Op::ExpireRefund { refund }),
        3 => (place(), any::<bool>())
            .prop_map(|(refund, bounces)| Op::GiveDetails { refund, bounces }),
    ]
}

fn payouts() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (cur(), prop::bool::weighted(0.3), prop::bool::weighted(0.3))
            .prop_map(|(cur, fails, default)| Op::AddAccount { cur, fails, default }),
        1 => place().prop_map(|account| Op::RemoveAccount { account }),
        1 => place().prop_map(|account| Op::MakeDefault { account }),
        5 => (
            amount(), cur(), weighted(0.3, place()),
            prop::bool::weighted(0.3), prop::bool::weighted(0.15)
        )
            .prop_map(|(amount, cur, account, instant, of_bank)| Op::Payout {
                amount, cur, account, instant, of_bank
            }),
        2 => place().prop_map(|payout| Op::CancelPayout { payout }),
        2 => place().prop_map(|payout| Op::ReversePayout { payout }),
    ]
}

fn customers() -> impl Strategy<Value = Op> {
    let mode = select(vec![Mode::Default, Mode::Automatic, Mode::Manual]);
    prop_oneof![
        1 => any::<bool>().prop_map(|email| Op::AddCustomer { email }),
        2 => (who(), any::<bool>()).prop_map(|(who, email)| Op::SetEmail { who, email }),
        3 => (who(), mode).prop_map(|(who, mode)| Op::SetMode { who, mode }),
        2 => who().prop_map(|who| Op::Delete { who }),
        1 => (who(), cur()).prop_map(|(who, cur)| Op::Instructions { who, cur }),
        1 => place().prop_map(|transfer| Op::PullBack { transfer }),
    ]
}

fn wait() -> impl Strategy<Value = Op> {
    let s = prop_oneof![
        3 => 1..12 * HOUR,
        4 => (1..6i64).prop_map(|days| days * DAY),
        1 => Just(45 * DAY),
        1 => Just(75 * DAY),
        1 => 14 * DAY..90 * DAY,
        1 => Just(90 * DAY),
    ];
    s.prop_map(|s| Op::Wait { s })
}

/// Anything.
fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => fund(),
        14 => intents(),
        6 => invoices(),
        8 => refunds(),
        4 => payouts(),
        5 => customers(),
        6 => cards::charges(),
        6 => cards::payments(),
        3 => cards::sources(),
        1 => cards::topups(),
        6 => wait(),
    ]
}

/// A transfer that nothing is special about.
fn plain_fund(who: usize, cur: Cur, amount: i64, words: Words) -> Op {
    Op::Fund { who, amount, cur, words, style: Style::Plain, network: Network::Simulated }
}

fn paid(who: usize, cur: Cur, amount: i64) -> Vec<Op> {
    vec![
        plain_fund(who, cur, amount, Words::Nothing),
        Op::Intent { who, amount, cur, awaits: Awaits::Usual, method: true, confirm: true },
    ]
}

/// Commands that belong together; `last` is what it ends with.
fn story(kind: usize, who: usize, cur: Cur, amount: i64, last: usize) -> Vec<Op> {
    let awaits = Awaits::Usual;
    let intent = Op::Intent { who, amount, cur, awaits, method: true, confirm: true };
    let part = plain_fund(who, cur, amount / 2 + 10, Words::Names(vec![Name::Intent(0)]));
    let named = plain_fund(who, cur, amount, Words::Names(vec![Name::Invoice(0)]));
    match kind {
        0 => vec![intent, part, Op::Cancel { intent: last }],
        1 => {
            let less = Change { amount: Some(amount / 2 + 50), ..Change::default() };
            vec![intent, part, Op::Change { intent: last, change: less }]
        }
        2 => vec![
            Op::Invoice { who, cur, number: None, days: Some(1), awaits },
            Op::Item { invoice: 0, amount, cur: None },
            Op::Finalize { invoice: 0 },
            [Op::Wait { s: DAY }, Op::GiveUp { invoice: 0 }, Op::Void { invoice: 0 }, named]
                [last % 4]
                .clone(),
        ],
        3 | 4 => {
            let mut ops = paid(who, cur, amount);
            ops.extend([
                Op::AddAccount { cur, fails: last == 3, default: false },
                Op::Wait { s: 3 * DAY },
                Op::Payout { amount, cur, account: None, instant: false, of_bank: false },
            ]);
            ops.extend(match last {
                0 => vec![Op::CancelPayout { payout: 0 }],
                1 => vec![Op::Wait { s: 7 * DAY }, Op::ReversePayout { payout: 0 }],
                _ => vec![Op::Wait { s: 7 * DAY }],
            });
            ops
        }
        5 => {
            let mut ops = paid(who, cur, amount);
            ops.extend([
                Op::Refund { intent: 0, amount: None, email: true, by_charge: false },
                Op::GiveDetails { refund: 0, bounces: last == 0 },
                Op::Wait { s: 4 * DAY },
            ]);
            ops
        }
        6 => vec![
            Op::SetMode { who, mode: Mode::Manual },
            intent,
            plain_fund(who, cur, amount, Words::Nothing),
            Op::Apply { intent: 0, amount: (last > 0).then_some(50), cur: None },
        ],
        7 | 8 => crowd(who, cur, amount, last),
        _ => cards::story(kind - 9, who, cur, amount, last),
    }
}

/// Several payments wait while money is there; then money comes that may fit in several ways.
fn crowd(who: usize, cur: Cur, amount: i64, last: usize) -> Vec<Op> {
    let awaits = Awaits::Usual;
    let wait = |amount| Op::Intent { who, amount, cur, awaits, method: true, confirm: true };
    let bill = |amount| {
        [
            Op::Invoice { who, cur, number: None, days: None, awaits },
            Op::Item { invoice: 0, amount, cur: None },
            Op::Finalize { invoice: 0 },
        ]
    };
    let mut ops = vec![Op::SetMode { who, mode: Mode::Manual }];
    if last.is_multiple_of(2) {
        ops.push(plain_fund(who, cur, 50, Words::Nothing));
    }
    ops.extend([wait(100), wait(50)]);
    ops.extend(bill(if last < 2 { 50 } else { 100 }));
    ops.extend([wait(amount), Op::SetMode { who, mode: Mode::Automatic }]);
    ops.push(plain_fund(who, cur, 100 + amount / 100 * 50, Words::Nothing));
    ops
}

/// Sequences of up to about `most` commands. They shrink to their parts.
pub fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    let parts = (0..17usize, who(), cur(), amount(), 0..4usize);
    let story =
        parts.prop_map(|(kind, who, cur, amount, last)| story(kind, who, cur, amount, last));
    let part = prop_oneof![9 => op().prop_map(|op| vec![op]), 1 => story];
    vec(part, 1..=most).prop_map(move |parts| {
        let mut ops = parts.concat();
        ops.truncate(most);
        ops
    })
}

pub fn settings() -> impl Strategy<Value = Settings> {
    let fee = prop_oneof![4 => Just((0, 0)), 2 => Just((290, 30)), 1 => Just((150, 60))];
    let settle_days = prop_oneof![1 => Just(0i64), 4 => Just(2i64)];
    (prop::bool::weighted(0.2), fee, settle_days, 1..=3i64, prop::bool::weighted(0.2)).prop_map(
        |(manual, (fee_bps, fee_fixed), settle_days, bank_days, strict_delete)| Settings {
            // As a payment costs something, or nothing, so does an instant payout.
            instant_bps: fee_bps / 2,
            manual,
            fee_bps,
            fee_fixed,
            settle_days,
            bank_days,
            strict_delete,
        },
    )
}
