//! Agents: how they find the operations, and what they say of themselves.

pub mod context;
pub mod cors;
pub mod registry;
