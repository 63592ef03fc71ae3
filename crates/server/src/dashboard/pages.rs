//! The pages, a file for each subject, each with its actions.

pub mod approvals;
pub mod charges;
pub mod clock;
pub mod customer;
pub mod customers;
pub mod events;
pub mod exports;
pub mod home;
pub mod journal;
pub mod ledger;
pub mod objects;
pub mod payments;
pub mod payouts;
pub mod refunds;
pub mod requests;
pub mod sources;
pub mod statement;
pub mod topups;
pub mod transaction;
pub mod unreconciled;
pub mod webhooks;
