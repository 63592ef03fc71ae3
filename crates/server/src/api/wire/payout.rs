//! Payouts and the bank accounts that they go to, as the wire shows them.

use books::Kind;
use books::payout::{BankAccount, Payout, PayoutFailure};

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// A payout.
    pub fn payout(&self, payout: &Payout) -> Json {
        let line = |number| self.id_of_account(Kind::BalanceTransaction, number);
        let other = |number| self.id_of_account(Kind::Payout, number);
        object! {
            "id": other(payout.number),
            "object": "payout",
            "amount": payout.amount,
            "application_fee": Json::Null,
            "application_fee_amount": Json::Null,
            "arrival_date": payout.arrival_date,
            "automatic": false,
            "balance_transaction": line(payout.balance_transaction),
            "created": payout.number.created(),
            "currency": payout.currency,
            "description": &payout.description,
            "destination": self.id_of_account(Kind::BankAccount, payout.destination),
            "failure_balance_transaction": payout.failure_balance_transaction.map(line),
            "failure_code": payout.failure.map(PayoutFailure::as_str),
            "failure_message": payout.failure.map(failure_message),
            "livemode": self.livemode,
            "metadata": &payout.metadata,
            "method": payout.method.as_str(),
            "original_payout": payout.original_payout.map(other),
            "payout_method": Json::Null,
            "reconciliation_status": "not_applicable",
            "reversed_by": payout.reversed_by.map(other),
            "source_type": payout.source_type.as_str(),
            "statement_descriptor": &payout.statement_descriptor,
            "status": payout.status.as_str(),
            "trace_id": Json::Null,
            "type": "bank_account",
        }
    }

    /// A bank account of the merchant; of a removed one little is left to see.
    pub fn bank_account(&self, account: &BankAccount) -> Json {
        let id = self.id_of_account(Kind::BankAccount, account.number);
        if account.deleted {
            return object! {
                "id": id,
                "object": "bank_account",
                "currency": account.currency,
                "deleted": true,
            };
        }
        object! {
            "id": id,
            "object": "bank_account",
            "account": (*self.account).to_owned(),
            "account_holder_name": &account.account_holder_name,
            "account_holder_type": &account.account_holder_type,
            "account_type": Json::Null,
            "available_payout_methods": match account.takes_instant() {
                true => vec!["instant", "standard"],
                false => vec!["standard"],
            },
            "bank_name": Json::Null,
            "country": &account.country,
            "currency": account.currency,
            "default_for_currency": account.default_for_currency,
            "fingerprint": &account.fingerprint,
            "last4": &account.last4,
            "metadata": &account.metadata,
            "routing_number": &account.routing_number,
            "status": "new",
        }
    }
}

/// What a failure means, for people.
fn failure_message(failure: PayoutFailure) -> &'static str {
    match failure {
        PayoutFailure::AccountClosed => "The bank says that the account has been closed.",
        PayoutFailure::DebitNotAuthorized => {
            "The bank does not allow the account to be debited by transfers like this one."
        }
        PayoutFailure::InsufficientFunds => "The account holds too little for this transfer.",
        PayoutFailure::InvalidCurrency => "The account cannot take this currency.",
        PayoutFailure::NoAccount => "The bank knows no account with these details.",
    }
}
