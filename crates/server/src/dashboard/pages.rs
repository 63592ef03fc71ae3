//! The pages, a file for each subject, each with its actions.

pub mod customers;
pub mod exports;
pub mod home;
pub mod statement;
