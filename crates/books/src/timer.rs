//! Timers: what is to happen later, as rows of one due-list.
//!
//! A timer is set in the commit of its cause and removed in the commit of its effect, so what is
//! due happens exactly once, whatever is restarted in between. One that meets an object that has
//! moved on does nothing.

use crate::id::{Number, RowKey};
use crate::time::Timestamp;

/// Something to be done at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timer {
    /// When.
    pub due: Timestamp,
    /// What.
    pub kind: TimerKind,
    /// With which row.
    pub key: RowKey,
}

/// What a timer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimerKind {
    /// The net of a balance transaction may be paid out.
    Settle,
    /// Nobody gave the bank details for a refund.
    RefundExpires,
    /// A refund is at the bank, or comes back from it.
    RefundArrives,
    /// A payout leaves for the bank.
    PayoutLeaves,
    /// A payout is at the bank, or comes back from it.
    PayoutArrives,
    /// An invoice was to be paid by now.
    InvoiceOverdue,
    /// What a card's bank set aside is let go.
    AuthorizationEnds,
    /// A top-up is there, or fails.
    TopupArrives,
    /// A webhook endpoint is to be told of an event again. The key names the endpoint in place
    /// of a customer, and the event.
    Redeliver,
}

impl TimerKind {
    /// All kinds.
    pub const ALL: [TimerKind; 9] = [
        TimerKind::Settle,
        TimerKind::RefundExpires,
        TimerKind::RefundArrives,
        TimerKind::PayoutLeaves,
        TimerKind::PayoutArrives,
        TimerKind::InvoiceOverdue,
        TimerKind::AuthorizationEnds,
        TimerKind::TopupArrives,
        TimerKind::Redeliver,
    ];

    /// The name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            TimerKind::Settle => "settle",
            TimerKind::RefundExpires => "refund_expires",
            TimerKind::RefundArrives => "refund_arrives",
            TimerKind::PayoutLeaves => "payout_leaves",
            TimerKind::PayoutArrives => "payout_arrives",
            TimerKind::InvoiceOverdue => "invoice_overdue",
            TimerKind::AuthorizationEnds => "authorization_ends",
            TimerKind::TopupArrives => "topup_arrives",
            TimerKind::Redeliver => "redeliver",
        }
    }

    /// The kind with this name.
    pub fn parse(text: &str) -> Option<TimerKind> {
        TimerKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Which of the two looks at a credit to a cash balance that nobody claimed: Stripe's page "Bank
/// transfers" on money that stays unreconciled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Look {
    /// After 75 days: what is left is sent back.
    Return,
    /// After 90 days: what could not be sent back is the merchant's.
    Sweep,
}

impl Look {
    /// Both, in order.
    pub const ALL: [Look; 2] = [Look::Return, Look::Sweep];

    /// Days after the credit.
    pub fn days(self) -> i64 {
        match self {
            Look::Return => 75,
            Look::Sweep => 90,
        }
    }
}

/// New money in a cash balance: a lot, whose age counts. The oldest lot is spent first, so what is
/// left of one is what is available without the newer ones. Money that comes back from a payment
/// or a return is no new lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The customer and the number of the transaction.
    pub key: RowKey,
    /// In which currency.
    pub currency: crate::Currency,
    /// How much came in, smallest units.
    pub amount: i64,
}

impl Lot {
    /// When a look at it is due.
    pub fn due(&self, look: Look) -> Timestamp {
        Timestamp(self.key.number.created().0 + look.days() * DAY_S)
    }

    /// The newest number that a lot can have for a look to be due at `now`.
    pub fn newest_due(look: Look, now: Timestamp) -> Number {
        Number(Number::first_at(Timestamp(now.0 - look.days() * DAY_S + 1)).0 - 1)
    }
}

/// Seconds in a day.
pub const DAY_S: i64 = 24 * 60 * 60;
