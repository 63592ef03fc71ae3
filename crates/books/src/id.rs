//! Identifiers that look like Stripe's, cannot be guessed, and carry the key of their row.
//!
//! A row's key is a [`RowKey`]: the number of the customer it belongs to (0 where there is none)
//! and its own [`Number`]. The identifier on the wire is that key, enciphered with the database's
//! own [`IdKey`] and written in base 62. So looking an object up by its id needs no second index,
//! and inserting one touches no random page; and still nobody can tell from an id how many
//! objects there are, or find another one's id: the cipher is a keyed permutation, and most of
//! the block is zeros that a guess would have to hit.
//!
//! A [`Number`] carries its moment (milliseconds), its lane and a counter, so that newer rows have
//! larger numbers, lanes never meet, and `created` needs no column of its own.

use std::fmt;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use serde::{Deserialize, Serialize};

use crate::time::{Millis, Timestamp};
use crate::timer::DAY_S;

/// 2020-01-01T00:00:00Z in milliseconds: where numbers start to count, which leaves 69 years.
const EPOCH_MS: i64 = 1_577_836_800_000;
const LANE_BITS: u32 = 8;
const COUNT_BITS: u32 = 14;
const TIME_SHIFT: u32 = LANE_BITS + COUNT_BITS;
/// How many lanes may exist at once, over all servers on one database.
pub const LANES_MAX: i64 = 1 << LANE_BITS;

/// The number of a row: unique over all kinds and lanes of a database, larger for newer rows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Number(pub i64);

impl Number {
    /// The smallest number that a row made at `at` or later can have: turns a time into a bound.
    pub fn first_at(at: Timestamp) -> Number {
        Number::first_at_ms(Millis(at.0.saturating_mul(1000)))
    }

    /// The smallest number that a row made at or after this millisecond can have.
    pub fn first_at_ms(at: Millis) -> Number {
        let ms = at.0.saturating_sub(EPOCH_MS);
        Number(ms.clamp(0, (1 << (63 - TIME_SHIFT)) - 1) << TIME_SHIFT)
    }

    /// When the row was made.
    pub fn created(self) -> Timestamp {
        Millis((self.0 >> TIME_SHIFT) + EPOCH_MS).seconds()
    }

    /// The day on which the row was made: days since 1970-01-01, UTC.
    pub fn day(self) -> i64 {
        self.created().0.div_euclid(DAY_S)
    }

    /// The lane that made the row.
    pub fn lane(self) -> i64 {
        (self.0 >> COUNT_BITS) & (LANES_MAX - 1)
    }
}

/// Hands out the numbers of one lane, each larger than the one before.
#[derive(Clone, Debug)]
pub struct Numbers {
    lane: i64,
    last: Number,
}

impl Numbers {
    /// Starts after `last`, the largest number this lane has ever used (0 for a new lane).
    pub fn after(lane: i64, last: Number) -> Numbers {
        assert!((0..LANES_MAX).contains(&lane), "lane {lane} is out of range");
        Numbers { lane, last }
    }

    /// The next number: the moment `now`, or just after the last one when the clock stood still.
    pub fn next(&mut self, now: Millis) -> Number {
        let fresh = ((now.0 - EPOCH_MS).max(0) << TIME_SHIFT) | (self.lane << COUNT_BITS);
        let mut follow = self.last.0 + 1;
        if Number(follow).lane() != self.lane {
            let ms = (self.last.0 >> TIME_SHIFT) + 1;
            follow = (ms << TIME_SHIFT) | (self.lane << COUNT_BITS);
        }
        self.last = Number(fresh.max(follow));
        self.last
    }

    /// The lane.
    pub fn lane(&self) -> i64 {
        self.lane
    }

    /// The largest number handed out so far.
    pub fn last(&self) -> Number {
        self.last
    }
}

/// Where a row is: the customer it belongs to (0 for none) and its own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RowKey {
    /// Number of the owning customer; 0 for objects of the account itself.
    pub customer: Number,
    /// Number of the row.
    pub number: Number,
}

/// The kinds of objects that have an id, and the prefix of each on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// `cus_`
    Customer = 1,
    /// `ccsbtxn_`
    CashTransaction = 2,
    /// `txn_`
    BalanceTransaction = 3,
    /// `evt_`
    Event = 4,
    /// `pi_`
    PaymentIntent = 5,
    /// `py_`: a charge that is not by card. Also what all charges are stored as.
    Charge = 6,
    /// `pm_`
    PaymentMethod = 7,
    /// `pyr_`: a refund that is not to a card. Also what all refunds are stored as.
    Refund = 8,
    /// `po_`
    Payout = 9,
    /// `ba_`
    BankAccount = 10,
    /// `in_`
    Invoice = 11,
    /// `ii_`
    InvoiceItem = 12,
    /// `il_`: shows an invoice item as a line of its invoice.
    InvoiceLine = 13,
    /// `we_`
    WebhookEndpoint = 14,
    /// `apr_`: a request that waits for a person.
    Approval = 15,
    /// `tok_`
    Token = 16,
    /// `card_`
    Card = 17,
    /// `src_`
    Source = 18,
    /// `srctxn_`
    SourceTransaction = 19,
    /// `tu_`
    Topup = 20,
    /// `ch_`: how the id of a charge is spelled that is by card.
    CardCharge = 21,
    /// `re_`: how the id of a refund is spelled that is to a card.
    CardRefund = 22,
}

impl Kind {
    /// All kinds, for finding one by its prefix.
    pub const ALL: [Kind; 22] = [
        Kind::Customer,
        Kind::CashTransaction,
        Kind::BalanceTransaction,
        Kind::Event,
        Kind::PaymentIntent,
        Kind::Charge,
        Kind::PaymentMethod,
        Kind::Refund,
        Kind::Payout,
        Kind::BankAccount,
        Kind::Invoice,
        Kind::InvoiceItem,
        Kind::InvoiceLine,
        Kind::WebhookEndpoint,
        Kind::Approval,
        Kind::Token,
        Kind::Card,
        Kind::Source,
        Kind::SourceTransaction,
        Kind::Topup,
        Kind::CardCharge,
        Kind::CardRefund,
    ];

    /// The text before the random-looking part, underscore included.
    pub fn prefix(self) -> &'static str {
        match self {
            Kind::Customer => "cus_",
            Kind::CashTransaction => "ccsbtxn_",
            Kind::BalanceTransaction => "txn_",
            Kind::Event => "evt_",
            Kind::PaymentIntent => "pi_",
            Kind::Charge => "py_",
            Kind::PaymentMethod => "pm_",
            Kind::Refund => "pyr_",
            Kind::Payout => "po_",
            Kind::BankAccount => "ba_",
            Kind::Invoice => "in_",
            Kind::InvoiceItem => "ii_",
            Kind::InvoiceLine => "il_",
            Kind::WebhookEndpoint => "we_",
            Kind::Approval => "apr_",
            Kind::Token => "tok_",
            Kind::Card => "card_",
            Kind::Source => "src_",
            Kind::SourceTransaction => "srctxn_",
            Kind::Topup => "tu_",
            Kind::CardCharge => "ch_",
            Kind::CardRefund => "re_",
        }
    }

    /// The kind that objects with this spelling of ids are stored as.
    pub fn stored(self) -> Kind {
        match self {
            Kind::CardCharge => Kind::Charge,
            Kind::CardRefund => Kind::Refund,
            kind => kind,
        }
    }

    /// The name in the store of what a row names.
    pub fn name(self) -> &'static str {
        match self {
            Kind::CardCharge => "card_charge",
            Kind::CardRefund => "card_refund",
            kind => kind.object(),
        }
    }

    /// The kind with this name in the store.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// `object` on the wire, which is also the name in the store of what is stored.
    pub fn object(self) -> &'static str {
        match self {
            Kind::Customer => "customer",
            Kind::CashTransaction => "customer_cash_balance_transaction",
            Kind::BalanceTransaction => "balance_transaction",
            Kind::Event => "event",
            Kind::PaymentIntent => "payment_intent",
            Kind::Charge | Kind::CardCharge => "charge",
            Kind::PaymentMethod => "payment_method",
            Kind::Refund | Kind::CardRefund => "refund",
            Kind::Payout => "payout",
            Kind::BankAccount => "bank_account",
            Kind::Invoice => "invoice",
            Kind::InvoiceItem => "invoiceitem",
            Kind::InvoiceLine => "line_item",
            Kind::WebhookEndpoint => "webhook_endpoint",
            Kind::Approval => "purser.approval",
            Kind::Token => "token",
            Kind::Card => "card",
            Kind::Source => "source",
            Kind::SourceTransaction => "source_transaction",
            Kind::Topup => "topup",
        }
    }

    /// The kind with this `object`.
    pub fn from_object(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.object() == name)
    }

    /// Whether objects of this kind belong to a customer, whose number their key carries.
    fn is_owned(self) -> bool {
        !matches!(
            self,
            Kind::Customer
                | Kind::BalanceTransaction
                | Kind::Event
                | Kind::Payout
                | Kind::BankAccount
                | Kind::WebhookEndpoint
                | Kind::Token
                | Kind::Source
                | Kind::SourceTransaction
                | Kind::Topup
        )
    }

    /// The kind that an id claims by its prefix.
    pub fn of(id: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| id.starts_with(kind.prefix()))
    }

    /// Characters and bits of one half of the enciphered block: lengths as on Stripe's wire.
    fn half(self) -> Half {
        match self {
            Kind::Customer => Half { chars: 7, bits: 41 },
            _ => Half { chars: 12, bits: 71 },
        }
    }
}

#[derive(Clone, Copy)]
struct Half {
    chars: usize,
    bits: u32,
}

/// The secret of a database with which ids are written and read.
#[derive(Clone)]
pub struct IdKey(Aes128);

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey(secret)")
    }
}

const ROUNDS: u8 = 8;
/// Characters of a transfer reference.
pub const REFERENCE_CHARS: usize = 12;
/// Characters of a secret that one block of the cipher fills.
const SECRET_CHARS_PER_BLOCK: usize = 12;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl IdKey {
    /// Makes the key from 16 secret random bytes.
    pub fn new(secret: [u8; 16]) -> IdKey {
        IdKey(Aes128::new(&secret.into()))
    }

    /// The id of a customer.
    pub fn customer(&self, number: Number) -> String {
        self.write(Kind::Customer, RowKey { customer: Number(0), number })
    }

    /// The id of the row at `key`.
    pub fn write(&self, kind: Kind, key: RowKey) -> String {
        let half = kind.half();
        let (mut left, mut right) = pack(half, key);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.scramble(kind, round, right, half.bits));
        }
        let mut text = String::with_capacity(kind.prefix().len() + 2 * half.chars);
        text.push_str(kind.prefix());
        push_base62(&mut text, left, half.chars);
        push_base62(&mut text, right, half.chars);
        text
    }

    /// The row that an id names, or `None` for a text that this database never wrote. Charges and
    /// refunds are read in both spellings.
    pub fn read(&self, kind: Kind, id: &str) -> Option<RowKey> {
        let kind = Kind::of(id).filter(|spelled| spelled.stored() == kind.stored())?;
        let half = kind.half();
        let text = id.strip_prefix(kind.prefix())?.as_bytes();
        if text.len() != 2 * half.chars {
            return None;
        }
        let (first, second) = text.split_at(half.chars);
        let (mut left, mut right) =
            (read_base62(first, half.bits)?, read_base62(second, half.bits)?);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.scramble(kind, round, left, half.bits), left);
        }
        unpack(kind, half, left, right)
    }

    /// The number of the customer that an id names.
    pub fn read_customer(&self, id: &str) -> Option<Number> {
        self.read(Kind::Customer, id).map(|key| key.number)
    }

    /// What a sender types so that a transfer finds its payment intent: 12 capitals and digits,
    /// always the same for the same intent.
    pub fn transfer_reference(&self, intent: Number) -> String {
        let mut value = self.derive(b'r', intent, 0);
        let mut text = [b'0'; REFERENCE_CHARS];
        for place in text.iter_mut().rev() {
            *place = DIGITS[(value % 36) as usize];
            value /= 36;
        }
        text.iter().map(|&b| b as char).collect()
    }

    /// A secret that goes with a row: `chars` base 62 characters that nobody can tell from its
    /// id. `purpose` keeps secrets of different kinds apart.
    pub fn row_secret(&self, purpose: u8, row: Number, chars: usize) -> String {
        let mut text = String::with_capacity(chars);
        for part in 0..chars.div_ceil(SECRET_CHARS_PER_BLOCK) {
            let left = chars - text.len();
            let value = self.derive(purpose, row, part as u8);
            push_base62(&mut text, value, left.min(SECRET_CHARS_PER_BLOCK));
        }
        text
    }

    /// A keyed, one-way value of a row. The last byte keeps these blocks apart from those of
    /// ids, which end in zeros.
    fn derive(&self, purpose: u8, row: Number, part: u8) -> u128 {
        let mut block = [0u8; 16];
        block[..8].copy_from_slice(&row.0.to_le_bytes());
        block[8] = part;
        block[9] = purpose;
        block[15] = 0xff;
        let mut block = block.into();
        self.0.encrypt_block(&mut block);
        u128::from_le_bytes(block.into())
    }

    fn scramble(&self, kind: Kind, round: u8, half: u128, bits: u32) -> u128 {
        let mut block = [0u8; 16];
        block[..9].copy_from_slice(&half.to_le_bytes()[..9]);
        block[9] = kind as u8;
        block[10] = round;
        let mut block = block.into();
        self.0.encrypt_block(&mut block);
        u128::from_le_bytes(block.into()) & ((1 << bits) - 1)
    }
}

/// Lays a key over the two halves of a block; the bits that are left are zero.
fn pack(half: Half, key: RowKey) -> (u128, u128) {
    if half.bits < 63 {
        let number = key.number.0 as u128;
        (number & ((1 << half.bits) - 1), number >> half.bits)
    } else {
        (key.customer.0 as u128, key.number.0 as u128)
    }
}

fn unpack(kind: Kind, half: Half, left: u128, right: u128) -> Option<RowKey> {
    let key = if half.bits < 63 {
        let number = i64::try_from(left | (right << half.bits)).ok()?;
        RowKey { customer: Number(0), number: Number(number) }
    } else {
        let (customer, number) = (i64::try_from(left).ok()?, i64::try_from(right).ok()?);
        RowKey { customer: Number(customer), number: Number(number) }
    };
    (kind.is_owned() || key.customer == Number(0)).then_some(key)
}

fn push_base62(text: &mut String, mut value: u128, chars: usize) {
    let mut digits = [b'0'; 12];
    debug_assert!(chars <= digits.len(), "a block has room for 12 digits");
    for digit in digits[..chars].iter_mut().rev() {
        *digit = DIGITS[(value % 62) as usize];
        value /= 62;
    }
    text.extend(digits[..chars].iter().map(|&b| b as char));
}

fn read_base62(text: &[u8], bits: u32) -> Option<u128> {
    let value = text.iter().try_fold(0u128, |sum, &byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        Some(sum * 62 + u128::from(digit))
    })?;
    (value >> bits == 0).then_some(value)
}

/// Writes random bytes as `chars` base 62 characters, for request ids, secrets and keys.
pub fn random_text(random: &[u8], chars: usize) -> String {
    assert!(random.len() >= chars, "one random byte makes one character");
    random[..chars].iter().map(|&b| DIGITS[usize::from(b) % 62] as char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_those_of_the_wire() {
        let key = IdKey::new([7; 16]);
        let row = RowKey { customer: Number(5), number: Number(9) };
        assert_eq!(key.customer(Number(9)).len(), "cus_".len() + 14);
        assert_eq!(key.write(Kind::CashTransaction, row).len(), "ccsbtxn_".len() + 24);
    }

    #[test]
    fn numbers_grow_when_the_clock_stands_still_or_goes_back() {
        let mut numbers = Numbers::after(3, Number(0));
        let mut last = Number(0);
        for at in [10, 10, 10, 9, 11].map(|s| Millis(EPOCH_MS + s)) {
            for _ in 0..40_000 {
                let next = numbers.next(at);
                assert!(next > last && next.lane() == 3);
                last = next;
            }
        }
    }

    #[test]
    fn a_number_tells_its_second() {
        let mut numbers = Numbers::after(0, Number(0));
        let at = Millis(1_790_000_000_123);
        let number = numbers.next(at);
        assert_eq!(number.created(), Timestamp(1_790_000_000));
        assert!(Number::first_at(Timestamp(1_790_000_000)) <= number);
        assert!(number < Number::first_at(Timestamp(1_790_000_001)));
    }

    proptest! {
        #[test]
        fn every_key_comes_back(customer in 0..i64::MAX, number in 0..i64::MAX, secret: [u8; 16]) {
            let key = IdKey::new(secret);
            let row = RowKey { customer: Number(customer), number: Number(number) };
            let id = key.write(Kind::CashTransaction, row);
            prop_assert_eq!(key.read(Kind::CashTransaction, &id), Some(row));
            let id = key.customer(Number(number));
            prop_assert_eq!(key.read_customer(&id), Some(Number(number)));
            prop_assert_eq!(key.read(Kind::Event, &id), None);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let key = IdKey::new([1; 16]);
            for kind in Kind::ALL {
                key.read(kind, &text);
                key.read(kind, &format!("{}{text}", kind.prefix()));
            }
        }

        #[test]
        fn a_guess_or_a_changed_character_finds_nothing(number in 0..i64::MAX, at in 0usize..14) {
            let key = IdKey::new([9; 16]);
            let mut id = key.customer(Number(number)).into_bytes();
            id[4 + at] = if id[4 + at] == b'x' { b'y' } else { b'x' };
            let id = String::from_utf8(id).unwrap();
            prop_assert_ne!(key.read_customer(&id), Some(Number(number)));
        }
    }
}
