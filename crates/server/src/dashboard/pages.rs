//! The pages, a file for each subject, each with its actions.

pub mod customer;
pub mod customers;
pub mod exports;
pub mod home;
pub mod objects;
pub mod payments;
pub mod payouts;
pub mod refunds;
pub mod statement;
pub mod transaction;
pub mod unreconciled;
