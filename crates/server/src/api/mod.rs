//! The wire: from a request's bytes to an answer's bytes.

pub mod auth;
pub mod error;
pub mod execute;
pub mod expand;
pub mod form;
pub mod idempotency;
pub mod json;
pub mod list;
pub mod openapi;
pub mod params;
pub mod routes;
pub mod serve;
pub mod wire;

pub mod accounts;
pub mod balances;
pub mod cash_balances;
pub mod customers;
pub mod events;
pub mod funding;
