//! Currencies: three lower-case letters, and what each one's smallest unit is.
//!
//! Amounts are `i64` counts of that smallest unit everywhere in Purser. Sources: the pages
//! "Supported currencies" and "Zero-decimal currencies" of Stripe's documentation.

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
