//! The dashboard, as a browser without scripts meets it: pages that show what the API knows, and
//! actions that leave its trail.

#[path = "dashboard/customers.rs"]
mod customers;
#[path = "dashboard/desk.rs"]
mod desk;
#[path = "dashboard/payments.rs"]
mod payments;
#[path = "dashboard/payouts.rs"]
mod payouts;
#[path = "dashboard/refunds.rs"]
mod refunds;
mod support;
