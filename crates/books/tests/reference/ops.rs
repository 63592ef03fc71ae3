//! What can be asked in a random sequence. Objects are named by their places, counted round, so
//! that a sequence stays one when a part of it is left out.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

pub type Cur = &'static str;

/// What a transfer to await is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Awaits {
    /// None: the payment fails where the balance does not suffice.
    Nothing,
    /// The rail of the currency.
    Usual,
    /// The same, in another country where there is a choice.
    Elsewhere,
    /// The rail of another currency.
    Wrong,
}

/// What a sender writes.
#[derive(Clone, Debug)]
pub enum Words {
    Nothing,
    Garbage,
    /// References of intents and numbers of invoices.
    Names(Vec<Name>),
    /// `reversal_`, and perhaps a name.
    Reversal(Option<Name>),
}

#[derive(Clone, Copy, Debug)]
pub enum Name {
    Intent(usize),
    Invoice(usize),
}

/// How names are written.
#[derive(Clone, Copy, Debug)]
pub enum Style {
    Plain,
    Lower,
    InText,
}

/// By which network dollars come; nothing to other money.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Network {
    Simulated,
    Ach,
    Swift,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Default,
    Automatic,
    Manual,
}

/// One command. Fields named `who`, `intent`, `refund` and so on are places.
#[derive(Clone, Debug)]
pub enum Op {
    AddCustomer { email: bool },
    SetEmail { who: usize, email: bool },
    SetMode { who: usize, mode: Mode },
    Delete { who: usize },
    Instructions { who: usize, cur: Cur },
    Fund { who: usize, amount: i64, cur: Cur, words: Words, style: Style, network: Network },
    PullBack { transfer: usize },
    Intent { who: usize, amount: i64, cur: Cur, awaits: Awaits, method: bool, confirm: bool },
    Change { intent: usize, change: Change },
    Confirm { intent: usize, awaits: Option<Awaits>, method: bool, strange: bool },
    Cancel { intent: usize },
    Apply { intent: usize, amount: Option<i64>, cur: Option<Cur> },
    Invoice { who: usize, cur: Cur, number: Option<u8>, days: Option<i64>, awaits: Awaits },
    Item { invoice: usize, amount: i64, cur: Option<Cur> },
    Finalize { invoice: usize },
    PayInvoice { invoice: usize, elsewhere: bool },
    Void { invoice: usize },
    GiveUp { invoice: usize },
    Refund { intent: usize, amount: Option<i64>, email: bool, by_charge: bool },
    RefundToCash { intent: usize, amount: Option<i64> },
    Return { who: usize, amount: i64, cur: Cur, email: bool },
    CancelRefund { refund: usize },
    ExpireRefund { refund: usize },
    GiveDetails { refund: usize, bounces: bool },
    AddAccount { cur: Cur, fails: bool, default: bool },
    RemoveAccount { account: usize },
    MakeDefault { account: usize },
    Payout { amount: i64, cur: Cur, account: Option<usize> },
    CancelPayout { payout: usize },
    ReversePayout { payout: usize },
    Wait { s: i64 },
}

/// A change to a payment intent; what is nothing stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub amount: Option<i64>,
    pub cur: Option<Cur>,
    pub awaits: Option<Awaits>,
    pub method: bool,
    pub metadata: bool,
}

/// The settings of the server.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub manual: bool,
    pub fee_bps: i64,
    pub fee_fixed: i64,
    pub settle_days: i64,
    pub bank_days: i64,
    pub strict_delete: bool,
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn place() -> impl Strategy<Value = usize> {
    0..12usize
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
        2 => proptest::option::weighted(0.4, name()).prop_map(Words::Reversal),
    ]
}

fn fund() -> impl Strategy<Value = Op> {
    let amount = prop_oneof![60 => amount(), 1 => Just(i64::MAX - 10_000_000)];
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
    let cur_given = proptest::option::weighted(0.15, cur());
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
            place(), proptest::option::weighted(0.3, awaits()),
            prop::bool::weighted(0.4), prop::bool::weighted(0.05)
        )
            .prop_map(|(intent, awaits, method, strange)| Op::Confirm {
                intent, awaits, method, strange
            }),
        3 => place().prop_map(|intent| Op::Cancel { intent }),
        4 => (place(), proptest::option::of(amount()), cur_given)
            .prop_map(|(intent, amount, cur)| Op::Apply { intent, amount, cur }),
    ]
}

fn invoices() -> impl Strategy<Value = Op> {
    let days = proptest::option::of(select(vec![0, 1, 30]));
    let number = proptest::option::weighted(0.3, 0..2u8);
    let line = prop_oneof![8 => amount(), 1 => amount().prop_map(|amount| -amount)];
    prop_oneof![
        4 => (who(), cur(), number, days, awaits()).prop_map(
            |(who, cur, number, days, awaits)| {
                // An invoice on the wrong rail cannot be asked for.
                let awaits = if awaits == Awaits::Wrong { Awaits::Nothing } else { awaits };
                Op::Invoice { who, cur, number, days, awaits }
            }
        ),
        6 => (place(), line, proptest::option::weighted(0.1, cur()))
            .prop_map(|(invoice, amount, cur)| Op::Item { invoice, amount, cur }),
        5 => place().prop_map(|invoice| Op::Finalize { invoice }),
        1 => (place(), prop::bool::weighted(0.3))
            .prop_map(|(invoice, elsewhere)| Op::PayInvoice { invoice, elsewhere }),
        1 => place().prop_map(|invoice| Op::Void { invoice }),
        1 => place().prop_map(|invoice| Op::GiveUp { invoice }),
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
        5 => (amount(), cur(), proptest::option::weighted(0.3, place()))
            .prop_map(|(amount, cur, account)| Op::Payout { amount, cur, account }),
        2 => place().prop_map(|payout| Op::CancelPayout { payout }),
        2 => place().prop_map(|payout| Op::ReversePayout { payout }),
    ]
}

fn customers() -> impl Strategy<Value = Op> {
    let mode = select(vec![Mode::Default, Mode::Automatic, Mode::Manual]);
    prop_oneof![
        1 => any::<bool>().prop_map(|email| Op::AddCustomer { email }),
        1 => (who(), any::<bool>()).prop_map(|(who, email)| Op::SetEmail { who, email }),
        3 => (who(), mode).prop_map(|(who, mode)| Op::SetMode { who, mode }),
        1 => who().prop_map(|who| Op::Delete { who }),
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

/// Commands, mostly about payments.
pub fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        12 => fund(),
        14 => intents(),
        8 => invoices(),
        8 => refunds(),
        4 => payouts(),
        4 => customers(),
        6 => wait(),
    ];
    vec(op, most / 4..=most)
}

pub fn settings() -> impl Strategy<Value = Settings> {
    let fee = prop_oneof![4 => Just((0, 0)), 2 => Just((290, 30)), 1 => Just((150, 60))];
    let settle_days = prop_oneof![1 => Just(0i64), 4 => Just(2i64)];
    (prop::bool::weighted(0.1), fee, settle_days, 1..=3i64, prop::bool::weighted(0.2)).prop_map(
        |(manual, (fee_bps, fee_fixed), settle_days, bank_days, strict_delete)| Settings {
            manual,
            fee_bps,
            fee_fixed,
            settle_days,
            bank_days,
            strict_delete,
        },
    )
}
