//! Random commands about cards, sources and top-ups, and stories of them.

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::{DAY, HOUR, amount, awaits, cur, place, who};
use crate::ops::{Awaits, ByCard, Cur, Network, Op, Plastic};

fn plastic() -> impl Strategy<Value = Plastic> {
    use Plastic::*;
    let usual = select(vec![Pays, Pays, PaysAtOnce, RefundsLater, RefundsBounce]);
    let others = select(vec![Declines, DeclinesLater, Asks, AsksInVain, Disputes]);
    prop_oneof![3 => usual, 2 => others]
}

fn part() -> impl Strategy<Value = Option<i64>> {
    weighted(0.5, amount())
}

/// Charges and their refunds.
pub fn charges() -> impl Strategy<Value = Op> {
    let capture = || prop::bool::weighted(0.6);
    prop_oneof![
        5 => (amount(), cur(), plastic(), capture())
            .prop_map(|(amount, cur, card, capture)| Op::Charge { amount, cur, card, capture }),
        2 => (who(), plastic()).prop_map(|(who, card)| Op::AddCard { who, card }),
        2 => (who(), amount(), cur(), capture()).prop_map(|(who, amount, cur, capture)| {
            Op::ChargeWallet { who, amount, cur, capture }
        }),
        3 => (place(), part()).prop_map(|(charge, amount)| Op::Capture { charge, amount }),
        5 => (place(), part(), any::<bool>()).prop_map(|(charge, amount, email)| {
            Op::RefundCharge { charge, amount, email }
        }),
    ]
}

/// Intents that a card pays.
pub fn payments() -> impl Strategy<Value = Op> {
    let by = (weighted(0.85, plastic()), weighted(0.5, awaits()), any::<bool>(), away());
    let by = by.prop_map(|(card, cash, manual, away)| ByCard { card, cash, manual, away });
    let confirm = prop::bool::weighted(0.7);
    prop_oneof![
        6 => (weighted(0.8, who()), amount(), cur(), by, confirm).prop_map(
            |(who, amount, cur, by, confirm)| Op::CardIntent { who, amount, cur, by, confirm }
        ),
        3 => (place(), plastic(), away())
            .prop_map(|(intent, card, away)| Op::PayByCard { intent, card, away }),
        3 => (place(), prop::bool::weighted(0.7))
            .prop_map(|(intent, succeeds)| Op::Authenticate { intent, succeeds }),
        3 => (place(), part()).prop_map(|(intent, amount)| Op::CaptureIntent { intent, amount }),
    ]
}

fn away() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.15)
}

/// Sources that take transfers.
pub fn sources() -> impl Strategy<Value = Op> {
    let network = prop_oneof![6 => Just(Network::Simulated), 1 => Just(Network::Swift)];
    prop_oneof![
        3 => (source_cur(), weighted(0.5, amount()), any::<bool>(), any::<bool>()).prop_map(
            |(cur, amount, often, email)| Op::AddSource { cur, amount, often, email }
        ),
        5 => (place(), amount(), network)
            .prop_map(|(source, amount, network)| Op::Receive { source, amount, network }),
        2 => place().prop_map(|transfer| Op::PullBackOfSource { transfer }),
        2 => (place(), part()).prop_map(|(source, amount)| Op::SendBack { source, amount }),
        5 => (place(), amount(), cur())
            .prop_map(|(source, amount, cur)| Op::ChargeSource { source, amount, cur }),
    ]
}

/// There are no such accounts in Japan.
fn source_cur() -> impl Strategy<Value = Cur> {
    prop_oneof![3 => Just("usd"), 1 => Just("eur")]
}

pub fn topups() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (amount(), cur(), weighted(0.5, prop::bool::weighted(0.3)))
            .prop_map(|(amount, cur, fails)| Op::TopUp { amount, cur, fails }),
        1 => place().prop_map(|topup| Op::CancelTopUp { topup }),
    ]
}

/// Commands that belong together; `last` is what it ends with.
pub fn story(kind: usize, who: usize, cur: Cur, amount: i64, last: usize) -> Vec<Op> {
    let charge = |card, capture| Op::Charge { amount, cur, card, capture };
    let refund = Op::RefundCharge { charge: 0, amount: None, email: true };
    let by = |card, manual| ByCard { card: Some(card), cash: None, manual, away: false };
    let intent = |by| Op::CardIntent { who: Some(who), amount, cur, by, confirm: true };
    match kind {
        0 => {
            let card = [Plastic::RefundsLater, Plastic::RefundsBounce][last % 2];
            vec![charge(card, true), Op::Wait { s: 2 * HOUR }, refund, Op::Wait { s: 4 * DAY }]
        }
        1 => {
            let part = (last > 1).then_some(amount / 2 + 1);
            let ends = match last {
                0 => Op::Wait { s: 7 * DAY },
                1 => refund,
                _ => Op::Capture { charge: 0, amount: part },
            };
            vec![charge(Plastic::Pays, false), ends]
        }
        2 => {
            let ends = match last {
                0 => Op::Wait { s: 7 * DAY },
                1 => Op::Cancel { intent: 0 },
                _ => Op::CaptureIntent { intent: 0, amount: (last == 2).then_some(50) },
            };
            vec![intent(by(Plastic::Pays, true)), ends]
        }
        3 => {
            let card = if last == 1 { Plastic::AsksInVain } else { Plastic::Asks };
            vec![intent(by(card, last == 2)), Op::Authenticate { intent: 0, succeeds: last != 0 }]
        }
        4 => vec![
            // The cash balance gives a part, then a card pays all.
            Op::CardIntent {
                who: Some(who),
                amount,
                cur,
                by: ByCard { card: None, cash: Some(Awaits::Usual), manual: false, away: false },
                confirm: false,
            },
            super::plain_fund(who, cur, amount / 2, crate::ops::Words::Nothing),
            Op::Apply { intent: 0, amount: None, cur: None },
            Op::PayByCard { intent: 0, card: Plastic::Pays, away: false },
        ],
        _ => story_of_accounts(kind - 5, cur, amount, last, refund),
    }
}

/// The same of sources and of the merchant's bank.
fn story_of_accounts(kind: usize, cur: Cur, amount: i64, last: usize, refund: Op) -> Vec<Op> {
    match kind {
        0 => {
            let usd = if cur == "jpy" { "eur" } else { cur };
            vec![
                Op::AddSource { cur: usd, amount: None, often: last > 1, email: true },
                Op::Receive { source: 0, amount: amount + 50, network: Network::Simulated },
                if last == 3 {
                    Op::PullBackOfSource { transfer: 0 }
                } else {
                    Op::ChargeSource { source: 0, amount, cur: usd }
                },
                if last == 0 { Op::SendBack { source: 0, amount: None } } else { refund },
                if last == 1 {
                    Op::GiveDetails { refund: 0, bounces: false }
                } else {
                    Op::Wait { s: 46 * DAY }
                },
            ]
        }
        1 => vec![
            Op::AddAccount { cur, fails: last == 0, default: true },
            Op::TopUp { amount, cur, fails: Some(false) },
            Op::Wait { s: 4 * DAY },
            Op::Payout { amount: 50, cur, account: None, instant: true, of_bank: false },
            Op::Wait { s: HOUR },
        ],
        _ => vec![
            Op::AddSource { cur: "usd", amount: Some(amount), often: false, email: false },
            Op::Receive { source: 0, amount: amount + 10, network: Network::Simulated },
            Op::ChargeSource { source: 0, amount: amount + i64::from(last == 0), cur: "usd" },
            if last == 1 { Op::PullBackOfSource { transfer: 0 } } else { Op::Wait { s: 3 * DAY } },
            Op::Payout { amount: 50, cur: "usd", account: None, instant: false, of_bank: true },
        ],
    }
}
