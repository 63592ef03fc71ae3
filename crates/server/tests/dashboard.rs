//! The dashboard: what a browser gets to see, and what may be done there.

#[path = "dashboard/browser.rs"]
mod browser;
#[path = "dashboard/sign_in.rs"]
mod sign_in;
mod support;
