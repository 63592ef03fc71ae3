//! The dashboard: what the API knows, as pages for people, and what Stripe leaves to people.
//!
//! A page asks the API inside of this process and draws what it answers; an action is a request to
//! the API. So pages show nothing that the API would not, and what is done here leaves the trail
//! that any request leaves. To add a page: write its function in `pages`, add its row to
//! [`routes`], and a link to it.
//!
//! Reading order: [`door`] is the way of one request; [`routes`] has every page and action;
//! [`visit`] is what a page knows and may ask; [`who`] says who looks, and [`entry`] is how they
//! came in; [`frame`] is around it all; [`live`] tells open pages that there is more to see.

pub mod door;
pub mod entry;
pub mod frame;
pub mod links;
pub mod live;
pub mod pages;
pub mod routes;
pub mod visit;
pub mod who;
