//! The tables that both databases have: their columns, and what a second row of the same key does.
//!
//! Every statement that writes rows is made from here, and so is a copy from one database to
//! another. The schema itself, with its checks and indexes, is in `migrations`.

use std::sync::OnceLock;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Text,
    Bytes,
}

use Type::{Bytes, Int, Text};

/// What happens when there is a row of the same key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Again {
    /// That is a fault: rows are only ever added.
    Fails,
    /// The row that is there stays.
    Stays,
    /// These columns are written anew.
    Replaces(&'static [&'static str]),
    /// This column becomes the sum of the two.
    Adds(&'static str),
    /// This column becomes the larger of the two.
    Raises(&'static str),
}

/// A table.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Type)],
    pub(crate) key: &'static [&'static str],
    pub(crate) again: Again,
    insert: OnceLock<String>,
    delete: OnceLock<String>,
}

impl Table {
    const fn new(
        name: &'static str,
        columns: &'static [(&'static str, Type)],
        key: &'static [&'static str],
        again: Again,
    ) -> Table {
        Table { name, columns, key, again, insert: OnceLock::new(), delete: OnceLock::new() }
    }

    /// The statement that writes one row, its values in the order of the columns.
    pub(crate) fn insert(&self) -> &str {
        self.insert.get_or_init(|| {
            let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("?{n}")).collect();
            format!("{} VALUES ({}){}", self.into(), places.join(", "), self.conflict())
        })
    }

    /// The statement that removes the row with a key.
    pub(crate) fn delete(&self) -> &str {
        self.delete.get_or_init(|| {
            let each = self.key.iter().enumerate();
            let parts: Vec<String> =
                each.map(|(at, name)| format!("{name} = ?{}", at + 1)).collect();
            format!("DELETE FROM {} WHERE {}", self.name, parts.join(" AND "))
        })
    }

    /// `INSERT INTO name (columns)`.
    pub(crate) fn into(&self) -> String {
        format!("INSERT INTO {} ({})", self.name, self.names())
    }

    /// The columns, as a statement lists them.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// What follows the rows of an `INSERT`.
    pub(crate) fn conflict(&self) -> String {
        let set = match self.again {
            Again::Fails => return String::new(),
            Again::Stays => return " ON CONFLICT DO NOTHING".to_owned(),
            Again::Replaces(columns) => {
                let each = columns.iter().map(|name| format!("{name} = excluded.{name}"));
                each.collect::<Vec<_>>().join(", ")
            }
            Again::Adds(name) => format!("{name} = {}.{name} + excluded.{name}", self.name),
            Again::Raises(name) => {
                let old = format!("{}.{name}", self.name);
                format!(
                    "{name} = CASE WHEN excluded.{name} > {old} THEN excluded.{name} ELSE {old} END"
                )
            }
        };
        format!(" ON CONFLICT ({}) DO UPDATE SET {set}", self.key.join(", "))
    }

    /// The places of the key's columns in a row.
    pub(crate) fn key_places(&self) -> impl Iterator<Item = usize> {
        self.key.iter().map(|name| {
            let place = self.columns.iter().position(|(column, _)| column == name);
            place.expect("a key is made of columns")
        })
    }
}

macro_rules! tables {
    ($($table:ident $name:literal ($($column:literal $type:ident),+)
        key $key:expr, $again:expr;)+) => {
        $(pub(crate) static $table: Table =
            Table::new($name, &[$(($column, $type)),+], &$key, $again);)+

        /// All of them.
        pub(crate) static ALL: &[&Table] = &[$(&$table),+];
    };
}

tables! {
    META "meta" ("name" Text, "value" Bytes) key ["name"], Again::Replaces(&["value"]);
    WORLD "world" ("world" Int, "account" Text, "livemode" Int, "created" Int)
        key ["world"], Again::Fails;
    API_KEY "api_key" ("id" Text, "hash" Bytes, "account" Text, "livemode" Int, "name" Text,
        "masked" Text, "scopes" Text, "created" Int, "revoked" Int, "limits" Text)
        key ["id"], Again::Fails;
    DASHBOARD_USER "dashboard_user" ("name" Text, "password" Text, "role" Text, "created" Int)
        key ["name"], Again::Stays;
    LANE "lane" ("lane" Int, "last_number" Int) key ["lane"], Again::Raises("last_number");
    CUSTOMER "customer" ("world" Int, "number" Int, "deleted" Int, "email" Text, "data" Text)
        key ["world", "number"], Again::Replaces(&["deleted", "email", "data"]);
    CUSTOMER_WORD "customer_word" ("world" Int, "word" Text, "customer" Int)
        key ["world", "word", "customer"], Again::Stays;
    CASH_TRANSACTION "cash_transaction" ("world" Int, "customer" Int, "number" Int, "type" Text,
        "currency" Text, "net_amount" Int, "ending_balance" Int, "others" Text, "detail" Text)
        key ["world", "customer", "number"], Again::Fails;
    ENTRY "entry" ("world" Int, "number" Int, "kind" Text, "seal" Bytes, "request" Text)
        key ["world", "number"], Again::Fails;
    POSTING "posting" ("world" Int, "entry" Int, "line" Int, "account" Int, "owner" Int,
        "currency" Text, "amount" Int) key ["world", "entry", "line"], Again::Fails;
    CHAIN "chain" ("world" Int, "lane" Int, "head" Bytes, "length" Int)
        key ["world", "lane"], Again::Replaces(&["head", "length"]);
    HOUSE_BALANCE "house_balance" ("world" Int, "account" Int, "currency" Text, "lane" Int,
        "amount" Int)
        key ["world", "account", "currency", "lane"], Again::Replaces(&["amount"]);
    DAY_BALANCE "day_balance" ("world" Int, "account" Int, "currency" Text, "lane" Int,
        "day" Int, "amount" Int)
        key ["world", "account", "currency", "lane", "day"], Again::Replaces(&["amount"]);
    IDLE_PURSE "idle_purse" ("world" Int, "customer" Int, "currency" Text, "since" Int)
        key ["world", "customer", "currency"], Again::Replaces(&["since"]);
    IDLE_COUNT "idle_count" ("world" Int, "currency" Text, "lane" Int, "customers" Int)
        key ["world", "currency", "lane"], Again::Adds("customers");
    BALANCE_TRANSACTION "balance_transaction" ("world" Int, "number" Int, "type" Text,
        "currency" Text, "amount" Int, "fee" Int, "available_on" Int, "source_kind" Text,
        "source_customer" Int, "source" Int, "description" Text, "source_type" Text)
        key ["world", "number"], Again::Fails;
    DOCUMENT "document" ("world" Int, "number" Int, "kind" Text, "customer" Int, "parent" Int,
        "data" Text) key ["world", "number"], Again::Replaces(&["parent", "data"]);
    PAYABLE "payable" ("world" Int, "customer" Int, "intent" Int, "currency" Text,
        "remaining" Int, "since" Int, "invoice" Text, "until" Int)
        key ["world", "customer", "intent"],
        Again::Replaces(&["currency", "remaining", "since", "invoice", "until"]);
    TIMER "timer" ("due" Int, "world" Int, "number" Int, "customer" Int, "kind" Text)
        key ["due", "world", "number", "customer", "kind"], Again::Fails;
    LOOKED "looked" ("world" Int, "days" Int, "number" Int)
        key ["world", "days"], Again::Raises("number");
    INSTRUCTIONS "funding_instructions" ("world" Int, "customer" Int, "currency" Text,
        "country" Text, "account_key" Text, "data" Text)
        key ["world", "customer", "currency", "country"], Again::Fails;
    EVENT "event" ("world" Int, "number" Int, "type" Text, "customer" Int, "row" Int, "data" Text,
        "request_id" Text, "idempotency_key" Text) key ["world", "number"], Again::Fails;
    IDEMPOTENCY "idempotency" ("world" Int, "key" Bytes, "fingerprint" Bytes, "number" Int,
        "request_id" Text, "customer" Int, "row" Int)
        key ["world", "key"],
        Again::Replaces(&["fingerprint", "number", "request_id", "customer", "row"]);
    ANSWER "answer" ("world" Int, "number" Int, "status" Int, "body" Bytes)
        key ["world", "number"], Again::Fails;
    TOLD "told" ("world" Int, "endpoint" Int, "number" Int)
        key ["world", "endpoint"], Again::Raises("number");
    ATTEMPT "delivery_attempt" ("world" Int, "event" Int, "endpoint" Int, "attempt" Int, "at" Int,
        "latency_ms" Int, "status" Int, "answer" Text, "by_hand" Int)
        key ["world", "event", "endpoint", "attempt"], Again::Stays;
    SPENT "spent" ("world" Int, "key" Text, "day" Int, "tally" Text, "amount" Int)
        key ["world", "key", "day", "tally"], Again::Replaces(&["amount"]);
    REQUEST "request" ("world" Int, "number" Int, "request_id" Text, "context" Text,
        "customer" Int, "lasting" Int, "data" Text) key ["world", "number"], Again::Fails;
    SEARCH_TERM "search_term" ("world" Int, "field" Int, "value" Int, "number" Int)
        key ["world", "field", "value", "number"], Again::Stays;
    SEARCH_TEXT "search_text" ("world" Int, "number" Int, "email" Text, "name" Text, "phone" Text)
        key ["world", "number"], Again::Replaces(&["email", "name", "phone"]);
    FORGOTTEN "forgotten" ("world" Int, "number" Int) key ["world"], Again::Raises("number");
}
