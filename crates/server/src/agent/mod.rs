//! Agents: what they find, the operations as tools, and what they say of themselves.

pub mod context;
pub mod cors;
pub mod registry;

pub mod tools;

pub mod answer_schema;

pub mod call;

pub mod advice;

pub mod mcp;
