//! Kinds of values that differ from run to run, but must have a certain form.
//!
//! `8 digits`, `id cus`, `iban DE` and `clabe`; the last two with their check digits.

use serde_json::Value;

use super::names::id_length;

pub enum Shape {
    Digits(usize),
    Id(String),
    Iban(String),
    Clabe,
}

impl Shape {
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        match words {
            [count, "digits"] => {
                Ok(Self::Digits(count.parse().map_err(|_| format!("{count}: no number"))?))
            }
            ["id", prefix] if id_length(prefix).is_some() => Ok(Self::Id((*prefix).to_owned())),
            ["iban", country] => Ok(Self::Iban((*country).to_owned())),
            ["clabe"] => Ok(Self::Clabe),
            _ => Err(format!("no such kind of value: {}", words.join(" "))),
        }
    }

    pub fn fits(&self, value: &Value) -> bool {
        let Some(text) = value.as_str() else {
            return false;
        };
        match self {
            Self::Digits(count) => text.len() == *count && digits(text),
            Self::Id(prefix) => is_id(text, prefix),
            Self::Iban(country) => text.starts_with(country) && is_iban(text),
            Self::Clabe => text.len() == 18 && digits(text) && is_clabe(text),
        }
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_id(text: &str, prefix: &str) -> bool {
    let tail = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    tail.is_some_and(|tail| {
        Some(tail.len()) == id_length(prefix) && tail.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// The first four characters moved to the end, letters read as 10 to 35: the rest by 97 is 1.
fn is_iban(text: &str) -> bool {
    if !(15..=34).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let turned = text[4..].chars().chain(text[..4].chars());
    let rest = turned.fold(0, |rest, c| match c.to_digit(36) {
        Some(value @ 0..=9) => (rest * 10 + value) % 97,
        Some(value) => (rest * 100 + value) % 97,
        None => rest,
    });
    rest == 1
}

/// Weights 3, 7, 1 over the first seventeen digits, each product by 10; the last digit fills up
/// the sum to a multiple of ten.
fn is_clabe(text: &str) -> bool {
    let value = |byte: u8| u32::from(byte - b'0');
    let (body, control) = text.as_bytes().split_at(17);
    let weighted = body.iter().zip([3, 7, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(&byte, weight)| value(byte) * weight % 10).sum();
    (sum + value(control[0])).is_multiple_of(10)
}

#[test]
fn shapes_fit_and_do_not() {
    let check = |shape: &str, text: &str, fits: bool| {
        let words: Vec<&str> = shape.split(' ').collect();
        let shape_of = Shape::parse(&words).expect("a shape");
        assert_eq!(shape_of.fits(&Value::from(text)), fits, "{text} as {shape}");
    };
    check("iban DE", "DE89370400440532013000", true);
    check("iban DE", "DE88370400440532013000", false);
    check("iban FR", "FR1420041010050500013M02606", true);
    check("iban NL", "DE89370400440532013000", false);
    check("clabe", "032180000118359719", true);
    check("clabe", "032180000118359718", false);
    check("8 digits", "00012345", true);
    check("8 digits", "0001234x", false);
    check("id cus", "cus_QXg1o8vcGmoR32", true);
    check("id cus", "cus_1", false);
}
