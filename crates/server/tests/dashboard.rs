//! The dashboard, as a browser without scripts meets it.

#[path = "dashboard/customers.rs"]
mod customers;
mod support;
