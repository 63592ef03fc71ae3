//! S42, from the answers of the API alone: whatever was done, in whatever order, no money is lost
//! and none is made.
//!
//! What came in is known from the transactions of each customer. Where it is now is told by other
//! objects: cash balances, payment intents, charges, refunds, the merchant's balance and its
//! transactions. The two must agree, for each customer and for the merchant, in each currency.

use std::collections::BTreeMap;

use serde_json::Value;

/// Amounts by currency.
pub type Sums = BTreeMap<String, i64>;

/// Asks for a path, with a query perhaps, and gives the answer, which must be a good one.
pub type Get<'a> = &'a dyn Fn(&str) -> Value;

/// Everything that a world tells about its money.
#[derive(Clone)]
pub struct World {
    pub intents: Vec<Value>,
    pub charges: Vec<Value>,
    pub refunds: Vec<Value>,
    pub payouts: Vec<Value>,
    /// Of the merchant.
    pub lines: Vec<Value>,
    pub balance: Value,
    pub purses: Vec<Purse>,
}

/// What a customer has, and how that came about, oldest first.
#[derive(Clone)]
pub struct Purse {
    pub customer: String,
    pub available: Sums,
    pub rows: Vec<Value>,
}

impl World {
    /// Reads all of it. Nobody may write meanwhile.
    pub fn read(get: Get<'_>, customers: &[String]) -> World {
        World {
            intents: all(get, "/v1/payment_intents"),
            charges: all(get, "/v1/charges"),
            refunds: all(get, "/v1/refunds"),
            payouts: all(get, "/v1/payouts"),
            lines: all(get, "/v1/balance_transactions"),
            balance: get("/v1/balance"),
            purses: customers.iter().map(|customer| Purse::read(get, customer)).collect(),
        }
    }

    /// Panics where money is missing, or where there is too much of it.
    pub fn check(&self) {
        for purse in &self.purses {
            purse.check_chain();
            self.check_intents(purse);
            self.check_purse(purse);
        }
        self.check_charges();
        self.check_merchant();
    }

    /// How many transactions of each type there are.
    pub fn types(&self) -> BTreeMap<String, usize> {
        let mut types = BTreeMap::new();
        for row in self.purses.iter().flat_map(|purse| &purse.rows) {
            *types.entry(text(&row["type"])).or_default() += 1;
        }
        types
    }

    /// An intent holds what was applied to it, less what was given back, and says so.
    fn check_intents(&self, purse: &Purse) {
        let mut held: BTreeMap<String, i64> = BTreeMap::new();
        for row in &purse.rows {
            for name in ["applied_to_payment", "unapplied_from_payment"] {
                if row["type"] == name {
                    let intent = text(&row[name]["payment_intent"]);
                    *held.entry(intent).or_default() -= int(&row["net_amount"]);
                }
            }
        }
        for intent in self.intents.iter().filter(|intent| intent["customer"] == *purse.customer) {
            let holds = held.remove(&text(&intent["id"])).unwrap_or(0);
            let amount = int(&intent["amount"]);
            let says = match intent["status"] == "succeeded" {
                true => amount,
                false => part_paid(intent),
            };
            assert_eq!(holds, says, "what {} holds: {intent}", intent["id"]);
            assert!((0..=amount).contains(&holds), "{holds} of {amount}: {intent}");
        }
        assert_eq!(held, BTreeMap::new(), "money went to intents that are not there");
    }

    /// What came in for a customer is all still somewhere.
    fn check_purse(&self, purse: &Purse) {
        let mut came = Sums::new();
        for row in &purse.rows {
            if row["type"] == "funded" || row["type"] == "funding_reversed" {
                add(&mut came, row, int(&row["net_amount"]));
            }
        }
        let mut is = purse.available.clone();
        let own = |object: &&Value| object["customer"] == *purse.customer;
        for intent in self.intents.iter().filter(own) {
            add(&mut is, intent, part_paid(intent));
        }
        let charges: Vec<&Value> = self.charges.iter().filter(own).collect();
        for charge in &charges {
            add(&mut is, charge, int(&charge["amount"]));
        }
        for refund in &self.refunds {
            let amount = int(&refund["amount"]);
            if refund["charge"].is_null() && own(&refund) && is_on_its_way_or_there(refund) {
                add(&mut is, refund, amount);
            }
            let own_charge = charges.iter().any(|charge| charge["id"] == refund["charge"]);
            if own_charge && to_cash_balance(refund) {
                add(&mut is, refund, -amount);
            }
        }
        for line in self.lines.iter().filter(|line| purse.has(&line["source"])) {
            // Unclaimed money became the merchant's; for missing money the merchant stood in.
            add(&mut is, line, int(&line["amount"]));
        }
        assert_eq!(nonzero(came), nonzero(is), "the money of {}", purse.customer);
    }

    /// A charge is of its whole intent, once, and knows what went back.
    fn check_charges(&self) {
        let paid = self.intents.iter().filter(|intent| intent["status"] == "succeeded");
        let mut latest: Vec<String> = paid.map(|intent| text(&intent["latest_charge"])).collect();
        let mut charges: Vec<String> = self.charges.iter().map(|it| text(&it["id"])).collect();
        latest.sort();
        charges.sort();
        assert_eq!(latest, charges, "the charges of the paid intents");
        for charge in &self.charges {
            let refunds = self.refunds.iter().filter(|refund| refund["charge"] == charge["id"]);
            let back = refunds.filter(|refund| is_on_its_way_or_there(refund));
            let back: i64 = back.map(|refund| int(&refund["amount"])).sum();
            assert_eq!(int(&charge["amount_refunded"]), back, "{charge}");
            assert!(back <= int(&charge["amount"]), "{charge}");
        }
    }

    /// The merchant's balance is the sum of its transactions, and each of them has its cause.
    fn check_merchant(&self) {
        let mut buckets: BTreeMap<String, Sums> = BTreeMap::new();
        let mut types: BTreeMap<String, Sums> = BTreeMap::new();
        for line in &self.lines {
            let (amount, fee) = (int(&line["amount"]), int(&line["fee"]));
            assert_eq!(int(&line["net"]), amount - fee, "{line}");
            add(buckets.entry(text(&line["status"])).or_default(), line, amount - fee);
            add(types.entry(text(&line["type"])).or_default(), line, amount);
        }
        for name in ["available", "pending"] {
            let mut says = Sums::new();
            for money in self.balance[name].as_array().expect("a list") {
                add(&mut says, money, int(&money["amount"]));
            }
            let sum = buckets.remove(name).unwrap_or_default();
            assert_eq!(nonzero(says), nonzero(sum), "the merchant's {name} balance");
        }
        assert_eq!(buckets, BTreeMap::new(), "no other status");
        let mut assert_type = |name: &str, causes: Sums| {
            let sum = types.remove(name).unwrap_or_default();
            assert_eq!(nonzero(sum), nonzero(causes), "lines of the type {name}");
        };
        let ended_badly = |it: &&Value| it["status"] == "failed" || it["status"] == "canceled";
        let payments = || self.refunds.iter().filter(|refund| !refund["charge"].is_null());
        assert_type("payment", sum(self.charges.iter(), 1));
        assert_type("payment_refund", sum(payments(), -1));
        assert_type("payment_failure_refund", sum(payments().filter(ended_badly), 1));
        assert_type("payout", sum(self.payouts.iter(), -1));
        let payouts = |status| self.payouts.iter().filter(move |it| it["status"] == status);
        assert_type("payout_cancel", sum(payouts("canceled"), 1));
        assert_type("payout_failure", sum(payouts("failed"), 1));
        let rows = |kind| {
            let rows = self.purses.iter().flat_map(|purse| &purse.rows);
            let mut sums = Sums::new();
            for row in rows.filter(|row| row["type"] == kind) {
                add(&mut sums, row, -int(&row["net_amount"]));
            }
            sums
        };
        assert_type("payment_unreconciled", rows("transferred_to_balance"));
        assert_type("adjustment", rows("adjusted_for_overdraft"));
        assert_eq!(types, BTreeMap::new(), "no other type");
    }
}

impl Purse {
    /// Reads what one customer has.
    pub fn read(get: Get<'_>, customer: &str) -> Purse {
        let path = format!("/v1/customers/{customer}/cash_balance");
        let available = get(&path)["available"].as_object().cloned().unwrap_or_default();
        let mut rows = all(get, &format!("{path}_transactions"));
        rows.reverse();
        Purse {
            customer: customer.to_owned(),
            available: available.iter().map(|(name, sum)| (name.clone(), int(sum))).collect(),
            rows,
        }
    }

    /// Every balance follows from the one before, and the last one is the one that is available.
    pub fn check_chain(&self) {
        let mut ending = Sums::new();
        for row in &self.rows {
            add(&mut ending, row, int(&row["net_amount"]));
            let balance = ending[&text(&row["currency"])];
            assert_eq!(int(&row["ending_balance"]), balance, "the chain breaks at {row}");
            // Only a reversal goes below zero, and only until the merchant has stood in.
            assert!(balance >= 0 || row["type"] == "funding_reversed", "below zero at {row}");
        }
        assert_eq!(ending, self.available, "{}", self.customer);
        assert!(ending.values().all(|balance| *balance >= 0), "{ending:?}");
    }

    fn has(&self, transaction: &Value) -> bool {
        self.rows.iter().any(|row| row["id"] == *transaction)
    }
}

/// What an intent that is not paid holds already.
fn part_paid(intent: &Value) -> i64 {
    match &intent["next_action"]["display_bank_transfer_instructions"]["amount_remaining"] {
        Value::Null => 0,
        remaining => int(&intent["amount"]) - int(remaining),
    }
}

fn is_on_its_way_or_there(refund: &Value) -> bool {
    let status = text(&refund["status"]);
    let known = ["requires_action", "pending", "succeeded", "failed", "canceled"];
    assert!(known.contains(&status.as_str()), "{refund}");
    known[..3].contains(&status.as_str())
}

fn to_cash_balance(refund: &Value) -> bool {
    refund["destination_details"]["type"] == "customer_cash_balance"
}

/// The amounts of these objects, times `sign`.
fn sum<'a>(objects: impl Iterator<Item = &'a Value>, sign: i64) -> Sums {
    let mut sums = Sums::new();
    for object in objects {
        add(&mut sums, object, sign * int(&object["amount"]));
    }
    sums
}

fn add(sums: &mut Sums, of: &Value, amount: i64) {
    *sums.entry(text(&of["currency"])).or_default() += amount;
}

fn nonzero(mut sums: Sums) -> Sums {
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is not an amount"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Every row of a list, newest first.
pub fn all(get: Get<'_>, target: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    let mark = if target.contains('?') { '&' } else { '?' };
    loop {
        let page = get(&format!("{target}{mark}limit=100{after}"));
        rows.extend(page["data"].as_array().expect("a list").iter().cloned());
        if page["has_more"] != true {
            return rows;
        }
        let last = rows.last().map(|row| text(&row["id"])).expect("a page has rows");
        after = format!("&starting_after={last}");
    }
}
