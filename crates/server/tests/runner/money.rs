//! Where the money is after a step: lines that the scenario's author writes by hand.
//!
//! ```text
//! balance: usd available 1000 pending 0      the merchant's balance, GET /v1/balance
//! ledger: bank usd 5000, fees usd 0          accounts of the ledger, as Purser shows them
//! cash: cus_1 usd 2000                       a cash balance; `none` before the first money
//! ```

use serde_json::Value;

/// One sum, and where it is found.
pub struct Money {
    pub text: String,
    /// The read that shows it, with the file's names for ids.
    pub path: String,
    place: Place,
    currency: String,
    /// Nothing where there is to be no sum at all.
    wanted: Option<i64>,
}

enum Place {
    Balance(String),
    Ledger(String),
    Cash,
}

const PARTS: &[&str] = &["available", "connect_reserved", "instant_available", "pending"];

/// The accounts of the ledger; `customers` is what belongs to all customers, wherever it is.
const ACCOUNTS: &[&str] = &[
    "bank",
    "bank_available",
    "bank_pending",
    "card_network",
    "connect_reserved",
    "customer_cash",
    "customers",
    "fees",
    "issuing",
    "merchant_available",
    "merchant_pending",
    "payment_intent",
    "payouts_in_transit",
    "prefunding_available",
    "prefunding_pending",
    "refunds_in_transit",
    "source",
];

impl Money {
    /// Reads a line such as `balance: usd available 1000 pending 0`; `kind` is its first word.
    pub fn parse(kind: &str, text: &str) -> Result<Vec<Self>, String> {
        let mut all = Vec::new();
        for part in text.split(", ") {
            let words: Vec<&str> = part.split_whitespace().collect();
            match (kind, words.as_slice()) {
                ("balance", [currency, sums @ ..]) if sums.len() >= 2 && sums.len() % 2 == 0 => {
                    for sum in sums.chunks(2) {
                        let place = Place::Balance(known(sum[0], PARTS)?);
                        all.push(Self::new(kind, "/v1/balance", place, currency, sum[1])?);
                    }
                }
                ("ledger", [account, currency, sum]) => {
                    let place = Place::Ledger(known(account, ACCOUNTS)?);
                    all.push(Self::new(kind, "/purser/v1/ledger_accounts", place, currency, sum)?);
                }
                ("cash", [customer, currency, sum]) => {
                    let path = format!("/v1/customers/{customer}/cash_balance");
                    all.push(Self::new(kind, &path, Place::Cash, currency, sum)?);
                }
                _ => return Err(format!("{part} is not where money is")),
            }
        }
        Ok(all)
    }

    fn new(
        kind: &str,
        path: &str,
        place: Place,
        currency: &str,
        sum: &str,
    ) -> Result<Self, String> {
        let wanted = match (&place, sum) {
            (Place::Cash, "none") => None,
            _ => Some(sum.parse().map_err(|_| format!("{sum}: no number"))?),
        };
        let text = match &place {
            Place::Balance(name) | Place::Ledger(name) => {
                format!("{kind}: {name} {currency} {sum}")
            }
            Place::Cash => format!("{kind}: {currency} {sum}"),
        };
        let (path, currency) = (path.to_owned(), currency.to_owned());
        Ok(Self { text, path, place, currency, wanted })
    }

    /// Why it is not there; nothing when it is.
    pub fn missing_in(&self, answer: &Value) -> Option<String> {
        let currency = self.currency.as_str();
        let found = match &self.place {
            Place::Balance(part) => {
                Some(sum_of(&answer[part], "amount", |entry| entry["currency"] == currency))
            }
            Place::Ledger(account) => Some(sum_of(&answer["data"], "balance", |entry| {
                let of_customers = ["customer_cash", "payment_intent", "source"];
                let is_it = match account.as_str() {
                    "customers" => of_customers.iter().any(|name| entry["account"] == *name),
                    name => entry["account"] == name,
                };
                entry["currency"] == currency && is_it
            })),
            Place::Cash => answer["available"][currency].as_i64(),
        };
        let shown = found.map_or("none".to_owned(), |sum| sum.to_string());
        (found != self.wanted).then(|| format!("found {shown}"))
    }
}

fn known(word: &str, words: &[&str]) -> Result<String, String> {
    match words.contains(&word) {
        true => Ok(word.to_owned()),
        false => Err(format!("{word} is none of {}", words.join(", "))),
    }
}

/// The amount of the entry that is meant; nothing said is nothing there.
fn sum_of(entries: &Value, amount: &str, meant: impl Fn(&Value) -> bool) -> i64 {
    let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
    let meant = entries.iter().filter(|entry| meant(entry));
    meant.filter_map(|entry| entry[amount].as_i64()).sum()
}

#[test]
fn money_is_found_or_missed() {
    let answer = r#"{"available": [{"amount": 5, "currency": "usd"}], "pending": [],
        "data": [{"account": "bank", "currency": "usd", "balance": 7},
                 {"account": "fees", "currency": "usd", "balance": -1}]}"#;
    let cash = r#"{"available": {"usd": 5}}"#;
    let check = |answer: &str, kind: &str, text: &str, held: usize| {
        let answer = serde_json::from_str(answer).expect("JSON");
        let all = Money::parse(kind, text).unwrap_or_else(|why| panic!("{kind}: {text}: {why}"));
        let found = all.iter().filter(|money| money.missing_in(&answer).is_none()).count();
        assert_eq!((found, all.len() - found), (held, usize::from(held == 0)), "{kind}: {text}");
    };
    check(answer, "balance", "usd available 5 pending 0", 2);
    check(answer, "balance", "usd available 4", 0);
    check(answer, "balance", "eur available 0", 1);
    check(answer, "ledger", "bank usd 7, fees usd -1, merchant_pending usd 0", 3);
    check(answer, "ledger", "fees usd 1", 0);
    check(cash, "cash", "cus_1 usd 5", 1);
    check(cash, "cash", "cus_1 usd none", 0);
    check(cash, "cash", "cus_1 eur none", 1);
    check(cash, "cash", "cus_1 eur 0", 0);
    let wrong = [("balance", "usd"), ("balance", "usd lost 5"), ("ledger", "nowhere usd 1")];
    assert!(wrong.iter().all(|(kind, text)| Money::parse(kind, text).is_err()));
}
