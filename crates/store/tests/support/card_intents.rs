//! Payments by card, for tests.

use books::command::{
    Capture, CardEdit, CardGiven, Confirmation, IntentCommand, IntentDraft, IntentEdit,
    MethodDraft, PayWith, Presence,
};
use books::payment_intent::{BillingDetails, IntentProfile, MethodType, TransferOptions};
use books::{Command, Number, RowKey};

use super::Ask;
use super::asks::currency;
use super::cards::card;

/// A card that does something, as a payment method to make.
pub fn with(does: &str) -> CardEdit {
    CardEdit::Instrument(PayWith::New(Box::new(MethodDraft {
        card: CardGiven::Fresh(Box::new(card(does))),
        param: "payment_method",
        billing_details: BillingDetails::default(),
        allow_redisplay: None,
        metadata: Default::default(),
    })))
}

/// A payment that takes cards and cash, confirmed with a card.
pub fn pay_by_card(customer: Number, does: &str, amount: i64, code: &str) -> Ask {
    create(customer, vec![with(does)], amount, code)
}

/// The same, captured later.
pub fn reserve(customer: Number, does: &str, amount: i64, code: &str) -> Ask {
    let manual = CardEdit::CaptureMethod(Some("manual".to_owned()));
    create(customer, vec![with(does), manual], amount, code)
}

fn create(customer: Number, card: Vec<CardEdit>, amount: i64, code: &str) -> Ask {
    let methods = match customer {
        Number(0) => vec![MethodType::Card],
        _ => vec![MethodType::Card, MethodType::CustomerBalance],
    };
    let draft = Box::new(IntentDraft {
        amount,
        currency: currency(code),
        methods,
        transfer: TransferOptions::usual(currency(code)),
        method: None,
        automatic_methods: None,
        card,
        presence: Presence::default(),
        profile: IntentProfile::default(),
    });
    Command::Intent(IntentCommand::Create { customer, draft, confirm: true }).into()
}

pub fn confirm_with_card(intent: RowKey, does: &str) -> Ask {
    let edits = vec![IntentEdit::Card(with(does))];
    let confirmation = Box::new(Confirmation { edits, ..Confirmation::default() });
    Command::Intent(IntentCommand::Confirm { intent, confirmation }).into()
}

pub fn confirm_with_cash(intent: RowKey) -> Ask {
    let edits = vec![IntentEdit::Method(BillingDetails::default())];
    let confirmation = Box::new(Confirmation { edits, ..Confirmation::default() });
    Command::Intent(IntentCommand::Confirm { intent, confirmation }).into()
}

pub fn capture_intent(intent: RowKey, amount: i64) -> Ask {
    let capture = Box::new(Capture { amount: Some(amount), edits: Vec::new() });
    Command::Intent(IntentCommand::Capture { intent, capture }).into()
}

pub fn authenticate(intent: RowKey, succeeded: bool) -> Ask {
    Command::Intent(IntentCommand::Authenticate { intent, succeeded }).into()
}
