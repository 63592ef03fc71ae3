//! Part-paid intents that are changed: what they hold stays what the customer gave, and comes back.

use books::command::{Confirmation, IntentCommand, IntentEdit};
use books::payment_intent::TransferOptions;
use books::{Command, Currency, Kind, Number, RowKey};

use crate::support::asks::{cancel, pay};
use crate::support::{Ask, Bench, delete, fund};

/// A customer whose 100 dollars went to a payment of 500.
fn part_paid(bench: &Bench) -> (Number, RowKey) {
    let ada = bench.customer();
    bench.expect(fund(ada, 100, "usd"), "funded usd 100 -> 100");
    (ada, bench.make(pay(ada, 500, "usd"), "requires_action 100/500", Kind::PaymentIntent))
}

fn update(intent: RowKey, edits: Vec<IntentEdit>) -> Ask {
    Command::Intent(IntentCommand::Update { intent, edits }).into()
}

fn confirm_with(intent: RowKey, edits: Vec<IntentEdit>) -> Ask {
    let confirmation = Box::new(Confirmation { edits, ..Confirmation::default() });
    Command::Intent(IntentCommand::Confirm { intent, confirmation }).into()
}

fn to_euros() -> Vec<IntentEdit> {
    let transfer = TransferOptions::usual(Currency::EUR);
    vec![IntentEdit::Currency(Currency::EUR), IntentEdit::Transfer(transfer)]
}

#[test]
fn dollars_come_back_as_dollars_when_the_currency_changes() {
    let bench = Bench::new();
    let (ada, intent) = part_paid(&bench);
    bench.expect(update(intent, to_euros()), "requires_confirmation 0/500");
    assert_eq!(bench.available(ada), "usd 100");
    bench.assert_healthy();
}

#[test]
fn a_payment_that_failed_never_holds_more_than_it_asks_for() {
    let bench = Bench::new();
    let (_, intent) = part_paid(&bench);
    let no_transfer = vec![IntentEdit::Transfer(None)];
    bench.expect(confirm_with(intent, no_transfer), "too little: requires_payment_method...");
    bench.tell(update(intent, vec![IntentEdit::Amount(60)]));
    bench.assert_healthy();
}

#[test]
fn a_customer_whose_payment_failed_in_part_holds_money() {
    let bench = Bench::new();
    let (ada, intent) = part_paid(&bench);
    let no_transfer = vec![IntentEdit::Transfer(None)];
    bench.expect(confirm_with(intent, no_transfer), "too little: requires_payment_method...");
    bench.expect(delete(ada), "CustomerHoldsCash");
    bench.expect(cancel(intent), "canceled 0/500");
    assert_eq!(bench.available(ada), "usd 100");
    bench.assert_healthy();
}
