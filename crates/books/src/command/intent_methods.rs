//! Which types of payment methods pay an intent, and which amounts and transfers go with them.

use super::book::Book;
use super::card_intents::must_take;
use super::charging;
use super::intents::SEPA_COUNTRIES;
use crate::currency::Currency;
use crate::decision::Refusal;
use crate::payment_intent::{MethodType, PaymentIntent, TransferOptions};

/// A payment, at most: eight digits (Stripe's page "Currencies").
pub const AMOUNT_MAX: i64 = 99_999_999;

/// The types as an intent keeps them: each once, and none where a cash balance is the only one.
pub(super) fn named_methods(named: &[MethodType]) -> Vec<MethodType> {
    let mut methods: Vec<MethodType> = Vec::new();
    for method in named {
        if !methods.contains(method) {
            methods.push(*method);
        }
    }
    if methods == [MethodType::CustomerBalance] { Vec::new() } else { methods }
}

/// Picks the types of payment methods for an intent that leaves it to Purser: cards where somebody
/// takes them, and the cash balance of a customer where there are transfers in its currency; of
/// these only `allowed` ones, where some are named.
pub(super) fn pick_methods(
    book: &Book<'_, '_>,
    intent: &PaymentIntent,
    allowed: &[MethodType],
) -> Vec<MethodType> {
    let is_allowed = |method: &MethodType| allowed.is_empty() || allowed.contains(method);
    let has_cash = intent.customer().is_some()
        && TransferOptions::usual(intent.currency).is_some()
        && !intent.is_manual();
    let fits = |method: &MethodType| match method {
        MethodType::Card => book.ctx.acquirer.is_some(),
        MethodType::CustomerBalance => has_cash,
    };
    let all = [MethodType::Card, MethodType::CustomerBalance];
    let picked: Vec<_> = all.into_iter().filter(is_allowed).filter(fits).collect();
    // Where none fits, what was allowed says which cannot be used.
    named_methods(if picked.is_empty() { allowed } else { &picked })
}

/// What leaves the types to Purser does without the cash balance where that cannot pay any more.
pub(super) fn drop_cash(intent: &mut PaymentIntent) {
    let fits = TransferOptions::usual(intent.currency).is_some() && !intent.is_manual();
    let others: Vec<_> = intent
        .methods
        .iter()
        .copied()
        .filter(|method| *method != MethodType::CustomerBalance)
        .collect();
    if intent.automatic_methods.is_some() && !fits && !others.is_empty() {
        intent.methods = others;
    }
}

/// Refuses types of payment methods that cannot pay this intent.
pub(super) fn check_methods(book: &Book<'_, '_>, intent: &PaymentIntent) -> Result<(), Refusal> {
    let takes = |method| intent.methods().contains(&method);
    let takes_cash = takes(MethodType::CustomerBalance);
    if takes(MethodType::Card) && book.ctx.acquirer.is_none() {
        return Err(Refusal::NoAcquirer);
    }
    if takes_cash && intent.customer().is_none() {
        return Err(Refusal::CashNeedsCustomer);
    }
    if intent.is_manual() && (takes_cash || intent.payment_method.is_some()) {
        return Err(Refusal::CashIsTakenAtOnce);
    }
    if intent.instrument().is_some() {
        must_take(intent, MethodType::Card, None)?;
    }
    match intent.payment_method {
        Some(_) if !takes_cash => Err(Refusal::NoTransferIn(intent.currency)),
        _ => Ok(()),
    }
}

/// Refuses an amount or a transfer that does not go with the currency.
pub(super) fn check_sums(intent: &PaymentIntent) -> Result<(), Refusal> {
    match intent.methods().contains(&MethodType::CustomerBalance) {
        // An invoice may be of less than a payment by itself.
        _ if intent.billed.is_some() => {}
        true => check_amount(intent.amount, intent.currency)?,
        false => charging::check_amount(intent.amount, intent.currency)?,
    }
    check_transfer(intent.transfer.as_ref(), intent.currency)
}

/// The transfer of a currency where none was chosen. For SEPA the account is in the customer's
/// country, else in the merchant's, else in Ireland.
pub(super) fn usual_transfer(
    book: &Book<'_, '_>,
    currency: Currency,
) -> Result<TransferOptions, Refusal> {
    let usual = TransferOptions::usual(currency);
    let mut usual = usual.ok_or(Refusal::NoTransferIn(currency))?;
    if usual.country.is_some() {
        let customer = book.view.customer(book.customer());
        let address = customer.and_then(|customer| customer.profile.address);
        let lives_in = address.and_then(|address| address.country);
        let countries = [lives_in.unwrap_or_default(), book.ctx.rules.country.clone()];
        let has_accounts = |country: &String| SEPA_COUNTRIES.contains(&country.as_str());
        usual.country = countries.into_iter().find(has_accounts).or(usual.country);
    }
    Ok(usual)
}

/// Payments are of an amount between the least and the most (Stripe's page "Currencies").
fn check_amount(amount: i64, currency: Currency) -> Result<(), Refusal> {
    let minimum = match currency {
        Currency::USD | Currency::EUR => 50,
        Currency::GBP => 30,
        Currency::JPY => 50,
        Currency::MXN => 1000,
        other => return Err(Refusal::NoTransferIn(other)),
    };
    if amount < minimum {
        return Err(Refusal::AmountBelowMinimum(currency, minimum));
    }
    if amount > AMOUNT_MAX {
        return Err(Refusal::AmountAboveMaximum(currency, AMOUNT_MAX));
    }
    Ok(())
}

fn check_transfer(transfer: Option<&TransferOptions>, currency: Currency) -> Result<(), Refusal> {
    let usual = TransferOptions::usual(currency).map(|usual| usual.transfer_type);
    match transfer {
        Some(given) if usual.as_ref() != Some(&given.transfer_type) => {
            Err(Refusal::TransferCurrency(currency))
        }
        _ => Ok(()),
    }
}

/// Whether what was confirmed is not what is asked for any more.
pub(super) fn changes_payment(before: &PaymentIntent, now: &PaymentIntent) -> bool {
    before.amount != now.amount
        || before.currency != now.currency
        || before.transfer != now.transfer
        || before.payment_method != now.payment_method
        || before.instrument() != now.instrument()
}
