//! The words of a story.

use crate::ops::{Awaits, ByCard, Change, Cur, Mode, Name, Network, Op, Plastic, Style, Words};

/// Reads one command; some are several in one.
pub fn read(command: &str) -> Vec<Op> {
    let mut words = command.split(' ');
    let verb = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let given = |word: &str| rest.contains(&word);
    let amount = rest.iter().find_map(|word| word.parse::<i64>().ok());
    let sum = amount.unwrap_or_default();
    let cur: Cur = ["usd", "eur", "jpy"].into_iter().find(|cur| given(cur)).unwrap_or("usd");
    let place = |prefix: &str| place(&rest, prefix);
    let at = place(":").unwrap_or(0);
    let awaits = if given("fails") { Awaits::Nothing } else { Awaits::Usual };
    let who = if given("other") { 1 } else { 0 };
    let op = match verb {
        "fund" => fund(&rest, who, sum, cur),
        "pi" => {
            let confirm = !given("draft");
            Op::Intent { who, amount: sum, cur, awaits, method: true, confirm }
        }
        "confirm" => {
            let awaits = given("fails").then_some(Awaits::Nothing);
            Op::Confirm { intent: at, awaits, method: given("anew"), strange: false }
        }
        "change" => {
            let cur = ["eur", "jpy"].into_iter().find(|cur| given(cur));
            let awaits = cur.map(|_| Awaits::Usual);
            let change = Change { amount, cur, awaits, ..Change::default() };
            Op::Change { intent: at, change }
        }
        "describe" => {
            Op::Change { intent: at, change: Change { metadata: true, ..Change::default() } }
        }
        "cancel" => Op::Cancel { intent: at },
        "apply" => Op::Apply { intent: at, amount, cur: None },
        "manual" => Op::SetMode { who, mode: Mode::Manual },
        "automatic" => Op::SetMode { who, mode: Mode::Automatic },
        "invoice" => {
            let days = place("days:").map(|days| days as i64);
            return vec![
                Op::Invoice { who, cur, number: None, days, awaits },
                Op::Item { invoice: 0, amount: sum, cur: None },
                Op::Finalize { invoice: 0 },
            ];
        }
        "pay" => Op::PayInvoice { invoice: at, elsewhere: given("elsewhere") },
        "void" => Op::Void { invoice: at },
        "give-up" => Op::GiveUp { invoice: at },
        "refund" => Op::Refund { intent: at, amount, email: !given("silent"), by_charge: true },
        "to-cash" => Op::RefundToCash { intent: at, amount },
        "return" => Op::Return { who, amount: sum, cur, email: true },
        "cancel-refund" => Op::CancelRefund { refund: at },
        "expire" => Op::ExpireRefund { refund: at },
        "details" => Op::GiveDetails { refund: at, bounces: given("bounce") },
        "pull-back" => Op::PullBack { transfer: at },
        "account" => Op::AddAccount { cur, fails: given("fails"), default: true },
        "payout" => {
            let (instant, of_bank) = (given("instant"), given("bank"));
            Op::Payout { amount: sum, cur, account: None, instant, of_bank }
        }
        "cancel-payout" => Op::CancelPayout { payout: at },
        "reverse-payout" => Op::ReversePayout { payout: at },
        "delete" => Op::Delete { who },
        "wait" => Op::Wait { s: seconds(rest[0]) },
        _ => about_cards(verb, &rest, amount, cur),
    };
    vec![op]
}

/// The cards of stories, by their words.
const CARDS: [(&str, Plastic); 8] = [
    ("at-once", Plastic::PaysAtOnce),
    ("declines", Plastic::Declines),
    ("asks", Plastic::Asks),
    ("in-vain", Plastic::AsksInVain),
    ("disputes", Plastic::Disputes),
    ("later", Plastic::RefundsLater),
    ("bounces", Plastic::RefundsBounce),
    ("pays", Plastic::Pays),
];

fn about_cards(verb: &str, rest: &[&str], amount: Option<i64>, cur: Cur) -> Op {
    let given = |word: &str| rest.contains(&word);
    let found = CARDS.iter().find(|(word, _)| given(word));
    let card = found.map_or(Plastic::Pays, |(_, card)| *card);
    let (sum, at) = (amount.unwrap_or_default(), place(rest, ":").unwrap_or(0));
    match verb {
        "card" => Op::Charge { amount: sum, cur, card, capture: !given("hold") },
        "capture" => Op::Capture { charge: at, amount },
        "refund-charge" => Op::RefundCharge { charge: at, amount, email: !given("silent") },
        "pi-card" => {
            let cash = given("or-cash").then_some(Awaits::Usual);
            let by = ByCard { card: Some(card), cash, manual: given("hold"), away: given("away") };
            Op::CardIntent { who: Some(0), amount: sum, cur, by, confirm: true }
        }
        "pay-by" => Op::PayByCard { intent: at, card, away: given("away") },
        "authenticate" => Op::Authenticate { intent: at, succeeds: !given("fails") },
        "capture-pi" => Op::CaptureIntent { intent: at, amount },
        "source" => Op::AddSource { cur, amount, often: !given("once"), email: true },
        "receive" => Op::Receive { source: at, amount: sum, network: Network::Simulated },
        "send-back" => Op::SendBack { source: at, amount },
        "pull-back-of" => Op::PullBackOfSource { transfer: at },
        "charge-source" => Op::ChargeSource { source: at, amount: sum, cur },
        "top-up" => Op::TopUp { amount: sum, cur, fails: Some(given("fails")) },
        "cancel-top-up" => Op::CancelTopUp { topup: at },
        other => unreachable!("no story knows '{other}'"),
    }
}

fn place(rest: &[&str], prefix: &str) -> Option<usize> {
    rest.iter().find_map(|word| word.strip_prefix(prefix)?.parse().ok())
}

fn fund(rest: &[&str], who: usize, sum: i64, cur: Cur) -> Op {
    let given = |word: &str| rest.contains(&word);
    let place = |prefix: &str| place(rest, prefix);
    let named = [place("pi:").map(Name::Intent), place("in:").map(Name::Invoice)];
    let named: Vec<Name> = named.into_iter().flatten().collect();
    let words = match named.is_empty() {
        true if given("reversal") => Words::Reversal(None),
        true => Words::Nothing,
        false => Words::Names(named),
    };
    let network = match (given("swift"), given("ach")) {
        (true, _) => Network::Swift,
        (_, true) => Network::Ach,
        _ => Network::Simulated,
    };
    Op::Fund { who, amount: sum, cur, words, style: Style::InText, network }
}

/// `75d`, `3h` or `10s`.
fn seconds(text: &str) -> i64 {
    let (count, unit) = text.split_at(text.len() - 1);
    let unit_s = match unit {
        "d" => 86_400,
        "h" => 3600,
        _ => 1,
    };
    count.parse::<i64>().expect("a count") * unit_s
}
