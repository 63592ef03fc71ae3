//! What clients do, one request at a time.

use crate::support::random::Random;

pub const CURRENCIES: [&str; 5] = ["usd", "eur", "gbp", "jpy", "mxn"];
const RAILS: [&str; 5] = ["us", "eu", "gb", "jp", "mx"];
/// What a reference begins with whose transfer is pulled back at once.
pub const REVERSAL: &str = "reversal_";
/// Seconds that a client moves the clock, at most. So small that keys outlive their round.
const MOVE_S_MAX: usize = 120;

/// A request, and what it is to bring about.
#[derive(Clone)]
pub struct Sent {
    pub key: String,
    pub account: &'static str,
    pub path: String,
    pub params: Vec<(String, String)>,
    pub deed: Deed,
}

#[derive(Clone)]
pub enum Deed {
    /// A customer in the manual mode, or not.
    Create { manual: bool },
    /// Whom, what, how much.
    Fund(String, &'static str, i64),
    /// Whom, and the name and value in its metadata.
    Update(String, String, String),
    /// Whose payment it is. It fails where there is too little and nothing to wait for.
    Pay(String),
    /// Which payment gets something.
    Apply(String),
    /// Of whom a refund or a return is.
    Refund(String),
    /// The merchant's.
    Payout,
    /// What becomes of an intent or a refund of this customer, if anything.
    Change(String),
    /// A bank account of the merchant.
    Open,
    /// To which moment the clock goes.
    Clock(i64),
}

/// What a client knows when it chooses.
pub struct Choice<'a> {
    pub random: &'a mut Random,
    pub account: &'static str,
    pub client: usize,
    pub key: String,
    /// The customers of the account: ids, the oldest of which are hot.
    pub customers: Vec<&'a String>,
    /// What the clock said last.
    pub now: i64,
}

/// What a client knows of the customer it chose.
pub struct Chosen<'a> {
    pub id: &'a str,
    pub intents: &'a [String],
    pub refunds: &'a [String],
}

impl Choice<'_> {
    pub fn create(self) -> Sent {
        let manual = self.random.one_in(2);
        let email = format!("{}@example.com", self.key);
        let mut params = pairs(&[("name", &self.key), ("email", &email)]);
        if manual {
            let name = "cash_balance[settings][reconciliation_mode]";
            params.extend(pairs(&[(name, "manual")]));
        }
        self.sent("/v1/customers".into(), params, Deed::Create { manual })
    }

    /// A customer of those there are; some are hot.
    pub fn whom(&mut self) -> String {
        match self.random.one_in(2) {
            true => self.customers[self.random.below(self.customers.len().min(3))].clone(),
            false => (*self.random.pick(&self.customers)).clone(),
        }
    }

    /// One of the things that can be done for a customer.
    pub fn deed(self, whom: &Chosen<'_>) -> Sent {
        match self.random.below(26) {
            0..=6 => self.fund(whom),
            7 => self.update(whom),
            8..=12 => self.pay(whom),
            13..=15 if !whom.intents.is_empty() => self.apply(whom),
            16..=17 if !whom.intents.is_empty() => self.cancel(whom),
            18..=21 => self.refund(whom),
            22..=23 if !whom.refunds.is_empty() => self.change_refund(whom),
            24 => self.pay_out(),
            25 => self.move_clock(),
            _ => self.fund(whom),
        }
    }

    fn fund(self, whom: &Chosen<'_>) -> Sent {
        let (currency, amount) = (CURRENCIES[rail(self.random)], 1 + self.random.below(5000));
        let reversal = if self.random.one_in(5) { REVERSAL } else { "" };
        let params = pairs(&[
            ("amount", &amount.to_string()),
            ("currency", currency),
            ("reference", &format!("{reversal}{}", self.key)),
        ]);
        let path = format!("/v1/test_helpers/customers/{}/fund_cash_balance", whom.id);
        let deed = Deed::Fund(whom.id.into(), currency, amount as i64);
        self.sent(path, params, deed)
    }

    fn update(self, whom: &Chosen<'_>) -> Sent {
        let name = format!("c{}", self.client);
        let params = pairs(&[(&format!("metadata[{name}]"), &self.key)]);
        let deed = Deed::Update(whom.id.into(), name, self.key.clone());
        self.sent(format!("/v1/customers/{}", whom.id), params, deed)
    }

    fn pay(self, whom: &Chosen<'_>) -> Sent {
        let at = rail(self.random);
        // Large ones stay part-paid for a while.
        let range = if self.random.one_in(2) { 9000 } else { 1000 };
        let amount = (1000 + self.random.below(range)).to_string();
        let mut params = pairs(&[
            ("amount", &amount),
            ("currency", CURRENCIES[at]),
            ("customer", whom.id),
            ("confirm", "true"),
            ("payment_method_data[type]", "customer_balance"),
            ("metadata[key]", &self.key),
        ]);
        if !self.random.one_in(4) {
            let options = "payment_method_options[customer_balance]";
            let rail = format!("{}_bank_transfer", RAILS[at]);
            params.extend(pairs(&[
                (&format!("{options}[funding_type]"), "bank_transfer"),
                (&format!("{options}[bank_transfer][type]"), &rail),
            ]));
            if RAILS[at] == "eu" {
                let country = format!("{options}[bank_transfer][{rail}][country]");
                params.extend(pairs(&[(&country, "DE")]));
            }
        }
        self.sent("/v1/payment_intents".into(), params, Deed::Pay(whom.id.into()))
    }

    fn apply(self, whom: &Chosen<'_>) -> Sent {
        let intent = newest(self.random, whom.intents);
        let amount = (1 + self.random.below(900)).to_string();
        let path = format!("/v1/payment_intents/{intent}/apply_customer_balance");
        self.sent(path, pairs(&[("amount", &amount)]), Deed::Apply(intent))
    }

    fn cancel(self, whom: &Chosen<'_>) -> Sent {
        let intent = newest(self.random, whom.intents);
        let path = format!("/v1/payment_intents/{intent}/cancel");
        self.sent(path, Vec::new(), Deed::Change(whom.id.into()))
    }

    /// Of a payment, or of cash.
    fn refund(self, whom: &Chosen<'_>) -> Sent {
        let amount = (1 + self.random.below(500)).to_string();
        let mut params = pairs(&[("amount", &amount), ("metadata[key]", &self.key)]);
        if whom.intents.is_empty() || self.random.one_in(2) {
            params.extend(pairs(&[
                ("origin", "customer_balance"),
                ("customer", whom.id),
                ("currency", CURRENCIES[rail(self.random)]),
            ]));
            return self.sent("/v1/refunds".into(), params, Deed::Refund(whom.id.into()));
        }
        let intent = newest(self.random, whom.intents);
        if self.random.one_in(2) {
            let path = format!("/purser/v1/payment_intents/{intent}/refund_to_cash_balance");
            return self.sent(path, params, Deed::Refund(whom.id.into()));
        }
        params.extend(pairs(&[("payment_intent", &intent)]));
        self.sent("/v1/refunds".into(), params, Deed::Refund(whom.id.into()))
    }

    fn change_refund(self, whom: &Chosen<'_>) -> Sent {
        let refund = newest(self.random, whom.refunds);
        let account = *self.random.pick(&["000123456789", "000111111113"]);
        let details = pairs(&[
            ("bank_account[account_number]", account),
            ("bank_account[routing_number]", "110000000"),
        ]);
        let (path, params) = match self.random.below(4) {
            0 => (format!("/v1/refunds/{refund}/cancel"), Vec::new()),
            1 => (format!("/v1/test_helpers/refunds/{refund}/expire"), Vec::new()),
            _ => (format!("/purser/v1/refunds/{refund}/bank_details"), details),
        };
        self.sent(path, params, Deed::Change(whom.id.into()))
    }

    fn pay_out(self) -> Sent {
        let amount = (1 + self.random.below(300)).to_string();
        let params =
            pairs(&[("amount", &amount), ("currency", "usd"), ("metadata[key]", &self.key)]);
        self.sent("/v1/payouts".into(), params, Deed::Payout)
    }

    fn move_clock(self) -> Sent {
        let to = self.now + 1 + self.random.below(MOVE_S_MAX) as i64;
        clock_move(self.account, self.key, to)
    }

    fn sent(self, path: String, params: Vec<(String, String)>, deed: Deed) -> Sent {
        Sent { key: self.key, account: self.account, path, params, deed }
    }
}

/// Moves the clock to a moment.
pub fn clock_move(account: &'static str, key: String, to: i64) -> Sent {
    let params = pairs(&[("to", &to.to_string())]);
    Sent { key, account, path: crate::CLOCK.into(), params, deed: Deed::Clock(to) }
}

/// Where a currency and its rail stand. Dollars stand first, and for half of the money.
fn rail(random: &mut Random) -> usize {
    if random.one_in(2) { 0 } else { random.below(CURRENCIES.len()) }
}

/// One of the newest few.
fn newest(random: &mut Random, from: &[String]) -> String {
    from[from.len() - 1 - random.below(from.len().min(6))].clone()
}

pub fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}
