//! The rails: the five ways in which a bank transfer can reach a customer's cash balance.
//!
//! A rail, its currency and its name on the wire belong together one to one, so each can be found
//! from each of the others. Only the euro rail has a choice of country.

/// One bank transfer system, named after where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rail {
    /// ACH, domestic wires and SWIFT, in US dollars.
    Us,
    /// Bacs and Faster Payments, in pounds sterling.
    Gb,
    /// SEPA, in euros.
    Eu,
    /// Zengin, in Japanese yen.
    Jp,
    /// SPEI, in Mexican pesos.
    Mx,
}

impl Rail {
    /// Every rail there is.
    pub const ALL: [Self; 5] = [Self::Us, Self::Gb, Self::Eu, Self::Jp, Self::Mx];

    /// The `bank_transfer[type]` of the API.
    pub fn transfer_type(self) -> &'static str {
        match self {
            Self::Us => "us_bank_transfer",
            Self::Gb => "gb_bank_transfer",
            Self::Eu => "eu_bank_transfer",
            Self::Jp => "jp_bank_transfer",
            Self::Mx => "mx_bank_transfer",
        }
    }

    /// The only currency that it carries, as the API writes it.
    pub fn currency(self) -> &'static str {
        match self {
            Self::Us => "usd",
            Self::Gb => "gbp",
            Self::Eu => "eur",
            Self::Jp => "jpy",
            Self::Mx => "mxn",
        }
    }

    /// The rail of a `bank_transfer[type]`; `None` for any other text.
    pub fn from_transfer_type(transfer_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rail| rail.transfer_type() == transfer_type)
    }

    /// The rail that carries a currency, given in lower case; `None` where bank transfers do not
    /// exist.
    pub fn for_currency(currency: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rail| rail.currency() == currency)
    }
}

/// A country in which new virtual IBANs can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EuCountry {
    /// Germany.
    De,
    /// France.
    Fr,
    /// Ireland.
    Ie,
    /// The Netherlands.
    Nl,
}

impl EuCountry {
    /// Every permitted country.
    pub const ALL: [Self; 4] = [Self::De, Self::Fr, Self::Ie, Self::Nl];

    /// The two letter code, in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Self::De => "DE",
            Self::Fr => "FR",
            Self::Ie => "IE",
            Self::Nl => "NL",
        }
    }

    /// The country of a two letter code in capitals; `None` where new IBANs cannot be had.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|country| country.code() == code)
    }
}
