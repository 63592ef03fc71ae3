//! What clients ask about sources that take transfers.

use std::collections::BTreeMap;

use books::cash_balance::{BankTransfer, Sender};
use books::charge::ChargeProfile;
use books::command::{
    ChargeCommand, ChargeDraft, Payer, SourceCommand, SourceDraft, SourceEdit, SourceGiven,
};
use books::source::{Owner, RefundAttributes, SourceKind};
use books::{Command, Currency, Document, Kind, RowKey};

use crate::random::Random;

/// What clients know of them: each with its currency.
#[derive(Default)]
pub struct Sources {
    sources: Vec<(RowKey, Currency)>,
    transactions: Vec<RowKey>,
}

impl Sources {
    /// Takes note of a document as it is now.
    pub fn learn(&mut self, document: &Document) {
        let key = document.key();
        match document {
            Document::Source(source) if self.sources.iter().all(|(known, _)| *known != key) => {
                self.sources.extend(source.currency.map(|currency| (key, currency)));
            }
            Document::SourceTransaction(_) if !self.transactions.contains(&key) => {
                self.transactions.push(key);
            }
            _ => {}
        }
    }

    /// Documents that must be there.
    pub fn documents(&self) -> Vec<(Kind, RowKey)> {
        let sources = self.sources.iter().map(|(key, _)| (Kind::Source, *key));
        let transactions = self.transactions.iter().map(|key| (Kind::SourceTransaction, *key));
        sources.chain(transactions).collect()
    }

    /// What is asked next.
    pub fn next(&self, random: &mut Random) -> Option<Command> {
        let Some((source, currency)) = random.recent(&self.sources) else {
            return Some(create(random));
        };
        let amount = *random.pick(&[49, 500, 500, 1000, 2000]);
        Some(Command::Source(match random.below(12) {
            0 => return Some(create(random)),
            1 => SourceCommand::Update(Box::new(SourceEdit {
                source,
                amount: random.percent(50).then_some(amount),
                owner: Owner::default(),
                metadata: Some(BTreeMap::new()),
                simulated: random.percent(50).then_some(amount),
            })),
            2..6 => {
                let transfer =
                    BankTransfer { reference: None, sender: Sender::simulated(currency)? };
                SourceCommand::Receive { source, amount, transfer }
            }
            6 => SourceCommand::PullBack { transaction: random.recent(&self.transactions)? },
            7 => {
                let amount = random.percent(70).then_some(amount);
                SourceCommand::SendBack { source, amount }
            }
            _ => {
                let draft = ChargeDraft {
                    amount,
                    currency,
                    capture: random.percent(80),
                    profile: ChargeProfile::default(),
                };
                let (payer, draft) = (Payer::Source(source), Box::new(draft));
                return Some(Command::Charge(ChargeCommand::Create { payer, draft }));
            }
        }))
    }
}

fn create(random: &mut Random) -> Command {
    let (kind, currency) = match random.percent(60) {
        true => (SourceKind::AchCreditTransfer, Currency::USD),
        false => (SourceKind::SepaCreditTransfer, Currency::EUR),
    };
    let is_reusable = random.percent(70);
    Command::Source(SourceCommand::Create(Box::new(SourceDraft {
        given: SourceGiven::Receiver(kind, RefundAttributes::default()),
        is_reusable,
        amount: (!is_reusable).then_some(500),
        currency: Some(currency),
        owner: Owner::default(),
        statement_descriptor: None,
        metadata: BTreeMap::new(),
        simulated: random.percent(30).then_some(500),
    })))
}
