//! What every test that speaks HTTP to the real binary needs: the server as a child process,
//! a client that hides nothing, and a checker of answers against the field tables.

#![allow(dead_code, reason = "every test target uses its own part of this module")]

pub mod disk;
pub mod http;
pub mod random;
pub mod raw;
pub mod server;
pub mod wire;
