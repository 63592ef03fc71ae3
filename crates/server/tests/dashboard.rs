//! The dashboard, as a browser without scripts meets it: pages that show what the API knows,
//! actions that leave its trail, and who may see and do what.

#[path = "dashboard/activity.rs"]
mod activity;
#[path = "dashboard/browser.rs"]
mod browser;
#[path = "dashboard/cards.rs"]
mod cards;
#[path = "dashboard/customers.rs"]
mod customers;
#[path = "dashboard/desk.rs"]
mod desk;
#[path = "dashboard/hostile.rs"]
mod hostile;
#[path = "dashboard/payments.rs"]
mod payments;
#[path = "dashboard/payouts.rs"]
mod payouts;
#[path = "dashboard/refunds.rs"]
mod refunds;
#[path = "dashboard/sign_in.rs"]
mod sign_in;
mod support;
