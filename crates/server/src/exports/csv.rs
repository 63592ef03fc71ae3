//! Tables as RFC 4180 has them: UTF-8, lines that end in CRLF, cells in quotes where they need it.

use std::borrow::Cow;

use books::Currency;

use crate::web::parts::figures;

/// What a spreadsheet takes for the beginning of a formula: the last four are wide forms.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A line of cells.
pub fn line<'t>(cells: impl Iterator<Item = &'t str>) -> String {
    let mut text = String::new();
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        match cell.contains(['"', ',', '\r', '\n']) {
            true => text += &format!("\"{}\"", cell.replace('"', "\"\"")),
            false => text += cell,
        }
    }
    text + "\r\n"
}

/// A cell of what others wrote. Where it begins like a formula an apostrophe comes before it, so
/// that no spreadsheet computes it.
pub fn words(text: &str) -> Cow<'_, str> {
    match text.starts_with(FORMULA) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// An amount as a decimal number: `-1234.50`.
pub fn decimal(minor: i64, currency: Currency) -> String {
    figures(minor, currency.as_str()).replace(',', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (cell, want) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),
            ("\t=1", "'\t=1"),
            ("\n=1", "\"'\n=1\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("Zoë = Ω", "Zoë = Ω"),
        ] {
            let cell = words(cell);
            assert_eq!(line([cell.as_ref(), "end"].into_iter()), format!("{want},end\r\n"));
        }
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        for (minor, currency, want) in [
            (-123_450, "usd", "-1234.50"),
            (5, "eur", "0.05"),
            (1000, "jpy", "1000"),
            (1_234_567, "kwd", "1234.567"),
        ] {
            assert_eq!(decimal(minor, Currency::parse(currency).unwrap()), want);
        }
    }
}
