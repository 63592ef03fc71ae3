//! An agent of the Open Context Protocol (OCP) 1.0: it finds the operations of an HTTP API as tools, and calls
//! them with the context of the conversation in the headers of each request.

pub mod discovery;
pub mod error;
pub mod name;
pub mod request;
pub mod tool;

pub use error::Error;
pub use tool::{Api, Location, Parameter, Tool};
