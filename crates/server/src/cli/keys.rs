//! `purser keys`.

use std::process::ExitCode;

use books::id::random_text;
use books::limits::{Amounts, CUSTOMERS_MAX};
use books::{Currency, IdKey, Limits};
use clap::{Args, Subcommand, ValueEnum};
use ocp_agent::name::normalize;
use serde_json::{Value, json};
use store::admin::{Admin, ApiKey, hash_key};
use store::{Location, Store, StoreError};

use super::{Done, output};
use crate::api::auth::{TOOL, mask};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::settings::DEFAULT_STORE;

/// Characters of the secret part of a key: 62^32 possibilities.
const SECRET_CHARS: usize = 32;

/// What `purser keys` takes.
#[derive(Args)]
pub struct Keys {
    #[command(subcommand)]
    verb: Verb,
    /// The database that keeps the keys' hashes.
    #[arg(long, env = "PURSER_STORE", default_value = DEFAULT_STORE, global = true)]
    store: Location,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Make a key. It is shown once and kept as a hash only.
    Create {
        /// What the key is for.
        #[arg(long)]
        name: String,
        /// Which mode it opens.
        #[arg(long, default_value = "test")]
        mode: KeyMode,
        /// The account it opens; without it the database's own.
        #[arg(long)]
        account: Option<String>,
        /// Make a restricted key that may do only what its scopes say.
        #[arg(long)]
        restricted: bool,
        /// A scope, such as customers:read, cash_balance:write, *:read, or tool:postRefunds for one
        /// operation. Repeat for more.
        #[arg(long = "scope", requires = "restricted")]
        scopes: Vec<String>,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// List the keys.
    List,
    /// Revoke a key: it stops working at once.
    Revoke {
        /// The key's id, key_...
        id: String,
    },
}

/// What a key may move: for agents. Amounts are in the smallest unit; a currency that is not named
/// beside others is not allowed at all.
#[derive(Args)]
struct LimitArgs {
    /// The only customer that it may be about. Repeat for more.
    #[arg(long = "customer", value_name = "ID")]
    customers: Vec<String>,
    /// The most that one call may move, in the smallest unit, such as eur=50000 for 500 euros.
    /// Repeat for more currencies: those that are not named are then not allowed.
    #[arg(long, value_name = "CURRENCY=AMOUNT", value_parser = amount)]
    max_per_call: Vec<(Currency, i64)>,
    /// The most that all calls of a day (UTC) may move, in the same way.
    #[arg(long, value_name = "CURRENCY=AMOUNT", value_parser = amount)]
    max_per_day: Vec<(Currency, i64)>,
    /// What moves more than this waits until a person approves of it (`purser approvals`), and so
    /// does all that moves a currency that is not named; eur=0 lets nothing pass.
    #[arg(long, value_name = "CURRENCY=AMOUNT", value_parser = amount)]
    approve_above: Vec<(Currency, i64)>,
}

impl LimitArgs {
    /// The limits; none where no flag was given.
    fn read(&self, ids: &IdKey) -> Result<Option<Limits>, String> {
        if self.customers.len() > CUSTOMERS_MAX {
            return Err(format!("a key is for {CUSTOMERS_MAX} customers at most"));
        }
        let number = |id: &String| {
            ids.read_customer(id).ok_or_else(|| format!("'{id}' is no customer of this database"))
        };
        let limits = Limits {
            customers: self.customers.iter().map(number).collect::<Result<_, _>>()?,
            per_call: self.max_per_call.iter().copied().collect(),
            per_day: self.max_per_day.iter().copied().collect(),
            approve_above: self.approve_above.iter().copied().collect(),
        };
        Ok((limits != Limits::default()).then_some(limits))
    }
}

/// Reads `eur=50000`.
fn amount(text: &str) -> Result<(Currency, i64), String> {
    let wrong = || "write a currency and an amount in its smallest unit, such as eur=50000";
    let (currency, amount) = text.split_once('=').ok_or_else(wrong)?;
    let currency = Currency::parse(currency).ok_or_else(wrong)?;
    let amount = amount.parse().ok().filter(|amount| *amount >= 0).ok_or_else(wrong)?;
    Ok((currency, amount))
}

#[derive(Clone, Copy, ValueEnum)]
enum KeyMode {
    Test,
    Live,
}

impl Keys {
    /// Does what the verb says.
    pub fn run(&self, clock: Clock, entropy: &Entropy) -> Done {
        if matches!(Admin::open(&self.store), Err(StoreError::Missing(_))) {
            // Keys come before the first start: make the database as a server would.
            drop(Store::open(&self.store, entropy.bytes()).map_err(|e| e.to_string())?);
        }
        let admin = Admin::open(&self.store).map_err(|e| e.to_string())?;
        match &self.verb {
            Verb::Create { .. } => self.create(&admin, clock, entropy),
            Verb::List => self.list(&admin),
            Verb::Revoke { id } => {
                let now = clock.now().seconds();
                match admin.revoke_key(id, now).map_err(|e| e.to_string())? {
                    true => output::say!("{id} is revoked"),
                    false => return Err(format!("there is no key {id} that still works")),
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }

    fn create(&self, admin: &Admin, clock: Clock, entropy: &Entropy) -> Done {
        let Verb::Create { name, mode, account, restricted, scopes, limits } = &self.verb else {
            unreachable!("only called for this verb")
        };
        check_scopes(scopes)?;
        let limits = limits.read(&IdKey::new(admin.secret().map_err(|e| e.to_string())?))?;
        let livemode = matches!(mode, KeyMode::Live);
        let fresh = format!("acct_{}", random_text(&entropy.bytes::<16>(), 16));
        let own = admin.default_account(&fresh).map_err(|e| e.to_string())?;
        let account = account.clone().unwrap_or(own);
        if !account.starts_with("acct_") {
            return Err(format!("'{account}' is no account: one begins with acct_"));
        }
        let kind = if *restricted || limits.is_some() { "rk" } else { "sk" };
        let mode = if livemode { "live" } else { "test" };
        let secret = random_text(&entropy.bytes::<SECRET_CHARS>(), SECRET_CHARS);
        let key = format!("{kind}_{mode}_{secret}");
        let kept = ApiKey {
            id: format!("key_{}", random_text(&entropy.bytes::<16>(), 16)),
            hash: hash_key(&key),
            account,
            livemode,
            name: name.clone(),
            masked: mask(&key),
            scopes: restricted.then(|| scopes.clone()),
            created: clock.now().seconds(),
            revoked: None,
            limits,
        };
        admin.add_key(&kept).map_err(|e| e.to_string())?;
        if self.json {
            let mut shown = describe(&kept);
            shown["key"] = key.into();
            output::say!("{shown}");
        } else {
            output::say!("{key}\nThis is the only time it is shown. Its id is {}.", kept.id);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, admin: &Admin) -> Done {
        let keys = admin.keys().map_err(|e| e.to_string())?;
        if self.json {
            output::say!("{}", Value::from_iter(keys.iter().map(describe)));
            return Ok(ExitCode::SUCCESS);
        }
        let row = |key: &ApiKey| {
            let scopes = key.scopes.as_ref().map_or("everything".into(), |s| s.join(" "));
            let state = if key.revoked.is_some() { "revoked" } else { "works" };
            let mode = if key.livemode { "live" } else { "test" };
            let limits = key.limits.as_ref().map_or("none".into(), in_words);
            [&key.id, &key.masked, &key.name, mode, &key.account, &scopes, &limits, state]
                .map(String::from)
                .to_vec()
        };
        let rows: Vec<_> = keys.iter().map(row).collect();
        output::table(&["ID", "KEY", "NAME", "MODE", "ACCOUNT", "MAY", "LIMITS", "STATE"], &rows);
        Ok(ExitCode::SUCCESS)
    }
}

fn describe(key: &ApiKey) -> Value {
    json!({
        "id": key.id, "masked": key.masked, "name": key.name, "livemode": key.livemode,
        "account": key.account, "scopes": key.scopes, "created": key.created,
        "revoked": key.revoked, "limits": key.limits,
    })
}

/// Limits on one line.
fn in_words(limits: &Limits) -> String {
    let amounts = |name: &str, amounts: &Amounts| {
        amounts.iter().map(|(currency, amount)| format!("{name} {amount} {currency}")).collect()
    };
    let customers = match limits.customers.len() {
        0 => Vec::new(),
        1 => vec!["1 customer".to_owned()],
        count => vec![format!("{count} customers")],
    };
    let parts: [Vec<String>; 4] = [
        customers,
        amounts("call", &limits.per_call),
        amounts("day", &limits.per_day),
        amounts("approve above", &limits.approve_above),
    ];
    parts.concat().join(", ")
}

/// A scope names a resource of the table of operations, or all, and a right.
fn check_scopes(scopes: &[String]) -> Result<(), String> {
    let mut resources: Vec<&str> =
        crate::api::routes::all().iter().map(|route| route.resource).chain(["*"]).collect();
    resources.sort_unstable();
    resources.dedup();
    let tools: Vec<String> =
        crate::api::routes::all().iter().map(|route| normalize(route.operation)).collect();
    for scope in scopes {
        let known = scope.split_once(':').is_some_and(|(resource, right)| match resource {
            TOOL => tools.iter().any(|tool| tool == right),
            _ => resources.contains(&resource) && matches!(right, "read" | "write"),
        });
        if !known {
            return Err(format!(
                "'{scope}' is no scope: write tool:OPERATION, or RESOURCE:read or RESOURCE:write \
                 with one of {}",
                resources.join(", ")
            ));
        }
    }
    Ok(())
}
