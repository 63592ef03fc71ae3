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
pub mod bank_transfers;
pub mod cash_balances;
pub mod charges;
pub mod clock;
pub mod customers;
pub mod events;
pub mod external_accounts;
pub mod funding;
pub mod invoice_items;
pub mod invoices;
pub mod journal;
pub mod payment_intents;
pub mod payment_methods;
pub mod payouts;
mod refund_accounts;
pub mod refunds;
pub mod stream;
mod transfer_options;
pub mod webhook_endpoints;
