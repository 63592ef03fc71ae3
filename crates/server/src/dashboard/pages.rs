//! The pages, a file for each subject, each with its actions.

pub mod approvals;
pub mod clock;
pub mod customers;
pub mod events;
pub mod home;
pub mod journal;
pub mod ledger;
pub mod requests;
pub mod webhooks;
