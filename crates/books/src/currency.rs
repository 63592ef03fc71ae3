//! Currencies: three lower-case letters, and what each one's smallest unit is.
//!
//! Amounts are `i64` counts of that smallest unit everywhere in Purser. Sources: the pages
//! "Supported currencies" and "Zero-decimal currencies" of Stripe's documentation, the former also
//! for the least and the most that a charge can be of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A currency code in lower case, such as `usd`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollar.
    pub const USD: Currency = Currency(*b"usd");
    /// Euro.
    pub const EUR: Currency = Currency(*b"eur");
    /// Pound sterling.
    pub const GBP: Currency = Currency(*b"gbp");
    /// Japanese yen.
    pub const JPY: Currency = Currency(*b"jpy");
    /// Mexican peso.
    pub const MXN: Currency = Currency(*b"mxn");

    /// Reads three ASCII letters of any case; anything else is `None`.
    pub fn parse(text: &str) -> Option<Currency> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Currency(bytes.map(|b| b.to_ascii_lowercase())))
    }

    /// Digits behind the point where people write an amount: 2 for dollars, 0 for yen.
    pub fn digits(self) -> u8 {
        const NONE: [&[u8; 3]; 16] = [
            b"bif", b"clp", b"djf", b"gnf", b"jpy", b"kmf", b"krw", b"mga", b"pyg", b"rwf", b"ugx",
            b"vnd", b"vuv", b"xaf", b"xof", b"xpf",
        ];
        const THREE: [&[u8; 3]; 5] = [b"bhd", b"jod", b"kwd", b"omr", b"tnd"];
        match &self.0 {
            code if NONE.contains(&code) => 0,
            code if THREE.contains(&code) => 3,
            _ => 2,
        }
    }

    /// What a charge is of at the least, in the smallest unit. Stripe knows the least of the
    /// currencies that it settles in, and converts the others; nothing converts here, so one unit
    /// of these will do.
    pub fn least_charge(self) -> i64 {
        const LEAST: [(&[u8; 3], i64); 24] = [
            (b"aed", 200),
            (b"aud", 50),
            (b"bgn", 100),
            (b"brl", 50),
            (b"cad", 50),
            (b"chf", 50),
            (b"czk", 1_500),
            (b"dkk", 250),
            (b"eur", 50),
            (b"gbp", 30),
            (b"hkd", 400),
            (b"huf", 17_500),
            (b"inr", 50),
            (b"jpy", 50),
            (b"mxn", 1_000),
            (b"myr", 200),
            (b"nok", 300),
            (b"nzd", 50),
            (b"pln", 200),
            (b"ron", 200),
            (b"sek", 300),
            (b"sgd", 50),
            (b"thb", 1_000),
            (b"usd", 50),
        ];
        let known = LEAST.iter().find(|(code, _)| **code == self.0);
        known.map_or(1, |(_, least)| *least)
    }

    /// What a charge is of at the most, in the smallest unit: eight digits, but for currencies of
    /// small units.
    pub fn most_charge(self) -> i64 {
        match &self.0 {
            b"idr" => 999_999_999_999,
            b"inr" => 999_999_999,
            _ => 99_999_999,
        }
    }

    /// What amounts of charges are multiples of, in the smallest unit: card networks know no
    /// thousandths, and no cents of two currencies that Stripe writes with them.
    pub fn charge_step(self) -> i64 {
        match &self.0 {
            b"isk" | b"ugx" => 100,
            _ if self.digits() == 3 => 10,
            _ => 1,
        }
    }

    /// The code in lower case.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is ASCII by construction")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        Currency::parse(&text).ok_or_else(|| serde::de::Error::custom("not a currency code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_currencies_have_no_cents() {
        for (currency, digits) in [(Currency::USD, 2), (Currency::JPY, 0), (Currency(*b"kwd"), 3)] {
            assert_eq!(currency.digits(), digits, "{currency}");
        }
    }

    #[test]
    fn charges_have_bounds_in_each_currency() {
        for (code, least, most, step) in [
            ("usd", 50, 99_999_999, 1),
            ("jpy", 50, 99_999_999, 1),
            ("huf", 17_500, 99_999_999, 1),
            ("inr", 50, 999_999_999, 1),
            ("idr", 1, 999_999_999_999, 1),
            ("isk", 1, 99_999_999, 100),
            ("kwd", 1, 99_999_999, 10),
        ] {
            let of = Currency::parse(code).unwrap();
            let got = (of.least_charge(), of.most_charge(), of.charge_step());
            assert_eq!(got, (least, most, step), "{code}");
        }
    }

    #[test]
    fn reads_three_letters_only() {
        for (text, want) in [
            ("usd", Some("usd")),
            ("EUR", Some("eur")),
            ("us", None),
            ("usdx", None),
            ("u1d", None),
            ("ü", None),
        ] {
            assert_eq!(Currency::parse(text).map(|c| c.to_string()), want.map(String::from));
        }
    }
}
