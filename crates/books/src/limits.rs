//! Limits: how much money a key may move, and from when on a person has to agree.
//!
//! What a call moves is read off its decision, so it cannot be understated: whatever the journal
//! would book, and what the payments that it touches are worth. Amounts are smallest units.
//! Everything here fails closed: a currency that a limit does not name is not allowed, and one that
//! no threshold names needs approval.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::charge::Stage;
use crate::command::{Command, RefundCommand, TopupCommand};
use crate::currency::Currency;
use crate::decision::{Change, Refusal};
use crate::document::Document;
use crate::id::Number;
use crate::invoice::InvoiceStatus;

/// Customers that a key may be limited to, at most.
pub const CUSTOMERS_MAX: usize = 100;

/// Approvals that a key may ask for on a day (UTC), at most: a person has to read them.
pub const APPROVALS_PER_DAY_MAX: i64 = 100;

/// What is counted of a key, by the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tally {
    /// What it moved in a currency, in smallest units.
    Moved(Currency),
    /// The approvals that it asked for.
    Asked,
}

impl Tally {
    /// Its name in the store.
    pub fn as_str(&self) -> &str {
        match self {
            Tally::Moved(currency) => currency.as_str(),
            Tally::Asked => "approvals",
        }
    }
}

/// An amount for each of some currencies.
pub type Amounts = BTreeMap<Currency, i64>;

/// What a key may do with money. What is left empty is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The only customers that it may be about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<Number>,
    /// The most that one call may move.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_call: Amounts,
    /// The most that all calls of a day (UTC) may move.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_day: Amounts,
    /// What moves more waits until a person approves of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approve_above: Amounts,
}

impl Limits {
    /// Whether a customer, or the account itself, is within reach.
    pub fn reaches(&self, customer: Option<Number>) -> bool {
        self.customers.is_empty()
            || customer.is_some_and(|customer| self.customers.contains(&customer))
    }

    /// Refuses what moves too much. `spent` tells what earlier calls of the day moved; back comes
    /// what they moved with this one, for each currency that has a limit for the day.
    pub fn check(
        &self,
        stake: &Amounts,
        spent: impl Fn(Currency) -> i64,
    ) -> Result<Amounts, Refusal> {
        let mut totals = Amounts::new();
        for (&currency, &amount) in stake.iter().filter(|(_, amount)| **amount > 0) {
            if let Some(most) = limit(&self.per_call, currency)
                && amount > most
            {
                let limit = "amount_per_call";
                return Err(Refusal::LimitExceeded { limit, currency, most, total: amount });
            }
            if let Some(most) = limit(&self.per_day, currency) {
                let total = spent(currency).saturating_add(amount);
                if total > most {
                    let limit = "amount_per_day";
                    return Err(Refusal::LimitExceeded { limit, currency, most, total });
                }
                totals.insert(currency, total);
            }
        }
        Ok(totals)
    }

    /// Whether a person has to agree.
    pub fn needs_approval(&self, stake: &Amounts) -> bool {
        let above = |(currency, amount): (&Currency, &i64)| {
            limit(&self.approve_above, *currency).is_some_and(|most| *amount > most)
        };
        stake.iter().any(above)
    }
}

/// The limit of a currency; zero for one that is not named beside others.
fn limit(limits: &Amounts, currency: Currency) -> Option<i64> {
    match limits.is_empty() {
        true => None,
        false => Some(limits.get(&currency).copied().unwrap_or(0)),
    }
}

/// What a command moves: in each currency the most that entries of one kind move together, so that
/// money which goes through several accounts counts once; or the amount of the payment or invoice
/// that it makes, changes or gives up, if that is more; or what a card's bank sets aside; or that
/// of the refund which it sends to a bank account, or of the top-up which it makes.
pub fn stake(command: &Command, changes: &[Change]) -> Amounts {
    let mut by_kind: BTreeMap<(&'static str, Currency), i64> = BTreeMap::new();
    let mut stake = Amounts::new();
    let of_payments = matches!(command, Command::Intent(_) | Command::Invoice(_));
    let is_topped_up = matches!(command, Command::Topup(TopupCommand::Create(_)));
    let is_sent_off = matches!(command, Command::Refund(RefundCommand::GiveBankDetails { .. }));
    for change in changes {
        match change {
            Change::Booked(entry, _) => {
                for posting in entry.postings().iter().filter(|p| p.amount_minor > 0) {
                    let sum = by_kind.entry((entry.kind().as_str(), posting.currency)).or_default();
                    *sum = sum.saturating_add(posting.amount_minor);
                }
            }
            Change::Document(Document::PaymentIntent(intent)) if of_payments => {
                raise(&mut stake, intent.currency, intent.amount);
            }
            Change::Document(Document::Invoice(invoice))
                if of_payments && invoice.status != InvoiceStatus::Draft =>
            {
                raise(&mut stake, invoice.currency, invoice.total());
            }
            // Nothing is booked while a card's bank sets money aside, but it is as good as moved.
            Change::Document(Document::CardCharge(charge))
                if matches!(charge.stage, Stage::Authorized { .. }) =>
            {
                raise(&mut stake, charge.currency, charge.amount);
            }
            // Nothing is booked before the bank has paid.
            Change::Document(Document::Topup(topup)) if is_topped_up => {
                raise(&mut stake, topup.currency, topup.amount);
            }
            // Nothing is booked when a refund learns where to go, but then its money leaves.
            Change::Document(Document::Refund(refund)) if is_sent_off => {
                raise(&mut stake, refund.currency, refund.amount);
            }
            _ => {}
        }
    }
    for ((_, currency), sum) in by_kind {
        raise(&mut stake, currency, sum);
    }
    stake
}

fn raise(stake: &mut Amounts, currency: Currency, amount: i64) {
    let most = stake.entry(currency).or_default();
    *most = amount.max(*most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Kind;
    use crate::journal::{Account, Entry, EntryKind, Posting};

    fn amounts(pairs: &[(Currency, i64)]) -> Amounts {
        pairs.iter().copied().collect()
    }

    #[test]
    fn limits_fail_closed() {
        let (eur, usd) = (Currency::EUR, Currency::USD);
        let limits = Limits {
            per_call: amounts(&[(eur, 100)]),
            per_day: amounts(&[(eur, 250)]),
            approve_above: amounts(&[(eur, 50)]),
            ..Limits::default()
        };
        let check = |currency, amount, spent| {
            limits.check(&amounts(&[(currency, amount)]), |_| spent).map_err(|refusal| {
                let Refusal::LimitExceeded { limit, .. } = refusal else { panic!("{refusal:?}") };
                limit
            })
        };
        assert_eq!(check(eur, 100, 150), Ok(amounts(&[(eur, 250)])));
        assert_eq!(check(eur, 101, 0), Err("amount_per_call"));
        assert_eq!(check(eur, 100, 151), Err("amount_per_day"));
        assert_eq!(check(eur, 1, i64::MAX), Err("amount_per_day"));
        assert_eq!(check(usd, 1, 0), Err("amount_per_call"), "a currency that is not named");
        assert_eq!(check(usd, 0, 0), Ok(Amounts::new()), "nothing is moved");
        assert!(!limits.needs_approval(&amounts(&[(eur, 50)])));
        assert!(limits.needs_approval(&amounts(&[(eur, 51)])));
        assert!(limits.needs_approval(&amounts(&[(usd, 1)])));
        assert!(!Limits::default().needs_approval(&amounts(&[(usd, i64::MAX)])));
        assert!(Limits::default().check(&amounts(&[(usd, i64::MAX)]), |_| 0).is_ok());
    }

    #[test]
    fn money_that_passes_several_accounts_counts_once() {
        use EntryKind::{AppliedToPayment, Funded, PaymentCompleted};
        let (eur, usd) = (Currency::EUR, Currency::USD);
        let entry = |(kind, currency, amount_minor): &(EntryKind, Currency, i64)| {
            let posting =
                |account, amount_minor| Posting { account, currency: *currency, amount_minor };
            let lines =
                vec![posting(Account::Bank, *amount_minor), posting(Account::Fees, -amount_minor)];
            Change::Booked(Entry::new(Number(1), *kind, lines).expect("it balances"), None)
        };
        let command = Command::DeleteCustomer { customer: Number(1) };
        let check = |entries: &[(EntryKind, Currency, i64)], want: &[(Currency, i64)]| {
            let changes: Vec<Change> = entries.iter().map(entry).collect();
            assert_eq!(stake(&command, &changes), amounts(want), "{entries:?}");
        };
        check(&[], &[]);
        check(&[(Funded, eur, 70)], &[(eur, 70)]);
        check(&[(Funded, eur, 70), (AppliedToPayment, eur, 60)], &[(eur, 70)]);
        check(&[(Funded, eur, 7), (AppliedToPayment, eur, 60)], &[(eur, 60)]);
        // Two payments of one transfer, and each of them completes.
        let both = [(AppliedToPayment, eur, 30), (AppliedToPayment, eur, 40)];
        check(&both, &[(eur, 70)]);
        check(&[&both[..], &[(PaymentCompleted, eur, 40)]].concat(), &[(eur, 70)]);
        check(&[(Funded, eur, 70), (Funded, usd, 5)], &[(eur, 70), (usd, 5)]);
        check(&[(Funded, eur, i64::MAX), (Funded, eur, 1)], &[(eur, i64::MAX)]);
    }

    #[test]
    fn what_is_set_aside_or_under_way_counts() {
        let (eur, usd) = (Currency::EUR, Currency::USD);
        let charge = |stage: serde_json::Value| {
            let text = serde_json::json!({
                "key": { "customer": 1, "number": 2 },
                "amount": 500,
                "currency": "eur",
                "instrument": { "card": {
                    "key": { "customer": 1, "number": 3 },
                    "card": {
                        "brand": "visa", "country": "US", "exp_month": 1, "exp_year": 2034,
                        "fingerprint": "f", "funding": "credit", "last4": "4242",
                        "reference": "visa",
                    },
                } },
                "stage": stage,
            });
            Change::Document(
                Document::from_text(Kind::Charge, &text.to_string()).expect("it is one"),
            )
        };
        let topup = |status: &str| {
            let text = serde_json::json!({
                "number": 4, "amount": 90, "currency": "usd", "status": status,
                "expected_availability_date": 7,
            });
            Change::Document(
                Document::from_text(Kind::Topup, &text.to_string()).expect("it is one"),
            )
        };
        let approved = serde_json::json!({});
        let authorized = serde_json::json!({ "authorized": { "approved": approved, "until": 9 } });
        let released = serde_json::json!({ "released": { "approved": approved } });
        let decline = serde_json::json!({ "code": "card_declined" });
        let failed = serde_json::json!({ "failed": { "decline": decline, "risk": "normal" } });
        for (change, want) in [
            (charge(authorized), amounts(&[(eur, 500)])),
            (charge(released), Amounts::new()),
            (charge(failed), Amounts::new()),
        ] {
            let command = Command::DeleteCustomer { customer: Number(1) };
            assert_eq!(stake(&command, std::slice::from_ref(&change)), want, "{change:?}");
        }
        let number = Number(4);
        let draft = crate::command::TopupDraft {
            amount: 90,
            currency: usd,
            named: None,
            description: None,
            statement_descriptor: None,
            transfer_group: None,
            metadata: BTreeMap::new(),
        };
        let changes = [topup("pending")];
        let made = Command::Topup(TopupCommand::Create(Box::new(draft)));
        assert_eq!(stake(&made, &changes), amounts(&[(usd, 90)]));
        let canceled = Command::Topup(TopupCommand::Cancel { topup: number });
        assert_eq!(stake(&canceled, &changes), Amounts::new());
    }

    #[test]
    fn a_topup_counts_before_the_bank_pays() {
        let topup = crate::topup::Topup {
            number: Number(1),
            amount: 700,
            currency: Currency::USD,
            status: crate::topup::TopupStatus::Pending,
            expected_availability_date: crate::Timestamp(9),
            balance_transaction: None,
            fails: None,
            description: None,
            statement_descriptor: None,
            transfer_group: None,
            metadata: BTreeMap::new(),
        };
        let made = Command::Topup(TopupCommand::Create(Box::new(crate::command::TopupDraft {
            amount: 700,
            currency: Currency::USD,
            named: None,
            description: None,
            statement_descriptor: None,
            transfer_group: None,
            metadata: BTreeMap::new(),
        })));
        let changes = [Change::Document(topup.into())];
        assert_eq!(stake(&made, &changes), amounts(&[(Currency::USD, 700)]));
        let canceled = Command::Topup(TopupCommand::Cancel { topup: Number(1) });
        assert_eq!(stake(&canceled, &changes), Amounts::new());
    }

    #[test]
    fn customers_are_reached_by_name() {
        let limits = Limits { customers: vec![Number(7)], ..Limits::default() };
        assert!(limits.reaches(Some(Number(7))));
        assert!(!limits.reaches(Some(Number(8))));
        assert!(!limits.reaches(None), "what is about the account is about no customer of these");
        assert!(Limits::default().reaches(None));
    }
}
