//! Refunds as the wire shows them.

use std::borrow::Cow;

use books::Kind;
use books::refund::{Destination, Refund, RefundOrigin, RefundStatus};

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// A refund.
    pub fn refund(&self, refund: &Refund) -> Json {
        let of = |kind, number| self.id_of(kind, refund.key.customer, number);
        let line = |number| self.id_of_account(Kind::BalanceTransaction, number);
        let (charge, intent, method) = match refund.origin {
            RefundOrigin::Payment { payment_intent, charge, payment_method } => (
                Some(of(Kind::Charge, charge)),
                Some(of(Kind::PaymentIntent, payment_intent)),
                Some(of(Kind::PaymentMethod, payment_method)),
            ),
            RefundOrigin::Charge { charge, payment_intent } => (
                Some(of(spelling(refund), charge)),
                payment_intent.map(|intent| of(Kind::PaymentIntent, intent)),
                None,
            ),
            RefundOrigin::CashBalance { .. } => (None, None, None),
        };
        let mut shown = object! {
            "id": self.ids.write(refund.spelling(), refund.key),
            "object": "refund",
            "amount": refund.amount,
            "balance_transaction": refund.balance_transaction.map(line),
            "charge": charge,
            "created": refund.key.number.created(),
            "currency": refund.currency,
            "customer": self.customer_or_null(refund.key.customer),
            "customer_account": Json::Null,
            "metadata": &refund.metadata,
            "payment_intent": intent,
            "payment_method": method,
            "reason": &refund.reason,
            "receipt_number": Json::Null,
            "source_transfer_reversal": Json::Null,
            "status": refund.status.as_str(),
            "transfer_reversal": Json::Null,
        };
        // The rest is only there while there is something to say.
        if let Some(details) = destination(refund) {
            shown.push("destination_details", details);
        }
        if let Some(number) = refund.failure_balance_transaction {
            shown.push("failure_balance_transaction", line(number));
        }
        if let Some(reason) = &refund.failure_reason {
            shown.push("failure_reason", reason);
        }
        if let Some(email) = &refund.instructions_email {
            shown.push("instructions_email", email);
        }
        if let Some(action) = next_action(refund) {
            shown.push("next_action", action);
        }
        if refund.status == RefundStatus::Pending {
            shown.push("pending_reason", "processing");
        }
        shown
    }
}

/// How the id of a charge is spelled that was refunded: what goes back to a card came from one.
fn spelling(refund: &Refund) -> Kind {
    match refund.destination {
        Destination::Card { .. } => Kind::CardCharge,
        _ => Kind::Charge,
    }
}

/// Where a refund goes; nothing while no bank is named. The hash is named like the rail.
fn destination(refund: &Refund) -> Option<Json> {
    Some(match &refund.destination {
        Destination::BankToBeNamed => return None,
        Destination::Card { .. } => {
            // What was never captured is let go; the rest is a payment of its own.
            let kind = match (refund.balance_transaction, refund.status) {
                (None, _) => "reversal",
                (Some(_), RefundStatus::Pending) => "pending",
                (Some(_), _) => "refund",
            };
            let status = match refund.status {
                RefundStatus::Failed => "unavailable",
                _ => "pending",
            };
            object! {
                "card": object! { "reference_status": status, "type": kind },
                "type": "card",
            }
        }
        Destination::CashBalance => object! {
            "customer_cash_balance": object! {},
            "type": "customer_cash_balance",
        },
        Destination::Bank(account) => {
            // The reference can be looked for once the money is there.
            let status = match refund.status {
                RefundStatus::Pending => "pending",
                RefundStatus::Succeeded => "available",
                _ => "unavailable",
            };
            let reference = (status == "available").then_some(&account.reference);
            let sent = object! { "reference": reference, "reference_status": status };
            let rail = Cow::Owned(account.transfer_type.clone());
            Json::Object(vec![(rail, sent), ("type".into(), (&account.transfer_type).into())])
        }
    })
}

/// What the customer is asked for while the bank is not known, where somebody could be asked.
fn next_action(refund: &Refund) -> Option<Json> {
    let asked = refund.details_request.as_ref()?;
    let sent_to = asked.sent_to.as_ref()?;
    (refund.status == RefundStatus::RequiresAction).then(|| {
        object! {
            "display_details": object! {
                "email_sent": object! {
                    "email_sent_at": asked.sent_at,
                    "email_sent_to": sent_to,
                },
                "expires_at": asked.expires_at,
            },
            "type": "display_details",
        }
    })
}
