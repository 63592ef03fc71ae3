//! Changes to payment intents, one by one.

use super::MetadataPatch;
use super::book::Book;
use super::card_intents::{self, CardEdit, must_take};
use super::customers::patch_metadata;
use super::intent_methods::{check_methods, check_sums, drop_cash, named_methods};
use super::intents::{must_be_open, must_not_be_billed};
use crate::currency::Currency;
use crate::decision::Refusal;
use crate::payment_intent::{
    BillingDetails, IntentProfile, IntentShipping, MethodType, PaymentIntent, TransferOptions,
};

/// One change to a payment intent.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field with its name")]
pub enum IntentEdit {
    Amount(i64),
    Currency(Currency),
    Transfer(Option<TransferOptions>),
    /// A new payment method of type `customer_balance`.
    Method(BillingDetails),
    CaptureMethod(String),
    /// How it is paid by card.
    Card(CardEdit),
    /// `payment_method_types`.
    Methods(Vec<MethodType>),
    Description(Option<String>),
    Metadata(MetadataPatch),
    ReceiptEmail(Option<String>),
    Shipping(Option<IntentShipping>),
    StatementDescriptor(Option<String>),
    StatementDescriptorSuffix(Option<String>),
    TransferGroup(Option<String>),
}

pub(super) fn edit(
    book: &mut Book<'_, '_>,
    intent: &mut PaymentIntent,
    edits: &[IntentEdit],
) -> Result<(), Refusal> {
    for edit in edits.iter().cloned() {
        match edit {
            IntentEdit::Amount(amount) if amount == intent.amount => {}
            IntentEdit::Amount(amount) => {
                must_be_open(intent, "given another amount")?;
                must_not_be_billed(intent)?;
                intent.amount = amount;
            }
            IntentEdit::Currency(currency) if currency == intent.currency => {}
            IntentEdit::Currency(currency) => {
                must_be_open(intent, "given another currency")?;
                must_not_be_billed(intent)?;
                intent.currency = currency;
                drop_cash(intent);
            }
            IntentEdit::Transfer(transfer) if transfer == intent.transfer => {}
            IntentEdit::Transfer(transfer) => {
                must_be_open(intent, "given other payment method options")?;
                must_not_be_billed(intent)?;
                intent.transfer = transfer;
            }
            IntentEdit::Method(details) => {
                must_be_open(intent, "given another payment method")?;
                must_not_be_billed(intent)?;
                let param = Some("payment_method_data[type]");
                must_take(intent, MethodType::CustomerBalance, param)?;
                book.give_method(intent, &details);
            }
            IntentEdit::CaptureMethod(value) => {
                must_be_open(intent, "given another capture method")?;
                intent.profile.capture_method = Some(value);
                drop_cash(intent);
            }
            IntentEdit::Methods(named) => {
                let methods = named_methods(&named);
                if methods != intent.methods {
                    must_be_open(intent, "given other payment method types")?;
                    must_not_be_billed(intent)?;
                    intent.methods = methods;
                }
            }
            IntentEdit::Card(edit) => card_intents::edit(book, intent, edit)?,
            other => describe(&mut intent.profile, other)?,
        }
    }
    check_methods(book, intent)?;
    check_sums(intent)
}

/// Edits that have nothing to do with money.
fn describe(profile: &mut IntentProfile, edit: IntentEdit) -> Result<(), Refusal> {
    match edit {
        IntentEdit::Description(value) => profile.description = value,
        IntentEdit::Metadata(patch) => patch_metadata(&mut profile.metadata, &patch)?,
        IntentEdit::ReceiptEmail(value) => profile.receipt_email = value,
        IntentEdit::Shipping(value) => profile.shipping = value,
        IntentEdit::StatementDescriptor(value) => profile.statement_descriptor = value,
        IntentEdit::StatementDescriptorSuffix(value) => profile.statement_descriptor_suffix = value,
        IntentEdit::TransferGroup(value) => profile.transfer_group = value,
        IntentEdit::Amount(_)
        | IntentEdit::Currency(_)
        | IntentEdit::Transfer(_)
        | IntentEdit::Method(_)
        | IntentEdit::Card(_)
        | IntentEdit::Methods(_)
        | IntentEdit::CaptureMethod(_) => unreachable!("these are about the payment"),
    }
    Ok(())
}
