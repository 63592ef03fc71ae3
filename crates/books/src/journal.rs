//! The journal: entries of two or more postings that sum to zero, chained by hashes.
//!
//! An [`Entry`] that does not balance cannot be made. Entries are append-only; each is sealed with
//! a SHA-256 over its content and the hash of the entry before it in its chain (one chain per
//! world and lane), so a row that somebody changed, removed or slipped in shows in the audit.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::cash_balance::CashTransaction;
use crate::currency::Currency;
use crate::id::Number;

/// An account of the ledger. Debits are positive amounts, credits negative ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// Money at the bank.
    Bank,
    /// What is owed to the customer with this number: the cash balance.
    CustomerCash(Number),
    /// What was applied to the payment intent with this number and has not completed it yet.
    PaymentIntent(Number),
    /// The merchant's money that is not settled yet.
    MerchantPending,
    /// The merchant's money that may be paid out.
    MerchantAvailable,
    /// Fees that were earned.
    Fees,
    /// Money on its way back to customers' banks.
    RefundsInTransit,
    /// Money on its way to the merchant's bank.
    PayoutsInTransit,
    /// Funds held for negative balances of connected accounts.
    ConnectReserved,
    /// Funds of the Issuing balance.
    Issuing,
    /// Funds set apart to cover refunds and disputes, usable now.
    PrefundingAvailable,
    /// Funds set apart to cover refunds and disputes, not settled yet.
    PrefundingPending,
    /// What the card networks owe for charges that are not settled yet.
    CardNetwork,
    /// The merchant's money that is not settled yet, of charges that a transfer paid.
    BankPending,
    /// The merchant's money that may be paid out, of charges that a transfer paid.
    BankAvailable,
    /// What the source with this number received, and was neither charged nor returned.
    Source(Number),
}

impl Account {
    /// The cash of all customers together.
    pub const ALL_CASH: Account = Account::CustomerCash(Number(0));
    /// What all payment intents hold together.
    pub const ALL_INTENTS: Account = Account::PaymentIntent(Number(0));
    /// What all sources hold together.
    pub const ALL_SOURCES: Account = Account::Source(Number(0));

    /// The code in the store, and the number of the owner (0 for accounts of the house).
    pub fn code(self) -> (i64, Number) {
        match self {
            Account::Bank => (1, Number(0)),
            Account::CustomerCash(customer) => (2, customer),
            Account::PaymentIntent(intent) => (3, intent),
            Account::MerchantPending => (4, Number(0)),
            Account::MerchantAvailable => (5, Number(0)),
            Account::Fees => (6, Number(0)),
            Account::RefundsInTransit => (7, Number(0)),
            Account::PayoutsInTransit => (8, Number(0)),
            Account::ConnectReserved => (9, Number(0)),
            Account::Issuing => (10, Number(0)),
            Account::PrefundingAvailable => (11, Number(0)),
            Account::PrefundingPending => (12, Number(0)),
            Account::CardNetwork => (13, Number(0)),
            Account::BankPending => (14, Number(0)),
            Account::BankAvailable => (15, Number(0)),
            Account::Source(source) => (16, source),
        }
    }

    /// The account with this code and owner, if there is one.
    pub fn from_code(code: i64, owner: Number) -> Option<Account> {
        let account = match code {
            1 => Account::Bank,
            2 => Account::CustomerCash(owner),
            3 => Account::PaymentIntent(owner),
            4 => Account::MerchantPending,
            5 => Account::MerchantAvailable,
            6 => Account::Fees,
            7 => Account::RefundsInTransit,
            8 => Account::PayoutsInTransit,
            9 => Account::ConnectReserved,
            10 => Account::Issuing,
            11 => Account::PrefundingAvailable,
            12 => Account::PrefundingPending,
            13 => Account::CardNetwork,
            14 => Account::BankPending,
            15 => Account::BankAvailable,
            16 => Account::Source(owner),
            _ => return None,
        };
        Some(account)
    }

    /// The account of all owners together: what is kept of it is one sum.
    pub fn of_all(self) -> Account {
        match self {
            Account::CustomerCash(_) => Account::ALL_CASH,
            Account::PaymentIntent(_) => Account::ALL_INTENTS,
            Account::Source(_) => Account::ALL_SOURCES,
            house => house,
        }
    }

    /// Whether this is an account of the house, whose balance is kept as one row per lane.
    pub fn is_house(self) -> bool {
        !matches!(self, Account::CustomerCash(_) | Account::PaymentIntent(_) | Account::Source(_))
    }
}

/// One line of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account that is debited or credited.
    pub account: Account,
    /// Smallest units of `currency`: above zero debits, below zero credits.
    pub amount_minor: i64,
    /// The currency of the amount.
    pub currency: Currency,
}

/// Why something happened to money: the left column of the ledger's table of bookings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A transfer arrived.
    Funded,
    /// A transfer was pulled back.
    FundingReversed,
    /// Cash went to a payment intent.
    AppliedToPayment,
    /// Cash came back from a part-paid payment intent.
    UnappliedFromPayment,
    /// A payment intent was paid in full.
    PaymentCompleted,
    /// Earned money may be paid out from now on.
    Settled,
    /// A payment was refunded to the cash balance.
    RefundedFromPayment,
    /// A refund of a payment set out for the customer's bank.
    RefundInitiated,
    /// A refund or a return reached the customer's bank.
    RefundPaid,
    /// A refund came back: it was canceled or it failed.
    RefundUndone,
    /// Cash set out for the customer's bank.
    ReturnInitiated,
    /// Cash that had set out came back.
    ReturnCanceled,
    /// Cash that nobody claimed became the merchant's.
    TransferredToBalance,
    /// The merchant made good for a cash balance below zero.
    AdjustedForOverdraft,
    /// A payout set out for the merchant's bank.
    Payout,
    /// A payout reached the merchant's bank.
    PayoutPaid,
    /// A payout came back.
    PayoutFailed,
    /// A payout was canceled before it set out.
    PayoutCanceled,
    /// The merchant's bank is debited to take a payout back.
    PayoutReversed,
    /// A card was charged.
    CardCharged,
    /// A card was sent its money back.
    CardRefunded,
    /// What was sent back to a card did not get there.
    CardRefundUndone,
    /// The holder of a card disputes a charge, and has the money back.
    CardDisputed,
    /// A source received a transfer.
    SourceFunded,
    /// A source was charged.
    SourceCharged,
    /// What a source received went back to the sender.
    SourceReturned,
    /// The merchant put money into the balance.
    ToppedUp,
}

impl EntryKind {
    /// All kinds.
    pub const ALL: [EntryKind; 27] = [
        EntryKind::Funded,
        EntryKind::FundingReversed,
        EntryKind::AppliedToPayment,
        EntryKind::UnappliedFromPayment,
        EntryKind::PaymentCompleted,
        EntryKind::Settled,
        EntryKind::RefundedFromPayment,
        EntryKind::RefundInitiated,
        EntryKind::RefundPaid,
        EntryKind::RefundUndone,
        EntryKind::ReturnInitiated,
        EntryKind::ReturnCanceled,
        EntryKind::TransferredToBalance,
        EntryKind::AdjustedForOverdraft,
        EntryKind::Payout,
        EntryKind::PayoutPaid,
        EntryKind::PayoutFailed,
        EntryKind::PayoutCanceled,
        EntryKind::PayoutReversed,
        EntryKind::CardCharged,
        EntryKind::CardRefunded,
        EntryKind::CardRefundUndone,
        EntryKind::CardDisputed,
        EntryKind::SourceFunded,
        EntryKind::SourceCharged,
        EntryKind::SourceReturned,
        EntryKind::ToppedUp,
    ];

    /// The code in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            EntryKind::Funded => "funded",
            EntryKind::FundingReversed => "funding_reversed",
            EntryKind::AppliedToPayment => "applied_to_payment",
            EntryKind::UnappliedFromPayment => "unapplied_from_payment",
            EntryKind::PaymentCompleted => "payment_completed",
            EntryKind::Settled => "settled",
            EntryKind::RefundedFromPayment => "refunded_from_payment",
            EntryKind::RefundInitiated => "refund_initiated",
            EntryKind::RefundPaid => "refund_paid",
            EntryKind::RefundUndone => "refund_undone",
            EntryKind::ReturnInitiated => "return_initiated",
            EntryKind::ReturnCanceled => "return_canceled",
            EntryKind::TransferredToBalance => "transferred_to_balance",
            EntryKind::AdjustedForOverdraft => "adjusted_for_overdraft",
            EntryKind::Payout => "payout",
            EntryKind::PayoutPaid => "payout_paid",
            EntryKind::PayoutFailed => "payout_failed",
            EntryKind::PayoutCanceled => "payout_canceled",
            EntryKind::PayoutReversed => "payout_reversed",
            EntryKind::CardCharged => "card_charged",
            EntryKind::CardRefunded => "card_refunded",
            EntryKind::CardRefundUndone => "card_refund_undone",
            EntryKind::CardDisputed => "card_disputed",
            EntryKind::SourceFunded => "source_funded",
            EntryKind::SourceCharged => "source_charged",
            EntryKind::SourceReturned => "source_returned",
            EntryKind::ToppedUp => "topped_up",
        }
    }

    /// The kind with this code, if there is one.
    pub fn parse(text: &str) -> Option<EntryKind> {
        EntryKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A balanced journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    number: Number,
    kind: EntryKind,
    postings: Vec<Posting>,
    request: Option<Arc<str>>,
}

/// Why a set of postings is no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbalanced {
    /// There are fewer than two postings.
    TooFew,
    /// The postings of a currency do not sum to zero.
    SumIsNotZero(Currency),
    /// A sum does not fit 64 bits.
    Overflow,
}

impl Entry {
    /// Makes an entry of two or more postings that sum to zero in every currency.
    pub fn new(
        number: Number,
        kind: EntryKind,
        postings: Vec<Posting>,
    ) -> Result<Entry, Unbalanced> {
        if postings.len() < 2 {
            return Err(Unbalanced::TooFew);
        }
        for posting in &postings {
            let currency = posting.currency;
            let sum = postings
                .iter()
                .filter(|p| p.currency == currency)
                .try_fold(0i64, |sum, p| sum.checked_add(p.amount_minor))
                .ok_or(Unbalanced::Overflow)?;
            if sum != 0 {
                return Err(Unbalanced::SumIsNotZero(currency));
            }
        }
        Ok(Entry { number, kind, postings, request: None })
    }

    /// Moves `amount_minor` from the credited account to the debited one.
    pub fn transfer(
        number: Number,
        kind: EntryKind,
        (debit, credit): (Account, Account),
        amount_minor: i64,
        currency: Currency,
    ) -> Result<Entry, Unbalanced> {
        let minus = amount_minor.checked_neg().ok_or(Unbalanced::Overflow)?;
        let line = |account, amount_minor| Posting { account, amount_minor, currency };
        Entry::new(number, kind, vec![line(debit, amount_minor), line(credit, minus)])
    }

    /// The number of the entry; a cash balance transaction has the number of its entry.
    pub fn number(&self) -> Number {
        self.number
    }

    /// Why the money moved.
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// The request of an agent that moved the money; none where it was no agent's.
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    /// Says which request of an agent moves the money.
    pub fn asked_by(&mut self, request: Option<Arc<str>>) {
        self.request = request;
    }

    /// The lines, in order.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// The hash that seals an entry: SHA-256 over what came before, the entry and its transaction.
pub type Seal = [u8; 32];

/// Seals an entry, with the cash balance transaction it books, after the seal before it.
///
/// The content is hashed as length-prefixed text fields and big-endian integers, in the order
/// below, so that anybody can compute it again from the rows.
pub fn seal(before: &Seal, world: i64, entry: &Entry, booked: Option<&CashTransaction>) -> Seal {
    let mut hash = Sha256::new();
    let text = |hash: &mut Sha256, field: &str| {
        hash.update((field.len() as u32).to_be_bytes());
        hash.update(field.as_bytes());
    };
    hash.update(before);
    hash.update(world.to_be_bytes());
    hash.update(entry.number.0.to_be_bytes());
    text(&mut hash, entry.kind.as_str());
    hash.update((entry.postings.len() as u32).to_be_bytes());
    for posting in &entry.postings {
        let (code, owner) = posting.account.code();
        hash.update(code.to_be_bytes());
        hash.update(owner.0.to_be_bytes());
        hash.update(posting.amount_minor.to_be_bytes());
        text(&mut hash, posting.currency.as_str());
    }
    if let Some(transaction) = booked {
        hash.update(transaction.key.customer.0.to_be_bytes());
        hash.update(transaction.net_amount.to_be_bytes());
        hash.update(transaction.ending_balance.to_be_bytes());
        text(&mut hash, transaction.currency.as_str());
        text(&mut hash, transaction.cause.type_name());
        text(&mut hash, &transaction.cause.detail().unwrap_or_default());
        text(&mut hash, &transaction.others.to_text().unwrap_or_default());
    }
    if let Some(request) = &entry.request {
        text(&mut hash, request);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(account: Account, amount_minor: i64, currency: Currency) -> Posting {
        Posting { account, amount_minor, currency }
    }

    #[test]
    fn only_balanced_entries_exist() {
        let (usd, eur) = (Currency::USD, Currency::EUR);
        let cash = Account::CustomerCash(Number(1));
        let cases = [
            (vec![line(Account::Bank, 5, usd), line(cash, -5, usd)], None),
            (vec![line(Account::Bank, 5, usd)], Some(Unbalanced::TooFew)),
            (
                vec![line(Account::Bank, 5, usd), line(cash, -4, usd)],
                Some(Unbalanced::SumIsNotZero(usd)),
            ),
            (
                vec![line(Account::Bank, 5, usd), line(cash, -5, eur)],
                Some(Unbalanced::SumIsNotZero(usd)),
            ),
            (
                vec![line(Account::Bank, i64::MAX, usd), line(cash, 1, usd)],
                Some(Unbalanced::Overflow),
            ),
        ];
        for (postings, want) in cases {
            assert_eq!(Entry::new(Number(1), EntryKind::Funded, postings).err(), want);
        }
    }

    #[test]
    fn a_seal_depends_on_everything() {
        let entry = |amount| {
            let pair = (Account::Bank, Account::CustomerCash(Number(1)));
            Entry::transfer(Number(7), EntryKind::Funded, pair, amount, Currency::USD).unwrap()
        };
        let first = seal(&[0; 32], 1, &entry(5), None);
        assert_ne!(first, seal(&[0; 32], 1, &entry(6), None));
        assert_ne!(first, seal(&[1; 32], 1, &entry(5), None));
        assert_ne!(first, seal(&[0; 32], 2, &entry(5), None));
        let mut asked = entry(5);
        asked.asked_by(Some("req_1".into()));
        assert_ne!(first, seal(&[0; 32], 1, &asked, None));
    }
}
