//! Random commands against a plain reference: the books and the reference must always agree, and
//! the auditor must have nothing to say, until somebody tampers with a row.

mod ledger;
mod model;

use std::collections::BTreeMap;

use books::cash_balance::ReconciliationMode;
use books::command::{Edit, ModeChange};
use books::event::EventObject;
use books::funding::Instructions;
use books::journal::{Account, Entry, EntryKind};
use books::{Command, Currency, Number, Refusal, Reply};
use ledger::{Ledger, Rows};
use model::{CURRENCIES, Model};
use proptest::prelude::*;

const STEPS_MAX: usize = 60;

/// A command; `who` counts customers from the first that was made, and may count too far.
#[derive(Clone, Debug)]
enum Op {
    Create,
    Fund {
        who: usize,
        amount: i64,
        currency: usize,
        reference: Option<String>,
    },
    Delete {
        who: usize,
    },
    /// `None` for a mode that is not given, `Some(None)` for the account's default.
    Mode {
        who: usize,
        mode: Option<Option<&'static str>>,
    },
    Metadata {
        who: usize,
        clear: bool,
        changes: BTreeMap<String, Option<String>>,
    },
    Instructions {
        who: usize,
        wanted: Vec<u8>,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 0..7usize;
    let amount = prop_oneof![8 => 1..1000i64, 1 => Just(i64::MAX), 1 => i64::MAX / 4..i64::MAX];
    let reference = prop_oneof![
        4 => Just(None),
        2 => Just(Some("reversal_7".to_owned())),
        1 => "\\PC{0,12}".prop_map(Some),
    ];
    let mode = prop_oneof![
        Just(None),
        Just(Some(None)),
        Just(Some(Some("manual"))),
        Just(Some(Some("automatic"))),
    ];
    // Few names, so that they meet again; sometimes more than there may be.
    let names = prop_oneof![9 => 0..6usize, 1 => 40..70usize];
    let changes = (names, any::<u64>()).prop_map(|(count, seed)| {
        let change = |at: usize| {
            let set = (seed >> (at % 64)) & 3 != 0;
            (format!("k{}", (at + seed as usize % 7) % 80), set.then(|| format!("v{seed}")))
        };
        (0..count).map(change).collect()
    });
    let wanted = prop::collection::vec(0..6u8, 0..4);
    prop_oneof![
        3 => Just(Op::Create),
        10 => (who(), amount, 0..CURRENCIES.len(), reference).prop_map(
            |(who, amount, currency, reference)| Op::Fund { who, amount, currency, reference }
        ),
        2 => who().prop_map(|who| Op::Delete { who }),
        2 => (who(), mode).prop_map(|(who, mode)| Op::Mode { who, mode }),
        3 => (who(), prop::bool::weighted(0.2), changes)
            .prop_map(|(who, clear, changes)| Op::Metadata { who, clear, changes }),
        2 => (who(), wanted).prop_map(|(who, wanted)| Op::Instructions { who, wanted }),
    ]
}

/// A command for the books. A customer that was never made gets a number that none has.
fn command(op: &Op, made: &[Number]) -> Command {
    let number = |who: &usize| made.get(*who).copied().unwrap_or(Number(12));
    match op {
        Op::Create => Command::CreateCustomer { edits: vec![] },
        Op::Fund { who, amount, currency, reference } => Command::Fund {
            customer: number(who),
            amount_minor: *amount,
            currency: Currency::parse(CURRENCIES[*currency]).expect("a currency"),
            reference: reference.clone(),
        },
        Op::Delete { who } => Command::DeleteCustomer { customer: number(who) },
        Op::Mode { who, mode } => {
            let change = |mode: &Option<&str>| match *mode {
                None => ModeChange::MerchantDefault,
                Some("manual") => ModeChange::Own(ReconciliationMode::Manual),
                Some(_) => ModeChange::Own(ReconciliationMode::Automatic),
            };
            let mode = mode.as_ref().map(change);
            Command::UpdateCashBalance { customer: number(who), mode }
        }
        Op::Metadata { who, clear, changes } => {
            let mut edits = vec![Edit::Metadata(changes.clone())];
            if *clear {
                edits.insert(0, Edit::MetadataClear);
            }
            Command::UpdateCustomer { customer: number(who), edits }
        }
        Op::Instructions { who, wanted } => {
            let candidate = |account: &u8| Instructions {
                currency: Currency::MXN,
                country: "MX".into(),
                transfer_type: "mx_bank_transfer".into(),
                account_key: account.to_string(),
                financial_addresses: serde_json::Value::Null,
            };
            let candidates = wanted.iter().map(candidate).collect();
            let (customer, address_types) = (number(who), vec![]);
            Command::GetInstructions { customer, candidates, address_types }
        }
    }
}

/// The outcome in the words of the reference.
fn told(result: &Result<Reply, Refusal>) -> String {
    match result {
        Ok(Reply::Customer(customer)) if customer.deleted => "gone".into(),
        Ok(Reply::Customer(_)) => "customer".into(),
        Ok(Reply::CashBalance(_, settings, _)) => settings.reconciliation_mode.as_str().into(),
        Ok(Reply::CashTransaction(row)) => {
            let (net, ends) = (row.net_amount, row.ending_balance);
            format!("{} {} {net} -> {ends}", row.cause.type_name(), row.currency)
        }
        Ok(Reply::Instructions(made, _)) => format!("account {}", made.account_key),
        Err(Refusal::CustomerHoldsCash) => "holds cash".into(),
        Err(Refusal::NoTransferIn(_)) => "no transfer".into(),
        Err(Refusal::AmountTooLarge) => "too large".into(),
        Err(Refusal::TooManyMetadataKeys(_)) => "too many keys".into(),
        Err(Refusal::NoAccountNumberLeft) => "no account left".into(),
        Err(_) => "nobody".into(),
    }
}

/// Runs the commands on both sides; each must come out alike.
fn run(ops: &[(Op, i64)]) -> Result<(Ledger, Model, Vec<Number>), TestCaseError> {
    let (mut ledger, mut model) = (Ledger::new(), Model::default());
    let mut made: Vec<Number> = Vec::new();
    for (op, passes_ms) in ops {
        ledger.now_ms += passes_ms;
        let result = ledger.step(&command(op, &made));
        prop_assert_eq!(told(&result), model.step(op), "{:?}", op);
        if let (Op::Create, Ok(Reply::Customer(customer))) = (op, &result) {
            made.push(customer.number);
        }
    }
    Ok((ledger, model, made))
}

/// Time mostly goes forward.
fn ops(most: usize) -> impl Strategy<Value = Vec<(Op, i64)>> {
    prop::collection::vec((op(), prop_oneof![5 => 0..5000i64, 1 => -9000..0i64]), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_books_agree_with_the_reference(ops in ops(STEPS_MAX)) {
        let (ledger, model, made) = run(&ops)?;
        for (holder, number) in model.holders.iter().zip(&made) {
            let kept = &ledger.holders[number];
            let cash = kept.available.0.iter().map(|(currency, cash)| (currency.as_str(), *cash));
            prop_assert_eq!(cash.collect::<BTreeMap<_, _>>(), holder.cash.clone());
            let mode = kept.customer.reconciliation_mode.map(|mode| mode.as_str());
            prop_assert_eq!(kept.customer.deleted, holder.gone);
            if !holder.gone {
                prop_assert_eq!(mode, holder.mode);
                prop_assert_eq!(&kept.customer.profile.metadata, &holder.metadata);
            }
            let rows = ledger.entries.iter().filter_map(|sealed| sealed.booked.as_ref());
            let own = rows.filter(|row| row.key.customer == *number);
            let history = own.map(|row| (row.currency.as_str(), row.ending_balance));
            prop_assert_eq!(history.collect::<Vec<_>>(), holder.history.clone());
        }
        let events: Vec<&str> = ledger.events.iter().map(|event| event.kind.as_str()).collect();
        prop_assert_eq!(events, model.events.clone());
    }

    #[test]
    fn the_house_holds_what_the_customers_are_owed(ops in ops(STEPS_MAX)) {
        let (ledger, model, _) = run(&ops)?;
        let mut bank: BTreeMap<String, i128> = BTreeMap::new();
        for posting in ledger.entries.iter().flat_map(|sealed| sealed.entry.postings()) {
            let sum = bank.entry(posting.currency.to_string()).or_default();
            match posting.account {
                Account::Bank => *sum += i128::from(posting.amount_minor),
                other => prop_assert!(matches!(other, Account::CustomerCash(_)), "{:?}", other),
            }
        }
        let owed = model.owed().into_iter().map(|(currency, sum)| (currency.to_owned(), sum));
        prop_assert_eq!(bank, owed.collect::<BTreeMap<_, _>>());
    }

    #[test]
    fn the_auditor_finds_nothing(ops in ops(STEPS_MAX)) {
        let (ledger, _, _) = run(&ops)?;
        let report = ledger.rows().audit();
        prop_assert_eq!(report.findings, vec![]);
        prop_assert_eq!(report.broken, 0);
        prop_assert_eq!(report.entries, ledger.entries.len() as u64);
        prop_assert_eq!(report.transactions, ledger.entries.len() as u64);
    }

    #[test]
    fn the_auditor_finds_any_tampering(
        ops in ops(30),
        at in any::<prop::sample::Index>(),
        how in 0..TAMPERINGS,
    ) {
        let (ledger, _, _) = run(&ops)?;
        prop_assume!(!ledger.entries.is_empty());
        let mut rows = ledger.rows();
        let at = at.index(rows.entries.len());
        prop_assume!(tamper(&mut rows, at, how));
        prop_assert!(rows.audit().broken > 0, "tampering {} at {} was not found", how, at);
    }

    #[test]
    fn an_event_tells_what_was_there(ops in ops(STEPS_MAX)) {
        let (ledger, _, made) = run(&ops)?;
        for event in &ledger.events {
            match &event.object {
                EventObject::CashTransaction(key) | EventObject::CashBalance(key, _) => {
                    let row = ledger.entries.iter().filter_map(|sealed| sealed.booked.as_ref());
                    prop_assert_eq!(row.filter(|row| row.key == *key).count(), 1);
                }
                EventObject::Customer { now, before } => {
                    prop_assert!(made.contains(&now.number));
                    prop_assert!(before.as_ref().is_none_or(|before| before != now));
                }
            }
        }
    }
}

const TAMPERINGS: usize = 12;

/// Changes the stored rows in one way; `false` where that would change nothing.
fn tamper(rows: &mut Rows, at: usize, how: usize) -> bool {
    let last = rows.entries.len() - 1;
    let sealed = &mut rows.entries[at];
    let row = &mut rows.transactions[at];
    match how {
        0 => drop(rows.entries.remove(at)),
        1 => drop(rows.transactions.remove(at)),
        2 => row.net_amount = row.net_amount.wrapping_add(1),
        3 => row.ending_balance = row.ending_balance.wrapping_sub(1),
        4 => drop(row.others.0.insert(Currency::parse("chf").expect("a currency"), 1)),
        5 => row.key.customer = Number(99),
        6 => sealed.seal[31] ^= 1,
        7 => {
            let kind = match sealed.entry.kind() {
                EntryKind::Funded => EntryKind::FundingReversed,
                _ => EntryKind::Funded,
            };
            let (number, postings) = (sealed.entry.number(), sealed.entry.postings().to_vec());
            sealed.entry = Entry::new(number, kind, postings).expect("it balances");
        }
        8 => {
            let postings = sealed.entry.postings();
            let (Some(debit), Some(credit)) = (postings.first(), postings.last()) else {
                return false;
            };
            let accounts = (credit.account, debit.account);
            let (number, kind) = (sealed.entry.number(), sealed.entry.kind());
            let Ok(turned) =
                Entry::transfer(number, kind, accounts, debit.amount_minor, debit.currency)
            else {
                return false;
            };
            sealed.entry = turned;
        }
        9 if at != last => rows.entries.swap(at, last),
        10 => rows.house[0].2 = rows.house[0].2.wrapping_add(1),
        11 => rows.head.1 += 1,
        _ => return false,
    }
    true
}
