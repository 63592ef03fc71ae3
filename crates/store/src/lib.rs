//! The first floor of Purser: memory that survives.
//!
//! There are two doors. Writes go through a [`Lane`], a thread that takes waiting commands in
//! batches, has each decided by `books`, writes them in bulk, commits once and only then answers.
//! Reads go through [`Readers`], which never wait for the lane. Only this crate knows SQL.

pub mod admin;
mod changes;
pub mod copy;
pub mod dashboard;
mod db;
pub mod doctor;
pub mod duties;
pub mod error;
pub mod job;
pub mod lane;
mod lanes;
mod list;
mod lookup;
mod migrations;
mod positions;
pub mod postgres;
pub mod reader;
mod retention;
mod rows;
mod search;
pub mod sqlite;
mod store;
mod tables;
mod words;
mod working_set;
mod writer;

pub use duties::{Duties, Duty};
pub use error::{Result, StoreError};
pub use job::{Answer, Idempotency, Job, Kept, Outcome};
pub use lane::{Lane, LaneOptions};
pub use lanes::Lanes;
pub use list::{BalanceFilter, DocumentFilter, Page, RequestFilter, Window};
pub use positions::{DayBalances, IdlePurse, IdleTotal};
pub use reader::search::{COUNTED_MAX, Found, Hit, Search};
pub use reader::whole::JournalEnd;
pub use reader::{REFERENCES_MAX, Reader, Readers, SEARCH_CANDIDATES_MAX};
pub use store::{Location, Store};
pub use working_set::Sight;
