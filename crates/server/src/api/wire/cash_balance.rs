//! Cash balances, their transactions and the accounts that fund them, as the wire shows them.

use std::borrow::Cow;

use books::cash_balance::{Balances, BankTransfer, CashTransaction, Cause, Sender, Settings};
use books::funding::Instructions;
use books::{Currency, Kind, Number, Purse};

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// The cash balance that a purse holds.
    pub fn purse(&self, purse: &Purse) -> Json {
        let settings = purse.standing.settings(self.default_mode);
        self.cash_balance(purse.standing.number, settings, &purse.available)
    }

    /// A cash balance.
    pub fn cash_balance(&self, customer: Number, settings: Settings, has: &Balances) -> Json {
        object! {
            "object": "cash_balance",
            "available": amounts(has),
            "customer": self.ids.customer(customer),
            "customer_account": Json::Null,
            "livemode": self.livemode,
            "settings": object! {
                "reconciliation_mode": settings.reconciliation_mode.as_str(),
                "using_merchant_default": settings.using_merchant_default,
            },
        }
    }

    /// A cash balance transaction.
    pub fn cash_transaction(&self, row: &CashTransaction) -> Json {
        let mut shown = object! {
            "id": self.ids.write(Kind::CashTransaction, row.key),
            "object": "customer_cash_balance_transaction",
            "created": row.created(),
            "currency": row.currency,
            "customer": self.ids.customer(row.key.customer),
            "customer_account": Json::Null,
            "ending_balance": row.ending_balance,
        };
        if let Some(told) = self.cause(row.key.customer, &row.cause) {
            // The hash of a cause is named like its type.
            shown.push(row.cause.type_name(), told);
        }
        shown.push("livemode", self.livemode);
        shown.push("net_amount", row.net_amount);
        shown.push("type", row.cause.type_name());
        shown
    }

    /// What a cause has to say beside its type; three causes have nothing.
    fn cause(&self, customer: Number, cause: &Cause) -> Option<Json> {
        let of = |kind, number| self.id_of(kind, customer, number);
        let line = |number| self.id_of_account(Kind::BalanceTransaction, number);
        Some(match cause {
            Cause::FundingReversed { .. } | Cause::ReturnInitiated | Cause::ReturnCanceled => {
                return None;
            }
            Cause::Funded(transfer) => object! { "bank_transfer": bank_transfer(transfer) },
            Cause::AppliedToPayment { payment_intent }
            | Cause::UnappliedFromPayment { payment_intent } => {
                object! { "payment_intent": of(Kind::PaymentIntent, *payment_intent) }
            }
            Cause::RefundedFromPayment { refund } => {
                object! { "refund": of(Kind::Refund, *refund) }
            }
            Cause::TransferredToBalance { balance_transaction } => {
                object! { "balance_transaction": line(*balance_transaction) }
            }
            Cause::AdjustedForOverdraft { balance_transaction, linked_transaction } => object! {
                "balance_transaction": line(*balance_transaction),
                "linked_transaction": of(Kind::CashTransaction, *linked_transaction),
            },
        })
    }

    /// Funding instructions, narrowed to some types of addresses (all where none are named).
    pub fn funding_instructions(&self, made: &Instructions, types: &[String]) -> Json {
        object! {
            "object": "funding_instructions",
            "bank_transfer": object! {
                "country": &made.country,
                "financial_addresses": financial_addresses(made, types),
                "type": &made.transfer_type,
            },
            "currency": made.currency,
            "funding_type": "bank_transfer",
            "livemode": self.livemode,
        }
    }
}

/// The addresses that money can be sent to, narrowed to some types; all where none are named.
pub(super) fn financial_addresses(made: &Instructions, types: &[String]) -> Json {
    let all = made.financial_addresses.as_array().map(Vec::as_slice).unwrap_or_default();
    let wanted = |address: &&serde_json::Value| {
        let is = |wanted: &str| address["type"] == wanted;
        // A request may name the network SEPA; the address that it uses is an IBAN.
        types.is_empty() || types.iter().any(|kind| is(kind) || (kind == "sepa" && is("iban")))
    };
    all.iter().filter(wanted).collect::<Vec<_>>().into()
}

/// A map of amounts by currency; `null` where there never was any money.
fn amounts(balances: &Balances) -> Json {
    if balances.0.is_empty() {
        return Json::Null;
    }
    let amount = |(currency, amount): (&Currency, &i64)| {
        (Cow::Owned(currency.to_string()), Json::Int(*amount))
    };
    Json::Object(balances.0.iter().map(amount).collect())
}

/// What the bank told of an incoming transfer.
fn bank_transfer(transfer: &BankTransfer) -> Json {
    let kind = transfer.sender.transfer_type();
    let mut told = Json::Object(Vec::with_capacity(3));
    if let Some(sender) = sender(&transfer.sender) {
        told.push(kind, sender);
    }
    told.push("reference", &transfer.reference);
    told.push("type", kind);
    told
}

/// The hash named like the transfer type; SPEI has none on the wire.
fn sender(sender: &Sender) -> Option<Json> {
    Some(match sender {
        Sender::EuBankTransfer { bic, iban_last4, sender_name } => {
            object! { "bic": bic, "iban_last4": iban_last4, "sender_name": sender_name }
        }
        Sender::GbBankTransfer { account_number_last4, sender_name, sort_code } => object! {
            "account_number_last4": account_number_last4,
            "sender_name": sender_name,
            "sort_code": sort_code,
        },
        Sender::JpBankTransfer { sender_bank, sender_branch, sender_name } => object! {
            "sender_bank": sender_bank,
            "sender_branch": sender_branch,
            "sender_name": sender_name,
        },
        Sender::UsBankTransfer { network, sender_name } => {
            object! { "network": network, "sender_name": sender_name }
        }
        Sender::MxBankTransfer {} => return None,
    })
}
