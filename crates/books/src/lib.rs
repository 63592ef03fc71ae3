//! The ground floor of Purser: what is true.
//!
//! Every rule about money lives here, as plain functions over plain data. Nothing in this crate
//! waits, fails for reasons of its own or varies: no async, no SQL, no clock, no randomness, no
//! HTTP. A decision takes the state it needs and answers with what would change ([`Decision`]) or
//! why nothing does ([`Refusal`]); somebody else makes it durable.

pub mod currency;
pub mod id;
pub mod time;

pub mod journal;

pub mod agent;
pub mod approval;
pub mod balance;
pub mod card;
pub mod cash_balance;
pub mod charge;
pub mod customer;
pub mod document;
pub mod event;
pub mod funding;
pub mod invoice;
pub mod limits;
pub mod payment_intent;
pub mod payout;
pub mod refund;
pub mod source;
pub mod timer;
pub mod topup;
pub mod webhook;

pub mod command;
pub mod decision;
pub mod reconciliation;
pub mod search;

pub mod audit;

pub use agent::{AgentNote, RequestRow};
pub use command::{Command, decide};
pub use currency::Currency;
pub use customer::{Customer, Purse};
pub use decision::{Change, Context, Decision, Refusal, Reply, Rules, View};
pub use document::Document;
pub use id::{IdKey, Kind, Number, RowKey};
pub use limits::Limits;
pub use time::Timestamp;

/// One separate set of books: an account in one mode (test or live). Objects never cross worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct World(pub i64);
