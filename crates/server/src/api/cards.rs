//! Cards that a request brings along: by number, by token, or by the name of a test card.
//!
//! A number and a security code are read into types that never show them, and forgotten: what is
//! kept is what the acquirer knows the card by. Only test cards are taken by number, as their
//! numbers are no secrets; any other is refused before anything is written. Errors are those of
//! Stripe's page "Error codes" about cards: 402, with a code that names what is wrong.

use std::fmt;

use bank::card_number::{self, CardNumber, CardNumberError};
use books::card::{Card, Check, Checks, Decline};
use books::command::CardGiven;
use books::{Timestamp, customer};

use super::error::ApiError;
use super::execute::Asked;
use super::form::Node;
use super::instruments::{self, Named};
use super::params::{Param, ParamError, Path, Schema, Str, Text, params};
use crate::acquirer::test_cards;

/// Most characters of a card number or a security code, separators included.
const SECRET_CHARS_MAX: usize = card_number::INPUT_BYTES_MAX;

/// The names of the parameters that are not kept with a request which waits for approval.
const SECRETS: [&str; 2] = ["cvc", "number"];

/// How many years from now a card may still be valid.
const YEARS_MAX: i64 = 50;

/// A card number or a security code as it was typed. It never shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

impl Param for Secret {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node {
            Node::Text(text) if text.is_empty() => Err(ParamError::empty(at)),
            Node::Text(text) if text == card_number::HIDDEN => {
                let problem = "was not kept with the request that waited: numbers of cards never \
                               are. Ask again with a token or a payment method";
                Err(ParamError::invalid(at, problem))
            }
            Node::Text(text) if text.len() > SECRET_CHARS_MAX => {
                let problem = format!("is too long: it has at most {SECRET_CHARS_MAX} characters");
                Err(ParamError::invalid(at, problem))
            }
            Node::Text(text) => Ok(Secret(text.clone())),
            Node::List(_) | Node::Map(_) => Err(ParamError::invalid(at, "must be a text")),
        }
    }

    fn schema() -> Schema {
        Schema::text(SECRET_CHARS_MAX)
    }
}

params! {
    /// A card by its number, as tokens are made of.
    pub struct TokenCard {
        /// City of its holder.
        pub address_city: Option<Text>,
        /// Country of its holder.
        pub address_country: Option<Text>,
        /// First line of the address of its holder.
        pub address_line1: Option<Text>,
        /// Second line of the address of its holder.
        pub address_line2: Option<Text>,
        /// State, county or province of its holder.
        pub address_state: Option<Text>,
        /// Postal code of its holder.
        pub address_zip: Option<Text>,
        /// Its security code. It is not kept.
        pub cvc: Option<Secret>,
        /// Month of its expiry, from 1.
        pub exp_month: i64,
        /// Year of its expiry, as two or four digits.
        pub exp_year: i64,
        /// Name of its holder.
        pub name: Option<Str<300>>,
        /// The number of a test card. It is not kept; numbers of real cards are refused.
        pub number: Secret,
    }
    refuses { "currency", "networks" }
    check TokenCard::check
}

params! {
    /// A card: its number, or a token of it.
    pub struct MethodCard {
        /// Its security code. It is not kept.
        pub cvc: Option<Secret>,
        /// Month of its expiry, from 1. Required with `number`.
        pub exp_month: Option<i64>,
        /// Year of its expiry, as two or four digits. Required with `number`.
        pub exp_year: Option<i64>,
        /// The number of a test card. It is not kept; numbers of real cards are refused.
        pub number: Option<Secret>,
        /// A token, such as `tok_visa`, in place of the number.
        pub token: Option<Text>,
    }
    refuses { "networks" }
    check MethodCard::check
}

impl TokenCard {
    /// A number belongs into `number`, where it is read as one.
    fn check(card: &TokenCard, at: &Path) -> Result<(), ParamError> {
        let texts = [
            ("address_city", card.address_city.as_deref()),
            ("address_country", card.address_country.as_deref()),
            ("address_line1", card.address_line1.as_deref()),
            ("address_line2", card.address_line2.as_deref()),
            ("address_state", card.address_state.as_deref()),
            ("address_zip", card.address_zip.as_deref()),
            ("name", card.name.as_deref()),
        ];
        for (name, text) in texts {
            if text.is_some_and(|text| card_number::hidden(text) != text) {
                return Err(ParamError::invalid(at.key(name), "holds the number of a card"));
            }
        }
        Ok(())
    }

    /// The card, if it is a test card.
    pub fn card(self, asked: &Asked<'_>) -> Result<Card, ApiError> {
        let typed = Typed {
            number: &self.number,
            exp_month: self.exp_month,
            exp_year: self.exp_year,
            cvc: self.cvc.as_ref(),
        };
        let mut card = typed.card(asked)?;
        let text = |text: Option<Text>| text.map(String::from);
        let address = customer::Address {
            city: text(self.address_city),
            country: text(self.address_country),
            line1: text(self.address_line1),
            line2: text(self.address_line2),
            postal_code: text(self.address_zip),
            state: text(self.address_state),
        };
        card.checks.line1 = address.line1.as_ref().map(|_| Check::Unchecked);
        card.checks.postal_code = address.postal_code.as_ref().map(|_| Check::Unchecked);
        card.address = Some(address).filter(|address| *address != customer::Address::default());
        card.name = self.name.map(String::from);
        Ok(card)
    }
}

impl MethodCard {
    fn check(card: &MethodCard, at: &Path) -> Result<(), ParamError> {
        let typed = [
            ("number", card.number.is_some()),
            ("exp_month", card.exp_month.is_some()),
            ("exp_year", card.exp_year.is_some()),
        ];
        match (&card.token, typed.iter().find(|(_, given)| *given == card.token.is_some())) {
            (None, Some((name, _))) => Err(ParamError::missing(at.key(name))),
            (Some(_), Some((name, _))) => {
                let problem = "cannot be sent along with `token`: the token stands for it";
                Err(ParamError::invalid(at.key(name), problem))
            }
            _ => Ok(()),
        }
    }

    /// The card that it brings along. `at` is the name of the hash, for errors.
    pub fn given(&self, asked: &Asked<'_>, at: &str) -> Result<CardGiven, ApiError> {
        if let Some(token) = &self.token {
            let param = format!("{at}[token]");
            return match instruments::named(asked, token, &param)? {
                Named::Given(given) => Ok(given),
                Named::FreshMethod(_) | Named::Kept(_) => {
                    Err(ApiError { status: 400, ..ApiError::missing("token", token, &param) })
                }
            };
        }
        let (Some(number), Some(exp_month), Some(exp_year)) =
            (&self.number, self.exp_month, self.exp_year)
        else {
            unreachable!("what is missing was found when the parameters were read");
        };
        let typed = Typed { number, exp_month, exp_year, cvc: self.cvc.as_ref() };
        Ok(CardGiven::Fresh(Box::new(typed.card(asked)?)))
    }
}

/// A card as it was typed.
struct Typed<'a> {
    number: &'a Secret,
    exp_month: i64,
    exp_year: i64,
    cvc: Option<&'a Secret>,
}

impl Typed<'_> {
    /// What is known of the card, if it is a test card.
    fn card(&self, asked: &Asked<'_>) -> Result<Card, ApiError> {
        let sandbox = asked.takes_test_cards()?;
        let number = CardNumber::parse(&self.number.0).map_err(|error| match error {
            CardNumberError::WrongCheckDigit => wrong("incorrect_number"),
            CardNumberError::NoNumber | CardNumberError::WrongLength => wrong("invalid_number"),
        })?;
        let (exp_month, exp_year) =
            expiry(self.exp_month, self.exp_year, asked.app.clock.now().seconds())?;
        let fits = |cvc: &&Secret| {
            let digits = cvc.0.trim();
            // That of American Express has four digits; three are taken for it, too.
            (3..=number.cvc_digits()).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if self.cvc.is_some_and(|cvc| !fits(&cvc)) {
            return Err(wrong("invalid_cvc"));
        }
        let Some(known) = test_cards::with_number(number.digits()) else {
            let decline_code = Some("test_mode_live_card".to_owned());
            let decline = Decline { code: "card_declined".to_owned(), decline_code };
            return Err(ApiError::declined(&decline));
        };
        let cvc = self.cvc.map(|_| Check::Unchecked);
        let checks = Checks { cvc, ..Checks::default() };
        Ok(Card { exp_month, exp_year, checks, ..sandbox.card(known) })
    }
}

/// What is wrong with a card that was typed.
fn wrong(code: &str) -> ApiError {
    ApiError::declined(&Decline { code: code.to_owned(), decline_code: None })
}

/// Month and year of an expiry that is not over. A card is valid to the end of its month.
fn expiry(of_month: i64, of_year: i64, now: Timestamp) -> Result<(u8, u16), ApiError> {
    let (month, year) = (month(of_month)?, year(of_year, now)?);
    match (i64::from(year), i64::from(month)) < now.year_and_month() {
        true => Err(wrong("invalid_expiry_month")),
        false => Ok((month, year)),
    }
}

/// The month of an expiry.
pub fn month(month: i64) -> Result<u8, ApiError> {
    let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month));
    month.ok_or_else(|| wrong("invalid_expiry_month"))
}

/// The year of an expiry, as two or four digits: this one or a later one.
pub fn year(year: i64, now: Timestamp) -> Result<u16, ApiError> {
    let (this_year, _) = now.year_and_month();
    let year = if (0..100).contains(&year) { this_year - this_year % 100 + year } else { year };
    let year = Some(year).filter(|year| (this_year..=this_year + YEARS_MAX).contains(year));
    let year = year.and_then(|year| u16::try_from(year).ok());
    year.ok_or_else(|| wrong("invalid_expiry_year"))
}

/// The parameters of a request as they are kept while it waits for a person: without the number
/// and the security code of a card.
pub fn without_secrets(tree: &Node) -> Node {
    without_secrets_at(tree, true)
}

fn without_secrets_at(node: &Node, is_top: bool) -> Node {
    let Node::Map(entries) = node else { return node.clone() };
    let kept = |(name, child): &(String, Node)| {
        let is_secret = !is_top && SECRETS.contains(&name.as_str());
        let child = match child {
            Node::Text(_) if is_secret => Node::Text(card_number::HIDDEN.to_owned()),
            child => without_secrets_at(child, false),
        };
        (name.clone(), child)
    };
    Node::Map(entries.iter().map(kept).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::form::parse_form;
    use crate::api::params::read_all;

    #[test]
    fn an_expiry_is_now_or_later() {
        // 2026-11-22.
        let now = Timestamp(1_795_305_600);
        for (month, year, want) in [
            (11, 2026, Ok((11, 2026))),
            (12, 26, Ok((12, 2026))),
            (1, 34, Ok((1, 2034))),
            (1, 2076, Ok((1, 2076))),
            (10, 2026, Err("invalid_expiry_month")),
            (0, 2030, Err("invalid_expiry_month")),
            (13, 2030, Err("invalid_expiry_month")),
            (-1, 2030, Err("invalid_expiry_month")),
            (1, 2025, Err("invalid_expiry_year")),
            (1, 25, Err("invalid_expiry_year")),
            (1, 2077, Err("invalid_expiry_year")),
            (1, -30, Err("invalid_expiry_year")),
            (1, i64::MAX, Err("invalid_expiry_year")),
        ] {
            let got = expiry(month, year, now);
            assert_eq!(got.map_err(|error| error.code.unwrap()), want, "{month}/{year}");
        }
    }

    #[test]
    fn a_card_has_a_number_or_a_token() {
        for (form, want) in [
            ("number=1&exp_month=1&exp_year=30", None),
            ("number=1&exp_month=1&exp_year=30&cvc=123", None),
            ("token=tok_visa", None),
            ("token=tok_visa&cvc=123", None),
            ("exp_month=1&exp_year=30", Some("number")),
            ("number=1&exp_year=30", Some("exp_month")),
            ("number=1&exp_month=1", Some("exp_year")),
            ("", Some("number")),
            ("token=tok_visa&number=1", Some("number")),
            ("token=tok_visa&exp_year=30", Some("exp_year")),
            ("number[a]=1&exp_month=1&exp_year=30", Some("number")),
            ("number[]=1&exp_month=1&exp_year=30", Some("number")),
            ("number=[redacted]&exp_month=1&exp_year=30", Some("number")),
        ] {
            let read = read_all::<MethodCard>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(read.err().and_then(|it| it.param).as_deref(), want, "{form}");
        }
    }

    #[test]
    fn what_is_secret_neither_shows_nor_is_kept() {
        let form =
            b"card[number]=4242424242424242&card[cvc]=987&card[exp_month]=1&card[exp_year]=30\
            &number=7&a[][card][cvc]=1";
        let tree = parse_form(form).unwrap();
        let read = read_all::<MethodCard>(tree.get("card").unwrap()).unwrap();
        let shown = format!("{read:?}");
        assert!(!shown.contains("4242") && !shown.contains("987"), "{shown}");
        let kept = without_secrets(&tree).to_json();
        assert_eq!(kept["card"]["number"], "[redacted]");
        assert_eq!(kept["card"]["cvc"], "[redacted]");
        assert_eq!((&kept["card"]["exp_year"], &kept["number"]), (&"30".into(), &"7".into()));
    }
}
