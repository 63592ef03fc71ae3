//! Where a bench keeps its books: a file, or a database of PostgreSQL. And the way in from
//! outside, as somebody with a SQL prompt has it.

use std::path::PathBuf;
use std::str::FromStr;

use rusqlite::Connection;
use rusqlite::types::Value;
use store::Location;
use store::postgres::Address;
use tempfile::TempDir;
use testing::postgres::{Cluster, Database, shared};

/// A place for one database, which goes with the value.
pub enum Home {
    Folder(TempDir),
    Database(Database, Box<Address>),
}

impl Home {
    pub fn file() -> Home {
        Home::Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    /// A fresh database of the server that all tests of this process share.
    pub fn database() -> Home {
        Home::on(shared())
    }

    /// A fresh database of this server.
    pub fn on(cluster: &Cluster) -> Home {
        let database = cluster.database();
        let address = database.url().parse().expect("a URL of a database");
        Home::Database(database, Box::new(address))
    }

    /// The same with other settings of the connection.
    pub fn with(self, change: impl FnOnce(&mut Address)) -> Home {
        match self {
            Home::Folder(_) => panic!("a file has no address"),
            Home::Database(database, mut address) => {
                change(&mut address);
                Home::Database(database, address)
            }
        }
    }

    /// The file, where it is one.
    pub fn path(&self) -> PathBuf {
        match self {
            Home::Folder(folder) => folder.path().join("purser.db"),
            Home::Database(..) => panic!("a database has no file"),
        }
    }

    /// The name of the database, where it is one of PostgreSQL.
    pub fn name(&self) -> &str {
        match self {
            Home::Folder(_) => panic!("a file has no name"),
            Home::Database(database, _) => database.name(),
        }
    }

    pub fn location(&self) -> Location {
        match self {
            Home::Folder(_) => Location::File(self.path()),
            Home::Database(_, address) => Location::Postgres(address.clone()),
        }
    }

    /// Carries out statements, each committed on its own; tells what the database says against it.
    pub fn try_run(&self, sql: &str) -> Result<(), String> {
        match self {
            Home::Folder(_) => self.sqlite().execute_batch(sql).map_err(|why| why.to_string()),
            Home::Database(database, _) => database.try_sql(sql).map(drop),
        }
    }

    /// The same where it has to go well.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|why| panic!("{sql}: {why}"));
    }

    /// What one of the two databases spells in its own way.
    pub fn run_as(&self, sqlite: &str, postgres: &str) {
        match self {
            Home::Folder(_) => self.run(sqlite),
            Home::Database(..) => self.run(postgres),
        }
    }

    /// The only value of the only row of an answer.
    #[track_caller]
    pub fn one<T: FromStr>(&self, query: &str) -> T {
        let text = match self {
            Home::Folder(_) => match self.sqlite().query_row(query, [], |row| row.get(0)) {
                Ok(Value::Integer(number)) => number.to_string(),
                Ok(Value::Text(text)) => text,
                other => panic!("{query}: {other:?}"),
            },
            Home::Database(database, _) => database.sql(query),
        };
        text.parse().unwrap_or_else(|_| panic!("{query}: {text}"))
    }

    /// What is at a path like `charge.number` of the JSON in a column.
    pub fn json(&self, column: &str, path: &str) -> String {
        match self {
            Home::Folder(_) => {
                let step = |step: &str| match step.parse::<u8>() {
                    Ok(at) => format!("[{at}]"),
                    Err(_) => format!(".{step}"),
                };
                let path: String = path.split('.').map(step).collect();
                format!("{column} ->> '${path}'")
            }
            Home::Database(..) => {
                format!("CAST({column} AS json) #>> '{{{}}}'", path.replace('.', ","))
            }
        }
    }

    fn sqlite(&self) -> Connection {
        Connection::open(self.path()).expect("the file opens")
    }
}
