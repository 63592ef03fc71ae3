//! An agent of the Open Context Protocol (OCP) 1.0: it finds the operations of an HTTP API as tools, and calls
//! them with the context of the conversation in the headers of each request.

pub mod agent;
pub mod clock;
pub mod context;
pub mod discovery;
pub mod error;
pub mod headers;
pub mod name;
mod near;
pub mod redact;
pub mod registry;
pub mod request;
pub mod storage;
pub mod timestamp;
pub mod tool;
pub mod transport;

pub use agent::{Agent, Answer, CallOptions, Registration};
pub use clock::Clock;
pub use context::Context;
pub use error::Error;
pub use tool::{Api, Location, Parameter, Tool};
