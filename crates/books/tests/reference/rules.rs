//! The rules, as stories: what is done, what the cash balance of the first customer shows then,
//! what became of the payment intents, and where the money is. Both sides are asked, so these hold
//! the reference too against what is expected by hand.
//!
//! A story is a line of commands: `fund 700 eur`, `pi 1000 usd`, `wait 75d`. A number in front of
//! anything is its amount; `:1` is the place of an object, counted back from the newest. ` => `
//! tells the refusal that is expected.

mod cards;
mod stories;
mod words;

use books::Document;
use books::journal::Account;

use crate::Sides;
use crate::ops::Settings;

/// The settings of most stories.
const PLAIN: Settings = Settings {
    manual: false,
    fee_bps: 0,
    fee_fixed: 0,
    settle_days: 2,
    bank_days: 1,
    instant_bps: 0,
    strict_delete: false,
};

#[track_caller]
fn check_with(set: Settings, [story, rows, intents, house]: [&str; 4]) {
    let mut sides = Sides::new(set);
    for command in story.split("; ") {
        let (command, refusal) = match command.split_once(" => ") {
            Some((command, refusal)) => (command, Some(refusal)),
            None => (command, None),
        };
        for op in words::read(command) {
            let outcome = sides.step(&op).unwrap_or_else(|e| panic!("{story}: {command}: {e}"));
            let got = match outcome {
                Some(Ok("done")) => None,
                Some(Ok(other) | Err(other)) => Some(other),
                None => Some("there is none"),
            };
            assert_eq!(got, refusal, "{story}: {command}");
        }
    }
    let ledger = &sides.ledger;
    let first = ledger.holders.keys().next().expect("a customer");
    let of_first = ledger.cash().filter(|row| row.key.customer == *first);
    let shown = of_first.map(|row| format!("{} {}", row.cause.type_name(), row.net_amount));
    assert_eq!(shown.collect::<Vec<_>>().join(", "), rows, "{story}");
    let shown = ledger.documents.values().filter_map(|document| match document {
        Document::PaymentIntent(intent) => {
            Some(format!("{} {}", intent.status.as_str(), intent.applied))
        }
        _ => None,
    });
    assert_eq!(shown.collect::<Vec<_>>().join(", "), intents, "{story}");
    let sums = ledger.sums.iter().filter(|((account, _), sum)| account.is_house() && **sum != 0);
    let shown = sums.filter_map(|((account, currency), sum)| {
        let name = match account {
            Account::MerchantPending => "pending",
            Account::MerchantAvailable => "available",
            Account::BankPending => "bank pending",
            Account::BankAvailable => "bank available",
            Account::CardNetwork => "network",
            Account::Fees => "fees",
            Account::RefundsInTransit => "returning",
            Account::PayoutsInTransit => "leaving",
            _ => return None,
        };
        Some(format!("{name} {} {currency}", -sum))
    });
    assert_eq!(shown.collect::<Vec<_>>().join(", "), house, "{story}");
    assert_eq!(ledger.rows().audit().findings, vec![], "{story}");
}

#[track_caller]
fn check(stories: &[[&str; 4]]) {
    for story in stories {
        check_with(PLAIN, *story);
    }
}
