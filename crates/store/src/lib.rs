//! The first floor of Purser: memory that survives.
//!
//! There are two doors. Writes go through a [`Lane`], a thread that takes waiting commands in
//! batches, has each decided by `books`, writes them in bulk, commits once and only then answers.
//! Reads go through [`Readers`], which never wait for the lane. Only this crate knows SQL.

pub mod admin;
mod checkpoint;
pub mod doctor;
pub mod error;
pub mod job;
mod keys;
pub mod lane;
mod lookup;
mod migrations;
pub mod purses;
pub mod reader;
mod retention;
mod rows;
mod sqlite;
mod working_set;
mod writer;

pub use error::{Result, StoreError};
pub use job::{Answer, Idempotency, Job, Kept, Outcome};
pub use lane::{Lane, LaneOptions};
pub use reader::{DocumentFilter, Page, Reader, Readers, Window};
pub use sqlite::{Location, Store};
pub use working_set::Sight;
