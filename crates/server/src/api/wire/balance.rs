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

    /// The currencies of some accounts, the default one first where it is none of them but asked for.
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
