//! Links: what they lead to, and how they are made so that nobody else can make one.
//!
//! ```text
//! /bank_transfers/instructions/test_{payment}{world}{signature}
//! /refunds/details/test_{refund}{world}{signature}
//! /payments/authentication/test_{payment}{world}{signature}
//! ```
//!
//! The payment and the world are enciphered as in every id. The signature is HMAC-SHA256 over the
//! folder and all that stands before it, cut to 128 bits, with a key that follows from the
//! database's secret. It is compared in constant time before anything is looked up. A link is the
//! same whenever it is made, so an answer that shows it can be repeated byte by byte; until when
//! it leads somewhere is a matter of what it leads to ([`ends_at`]).

use books::{Document, IdKey, Kind, Number, RowKey, Timestamp, World};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::api::wire::Wire;

/// Days after its making for which the instructions of a payment can be read.
pub const INSTRUCTIONS_DAYS_MAX: i64 = 90;
const DAY_S: i64 = 24 * 60 * 60;
/// Characters of an enciphered row.
const ROW_CHARS: usize = 24;
/// Bytes of a signature; each takes two characters.
const SIGNATURE_BYTES: usize = 16;
/// What keeps the key of links apart from other secrets, and how long it is.
const KEY: u8 = b'k';
const KEY_CHARS: usize = 43;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reading where the transfer for a payment is to go.
    Instructions,
    /// Saying where a refund is to go.
    RefundDetails,
    /// Authenticating as the holder of a card.
    Authentication,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Purpose; 3] =
        [Purpose::Instructions, Purpose::RefundDetails, Purpose::Authentication];

    /// What the path of such a link begins with.
    pub fn folder(self) -> &'static str {
        match self {
            Purpose::Instructions => "/bank_transfers/instructions/",
            Purpose::RefundDetails => "/refunds/details/",
            Purpose::Authentication => "/payments/authentication/",
        }
    }

    /// What such a link leads to.
    pub fn kind(self) -> Kind {
        match self {
            Purpose::Instructions | Purpose::Authentication => Kind::PaymentIntent,
            Purpose::RefundDetails => Kind::Refund,
        }
    }
}

/// Where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it is for.
    pub purpose: Purpose,
    /// In whose books.
    pub world: World,
    /// Their mode.
    pub livemode: bool,
    /// The payment or the refund.
    pub key: RowKey,
}

impl Target {
    /// The last part of the link.
    pub fn token(&self, ids: &IdKey) -> String {
        let name = |key| {
            let kind = self.purpose.kind();
            ids.write(kind, key)[kind.prefix().len()..].to_owned()
        };
        let of_world = RowKey { customer: Number(self.world.0), number: self.key.number };
        let mode = if self.livemode { "live" } else { "test" };
        let mut text = format!("{mode}_{}{}", name(self.key), name(of_world));
        let signature = signature(ids, self.purpose, &text);
        text.push_str(&signature);
        text
    }

    /// Where a token leads; `None` for a text that this database never made for this purpose.
    pub fn read(ids: &IdKey, purpose: Purpose, token: &str) -> Option<Target> {
        let signed = token.len().checked_sub(2 * SIGNATURE_BYTES)?;
        let (signed, shown) = token.split_at_checked(signed)?;
        let wanted = signature(ids, purpose, signed);
        if !bool::from(wanted.as_bytes().ct_eq(shown.as_bytes())) {
            return None;
        }
        let (mode, rows) = signed.split_once('_')?;
        let (row, world) = rows.split_at_checked(ROW_CHARS)?;
        let read = |name: &str| {
            let kind = purpose.kind();
            ids.read(kind, &format!("{}{name}", kind.prefix()))
        };
        let (key, world) = (read(row)?, World(read(world)?.customer.0));
        Some(Target { purpose, world, livemode: mode == "live", key })
    }
}

fn signature(ids: &IdKey, purpose: Purpose, signed: &str) -> String {
    let key = ids.row_secret(KEY, Number(0), KEY_CHARS);
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length is a key");
    mac.update(purpose.folder().as_bytes());
    mac.update(signed.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().take(SIGNATURE_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Until when the link to an object opens its page; `None` for what has no page.
pub fn ends_at(document: &Document) -> Option<Timestamp> {
    match document {
        Document::PaymentIntent(intent) => {
            let days_s = INSTRUCTIONS_DAYS_MAX * DAY_S;
            Some(Timestamp(intent.key.number.created().0.saturating_add(days_s)))
        }
        // A refund says so itself, and says so anew when its bank sent the money back.
        Document::Refund(refund) => refund.details_request.as_ref().map(|asked| asked.expires_at),
        _ => None,
    }
}

impl Wire {
    /// The link to the page of an object, for this purpose.
    pub fn link(&self, purpose: Purpose, key: RowKey) -> String {
        let target = Target { purpose, world: self.world, livemode: self.livemode, key };
        format!("{}{}{}", self.public_url, purpose.folder(), target.token(&self.ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(purpose: Purpose) -> Target {
        let key = RowKey { customer: Number(9 << 40), number: Number(10 << 40) };
        Target { purpose, world: World(3), livemode: false, key }
    }

    #[test]
    fn a_link_leads_where_it_was_made_for() {
        let ids = IdKey::new([7; 16]);
        for purpose in Purpose::ALL {
            for (livemode, world) in [(true, 1), (false, 1), (false, i64::MAX)] {
                let made = Target { livemode, world: World(world), ..target(purpose) };
                let token = made.token(&ids);
                assert_eq!(Target::read(&ids, purpose, &token), Some(made));
                assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{token}");
                assert_eq!(made.token(&ids), token);
                assert_eq!(Target::read(&IdKey::new([8; 16]), purpose, &token), None);
            }
        }
        let token = target(Purpose::Instructions).token(&ids);
        assert_eq!(Target::read(&ids, Purpose::RefundDetails, &token), None);
    }

    #[test]
    fn a_changed_link_leads_nowhere() {
        let ids = IdKey::new([7; 16]);
        let token = target(Purpose::Instructions).token(&ids);
        let refused = |text: &str| {
            assert_eq!(Target::read(&ids, Purpose::Instructions, text), None, "{text}");
        };
        for at in 0..token.len() {
            refused(&token[..at]);
            for other in [b'0', b'a', b'Z', b'_', token.as_bytes()[at] ^ 1] {
                let mut changed = token.clone().into_bytes();
                if changed[at] != other {
                    changed[at] = other;
                    refused(&String::from_utf8(changed).unwrap());
                }
            }
        }
        for text in ["", "é", &format!("{token}0"), &token.to_uppercase(), &"é".repeat(50)] {
            refused(text);
        }
        // Neither does one whose signature is right but which was never made like this.
        for signed in ["test_1", "", "é_é"] {
            refused(&format!("{signed}{}", signature(&ids, Purpose::Instructions, signed)));
        }
    }
}
