//! The parts that pages are made of: amounts, moments, links, tables, forms.
//!
//! Each is a function of plain values. What comes from customers is text and is escaped by the
//! templates.

use books::{Currency, Timestamp};
use maud::{Markup, html};
use serde_json::Value;

use crate::moments::show_moment;

pub mod chart;

/// Characters of a long text that a table shows, at most.
const SHORT_CHARS_MAX: usize = 160;
/// Characters of an object that a page shows as JSON, at most.
const JSON_CHARS_MAX: usize = 20_000;

/// A text out of an object, empty where it has none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The rows of a list.
pub fn rows(list: &Value) -> &[Value] {
    list["data"].as_array().map_or(&[], Vec::as_slice)
}

/// The items of an array.
pub fn items(array: &Value) -> &[Value] {
    array.as_array().map_or(&[], Vec::as_slice)
}

/// An amount in the smallest unit as people write it: `1,234.50 USD`.
pub fn amount(minor: i64, currency: &str) -> String {
    format!("{} {}", figures(minor, currency), currency.to_uppercase())
}

/// The same without the currency: `1,234.50`, `-0.05`.
pub fn figures(minor: i64, currency: &str) -> String {
    let digits = Currency::parse(currency).map_or(2, Currency::digits);
    let unit = 10u64.pow(u32::from(digits));
    let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let mut text = String::from(if minor < 0 { "-" } else { "" });
    let plain = whole.to_string();
    for (at, digit) in plain.chars().enumerate() {
        if at > 0 && (plain.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if digits > 0 {
        text.push_str(&format!(".{rest:0width$}", width = usize::from(digits)));
    }
    text
}

/// An amount of an object of the API.
pub fn money(minor: &Value, currency: &Value) -> Markup {
    let (minor, currency) = (minor.as_i64().unwrap_or_default(), text(currency));
    html! { span.money.negative[minor < 0] { (amount(minor, currency)) } }
}

/// An amount that came or went, with its sign: `+12.00 EUR`.
pub fn change(minor: i64, currency: &str) -> Markup {
    let sign = if minor > 0 { "+" } else { "" };
    html! { span.money.in[minor > 0].out[minor < 0] { (sign) (amount(minor, currency)) } }
}

/// A moment, in UTC; the script shows it in the reader's own time.
pub fn moment(seconds: i64) -> Markup {
    let machine = show_moment(Timestamp(seconds));
    html! { time datetime=(machine) { (machine[..10]) " " (machine[11..16]) " UTC" } }
}

/// A moment of an object of the API; a dash where it has none.
pub fn when(seconds: &Value) -> Markup {
    match seconds.as_i64() {
        Some(seconds) => moment(seconds),
        None => html! { span.muted { "–" } },
    }
}

/// A state, in a colour that goes with it.
pub fn badge(state: &str) -> Markup {
    let tone = match state {
        "succeeded" | "paid" | "available" | "enabled" | "active" | "approved" | "clean" => "good",
        "failed" | "canceled" | "rejected" | "expired" | "disabled" | "void" | "uncollectible"
        | "blocked" | "broken" => "bad",
        "requires_action" | "pending" | "processing" | "in_transit" | "open" | "running" => "wait",
        _ => "plain",
    };
    html! { span class={ "badge " (tone) } { (state.replace('_', " ")) } }
}

/// An id that leads to the page of its object, with a button that copies it.
pub fn id_link(path: &str, id: &str) -> Markup {
    html! { a.id href=(path) { (id) } }
}

/// Something to be copied: an id, an account number, a reference.
pub fn copyable(label: &str, value: &str) -> Markup {
    html! {
        span.copyable {
            code { (value) }
            button.copy type="button" data-copy=(value) aria-label={ "Copy " (label) } hidden {
                "Copy"
            }
        }
    }
}

/// Terms and what they are; those without a value are left out.
pub fn facts(facts: &[(&str, Option<Markup>)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                @if let Some(value) = value { div { dt { (name) } dd { (value) } } }
            }
        }
    }
}

/// A part of a page with a heading of its own.
pub fn card(title: &str, body: &Markup) -> Markup {
    html! { section.card { h2 { (title) } (body) } }
}

/// A figure that is read at a glance, with a few words about it.
pub fn tile(name: &str, figure: &Markup, more: &Markup) -> Markup {
    html! {
        div.tile {
            div.name { (name) }
            div.figure { (figure) }
            div.more { (more) }
        }
    }
}

/// A table: headings, and for each row its cells. Headings that begin with `>` are of figures.
pub fn table(caption: &str, headings: &[&str], rows: &[Vec<Markup>], empty: &str) -> Markup {
    let figure = |at: usize| headings[at].starts_with('>').then_some("figure");
    html! {
        @if rows.is_empty() {
            p.empty { (empty) }
        } @else {
            div.scroll tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption.unseen { (caption) }
                    thead {
                        tr {
                            @for (at, heading) in headings.iter().enumerate() {
                                th scope="col" class=[figure(at)] {
                                    (heading.trim_start_matches('>'))
                                }
                            }
                        }
                    }
                    tbody {
                        @for row in rows {
                            tr {
                                @for (at, cell) in row.iter().enumerate() {
                                    td class=[figure(at)] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Leads to the rows before and after those of a list of the API, which are newest first. `path` is
/// that of the page, with whatever else its query says; `asked` is whether it was asked for rows
/// `after` or `before` others.
pub fn pager(path: &str, list: &Value, asked: (bool, bool)) -> Markup {
    pager_of(path, list, asked, ("Newer", "Older"))
}

/// The same for a list in any order; `names` say what comes before and after.
pub fn pager_of(
    path: &str,
    list: &Value,
    (after, before): (bool, bool),
    names: (&str, &str),
) -> Markup {
    let (rows, more) = (rows(list), list["has_more"] == true);
    let id = |row: Option<&Value>| row.map(|row| text(&row["id"]).to_owned());
    let joint = if path.contains('?') { '&' } else { '?' };
    let newer = id(rows.first()).filter(|_| after || before && more);
    let older = id(rows.last()).filter(|_| before || more);
    html! {
        @if newer.is_some() || older.is_some() {
            nav.pager aria-label="More rows" {
                @if let Some(id) = newer {
                    a.button rel="prev" href={ (path) (joint) "before=" (id) } { (names.0) }
                }
                @if let Some(id) = older {
                    a.button rel="next" href={ (path) (joint) "after=" (id) } { (names.1) }
                }
            }
        }
    }
}

/// The beginning of a text that may be long, for tables.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(SHORT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// An object as JSON, of which at most [`JSON_CHARS_MAX`] characters are shown.
pub fn json_text(label: &str, value: &Value) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let end = text.char_indices().nth(JSON_CHARS_MAX).map(|(at, _)| at);
    html! {
        pre tabindex="0" role="region" aria-label=(label) {
            code { (text[..end.unwrap_or(text.len())]) }
        }
        @if end.is_some() { p.hint { "There is more of it. The API answers with all." } }
    }
}

/// A labelled field of a form.
pub fn field(label: &str, name: &str, input: &Markup, hint: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            (input)
            @if !hint.is_empty() { p.hint id={ (name) "-hint" } { (hint) } }
        }
    }
}

/// Reads an amount as people write it into smallest units; `None` if it is none.
pub fn read_amount(text: &str, currency: &str) -> Option<i64> {
    let digits = usize::from(Currency::parse(currency)?.digits());
    let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    // Commas stand between groups of three digits: `12,50` may be meant as twelve and a half, and
    // so may `0,500` as a half.
    if let Some((first, groups)) = whole.split_once(',') {
        let is_first = (1..=3).contains(&first.len()) && !first.starts_with('0');
        if !is_first || groups.split(',').any(|group| group.len() != 3) {
            return None;
        }
    }
    let whole = whole.replace(',', "");
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || rest.len() > digits || !is_number(&whole) || !is_number(rest) {
        return None;
    }
    format!("{whole}{rest:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_and_read_as_people_do() {
        for (minor, currency, want) in [
            (0, "usd", "0.00 USD"),
            (-5, "eur", "-0.05 EUR"),
            (123_456_789, "usd", "1,234,567.89 USD"),
            (1000, "jpy", "1,000 JPY"),
            (i64::MIN, "usd", "-92,233,720,368,547,758.08 USD"),
        ] {
            assert_eq!(amount(minor, currency), want);
        }
        for (text, currency, want) in [
            ("12", "usd", Some(1200)),
            (" 1,234.5 ", "usd", Some(123_450)),
            ("12.345", "usd", None),
            ("12,50", "usd", None),
            ("0,500", "usd", None),
            (",500", "usd", None),
            ("1234,567", "usd", None),
            ("1,,234", "usd", None),
            ("1,234,567.8", "usd", Some(123_456_780)),
            ("12.0", "jpy", None),
            ("500", "jpy", Some(500)),
            ("-1", "usd", None),
            ("", "usd", None),
            ("99999999999999999999", "usd", None),
        ] {
            assert_eq!(read_amount(text, currency), want, "{text}");
        }
    }
}
