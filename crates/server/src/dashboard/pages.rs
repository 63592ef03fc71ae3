//! The pages, a file for each subject, each with its actions.

pub mod customers;
pub mod home;
