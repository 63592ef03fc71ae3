//! What agents use: the operations as tools, over the Model Context Protocol.

pub mod tools;

pub mod answer_schema;

pub mod call;

pub mod advice;

pub mod mcp;
