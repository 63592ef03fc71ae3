//! The merchant's balance and its lines, as the wire shows them.

use books::balance::BalanceTransaction;
use books::journal::Account;
use books::{Currency, Kind, Timestamp};

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// The merchant's balance, from the sums of the house accounts.
    pub fn balance(&self, house: &[(Account, Currency, i64)], default: Currency) -> Json {
        let bucket = |account: Account| -> Json {
            let entry = |currency: Currency, amount: i64| {
                let source_types = object! { "card": amount };
                object! { "amount": amount, "currency": currency, "source_types": source_types }
            };
            let mut found: Vec<Json> = house
                .iter()
                .filter(|(of, _, _)| *of == account)
                // The merchant's money is a debt of the house: a credit, so below zero.
                .map(|(_, currency, sum)| entry(*currency, -sum))
                .collect();
            if !house.iter().any(|(of, currency, _)| *of == account && *currency == default) {
                found.insert(0, entry(default, 0));
            }
            Json::List(found)
        };
        object! {
            "object": "balance",
            "available": bucket(Account::MerchantAvailable),
            "connect_reserved": bucket(Account::ConnectReserved),
            "instant_available": bucket(Account::MerchantAvailable),
            "issuing": object! { "available": bucket(Account::Issuing) },
            "livemode": self.livemode,
            "pending": bucket(Account::MerchantPending),
            "refund_and_dispute_prefunding": object! {
                "available": bucket(Account::PrefundingAvailable),
                "pending": bucket(Account::PrefundingPending),
            },
        }
    }

    /// A line of the merchant's balance, as it stands at a moment.
    pub fn balance_transaction(&self, row: &BalanceTransaction, now: Timestamp) -> Json {
        let fee = object! {
            "amount": row.fee,
            "application": Json::Null,
            "currency": row.currency,
            "description": "Processing fee",
            "type": "stripe_fee",
        };
        object! {
            "id": self.id_of_account(Kind::BalanceTransaction, row.number),
            "object": "balance_transaction",
            "amount": row.amount,
            "available_on": row.available_on,
            "balance_type": "payments",
            "created": row.number.created(),
            "currency": row.currency,
            "description": &row.description,
            "exchange_rate": Json::Null,
            "fee": row.fee,
            "fee_details": if row.fee == 0 { vec![] } else { vec![fee] },
            "net": row.net(),
            "reporting_category": row.kind.reporting_category(),
            "source": row.source.map(|(kind, key)| self.ids.write(kind, key)),
            "status": row.status(now),
            "type": row.kind.as_str(),
        }
    }
}
