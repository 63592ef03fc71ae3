//! Sources that receive, are charged, and give back, against a store of documents and sums.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::charging::{Ask, Holder, Outcome, charge};
use super::*;
use crate::balance::{BalanceKind, BalanceTransaction, SourceType};
use crate::card::{
    Acquirer, Approved, Authorization, Authorized, Brand, Card, Checks, Decline, Funding, Risk,
    SentBack,
};
use crate::cash_balance::CashTransaction;
use crate::charge::{CardCharge, ChargeProfile, Instrument, Stage};
use crate::customer::{Customer, Purse};
use crate::decision::{AccountNumbers, Rules};
use crate::funding::Instructions;
use crate::id::{IdKey, Numbers};
use crate::limits::Tally;
use crate::payment_intent::BillingDetails;
use crate::reconciliation::Payable;
use crate::time::Millis;
use crate::timer::{DAY_S, Lot};

/// What was decided so far.
struct Shop {
    documents: BTreeMap<Number, Document>,
    sums: BTreeMap<Account, i64>,
    lines: Vec<BalanceTransaction>,
    told: Vec<&'static str>,
    accounts: Vec<(Number, String)>,
    numbers: Numbers,
    now_ms: i64,
    declines: bool,
}

/// The bank, and the network of cards.
struct World(bool);

impl AccountNumbers for World {
    fn draw(&self, owner: Number, rail: &str, home: Option<&str>, _: u32) -> Option<Instructions> {
        let currency = if rail == "us_bank_transfer" { Currency::USD } else { Currency::EUR };
        Some(Instructions {
            currency,
            country: home.unwrap_or("US").to_owned(),
            transfer_type: rail.to_owned(),
            account_key: owner.0.to_string(),
            financial_addresses: serde_json::json!([]),
        })
    }
}

impl Acquirer for World {
    fn verify(&self, _: &Card) -> Result<Checks, Decline> {
        Ok(Checks::default())
    }

    fn authorize(&self, _: &Authorization<'_>) -> Authorized {
        let decline = Decline { code: "card_declined".into(), decline_code: None };
        match self.0 {
            true => Authorized::Declined(decline, Risk::Normal),
            false => Authorized::Approved(Approved::default()),
        }
    }

    fn capture(&self, _: &Card, _: i64, _: Currency) -> Result<(), Decline> {
        Ok(())
    }

    fn void(&self, _: &Card, _: i64, _: Currency) {}

    fn refund(&self, _: &Card, _: i64, _: Currency) -> SentBack {
        SentBack::Arrived
    }
}

impl View for Shop {
    fn purse(&self, _: Number) -> Option<Purse> {
        None
    }
    fn customer(&self, _: Number) -> Option<Customer> {
        None
    }
    fn instructions(&self, _: Number, _: Currency, _: &str) -> Option<Instructions> {
        None
    }
    fn is_taken(&self, account_key: &str) -> bool {
        self.accounts.iter().any(|(_, key)| key == account_key)
    }
    fn payables(&self, _: Number) -> Vec<Payable> {
        vec![]
    }
    fn document(&self, kind: Kind, key: RowKey) -> Option<Document> {
        self.documents.get(&key.number).filter(|it| it.kind() == kind).cloned()
    }
    fn bank_accounts(&self) -> Vec<Document> {
        vec![]
    }
    fn wallet(&self, _: Number) -> Vec<Document> {
        vec![]
    }
    fn webhook_endpoints(&self) -> Vec<Document> {
        vec![]
    }
    fn balance_transaction(&self, _: Number) -> Option<BalanceTransaction> {
        None
    }
    fn cash_transaction(&self, _: RowKey) -> Option<CashTransaction> {
        None
    }
    fn is_reversed(&self, _: RowKey) -> bool {
        false
    }
    fn credited_after(&self, _: Number, _: Currency, _: Number, _: i64) -> i64 {
        0
    }
    fn lot_before(&self, _: Number, _: Currency, _: Number) -> Option<Lot> {
        None
    }
    fn spent(&self, _: &str, _: i64, _: Tally) -> i64 {
        0
    }
    fn house(&self) -> Vec<(Account, Currency, i64)> {
        vec![]
    }
}

fn draft(given: SourceGiven) -> SourceDraft {
    SourceDraft {
        given,
        is_reusable: true,
        amount: None,
        currency: Some(Currency::USD),
        owner: Owner::default(),
        statement_descriptor: None,
        metadata: BTreeMap::new(),
        simulated: None,
    }
}

fn receiver() -> SourceDraft {
    let kind = SourceKind::AchCreditTransfer;
    draft(SourceGiven::Receiver(kind, RefundAttributes::default()))
}

fn a_card() -> SourceDraft {
    let card = Card {
        brand: Brand::Visa,
        country: "US".into(),
        exp_month: 1,
        exp_year: 2030,
        fingerprint: "f".into(),
        funding: Funding::Credit,
        last4: "4242".into(),
        reference: "visa".into(),
        name: None,
        address: None,
        checks: Checks::default(),
    };
    draft(SourceGiven::Card(CardGiven::Fresh(Box::new(card))))
}

impl Shop {
    fn new() -> Shop {
        Shop {
            documents: BTreeMap::new(),
            sums: BTreeMap::new(),
            lines: vec![],
            told: vec![],
            accounts: vec![],
            numbers: Numbers::after(1, Number(0)),
            now_ms: 1_790_000_000_000,
            declines: false,
        }
    }

    /// Makes a decision, and takes over what it changes. A refusal changes nothing.
    fn decided<T>(
        &mut self,
        decide: impl FnOnce(&Shop, &mut Context<'_>) -> Result<(Vec<Change>, T), Refusal>,
    ) -> Result<T, Refusal> {
        let (ids, rules, world) = (IdKey::new([1; 16]), Rules::default(), World(self.declines));
        let rules = Rules { fee_fixed: 7, ..rules };
        let mut numbers = self.numbers.clone();
        let mut ctx = Context {
            now: Millis(self.now_ms),
            numbers: &mut numbers,
            ids: &ids,
            rules: &rules,
            accounts: &world,
            acquirer: Some(&world),
            cause: None,
        };
        let (changes, answer) = decide(self, &mut ctx)?;
        self.numbers = numbers;
        for change in changes {
            match change {
                Change::Document(document) => {
                    self.documents.insert(document.key().number, document);
                }
                Change::Booked(entry, _) => {
                    for posting in entry.postings() {
                        *self.sums.entry(posting.account).or_default() += posting.amount_minor;
                    }
                }
                Change::BalanceTransaction(line) => self.lines.push(*line),
                Change::Event(event) => self.told.push(event.kind.as_str()),
                Change::Instructions(owner, made) => self.accounts.push((owner, made.account_key)),
                Change::TimerSet(_) | Change::TimerDone(_) => {}
                other => panic!("{other:?}"),
            }
        }
        Ok(answer)
    }

    fn ask(&mut self, command: SourceCommand) -> Result<Document, Refusal> {
        let reply = self.decided(|shop, ctx| {
            let Decision { changes, reply } = decide(&command, shop, ctx)?;
            Ok((changes, reply))
        })?;
        match reply {
            crate::decision::Reply::Document(document) => Ok(document),
            other => panic!("{other:?}"),
        }
    }

    fn make(&mut self, draft: SourceDraft) -> RowKey {
        self.ask(SourceCommand::Create(Box::new(draft))).unwrap().key()
    }

    fn receive(&mut self, source: RowKey, amount: i64) -> Result<Document, Refusal> {
        let sender = Sender::simulated(Currency::USD).unwrap();
        let transfer = BankTransfer { reference: None, sender };
        self.ask(SourceCommand::Receive { source, amount, transfer })
    }

    fn charge(&mut self, source: RowKey, amount: i64) -> Result<Outcome, Refusal> {
        self.charge_in(source, amount, Currency::USD, true)
    }

    fn charge_in(
        &mut self,
        source: RowKey,
        amount: i64,
        currency: Currency,
        capture: bool,
    ) -> Result<Outcome, Refusal> {
        // Whoever asks may have seen an older state of the source.
        let instrument = Instrument::Source(Box::new(self.source(source)));
        self.decided(|shop, ctx| {
            let mut book = Book::open_any(Number(0), shop, ctx)?;
            let ask = Ask {
                amount,
                currency,
                instrument,
                payment_intent: None,
                capture,
                holder: Holder::default(),
                billing_details: BillingDetails::default(),
                profile: ChargeProfile::default(),
            };
            let outcome = charge(&mut book, ask)?;
            Ok((book.close(crate::decision::Reply::Done).changes, outcome))
        })
    }

    fn source(&self, key: RowKey) -> Source {
        match &self.documents[&key.number] {
            Document::Source(source) => (**source).clone(),
            other => panic!("{other:?}"),
        }
    }

    fn sum(&self, account: Account) -> i64 {
        self.sums.get(&account).copied().unwrap_or_default()
    }
}

fn charged(outcome: Result<Outcome, Refusal>) -> CardCharge {
    match outcome {
        Ok(Outcome::Charged(charge)) => charge,
        Ok(_) => panic!("the charge failed"),
        Err(refusal) => panic!("{refusal:?}"),
    }
}

#[test]
fn what_a_source_received_becomes_the_merchants() {
    let mut shop = Shop::new();
    let source = shop.make(receiver());
    assert_eq!(shop.accounts, [(source.number, source.number.0.to_string())]);
    shop.receive(source, 1000).unwrap();
    let charge = charged(shop.charge(source, 600));
    assert!(matches!(charge.stage, Stage::Captured { .. }));
    assert_eq!(charge.source_type(), SourceType::BankAccount);
    let Instrument::Source(shown) = &charge.instrument else { panic!() };
    assert_eq!(**shown, shop.source(source));
    let accounts = [Account::Bank, Account::Source(source.number), Account::BankPending];
    assert_eq!(accounts.map(|account| shop.sum(account)), [1000, -400, -593]);
    assert_eq!(shop.sum(Account::Fees), -7);
    let [line] = shop.lines.as_slice() else { panic!("one line") };
    assert_eq!((line.kind, line.source_type), (BalanceKind::Payment, SourceType::BankAccount));
    assert_eq!((line.amount, line.fee), (600, 7));
    let told = ["source.transaction.created", "source.chargeable", "charge.succeeded"];
    assert_eq!(shop.told, told);
    // It is reusable, so it stays as it is, and takes what else comes.
    let left = shop.source(source);
    let receiver = left.receiver.unwrap();
    assert_eq!((left.status, receiver.amount_charged), (SourceStatus::Chargeable, 600));
    let too_low = Refusal::SourceTooLow { available: 400, currency: Currency::USD };
    assert_eq!(shop.charge(source, 401).err(), Some(too_low));
    charged(shop.charge(source, 400));
    shop.receive(source, 50).unwrap();
    charged(shop.charge(source, 50));
    assert_eq!(shop.sum(Account::Source(source.number)), 0);
}

#[test]
fn sources_that_cannot_be_charged() {
    let mut shop = Shop::new();
    let empty = shop.make(receiver());
    let state = |source, status| {
        Some(Refusal::SourceState { source, action: "charged", status, param: "source" })
    };
    assert_eq!(shop.charge(empty, 1).err(), state(empty, SourceStatus::Pending));
    let once = shop.make(SourceDraft {
        is_reusable: false,
        amount: Some(500),
        simulated: Some(499),
        ..receiver()
    });
    assert_eq!(shop.charge(once, 500).err(), state(once, SourceStatus::Pending));
    shop.receive(once, 101).unwrap();
    assert_eq!(shop.charge(once, 501).err(), Some(Refusal::SourceAmount { most: 500 }));
    let euros = shop.charge_in(once, 500, Currency::EUR, true).err();
    assert_eq!(euros, Some(Refusal::SourceCurrency(Currency::USD)));
    charged(shop.charge(once, 500));
    assert_eq!(shop.source(once).status, SourceStatus::Consumed);
    assert_eq!(shop.charge(once, 1).err(), state(once, SourceStatus::Consumed));
    // What came too much, and what comes later, can go back.
    shop.receive(once, 9).unwrap();
    shop.ask(SourceCommand::SendBack { source: once, amount: None }).unwrap();
    assert_eq!(shop.source(once).receiver.unwrap().amount_returned, 109);
    assert_eq!(shop.sum(Account::Source(once.number)), 0);
}

#[test]
fn a_card_for_a_single_use_is_used_up_when_it_is_authorized() {
    let mut shop = Shop::new();
    let often = shop.make(SourceDraft { currency: None, ..a_card() });
    charged(shop.charge(often, 10));
    charged(shop.charge_in(often, 20, Currency::EUR, true));
    assert_eq!(shop.source(often).status, SourceStatus::Chargeable);
    assert_eq!(shop.lines[0].kind, BalanceKind::Charge);
    let once = shop.make(SourceDraft { is_reusable: false, ..a_card() });
    shop.declines = true;
    assert!(matches!(shop.charge(once, 10), Ok(Outcome::Failed(..))));
    assert_eq!(shop.source(once).status, SourceStatus::Chargeable);
    shop.declines = false;
    let charge = charged(shop.charge_in(once, 10, Currency::USD, false));
    assert!(matches!(charge.stage, Stage::Authorized { .. }));
    assert_eq!(shop.source(once).status, SourceStatus::Consumed);
}

#[test]
fn a_transfer_is_pulled_back_once_and_in_time() {
    let mut shop = Shop::new();
    let source = shop.make(receiver());
    let transaction = shop.receive(source, 70).unwrap().key();
    let late = shop.receive(source, 30).unwrap().key();
    shop.ask(SourceCommand::PullBack { transaction }).unwrap();
    let again = shop.ask(SourceCommand::PullBack { transaction });
    assert_eq!(again.err(), Some(Refusal::NotReversible));
    assert_eq!(shop.sum(Account::Bank), 30);
    shop.now_ms += 6 * DAY_S * 1000;
    let late = shop.ask(SourceCommand::PullBack { transaction: late });
    assert_eq!(late.err(), Some(Refusal::NotReversible));
}

#[test]
fn sums_that_do_not_fit_are_refused() {
    let mut shop = Shop::new();
    let source = shop.make(receiver());
    shop.receive(source, i64::MAX).unwrap();
    assert_eq!(shop.receive(source, 1).err(), Some(Refusal::AmountTooLarge));
    assert_eq!(shop.sum(Account::Bank), i64::MAX);
}

/// Something that happens to a source.
#[derive(Clone, Debug)]
enum Happens {
    Receives(i64),
    IsCharged(i64),
    SendsBack(Option<i64>),
    LosesTransfer(prop::sample::Index),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        (1i64..500).prop_map(Happens::Receives),
        (1i64..500).prop_map(Happens::IsCharged),
        prop::option::of(1i64..300).prop_map(Happens::SendsBack),
        any::<prop::sample::Index>().prop_map(Happens::LosesTransfer),
    ]
}

proptest! {
    /// What a source received was charged, went back, or is still there, and the ledger says so.
    #[test]
    fn no_money_of_a_source_is_lost(
        is_reusable in any::<bool>(),
        amount in prop::option::of(1i64..400),
        all in prop::collection::vec(happens(), 1..40),
    ) {
        let mut shop = Shop::new();
        let amount = if is_reusable { amount } else { amount.or(Some(100)) };
        let source = shop.make(SourceDraft { is_reusable, amount, ..receiver() });
        let mut transactions = Vec::new();
        let (mut charged, mut received) = (0, 0);
        for one in all {
            let before = (shop.documents.clone(), shop.sums.clone());
            let done = match one {
                Happens::Receives(amount) => shop.receive(source, amount).map(|it| {
                    received += amount;
                    transactions.push(it.key());
                }),
                Happens::IsCharged(amount) => {
                    shop.charge(source, amount).map(|_| charged += amount)
                }
                Happens::SendsBack(amount) => {
                    shop.ask(SourceCommand::SendBack { source, amount }).map(drop)
                }
                Happens::LosesTransfer(_) if transactions.is_empty() => continue,
                Happens::LosesTransfer(which) => {
                    let transaction = *which.get(&transactions);
                    shop.ask(SourceCommand::PullBack { transaction }).map(drop)
                }
            };
            if done.is_err() {
                prop_assert_eq!(&before, &(shop.documents.clone(), shop.sums.clone()));
            }
            let now = shop.source(source);
            let receiver = now.receiver.clone().unwrap();
            let held = receiver.held();
            prop_assert!(held >= 0);
            prop_assert_eq!(receiver.amount_received, received);
            prop_assert_eq!(receiver.amount_charged, charged);
            prop_assert_eq!(shop.sum(Account::Source(source.number)), -held);
            let there = shop.sum(Account::Bank);
            prop_assert_eq!(there, received - receiver.amount_returned);
            let merchant = shop.sum(Account::BankPending) + shop.sum(Account::Fees);
            prop_assert_eq!(merchant, -charged);
            prop_assert_eq!(now.status == SourceStatus::Consumed, !is_reusable && charged > 0);
        }
    }
}
