//! Cards and sources that customers have, as tests ask for them.

use std::collections::BTreeMap;

use books::command::{
    CardGiven, Edit, Given, SourceCommand, SourceDraft, SourceGiven, WalletCommand, WalletEdit,
};
use books::payment_intent::InstrumentKey;
use books::source::Owner;
use books::{Command, Number};

use super::Ask;
use super::cards::card;

/// A card that was not kept before.
pub fn fresh() -> Given {
    Given::Card(CardGiven::Fresh(Box::new(card("pays"))))
}

pub fn give(customer: Number, given: Given) -> Ask {
    let metadata = BTreeMap::new();
    Command::Wallet(WalletCommand::Add { customer, given, metadata }).into()
}

/// A source that is a card, and that nobody has.
pub fn make_source() -> Ask {
    let draft = SourceDraft {
        given: SourceGiven::Card(CardGiven::Fresh(Box::new(card("pays")))),
        is_reusable: true,
        amount: None,
        currency: None,
        owner: Owner::default(),
        statement_descriptor: None,
        metadata: BTreeMap::new(),
        simulated: None,
    };
    Command::Source(SourceCommand::Create(Box::new(draft))).into()
}

/// Names the holder of a card.
pub fn rename(customer: Number, named: InstrumentKey, name: &str) -> Ask {
    let edits = vec![WalletEdit::Name(Some(name.to_owned()))];
    Command::Wallet(WalletCommand::Update { customer, named, edits }).into()
}

pub fn take_away(customer: Number, named: InstrumentKey) -> Ask {
    Command::Wallet(WalletCommand::Remove { customer, named }).into()
}

/// Gives a customer another default, in place of the one that was there.
pub fn replace_default(customer: Number) -> Ask {
    let edits = vec![Edit::Source(fresh())];
    Command::UpdateCustomer { customer, edits }.into()
}

pub fn make_default(customer: Number, named: InstrumentKey) -> Ask {
    let edits = vec![Edit::DefaultSource(named)];
    Command::UpdateCustomer { customer, edits }.into()
}
