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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use books::{Currency, Number};
    use serde_json::Value;

    use super::super::samples::{AT, number, wire};
    use super::*;

    #[test]
    fn a_failure_is_told_once_it_happened() {
        let show = |status, fails, balance_transaction: Option<Number>| {
            let topup = Topup {
                number: number(50),
                amount: 700,
                currency: Currency::USD,
                status,
                expected_availability_date: AT,
                balance_transaction,
                fails,
                description: None,
                statement_descriptor: None,
                transfer_group: None,
                metadata: BTreeMap::new(),
            };
            serde_json::to_value(wire().topup(&topup)).unwrap()
        };
        let fails = Some(PayoutFailure::NoAccount);
        assert_eq!(show(TopupStatus::Pending, fails, None)["failure_code"], Value::Null);
        assert_eq!(show(TopupStatus::Canceled, fails, None)["failure_code"], Value::Null);
        let failed = show(TopupStatus::Failed, fails, None);
        assert_eq!(failed["failure_code"], "no_account");
        assert!(failed["failure_message"].is_string());
        let there = show(TopupStatus::Succeeded, None, Some(number(51)));
        assert!(there["balance_transaction"].as_str().unwrap().starts_with("txn_"));
        assert!(there["id"].as_str().unwrap().starts_with("tu_"));
    }
}
