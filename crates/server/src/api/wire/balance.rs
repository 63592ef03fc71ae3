//! The merchant's balance and its lines, as the wire shows them.

use std::collections::BTreeSet;

use books::balance::{BalanceKind, BalanceTransaction, SourceType, instant_available};
use books::journal::Account;
use books::payout::{BankAccount, largest_instant};
use books::{Currency, Kind, Timestamp};

use super::Wire;
use crate::api::json::{Json, object};

/// The bank accounts that instant payouts may go to, and what such a payout costs in hundredths of
/// a percent.
pub struct Instant<'a> {
    /// All bank accounts of the merchant; those that take no instant payouts count for nothing.
    pub accounts: &'a [BankAccount],
    /// The fee.
    pub fee_bps: i64,
}

impl Wire {
    /// The merchant's balance, from the sums of the house accounts. Parts that nothing was ever
    /// posted to are left out, but for those that Stripe's balance always has, which have a row
    /// for the default currency at least. An event does not know bank accounts.
    pub fn balance(
        &self,
        house: &[(Account, Currency, i64)],
        default: Currency,
        instant: Option<&Instant<'_>>,
    ) -> Json {
        let house = House { house, default };
        let mut shown = object! {
            "object": "balance",
            "available": house.part(SourceType::available),
        };
        let rest = [
            ("connect_reserved", house.rows(Account::ConnectReserved)),
            ("instant_available", Some(self.instant_available(&house, instant))),
            ("issuing", house.rows(Account::Issuing).map(|rows| object! { "available": rows })),
            ("livemode", Some(self.livemode.into())),
            ("pending", Some(house.part(SourceType::pending))),
            ("refund_and_dispute_prefunding", house.prefunding()),
        ];
        for (name, value) in rest {
            if let Some(value) = value {
                shown.push(name, value);
            }
        }
        shown
    }

    fn instant_available(&self, house: &House<'_>, instant: Option<&Instant<'_>>) -> Json {
        let of = SourceType::Card;
        let entries = house.currencies(&[of.available(), of.pending()], true);
        let entries = entries.into_iter().map(|currency| {
            let amount = instant_available(house.house, currency);
            let mut entry = object! { "amount": amount, "currency": currency };
            let net = instant.map(|instant| self.net_available(instant, amount, currency));
            if let Some(net) = net.filter(|net| !net.is_empty()) {
                entry.push("net_available", net);
            }
            entry.push("source_types", object! { "card": amount });
            entry
        });
        Json::List(entries.collect())
    }

    /// What would reach each bank account.
    fn net_available(&self, instant: &Instant<'_>, amount: i64, currency: Currency) -> Vec<Json> {
        let takes_it =
            |account: &&BankAccount| account.currency == currency && account.takes_instant();
        let net = largest_instant(instant.fee_bps, amount);
        let entry = |account: &BankAccount| {
            object! {
                "amount": net,
                "destination": self.id_of_account(Kind::BankAccount, account.number),
                "source_types": object! { "card": net },
            }
        };
        instant.accounts.iter().filter(takes_it).map(entry).collect()
    }

    /// A line of the merchant's balance, as it stands at a moment.
    pub fn balance_transaction(&self, row: &BalanceTransaction, now: Timestamp) -> Json {
        let fee = object! {
            "amount": row.fee,
            "application": Json::Null,
            "currency": row.currency,
            "description": match row.kind {
                BalanceKind::Payout | BalanceKind::PayoutFailure => "Instant payout fee",
                _ => "Processing fee",
            },
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

/// The sums of the house accounts, to be shown.
struct House<'a> {
    house: &'a [(Account, Currency, i64)],
    default: Currency,
}

impl House<'_> {
    /// What is owed on an account; nothing where nothing was ever posted to it.
    fn owed(&self, account: Account, currency: Currency) -> Option<i64> {
        let row = self.house.iter().find(|(at, of, _)| (*at, *of) == (account, currency));
        // The merchant's money is a debt of the house: a credit, so below zero.
        row.map(|(_, _, sum)| sum.saturating_neg())
    }

    /// The currencies of some accounts; the default one is first where it is none of them, but
    /// asked for.
    fn currencies(&self, of: &[Account], and_default: bool) -> Vec<Currency> {
        let rows = self.house.iter().filter(|(account, _, _)| of.contains(account));
        let all: BTreeSet<Currency> = rows.map(|(_, currency, _)| *currency).collect();
        let default = (and_default && !all.contains(&self.default)).then_some(self.default);
        default.into_iter().chain(all).collect()
    }

    /// Available or pending money, by where it came from.
    fn part(&self, account: fn(SourceType) -> Account) -> Json {
        let entries = self.currencies(&SourceType::ALL.map(account), true);
        let entries = entries.into_iter().map(|currency| {
            let mut source_types = Json::Object(Vec::with_capacity(2));
            let mut amount = 0i64;
            for of in SourceType::ALL.into_iter().rev() {
                let is_known = of == SourceType::Card
                    || self.owed(of.available(), currency).is_some()
                    || self.owed(of.pending(), currency).is_some();
                let owed = self.owed(account(of), currency).unwrap_or(0);
                amount = amount.saturating_add(owed);
                if is_known {
                    source_types.push(of.as_str(), owed);
                }
            }
            object! { "amount": amount, "currency": currency, "source_types": source_types }
        });
        Json::List(entries.collect())
    }

    /// The rows of another part; none where nothing was ever posted to it.
    fn rows(&self, account: Account) -> Option<Json> {
        let entries = self.currencies(&[account], false).into_iter().map(|currency| {
            let amount = self.owed(account, currency).unwrap_or(0);
            let source_types = object! { "card": amount };
            object! { "amount": amount, "currency": currency, "source_types": source_types }
        });
        let entries: Vec<Json> = entries.collect();
        (!entries.is_empty()).then_some(Json::List(entries))
    }

    fn prefunding(&self) -> Option<Json> {
        let parts = [Account::PrefundingAvailable, Account::PrefundingPending];
        let [available, pending] = parts.map(|part| self.rows(part));
        if available.is_none() && pending.is_none() {
            return None;
        }
        let or_none = |rows: Option<Json>| rows.unwrap_or(Json::List(Vec::new()));
        Some(object! { "available": or_none(available), "pending": or_none(pending) })
    }
}

#[cfg(test)]
mod tests {
    use books::{IdKey, Number};
    use serde_json::{Value, json};

    use super::super::samples::{bank_account, wire};
    use super::*;

    const USD: Currency = Currency::USD;

    fn shown(house: &[(Account, Currency, i64)], instant: Option<&Instant<'_>>) -> Value {
        serde_json::to_value(wire().balance(house, USD, instant)).unwrap()
    }

    fn one(amount: i64, currency: &str, source_types: Value) -> Value {
        json!({ "amount": amount, "currency": currency, "source_types": source_types })
    }

    #[test]
    fn a_balance_without_money_has_little_to_show() {
        let nothing = one(0, "usd", json!({ "card": 0 }));
        let want = json!({
            "object": "balance", "livemode": false, "available": [nothing],
            "instant_available": [nothing], "pending": [nothing],
        });
        assert_eq!(shown(&[], None), want);
    }

    #[test]
    fn money_counts_where_it_came_from() {
        let house = [
            (Account::Bank, USD, 999),
            (Account::MerchantPending, USD, -300),
            (Account::MerchantAvailable, USD, 100),
            (Account::MerchantAvailable, Currency::EUR, -5),
            (Account::BankPending, USD, -40),
            (Account::BankAvailable, Currency::EUR, 0),
        ];
        let found = shown(&house, None);
        let of_eur = one(5, "eur", json!({ "bank_account": 0, "card": 5 }));
        let available =
            json!([of_eur, one(-100, "usd", json!({ "bank_account": 0, "card": -100 }))]);
        assert_eq!(found["available"], available);
        let pending = json!([one(340, "usd", json!({ "bank_account": 40, "card": 300 }))]);
        assert_eq!(found["pending"], pending);
        // What came by transfers is not for instant payouts, and what is available is missing.
        let instant =
            json!([one(5, "eur", json!({ "card": 5 })), one(200, "usd", json!({ "card": 200 }))]);
        assert_eq!(found["instant_available"], instant);
        assert_eq!(found.get("issuing"), None);
    }

    #[test]
    fn instant_payouts_are_shown_for_the_accounts_that_take_them() {
        let house = [(Account::MerchantAvailable, USD, -1010)];
        let other = |number: i64, country: &str, currency| BankAccount {
            number: Number(number),
            country: country.into(),
            currency,
            ..bank_account()
        };
        let accounts = [
            bank_account(),
            other(21, "CA", USD),
            other(22, "US", Currency::EUR),
            other(23, "US", USD),
        ];
        let instant = Instant { accounts: &accounts, fee_bps: 100 };
        let found = shown(&house, Some(&instant));
        let id = |number| {
            let key = books::RowKey { customer: Number(0), number };
            IdKey::new([7; 16]).write(Kind::BankAccount, key)
        };
        let net = |number| {
            json!({ "amount": 1000, "destination": id(number),
            "source_types": { "card": 1000 } })
        };
        let entry = &found["instant_available"][0];
        assert_eq!(entry["amount"], 1010);
        assert_eq!(entry["net_available"], json!([net(bank_account().number), net(Number(23))]));
    }

    #[test]
    fn parts_that_something_was_posted_to_are_shown() {
        let house = [
            (Account::ConnectReserved, USD, -1),
            (Account::Issuing, USD, -2),
            (Account::PrefundingPending, USD, -3),
        ];
        let found = shown(&house, None);
        assert_eq!(found["connect_reserved"][0]["amount"], 1);
        assert_eq!(found["issuing"]["available"][0]["amount"], 2);
        let prefunding = &found["refund_and_dispute_prefunding"];
        assert_eq!(prefunding["pending"][0]["amount"], 3);
        assert_eq!(prefunding["available"], json!([]));
    }
}
