//! The dashboard, as a browser without scripts meets it.

#[path = "dashboard/activity.rs"]
mod activity;
mod support;
