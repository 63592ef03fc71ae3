//! The roof of Purser: the Stripe-compatible API over HTTP, and the command line.
//!
//! Reading order: [`api::routes`] has every operation on one screen; [`api::serve`] is the way of
//! one request; [`app`] is everything that is shared; [`http`] moves bytes; [`cli`] starts it all.

pub mod account_numbers;
pub mod acquirer;
pub mod agent;
pub mod api;
pub mod app;
pub mod audits;
pub mod cli;
pub mod clock;
pub mod dashboard;
pub mod entropy;
pub mod errand;
pub mod exports;
pub mod hosted;
pub mod http;
pub mod metrics;
pub mod moments;
pub mod news;
pub mod settings;
pub mod tries;
pub mod web;
pub mod webhooks;
pub mod worker;
