//! `purser dashboard-user`.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use store::admin::Admin;
use store::dashboard::{Role, User};
use store::{Location, Store, StoreError};

use super::{Done, output};
use crate::clock::Clock;
use crate::dashboard::entry::is_name;
use crate::dashboard::who::password::{self, BYTES_MAX};
use crate::entropy::Entropy;
use crate::moments::show_moment;
use crate::settings::DEFAULT_STORE;

/// What `purser dashboard-user` takes.
#[derive(Args)]
pub struct DashboardUser {
    #[command(subcommand)]
    verb: Verb,
    /// The database that keeps the users.
    #[arg(long, env = "PURSER_STORE", default_value = DEFAULT_STORE, global = true)]
    store: Location,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Let somebody sign in to the dashboard. Asks for their password.
    Add {
        /// Their name: letters, digits and . _ - + @.
        name: String,
        /// What they may do.
        #[arg(long)]
        role: RoleName,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// List the users.
    List,
    /// Remove a user. Their sessions end at once.
    Remove {
        /// Their name.
        name: String,
    },
    /// Give a user another password. Their sessions end at once.
    Password {
        /// Their name.
        name: String,
        #[command(flatten)]
        password: PasswordFrom,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    /// Look at everything.
    ReadOnly,
    /// Do everything, too.
    Operator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::ReadOnly => Role::ReadOnly,
            RoleName::Operator => Role::Operator,
        }
    }
}

#[derive(Args)]
struct PasswordFrom {
    /// Read the password from standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordFrom {
    /// The hash of a password that is good enough.
    fn hash(&self, entropy: &Entropy) -> Result<String, String> {
        let read = if self.password_stdin { piped() } else { typed() }?;
        // Spaces at the ends are lost in the form to sign in, too.
        let password = read.trim();
        match password::refuse(password) {
            Some(why) => Err(why),
            None => password::hash(password, entropy.bytes()),
        }
    }
}

fn piped() -> Result<String, String> {
    let (mut text, bytes_max) = (String::new(), BYTES_MAX as u64 + 2);
    let read = std::io::stdin().lock().take(bytes_max).read_to_string(&mut text);
    read.map_err(|e| format!("the password cannot be read: {e}"))?;
    Ok(text)
}

fn typed() -> Result<String, String> {
    if !std::io::stdin().is_terminal() {
        return Err("there is no terminal to ask for a password: use --password-stdin".into());
    }
    let ask = |what: &str| {
        let typed = rpassword::prompt_password(what);
        typed.map_err(|e| format!("the password cannot be read: {e}"))
    };
    let (first, second) = (ask("Password: ")?, ask("Again, please: ")?);
    match first == second {
        true => Ok(first),
        false => Err("these were two different passwords".into()),
    }
}

impl DashboardUser {
    /// Does what the verb says.
    pub fn run(&self, clock: Clock, entropy: &Entropy) -> Done {
        if matches!(Admin::open(&self.store), Err(StoreError::Missing(_))) {
            // People come before the first start: make the database as a server would.
            drop(Store::open(&self.store, entropy.bytes()).map_err(|e| e.to_string())?);
        }
        let admin = Admin::open(&self.store).map_err(|e| e.to_string())?;
        match &self.verb {
            Verb::Add { name, role, password } => {
                if !is_name(name) {
                    return Err(format!(
                        "'{name}' cannot be a name: write up to 64 letters, digits and . _ - + @"
                    ));
                }
                let (password, created) = (password.hash(entropy)?, clock.now().seconds());
                let user = User { name: name.clone(), password, role: (*role).into(), created };
                match admin.add_user(&user).map_err(|e| e.to_string())? {
                    true => self.say(describe(&user), &format!("{name} can sign in")),
                    false => return Err(format!("there is a user {name} already")),
                }
            }
            Verb::List => self.list(&admin)?,
            Verb::Remove { name } => {
                let removed = admin.remove_user(name).map_err(|e| e.to_string())?;
                self.done(name, removed, "is removed")?;
            }
            Verb::Password { name, password } => {
                let password = password.hash(entropy)?;
                let changed = admin.set_password(name, &password).map_err(|e| e.to_string())?;
                self.done(name, changed, "has another password")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, admin: &Admin) -> Result<(), String> {
        let users = admin.users().map_err(|e| e.to_string())?;
        if self.json {
            output::say!("{}", Value::from_iter(users.iter().map(describe)));
            return Ok(());
        }
        let row = |user: &User| {
            let (role, created) = (user.role.as_str().to_owned(), show_moment(user.created));
            vec![user.name.clone(), role, created]
        };
        output::table(&["NAME", "ROLE", "ADDED"], &users.iter().map(row).collect::<Vec<_>>());
        Ok(())
    }

    fn done(&self, name: &str, done: bool, what: &str) -> Result<(), String> {
        match done {
            true => self.say(json!({ "name": name }), &format!("{name} {what}")),
            false => return Err(format!("there is no user {name}")),
        }
        Ok(())
    }

    fn say(&self, json: Value, sentence: &str) {
        match self.json {
            true => output::say!("{json}"),
            false => output::say!("{sentence}"),
        }
    }
}

fn describe(user: &User) -> Value {
    json!({ "name": user.name, "role": user.role.as_str(), "created": user.created })
}
