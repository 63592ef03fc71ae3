//! Commands about cards, sources and top-ups.

use std::collections::BTreeMap;

use books::cash_balance::{BankTransfer, Sender};
use books::charge::{CardCharge, ChargeProfile, Stage};
use books::command::{
    Capture, CardEdit, CardGiven, ChargeCommand, ChargeDraft, Confirmation, Given, IntentCommand,
    IntentDraft, IntentEdit, MethodDraft, PayWith, Payer, Presence, RefundCommand, RefundOf,
    RefundTerms, SourceCommand, SourceDraft, SourceGiven, TopupCommand, TopupDraft, WalletCommand,
};
use books::payment_intent::{
    BillingDetails, IntentProfile, IntentStatus, MethodType, PaymentIntent,
};
use books::payout::PayoutFailure;
use books::source::{Owner, RefundAttributes, Source, SourceKind, SourceStatus};
use books::topup::TopupStatus;
use books::{Command, Document, Kind, Number, RowKey};

use super::{currency, customer, intent, row, transfer};
use crate::acquirer::card;
use crate::ledger::Ledger;
use crate::ops::{ByCard, Cur, Network, Op, Plastic, choose};

/// The command, where what it is about exists.
pub fn command(ledger: &Ledger, op: &Op) -> Option<Command> {
    Some(match *op {
        Op::TopUp { amount, cur, fails } => {
            Command::Topup(TopupCommand::Create(Box::new(TopupDraft {
                amount,
                currency: currency(cur),
                named: fails.map(|fails| fails.then_some(PayoutFailure::NoAccount)),
                description: None,
                statement_descriptor: None,
                transfer_group: None,
                metadata: BTreeMap::new(),
            })))
        }
        Op::CancelTopUp { topup } => {
            let waits = |it: &Document| match it {
                Document::Topup(topup) => topup.status == TopupStatus::Pending,
                _ => false,
            };
            let topup = row(ledger, Kind::Topup, waits, topup)?.key().number;
            Command::Topup(TopupCommand::Cancel { topup })
        }
        Op::Charge { amount, cur, card, capture } => {
            let payer = Payer::Given(fresh(card));
            charge(payer, amount, cur, capture)
        }
        Op::ChargeWallet { who, amount, cur, capture } => {
            charge(Payer::Default(customer(ledger, who)?), amount, cur, capture)
        }
        Op::AddCard { who, card } => Command::Wallet(WalletCommand::Add {
            customer: customer(ledger, who)?,
            given: Given::Card(fresh(card)),
            metadata: BTreeMap::new(),
        }),
        Op::Capture { charge, amount } => {
            let is_apt = |it: &CardCharge| {
                matches!(it.stage, Stage::Authorized { .. }) && it.payment_intent.is_none()
            };
            let charge = a_charge(ledger, is_apt, charge)?;
            Command::Charge(ChargeCommand::Capture { charge, amount, edits: vec![] })
        }
        Op::RefundCharge { charge, amount, email } => {
            let of = RefundOf::Charge(a_charge(ledger, CardCharge::is_captured, charge)?);
            let instructions_email = email.then(|| "c@d.co".into());
            let terms = RefundTerms { instructions_email, ..RefundTerms::default() };
            Command::Refund(RefundCommand::OfPayment { of, amount, terms })
        }
        Op::CardIntent { .. }
        | Op::PayByCard { .. }
        | Op::Authenticate { .. }
        | Op::CaptureIntent { .. } => Command::Intent(about_intents(ledger, op)?),
        Op::ChargeSource { source, amount, cur } => {
            charge(Payer::Source(a_source(ledger, has_money, source)?.key), amount, cur, true)
        }
        _ => Command::Source(about_sources(ledger, op)?),
    })
}

fn fresh(plastic: Plastic) -> CardGiven {
    CardGiven::Fresh(Box::new(card(plastic)))
}

fn charge(payer: Payer, amount: i64, cur: Cur, capture: bool) -> Command {
    let (currency, profile) = (currency(cur), ChargeProfile::default());
    let draft = Box::new(ChargeDraft { amount, currency, capture, profile });
    Command::Charge(ChargeCommand::Create { payer, draft })
}

/// A charge of a card or a source.
fn a_charge(ledger: &Ledger, is_apt: impl Fn(&CardCharge) -> bool, place: usize) -> Option<RowKey> {
    let all: Vec<&CardCharge> = ledger.card_charges().collect();
    choose(all.len(), |at| is_apt(all[at]), place).map(|at| all[at].key)
}

fn a_source(ledger: &Ledger, is_apt: fn(&Source) -> bool, place: usize) -> Option<Source> {
    let is_apt = |it: &Document| matches!(it, Document::Source(it) if is_apt(it));
    match row(ledger, Kind::Source, is_apt, place)? {
        Document::Source(source) => Some(*source),
        _ => None,
    }
}

fn has_money(source: &Source) -> bool {
    source.receiver.as_ref().is_some_and(|receiver| receiver.held() > 0)
}

fn about_intents(ledger: &Ledger, op: &Op) -> Option<IntentCommand> {
    let chosen = |is_apt: fn(&PaymentIntent) -> bool, place| {
        let is_apt = |it: &Document| matches!(it, Document::PaymentIntent(it) if is_apt(it));
        Some(row(ledger, Kind::PaymentIntent, is_apt, place)?.key())
    };
    Some(match *op {
        Op::CardIntent { who, amount, cur, by, confirm } => {
            let customer = match who {
                Some(who) => customer(ledger, who)?,
                None => Number(0),
            };
            IntentCommand::Create { customer, draft: Box::new(draft(amount, cur, by)), confirm }
        }
        Op::PayByCard { intent: place, card, away } => {
            let edits = vec![IntentEdit::Card(pay_with(card))];
            let presence = Presence { off_session: away, ..Presence::default() };
            let confirmation = Confirmation { edits, presence, ..Confirmation::default() };
            let intent = intent(ledger, place)?.key;
            IntentCommand::Confirm { intent, confirmation: Box::new(confirmation) }
        }
        Op::Authenticate { intent, succeeds: succeeded } => {
            let intent = chosen(PaymentIntent::waits_for_holder, intent)?;
            IntentCommand::Authenticate { intent, succeeded }
        }
        Op::CaptureIntent { intent, amount } => {
            let intent = chosen(|it| it.status == IntentStatus::RequiresCapture, intent)?;
            let capture = Box::new(Capture { amount, edits: vec![] });
            IntentCommand::Capture { intent, capture }
        }
        _ => unreachable!("not about payments by card"),
    })
}

fn draft(amount: i64, cur: Cur, by: ByCard) -> IntentDraft {
    let (mut card, mut profile) = (vec![], IntentProfile::default());
    let mut methods = vec![MethodType::Card];
    card.extend(by.card.map(pay_with));
    // What a cash balance can pay, too, is captured by hand only where a card pays.
    let manual = by.manual.then(|| "manual".to_owned());
    if by.cash.is_some() {
        methods.push(MethodType::CustomerBalance);
        card.push(CardEdit::CaptureMethod(manual));
    } else {
        profile.capture_method = manual;
    }
    IntentDraft {
        amount,
        currency: currency(cur),
        methods,
        transfer: by.cash.and_then(|awaits| transfer(awaits, cur)),
        method: None,
        automatic_methods: None,
        card,
        presence: Presence { off_session: by.away, ..Presence::default() },
        profile,
    }
}

fn pay_with(card: Plastic) -> CardEdit {
    CardEdit::Instrument(PayWith::New(Box::new(MethodDraft {
        card: fresh(card),
        param: "payment_method",
        billing_details: BillingDetails::default(),
        allow_redisplay: None,
        metadata: BTreeMap::new(),
    })))
}

fn about_sources(ledger: &Ledger, op: &Op) -> Option<SourceCommand> {
    Some(match *op {
        Op::AddSource { cur, amount, often, email } => {
            let kind = match cur {
                "usd" => SourceKind::AchCreditTransfer,
                _ => SourceKind::SepaCreditTransfer,
            };
            let email = email.then(|| "d@e.co".into());
            SourceCommand::Create(Box::new(SourceDraft {
                given: SourceGiven::Receiver(kind, RefundAttributes::default()),
                is_reusable: often,
                amount,
                currency: Some(currency(cur)),
                owner: Owner { email, ..Owner::default() },
                statement_descriptor: None,
                metadata: BTreeMap::new(),
                simulated: None,
            }))
        }
        Op::Receive { source, amount, network } => {
            let waits = |it: &Source| it.status == SourceStatus::Pending;
            let source = a_source(ledger, waits, source)?;
            let mut sender = Sender::simulated(source.currency?)?;
            if let (Sender::UsBankTransfer { network, .. }, Network::Swift) = (&mut sender, network)
            {
                *network = "swift".into();
            }
            let transfer = BankTransfer { reference: None, sender };
            SourceCommand::Receive { source: source.key, amount, transfer }
        }
        Op::PullBackOfSource { transfer } => {
            let is_there =
                |it: &Document| matches!(it, Document::SourceTransaction(it) if !it.reversed);
            let transaction = row(ledger, Kind::SourceTransaction, is_there, transfer)?.key();
            SourceCommand::PullBack { transaction }
        }
        Op::SendBack { source, amount } => {
            SourceCommand::SendBack { source: a_source(ledger, has_money, source)?.key, amount }
        }
        _ => unreachable!("not about sources"),
    })
}
