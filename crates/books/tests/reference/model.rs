//! The reference: what the books must say, in the plainest way to say it.

use std::collections::{BTreeMap, BTreeSet};

use crate::Op;

/// Currencies that bank transfers exist in, and one in which none exists.
pub const CURRENCIES: [&str; 6] = ["usd", "eur", "gbp", "jpy", "mxn", "cad"];
const KEYS_MAX: usize = 50;

/// A customer: what is left of it, once it is gone, is that it was there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holder {
    pub gone: bool,
    pub cash: BTreeMap<&'static str, i64>,
    pub mode: Option<&'static str>,
    pub metadata: BTreeMap<String, String>,
    pub account: Option<u8>,
    /// Currency and ending balance of each transaction.
    pub history: Vec<(&'static str, i64)>,
}

#[derive(Default)]
pub struct Model {
    pub holders: Vec<Holder>,
    taken: BTreeSet<u8>,
    pub events: Vec<&'static str>,
}

impl Model {
    /// Carries out a command and says what comes of it.
    pub fn step(&mut self, op: &Op) -> String {
        let who = match op {
            Op::Create => {
                self.holders.push(Holder::default());
                self.events.push("customer.created");
                return "customer".into();
            }
            Op::Fund { who, .. }
            | Op::Delete { who }
            | Op::Mode { who, .. }
            | Op::Metadata { who, .. }
            | Op::Instructions { who, .. } => *who,
        };
        let owed = self.owed();
        // Somebody who was never there.
        let Some(holder) = self.holders.get_mut(who).filter(|holder| !holder.gone) else {
            return "nobody".into();
        };
        match op {
            Op::Create => unreachable!("it is about nobody yet"),
            Op::Fund { amount, currency, reference, .. } => {
                let pulled_back = reference.as_deref().is_some_and(|r| r.starts_with("reversal_"));
                let owed = owed.get(CURRENCIES[*currency]).copied().unwrap_or(0);
                if i64::try_from(owed + i128::from(*amount)).is_err() && *currency != 5 {
                    return "too large".into();
                }
                fund(holder, *amount, CURRENCIES[*currency], pulled_back, &mut self.events)
            }
            Op::Delete { .. } if holder.cash.values().any(|cash| *cash != 0) => "holds cash".into(),
            Op::Delete { .. } => {
                holder.gone = true;
                self.events.push("customer.deleted");
                "gone".into()
            }
            Op::Mode { mode, .. } => {
                holder.mode = mode.unwrap_or(holder.mode);
                holder.mode.unwrap_or("automatic").into()
            }
            Op::Metadata { clear, changes, .. } => {
                metadata(holder, *clear, changes, &mut self.events)
            }
            Op::Instructions { wanted, .. } => {
                let free = wanted.iter().find(|account| !self.taken.contains(*account));
                let Some(account) = holder.account.or(free.copied()) else {
                    return "no account left".into();
                };
                self.taken.insert(account);
                holder.account = Some(account);
                format!("account {account}")
            }
        }
    }

    /// Everything that the customers are owed.
    pub fn owed(&self) -> BTreeMap<&'static str, i128> {
        let mut owed = BTreeMap::new();
        for (currency, cash) in self.holders.iter().flat_map(|holder| &holder.cash) {
            *owed.entry(*currency).or_default() += i128::from(*cash);
        }
        owed
    }
}

fn fund(
    holder: &mut Holder,
    amount: i64,
    currency: &'static str,
    pulled_back: bool,
    events: &mut Vec<&'static str>,
) -> String {
    if currency == "cad" {
        return "no transfer".into();
    }
    let before = holder.cash.get(currency).copied().unwrap_or(0);
    let Some(after) = before.checked_add(amount) else {
        return "too large".into();
    };
    events.push("customer_cash_balance_transaction.created");
    events.push("cash_balance.funds_available");
    holder.cash.insert(currency, after);
    holder.history.push((currency, after));
    if pulled_back && currency == "usd" {
        events.push("customer_cash_balance_transaction.created");
        holder.cash.insert(currency, before);
        holder.history.push((currency, before));
    }
    format!("funded {currency} {amount} -> {after}")
}

fn metadata(
    holder: &mut Holder,
    clear: bool,
    changes: &BTreeMap<String, Option<String>>,
    events: &mut Vec<&'static str>,
) -> String {
    let mut after = holder.metadata.clone();
    if clear {
        after.clear();
    }
    for (key, value) in changes {
        match value {
            Some(value) => drop(after.insert(key.clone(), value.clone())),
            None => drop(after.remove(key)),
        }
    }
    if after.len() > KEYS_MAX {
        return "too many keys".into();
    }
    if after != holder.metadata {
        events.push("customer.updated");
    }
    holder.metadata = after;
    "customer".into()
}
