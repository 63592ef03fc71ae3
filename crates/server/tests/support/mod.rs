//! What every test that speaks HTTP to the real binary needs: the server as a child process,
//! a client that hides nothing, and a checker of answers against the field tables.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "every test target uses its own part of this module"
)]

pub mod disk;
pub mod http;
pub mod random;
pub mod raw;
pub mod server;
pub mod wire;

/// Functions that take a [`server::Kind`] become tests, for each kind one: `on_sqlite::NAME` and
/// `on_postgres::NAME`.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(
                #[test]
                fn $name() {
                    super::$name($crate::support::server::Kind::Sqlite);
                }
            )*
        }

        mod on_postgres {
            $(
                #[test]
                fn $name() {
                    super::$name($crate::support::server::Kind::Postgres);
                }
            )*
        }
    };
}

pub(crate) use on_both;
