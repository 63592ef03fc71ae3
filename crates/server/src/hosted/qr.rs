//! The QR code that a bank's app reads: "Quick Response Code: Guidelines to enable data capture for
//! the initiation of a SEPA credit transfer" of the European Payments Council (EPC069-12).
//!
//! Only euros have one: of the other rails, none has a code of its own that every bank reads.

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc, Version};

/// Bytes of a payload, at most.
const PAYLOAD_BYTES_MAX: usize = 331;
/// Characters of a holder's name, at most.
const NAME_CHARS_MAX: usize = 70;
/// The largest code that the guidelines allow.
const VERSION_MAX: u8 = 13;
/// Cents of a transfer, at most: 999999999.99 euros.
const CENTS_MAX: i64 = 99_999_999_999;
/// Modules of empty space around a code.
const QUIET: i32 = 4;

/// A transfer in euros.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// The BIC of the receiver's bank; may be empty.
    pub bic: &'a str,
    /// Who receives the money.
    pub name: &'a str,
    /// The receiver's IBAN.
    pub iban: &'a str,
    /// How much.
    pub cents: i64,
    /// What the receiver knows the transfer by.
    pub reference: &'a str,
}

/// What the code says; `None` for a transfer that does not fit.
pub fn payload(transfer: &Transfer<'_>) -> Option<String> {
    let Transfer { bic, name, iban, cents, reference } = *transfer;
    if !(1..=CENTS_MAX).contains(&cents) {
        return None;
    }
    let line = |text: &str| text.replace(char::is_control, " ").trim().to_owned();
    let name: String = line(name).chars().take(NAME_CHARS_MAX).collect();
    let lines = [
        "BCD",
        // The version in which the BIC may be left out.
        "002",
        // The characters are UTF-8.
        "1",
        "SCT",
        bic,
        name.trim(),
        iban,
        &format!("EUR{}.{:02}", cents / 100, cents % 100),
        // A purpose, and a reference by ISO 11649: there is none.
        "",
        "",
        &line(reference),
    ];
    let payload = lines.join("\n");
    (payload.len() <= PAYLOAD_BYTES_MAX).then_some(payload)
}

/// The code as a picture.
pub fn picture(payload: &str, says: &str) -> Option<Markup> {
    let code = QrCode::encode_segments_advanced(
        &qrcodegen::QrSegment::make_segments(payload),
        QrCodeEcc::Medium,
        Version::MIN,
        Version::new(VERSION_MAX),
        None,
        false,
    );
    let code = code.ok()?;
    let side = code.size() + 2 * QUIET;
    Some(html! {
        svg.qr role="img" aria-label=(says) xmlns="http://www.w3.org/2000/svg"
            viewBox={ "0 0 " (side) " " (side) } shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#ffffff" {}
            path fill="#000000" d=(outline(&code)) {}
        }
    })
}

/// The dark modules: for each run in a row, a rectangle of height one.
fn outline(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let end = (x..code.size()).find(|&x| !code.get_module(x, y)).unwrap_or(code.size());
            if end > x {
                path += &format!("M{} {}h{}v1h-{}z", x + QUIET, y + QUIET, end - x, end - x);
            }
            x = end + 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Transfer<'_> = Transfer {
        bic: "BHBLDEHHXXX",
        name: "Franz Mustermänn",
        iban: "DE71110220330123456789",
        cents: 1230,
        reference: "QV9XQTDWZ8HR",
    };

    /// Line by line as the guidelines have it.
    #[test]
    fn the_payload_follows_the_guidelines() {
        let payload = payload(&SAMPLE).unwrap();
        let lines: Vec<&str> = payload.split('\n').collect();
        let want = [
            ("service tag", "BCD"),
            ("version", "002"),
            ("character set", "1"),
            ("identification", "SCT"),
            ("BIC", "BHBLDEHHXXX"),
            ("name", "Franz Mustermänn"),
            ("IBAN", "DE71110220330123456789"),
            ("amount", "EUR12.30"),
            ("purpose", ""),
            ("structured reference", ""),
            ("text", "QV9XQTDWZ8HR"),
        ];
        assert_eq!(lines.len(), want.len());
        for (line, (name, want)) in lines.iter().zip(want) {
            assert_eq!(*line, want, "{name}");
        }
    }

    #[test]
    fn amounts_and_names_keep_to_their_bounds() {
        let line = |transfer: Transfer<'_>, at: usize| {
            payload(&transfer).and_then(|text| text.split('\n').nth(at).map(str::to_owned))
        };
        for (cents, want) in [
            (1, Some("EUR0.01")),
            (100, Some("EUR1.00")),
            (CENTS_MAX, Some("EUR999999999.99")),
            (CENTS_MAX + 1, None),
            (0, None),
            (-5, None),
        ] {
            assert_eq!(line(Transfer { cents, ..SAMPLE }, 7).as_deref(), want, "{cents}");
        }
        let long = "ä".repeat(NAME_CHARS_MAX + 5);
        let named = |name: &str| line(Transfer { name, ..SAMPLE }, 5).unwrap();
        assert_eq!(named(&long), "ä".repeat(NAME_CHARS_MAX));
        assert_eq!(named(" A\nB\r "), "A B");
        assert_eq!(line(Transfer { bic: "", ..SAMPLE }, 4).as_deref(), Some(""));
        let wordy = "w".repeat(PAYLOAD_BYTES_MAX);
        assert_eq!(payload(&Transfer { reference: &wordy, ..SAMPLE }), None);
    }

    #[test]
    fn what_is_too_much_for_a_code_has_no_picture() {
        assert!(picture(&"ß".repeat(PAYLOAD_BYTES_MAX / 2), "").is_some());
        assert!(picture(&"ß".repeat(PAYLOAD_BYTES_MAX), "").is_none());
    }
}
