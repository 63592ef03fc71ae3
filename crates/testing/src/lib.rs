//! What tests of Purser need around them. Only tests, benches and examples may use this crate.
//!
//! A test needs nothing but the installed programs: no running service, no fixed port, no account.
//! Whatever is started here ends with the process that started it, however that process ends.

pub mod migrations;
pub mod postgres;
