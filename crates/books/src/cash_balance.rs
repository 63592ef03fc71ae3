//! The cash balance of a customer, and the transactions that make it.
//!
//! A cash balance is nothing but its transactions: the newest one carries what is available in its
//! own currency (`ending_balance`) and in all the others ([`Balances`]), so reading the balance
//! is reading one row and nothing can disagree with it. Field meanings follow Stripe's
//! `CashBalance` and `CustomerCashBalanceTransaction` types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::id::{Number, RowKey};
use crate::time::Timestamp;

/// How money that arrives is matched to payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationMode {
    /// Purser matches money to open payments by itself.
    Automatic,
    /// Money waits until it is applied by hand.
    Manual,
}

impl ReconciliationMode {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            ReconciliationMode::Automatic => "automatic",
            ReconciliationMode::Manual => "manual",
        }
    }
}

/// The settings that a cash balance shows: Stripe's `settings` hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The mode in force.
    pub reconciliation_mode: ReconciliationMode,
    /// Whether the mode is the account's default rather than the customer's own.
    pub using_merchant_default: bool,
}

/// What is available, by currency: smallest units, and a currency stays once it was funded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Balances(pub BTreeMap<Currency, i64>);

impl Balances {
    /// The balance in a currency, 0 where there never was any.
    pub fn get(&self, currency: Currency) -> i64 {
        self.0.get(&currency).copied().unwrap_or(0)
    }

    /// Whether every currency is at zero.
    pub fn are_zero(&self) -> bool {
        self.0.values().all(|&amount| amount == 0)
    }

    /// The text in the store; `None` for no currency at all.
    pub fn to_text(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| serde_json::to_string(self).expect("a map of integers"))
    }

    /// Reads the text in the store.
    pub fn from_text(text: Option<&str>) -> Result<Balances, serde_json::Error> {
        text.map_or(Ok(Balances::default()), serde_json::from_str)
    }
}

/// A row of a cash balance: immutable once written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashTransaction {
    /// The customer and the number of the transaction, which is also that of its journal entry.
    pub key: RowKey,
    /// The currency that changed.
    pub currency: Currency,
    /// By how much, in smallest units: above zero adds.
    pub net_amount: i64,
    /// What is available in this currency right after, in smallest units.
    pub ending_balance: i64,
    /// What is available in every other currency at that moment.
    pub others: Balances,
    /// Why.
    pub cause: Cause,
}

impl CashTransaction {
    /// When it happened.
    pub fn created(&self) -> Timestamp {
        self.key.number.created()
    }

    /// Everything that is available right after this transaction.
    pub fn available(&self) -> Balances {
        let mut all = self.others.clone();
        all.0.insert(self.currency, self.ending_balance);
        all
    }
}

/// What a transaction's `type` and the hash named like it say. Rows are named by their numbers:
/// intents and refunds belong to the same customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The customer's transfer arrived.
    Funded(BankTransfer),
    /// The sender's bank pulled a transfer back.
    FundingReversed {
        /// The transaction that the transfer funded. The wire does not show it, and the first
        /// databases did not keep it.
        funded: Option<Number>,
    },
    /// Money went to a payment.
    AppliedToPayment {
        /// Which.
        payment_intent: Number,
    },
    /// A part-paid payment was canceled or changed, and gave back what it held.
    UnappliedFromPayment {
        /// Which.
        payment_intent: Number,
    },
    /// A payment was refunded to the cash balance.
    RefundedFromPayment {
        /// By this refund.
        refund: Number,
    },
    /// Money set out for the customer's bank.
    ReturnInitiated,
    /// A return was canceled, or there was nobody to return to.
    ReturnCanceled,
    /// Money that nobody claimed became the merchant's.
    TransferredToBalance {
        /// The line of the merchant's balance.
        balance_transaction: Number,
    },
    /// The merchant made good for what was missing.
    AdjustedForOverdraft {
        /// The line of the merchant's balance.
        balance_transaction: Number,
        /// The transaction that took the balance below zero.
        linked_transaction: Number,
    },
}

#[derive(Serialize, Deserialize)]
struct OfFunding {
    funded: Number,
}

#[derive(Serialize, Deserialize)]
struct OnIntent {
    payment_intent: Number,
}

#[derive(Serialize, Deserialize)]
struct ByRefund {
    refund: Number,
}

#[derive(Serialize, Deserialize)]
struct OnBalance {
    balance_transaction: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linked_transaction: Option<Number>,
}

impl Cause {
    /// `type` on the wire.
    pub fn type_name(&self) -> &'static str {
        match self {
            Cause::Funded(_) => "funded",
            Cause::FundingReversed { .. } => "funding_reversed",
            Cause::AppliedToPayment { .. } => "applied_to_payment",
            Cause::UnappliedFromPayment { .. } => "unapplied_from_payment",
            Cause::RefundedFromPayment { .. } => "refunded_from_payment",
            Cause::ReturnInitiated => "return_initiated",
            Cause::ReturnCanceled => "return_canceled",
            Cause::TransferredToBalance { .. } => "transferred_to_balance",
            Cause::AdjustedForOverdraft { .. } => "adjusted_for_overdraft",
        }
    }

    /// The text in the store beside the type, for causes that have more to say.
    pub fn detail(&self) -> Option<String> {
        let text = match self {
            Cause::Funded(transfer) => serde_json::to_string(transfer),
            Cause::AppliedToPayment { payment_intent }
            | Cause::UnappliedFromPayment { payment_intent } => {
                serde_json::to_string(&OnIntent { payment_intent: *payment_intent })
            }
            Cause::RefundedFromPayment { refund } => {
                serde_json::to_string(&ByRefund { refund: *refund })
            }
            Cause::TransferredToBalance { balance_transaction } => {
                let balance_transaction = *balance_transaction;
                serde_json::to_string(&OnBalance { balance_transaction, linked_transaction: None })
            }
            Cause::AdjustedForOverdraft { balance_transaction, linked_transaction } => {
                serde_json::to_string(&OnBalance {
                    balance_transaction: *balance_transaction,
                    linked_transaction: Some(*linked_transaction),
                })
            }
            Cause::FundingReversed { funded } => {
                return funded.map(|funded| {
                    serde_json::to_string(&OfFunding { funded }).expect("a struct of a number")
                });
            }
            Cause::ReturnInitiated | Cause::ReturnCanceled => return None,
        };
        Some(text.expect("a struct of texts and numbers"))
    }

    /// Reads what the store keeps.
    pub fn from_store(type_name: &str, detail: Option<&str>) -> Result<Cause, String> {
        fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
            serde_json::from_str(text).map_err(|e| e.to_string())
        }
        Ok(match (type_name, detail) {
            ("funded", Some(text)) => Cause::Funded(read(text)?),
            ("funding_reversed", None) => Cause::FundingReversed { funded: None },
            ("funding_reversed", Some(text)) => {
                Cause::FundingReversed { funded: Some(read::<OfFunding>(text)?.funded) }
            }
            ("applied_to_payment", Some(text)) => {
                Cause::AppliedToPayment { payment_intent: read::<OnIntent>(text)?.payment_intent }
            }
            ("unapplied_from_payment", Some(text)) => Cause::UnappliedFromPayment {
                payment_intent: read::<OnIntent>(text)?.payment_intent,
            },
            ("refunded_from_payment", Some(text)) => {
                Cause::RefundedFromPayment { refund: read::<ByRefund>(text)?.refund }
            }
            ("return_initiated", None) => Cause::ReturnInitiated,
            ("return_canceled", None) => Cause::ReturnCanceled,
            ("transferred_to_balance", Some(text)) => Cause::TransferredToBalance {
                balance_transaction: read::<OnBalance>(text)?.balance_transaction,
            },
            ("adjusted_for_overdraft", Some(text)) => {
                let told: OnBalance = read(text)?;
                let linked = told.linked_transaction.ok_or("an overdraft links a transaction")?;
                Cause::AdjustedForOverdraft {
                    balance_transaction: told.balance_transaction,
                    linked_transaction: linked,
                }
            }
            (other, _) => {
                return Err(format!("no cash balance transaction is of type '{other}'"));
            }
        })
    }
}

/// What the bank told of an incoming transfer: Stripe's `funded.bank_transfer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankTransfer {
    /// What the sender typed as the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Who sent it, in the words of the rail.
    #[serde(flatten)]
    pub sender: Sender,
}

/// What a bank may tell about a sender, or not.
pub type Told = Option<String>;

/// The sender of a transfer, by rail; the tag is the transfer type on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub enum Sender {
    /// SEPA.
    EuBankTransfer { bic: Told, iban_last4: Told, sender_name: Told },
    /// Faster Payments or Bacs.
    GbBankTransfer { account_number_last4: Told, sender_name: Told, sort_code: Told },
    /// Zengin.
    JpBankTransfer { sender_bank: Told, sender_branch: Told, sender_name: Told },
    /// SPEI. The wire has no hash for it.
    MxBankTransfer {},
    /// ACH, Fedwire or SWIFT.
    UsBankTransfer { network: String, sender_name: Told },
}

impl Sender {
    /// The sender that a simulated transfer in this currency comes from; `None` where no bank
    /// transfer exists in the currency (they exist in five).
    pub fn simulated(currency: Currency) -> Option<Sender> {
        let told = |text: &str| Some(text.to_owned());
        let sender_name = told("John Doe");
        let sender = match currency {
            Currency::USD => Sender::UsBankTransfer { network: "ach".into(), sender_name },
            Currency::EUR => Sender::EuBankTransfer {
                bic: told("COBADEFFXXX"),
                iban_last4: told("4000"),
                sender_name,
            },
            Currency::GBP => Sender::GbBankTransfer {
                account_number_last4: told("1113"),
                sender_name,
                sort_code: told("108800"),
            },
            Currency::JPY => Sender::JpBankTransfer {
                sender_bank: told("TEST BANK"),
                sender_branch: told("TEST BRANCH"),
                sender_name,
            },
            Currency::MXN => Sender::MxBankTransfer {},
            _ => return None,
        };
        Some(sender)
    }

    /// Who it is, where the bank told.
    pub fn name(&self) -> Option<&str> {
        match self {
            Sender::EuBankTransfer { sender_name, .. }
            | Sender::GbBankTransfer { sender_name, .. }
            | Sender::JpBankTransfer { sender_name, .. }
            | Sender::UsBankTransfer { sender_name, .. } => sender_name.as_deref(),
            Sender::MxBankTransfer {} => None,
        }
    }

    /// `type` on the wire, such as `us_bank_transfer`.
    pub fn transfer_type(&self) -> &'static str {
        match self {
            Sender::EuBankTransfer { .. } => "eu_bank_transfer",
            Sender::GbBankTransfer { .. } => "gb_bank_transfer",
            Sender::JpBankTransfer { .. } => "jp_bank_transfer",
            Sender::MxBankTransfer { .. } => "mx_bank_transfer",
            Sender::UsBankTransfer { .. } => "us_bank_transfer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_survive_the_store() {
        for currency in ["usd", "eur", "gbp", "jpy", "mxn"] {
            let currency = Currency::parse(currency).unwrap();
            for reference in [None, Some("é\u{0}'\"".to_owned())] {
                let sender = Sender::simulated(currency).unwrap();
                let cause = Cause::Funded(BankTransfer { reference, sender });
                let detail = cause.detail();
                assert_eq!(Cause::from_store("funded", detail.as_deref()), Ok(cause));
            }
        }
        let (payment_intent, refund) = (Number(5), Number(6));
        let (balance_transaction, linked_transaction) = (Number(7), Number(8));
        for cause in [
            Cause::FundingReversed { funded: None },
            Cause::FundingReversed { funded: Some(Number(4)) },
            Cause::AppliedToPayment { payment_intent },
            Cause::UnappliedFromPayment { payment_intent },
            Cause::RefundedFromPayment { refund },
            Cause::ReturnInitiated,
            Cause::ReturnCanceled,
            Cause::TransferredToBalance { balance_transaction },
            Cause::AdjustedForOverdraft { balance_transaction, linked_transaction },
        ] {
            let kept = Cause::from_store(cause.type_name(), cause.detail().as_deref());
            assert_eq!(kept, Ok(cause));
        }
        assert!(Cause::from_store("funded", None).is_err());
        assert!(Cause::from_store("unheard_of", None).is_err());
    }
}
