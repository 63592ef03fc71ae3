//! The contract of the store: what a lane, its readers and its files promise, whatever is behind
//! them. Nothing here knows how they do it, but for SQL that looks at rows from outside.

#[path = "../support/mod.rs"]
mod support;

mod batches;
mod documents;
mod faults;
mod files;
mod later;
mod lists;
mod memory;
mod parts;
mod reads;
mod views;
