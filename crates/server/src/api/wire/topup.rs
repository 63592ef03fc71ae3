//! Top-ups as the wire shows them.

use books::Kind;
use books::payout::PayoutFailure;
use books::topup::{Topup, TopupStatus};

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// A top-up. The bank account that it came from is no source, so none is shown.
    pub fn topup(&self, topup: &Topup) -> Json {
        let failure = topup.fails.filter(|_| topup.status == TopupStatus::Failed);
        let line = topup.balance_transaction;
        object! {
            "id": self.id_of_account(Kind::Topup, topup.number),
            "object": "topup",
            "amount": topup.amount,
            "balance_transaction": line.map(|number| {
                self.id_of_account(Kind::BalanceTransaction, number)
            }),
            "created": topup.number.created(),
            "currency": topup.currency,
            "description": &topup.description,
            "expected_availability_date": topup.expected_availability_date,
            "failure_code": failure.map(PayoutFailure::as_str),
            "failure_message": failure.map(failure_message),
            "initiated_by": "user",
            "livemode": self.livemode,
            "metadata": &topup.metadata,
            "source": Json::Null,
            "statement_descriptor": &topup.statement_descriptor,
            "status": topup.status.as_str(),
            "transfer_group": &topup.transfer_group,
        }
    }
}

/// What a failure means, for people.
fn failure_message(failure: PayoutFailure) -> &'static str {
    match failure {
        PayoutFailure::AccountClosed => "The bank says that the account has been closed.",
        PayoutFailure::DebitNotAuthorized => "The bank does not allow the account to be debited.",
        PayoutFailure::InsufficientFunds => "The bank account holds too little for this top-up.",
        PayoutFailure::InvalidCurrency => "The bank account is not one of this currency.",
        PayoutFailure::NoAccount => "The bank knows no account with these details.",
    }
}
