
use books::command::*;
use books::payment_intent::*;
use books::*;
use crate::support::asks::*;
use crate::support::*;

fn update(intent: RowKey, edits: Vec<IntentEdit>) -> Ask {
    Command::Intent(IntentCommand::Update { intent, edits }).into()
}

#[test]
fn currency_of_a_part() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 100, "usd"), "...");
    let key = bench.make(pay(ada, 500, "usd"), "requires_action 100/500", Kind::PaymentIntent);
    let eur = Currency::EUR;
    println!("{}", bench.tell(update(key, vec![IntentEdit::Currency(eur), IntentEdit::Transfer(TransferOptions::usual(eur))])));
    println!("{}", bench.available(ada));
    println!("{:#?}", bench.findings());
}

#[test]
fn currency_of_a_part_confirm() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 100, "usd"), "...");
    let key = bench.make(pay(ada, 500, "usd"), "requires_action 100/500", Kind::PaymentIntent);
    let eur = Currency::EUR;
    let confirmation = Box::new(Confirmation { payment_method: None, edits: vec![IntentEdit::Currency(eur), IntentEdit::Transfer(TransferOptions::usual(eur))]});
    println!("{}", bench.tell(Command::Intent(IntentCommand::Confirm { intent: key, confirmation }).into()));
    println!("{}", bench.available(ada));
    println!("{:#?}", bench.findings());
}

#[test]
fn part_fails() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 100, "usd"), "...");
    let key = bench.make(pay(ada, 500, "usd"), "requires_action 100/500", Kind::PaymentIntent);
    let confirmation = Box::new(Confirmation { payment_method: None, edits: vec![IntentEdit::Transfer(None)]});
    println!("{}", bench.tell(Command::Intent(IntentCommand::Confirm { intent: key, confirmation }).into()));
    println!("{}", bench.tell(update(key, vec![IntentEdit::Amount(60)])));
    println!("{:#?}", bench.findings());
    println!("{}", bench.tell(Command::Intent(IntentCommand::Apply { intent: key, amount: None, currency: None }).into()));
    println!("{}", bench.available(ada));
    println!("{:#?}", bench.findings());
}

#[test]
fn part_fails_equal() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 100, "usd"), "...");
    let key = bench.make(pay(ada, 500, "usd"), "requires_action 100/500", Kind::PaymentIntent);
    let confirmation = Box::new(Confirmation { payment_method: None, edits: vec![IntentEdit::Transfer(None)]});
    println!("{}", bench.tell(Command::Intent(IntentCommand::Confirm { intent: key, confirmation }).into()));
    println!("{}", bench.tell(update(key, vec![IntentEdit::Amount(100)])));
    println!("{:#?}", bench.findings());
    println!("{}", bench.tell(update(key, vec![IntentEdit::Method(BillingDetails::default())])));
    println!("{}", bench.tell(confirm(key)));
    println!("{}", bench.available(ada));
    println!("{:#?}", bench.findings());
}

#[test]
fn delete_with_part() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 100, "usd"), "...");
    let key = bench.make(pay(ada, 500, "usd"), "requires_action 100/500", Kind::PaymentIntent);
    let confirmation = Box::new(Confirmation { payment_method: None, edits: vec![IntentEdit::Transfer(None)]});
    println!("{}", bench.tell(Command::Intent(IntentCommand::Confirm { intent: key, confirmation }).into()));
    println!("{}", bench.tell(delete(ada)));
    println!("{}", bench.tell(cancel(key)));
    println!("{}", bench.available(ada));
}

#[test]
fn refund_of_invoice() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(email(ada), "...");
    bench.expect(fund(ada, 100, "usd"), "...");
    let key = bench.make(invoice(ada, "usd"), "invoice draft 0/0", Kind::Invoice);
    bench.expect(item(key, 100), "invoiceitem");
    println!("{}", bench.tell(finalize(key)));
    let pi = bench.newest(Kind::PaymentIntent);
    println!("{}", bench.tell(refund(pi, 40)));
    let r = bench.newest(Kind::Refund);
    println!("{:?}", bench.readers.snapshot(|x| x.document(bench.world, Kind::Refund, r)));
    println!("{:#?}", bench.findings());
}

#[test]
fn default_bank() {
    let bench = Bench::new();
    let a = bench.make(bank_account("usd", None), "...", Kind::BankAccount);
    println!("{}", bench.tell(Command::Payout(PayoutCommand::DeleteBankAccount { account: a.number }).into()));
    let mut d = bank_account("usd", None);
    if let Command::Payout(PayoutCommand::CreateBankAccount(draft)) = &mut d.command { draft.default_for_currency = false; }
    println!("{}", bench.tell(d));
    for d in bench.documents(Kind::BankAccount, &Default::default()) { println!("{}", d.to_text()); }
}
