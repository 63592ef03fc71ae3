//! Who may sign in to the dashboard, and who is signed in.
//!
//! Of a password there is an Argon2id hash here, of a session's token a SHA-256: neither opens
//! anything. Bounds: [`SESSIONS_MAX`] sessions of one holder, the oldest go; those that ended are
//! forgotten, [`FORGET_MAX`] at a time, when somebody signs in.

use books::Timestamp;
use sha2::{Digest, Sha256};

use crate::admin::Admin;
use crate::db::{Db, Row, all, one, values};
use crate::error::{Result, StoreError};
use crate::reader::Reader;
use crate::tables;

/// Sessions of one user or key, at most.
pub const SESSIONS_MAX: usize = 20;
/// Sessions that are forgotten at a time, at most.
const FORGET_MAX: usize = 1000;

/// Somebody who signs in with a name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their name, as requests tell it.
    pub name: String,
    /// The Argon2id hash of their password, with its salt and parameters.
    pub password: String,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created: Timestamp,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Look.
    ReadOnly,
    /// Act, too.
    Operator,
}

impl Role {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::ReadOnly => "read-only",
            Role::Operator => "operator",
        }
    }

    fn parse(text: &str) -> Result<Role> {
        let known = [Role::ReadOnly, Role::Operator].into_iter().find(|it| it.as_str() == text);
        known.ok_or_else(|| StoreError::Corrupt(format!("'{text}' is no role of the dashboard")))
    }
}

/// What opened a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The password of the user with this name.
    User(String),
    /// The API key with this id.
    Key(String),
    /// A key that only a sandbox takes, as people may see it.
    Sandbox(String),
}

impl Holder {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Holder::User(name) => ("user", name),
            Holder::Key(id) => ("key", id),
            Holder::Sandbox(masked) => ("sandbox", masked),
        }
    }
}

/// A session, as it is kept: never its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its token.
    pub token: [u8; 32],
    /// What opened it.
    pub holder: Holder,
    /// The hash of what opened it: see [`User::proof`], and the hash of a key.
    pub proof: [u8; 32],
    /// The account that is looked at.
    pub account: String,
    /// The mode that is looked at.
    pub livemode: bool,
    /// When it began.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

impl User {
    /// What a session of theirs is good for: as long as the password is this one.
    pub fn proof(&self) -> [u8; 32] {
        Sha256::digest(self.password.as_bytes()).into()
    }
}

impl Admin {
    /// Adds a user; `false` if the name is taken.
    pub fn add_user(&self, user: &User) -> Result<bool> {
        let insert = tables::DASHBOARD_USER.insert();
        let row = values![&user.name, &user.password, user.role.as_str(), user.created];
        self.with(|db| Ok(db.execute(insert, &row)? == 1))
    }

    /// All users, by name.
    pub fn users(&self) -> Result<Vec<User>> {
        let names = tables::DASHBOARD_USER.names();
        let sql = format!("SELECT {names} FROM dashboard_user ORDER BY name");
        self.with(|db| all(db, &sql, &[], read_user))
    }

    /// Gives a user another password hash; `false` if there is no such user.
    pub fn set_password(&self, name: &str, password: &str) -> Result<bool> {
        let update = "UPDATE dashboard_user SET password = ?2 WHERE name = ?1";
        self.with(|db| Ok(db.execute(update, &values![name, password])? == 1))
    }

    /// Removes a user; `false` if there is none of that name.
    pub fn remove_user(&self, name: &str) -> Result<bool> {
        let delete = tables::DASHBOARD_USER.delete();
        self.with(|db| Ok(db.execute(delete, &values![name])? == 1))
    }

    /// Begins a session, and forgets sessions that ended and those beyond the most.
    pub fn begin_session(&self, session: &Session) -> Result<()> {
        let (kind, holder) = session.holder.parts();
        let ended = "DELETE FROM dashboard_session WHERE token IN
            (SELECT token FROM dashboard_session WHERE expires <= ?1 ORDER BY expires LIMIT ?2)";
        let oldest = "DELETE FROM dashboard_session WHERE kind = ?1 AND holder = ?2
            AND token NOT IN (SELECT token FROM dashboard_session WHERE kind = ?1 AND holder = ?2
                ORDER BY created DESC, token LIMIT ?3)";
        let insert = "INSERT INTO dashboard_session
            (token, kind, holder, proof, account, livemode, created, expires)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let row = values![
            &session.token,
            kind,
            holder,
            &session.proof,
            &session.account,
            session.livemode,
            session.created,
            session.expires,
        ];
        self.with(|db| {
            db.execute(ended, &values![session.created, FORGET_MAX])?;
            db.execute(oldest, &values![kind, holder, SESSIONS_MAX - 1])?;
            db.execute(insert, &row).map(drop)
        })
    }

    /// Lets a session last until a later moment.
    pub fn extend_session(&self, token: &[u8; 32], expires: Timestamp) -> Result<()> {
        let update = "UPDATE dashboard_session SET expires = ?2 WHERE token = ?1";
        self.with(|db| db.execute(update, &values![token, expires]).map(drop))
    }

    /// Has a session look at other books.
    pub fn turn_session(&self, token: &[u8; 32], account: &str, livemode: bool) -> Result<()> {
        let update = "UPDATE dashboard_session SET account = ?2, livemode = ?3 WHERE token = ?1";
        self.with(|db| db.execute(update, &values![token, account, livemode]).map(drop))
    }

    /// Ends a session.
    pub fn end_session(&self, token: &[u8; 32]) -> Result<()> {
        let delete = "DELETE FROM dashboard_session WHERE token = ?1";
        self.with(|db| db.execute(delete, &values![token]).map(drop))
    }
}

impl Reader {
    /// The session with the hash of this token, ended or not, as it is at this moment: like keys,
    /// sessions change in other processes, too.
    pub fn dashboard_session(&self, token: &[u8; 32]) -> Result<Option<Session>> {
        find_session(self.new_db()?, token)
    }

    /// The user with a name.
    pub fn dashboard_user(&self, name: &str) -> Result<Option<User>> {
        let names = tables::DASHBOARD_USER.names();
        let sql = format!("SELECT {names} FROM dashboard_user WHERE name = ?1");
        one(self.db()?, &sql, &values![name], read_user)
    }
}

fn find_session(db: &dyn Db, token: &[u8; 32]) -> Result<Option<Session>> {
    let sql = "SELECT token, kind, holder, proof, account, livemode, created, expires
               FROM dashboard_session WHERE token = ?1";
    one(db, sql, &values![token], |row| {
        let holder = row.text(2)?.to_owned();
        let holder = match row.text(1)? {
            "user" => Holder::User(holder),
            "key" => Holder::Key(holder),
            "sandbox" => Holder::Sandbox(holder),
            odd => return Err(StoreError::Corrupt(format!("'{odd}' opens no session"))),
        };
        Ok(Session {
            token: row.array(0)?,
            holder,
            proof: row.array(3)?,
            account: row.text(4)?.to_owned(),
            livemode: row.flag(5)?,
            created: row.moment(6)?,
            expires: row.moment(7)?,
        })
    })
}

fn read_user(row: &dyn Row) -> Result<User> {
    Ok(User {
        name: row.text(0)?.to_owned(),
        password: row.text(1)?.to_owned(),
        role: Role::parse(row.text(2)?)?,
        created: row.moment(3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Store};

    fn session(token: u8, created: i64, expires: i64) -> Session {
        Session {
            token: [token; 32],
            holder: Holder::User("ada".to_owned()),
            proof: [7; 32],
            account: "acct_1".to_owned(),
            livemode: false,
            created: Timestamp(created),
            expires: Timestamp(expires),
        }
    }

    #[test]
    fn the_oldest_sessions_of_a_holder_go_and_so_do_those_that_ended() {
        let home = tempfile::tempdir().unwrap();
        let location = Location::File(home.path().join("purser.db"));
        let store = Store::open(&location, [7; 16]).unwrap();
        let (admin, db) = (Admin::of(&store).unwrap(), store.connect().unwrap());
        let is_there = |token: u8| find_session(&*db, &[token; 32]).unwrap().is_some();

        let other = Session { holder: Holder::Key("ada".to_owned()), ..session(200, 1, 5000) };
        admin.begin_session(&other).unwrap();
        for token in 0..=SESSIONS_MAX as u8 {
            admin.begin_session(&session(token, 100, 1000)).unwrap();
        }
        let kept = (0..=SESSIONS_MAX as u8).filter(|token| is_there(*token)).count();
        assert_eq!(kept, SESSIONS_MAX, "no more of one holder");
        assert!(is_there(SESSIONS_MAX as u8), "the newest is among them");
        assert!(is_there(200), "those of others stay");

        admin.begin_session(&session(100, 1000, 2000)).unwrap();
        let kept = (0..=SESSIONS_MAX as u8).filter(|token| is_there(*token)).count();
        assert_eq!((kept, is_there(100), is_there(200)), (0, true, true));
        admin.end_session(&[100; 32]).unwrap();
        assert!(!is_there(100));
    }
}
