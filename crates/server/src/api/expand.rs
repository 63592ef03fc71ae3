//! Expansion: putting whole objects where an answer has ids.
//!
//! Paths are checked against the field tables before an operation runs, so a wrong path changes
//! nothing. Bounds: at most four levels; each id is looked up once per place. Rules: Stripe's page
//! "Expanding responses".

use std::collections::HashMap;

use serde_json::Value;

use super::error::ApiError;
use super::json::Json;

/// How many levels deep a path may go.
pub const LEVELS_MAX: usize = 4;

/// What a field of an object is, as far as expansion is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// An id, or an object that is only there when asked for.
    Expandable,
    /// A hash: expanding it changes nothing.
    Hash,
    /// Anything else.
    Plain,
}

/// The fields of every object that an operation answers with.
pub struct FieldTables(HashMap<&'static str, HashMap<String, Field>>);

macro_rules! tables {
    ($($object:literal),* $(,)?) => {
        [$(($object, include_str!(concat!("../../wire/resources/", $object, ".json")))),*]
    };
}

/// Objects that answers are made of, with their field tables.
pub const RESOURCES: [(&str, &str); 9] = tables![
    "account",
    "balance",
    "balance_transaction",
    "cash_balance",
    "customer",
    "customer_cash_balance_transaction",
    "deleted_customer",
    "event",
    "funding_instructions",
];

impl FieldTables {
    /// Reads the tables that are part of the program.
    pub fn load() -> FieldTables {
        let read = |text| -> HashMap<String, Field> {
            let table: Value = serde_json::from_str(text).expect("a field table is JSON");
            let fields = table.as_object().expect("a field table is an object");
            fields.iter().map(|(name, spec)| (name.clone(), classify(spec))).collect()
        };
        FieldTables(RESOURCES.into_iter().map(|(object, text)| (object, read(text))).collect())
    }

    /// Checks the paths of a request against what it will be answered with.
    pub fn check(&self, paths: &[String], object: &str, list: bool) -> Result<(), ApiError> {
        paths.iter().try_for_each(|path| self.check_path(path, object, list))
    }

    fn check_path(&self, path: &str, object: &str, list: bool) -> Result<(), ApiError> {
        let levels: Vec<&str> = path.split('.').collect();
        if levels.len() > LEVELS_MAX {
            let message = format!(
                "Expansion goes up to {LEVELS_MAX} levels deep, and this path goes deeper: {path}"
            );
            return Err(ApiError::invalid(400, message).coded("property_expansion_max_depth"));
        }
        let fields = self.0.get(object);
        let known = |name: &str| fields.and_then(|fields| fields.get(name)).copied();
        match (list, levels.as_slice()) {
            (false, [first, ..]) => judge(first, path, known(first)),
            (true, ["data"]) => Ok(()),
            (true, ["data", first, ..]) => judge(first, path, known(first)),
            (true, ["total_count", ..]) => {
                Err(cannot(format!("`{path}` cannot be included in this list.")))
            }
            (true, [first, ..]) if known(first) == Some(Field::Expandable) => Err(cannot(format!(
                "`{path}` cannot be expanded here: in a list the path begins with `data`, so \
                 try `data.{path}`."
            ))),
            (true, [first, ..]) => judge(first, path, None),
            (_, []) => Ok(()),
        }
    }
}

fn judge(name: &str, path: &str, field: Option<Field>) -> Result<(), ApiError> {
    match field {
        Some(Field::Expandable | Field::Hash) => Ok(()),
        Some(Field::Plain) => Err(cannot(format!("`{path}` cannot be expanded: it is a value."))),
        None => {
            Err(cannot(format!("`{path}` cannot be expanded because `{name}` does not exist.")))
        }
    }
}

fn cannot(message: String) -> ApiError {
    ApiError::invalid(400, message)
}

fn classify(spec: &Value) -> Field {
    if spec.get("expandable").is_some() || spec.get("$ref").is_some() {
        return Field::Expandable;
    }
    match spec["type"].as_str() {
        Some("object" | "list" | "map") => Field::Hash,
        _ => Field::Plain,
    }
}

/// Where whole objects come from.
pub trait Source {
    /// The object with this id, if it can be seen.
    fn object(&self, id: &str) -> Result<Option<Json>, ApiError>;

    /// The cash balance of the customer with this id.
    fn cash_balance(&self, customer: &str) -> Result<Option<Json>, ApiError>;
}

/// Expands checked paths in an answer.
pub fn expand(answer: &mut Json, paths: &[String], source: &impl Source) -> Result<(), ApiError> {
    for path in paths {
        let levels: Vec<&str> = path.split('.').collect();
        descend(answer, &levels, source)?;
    }
    Ok(())
}

fn descend(value: &mut Json, levels: &[&str], source: &impl Source) -> Result<(), ApiError> {
    let Some((name, rest)) = levels.split_first() else {
        return Ok(());
    };
    if *name == "cash_balance"
        && value.get("object").and_then(Json::as_text) == Some("customer")
        && value.get("cash_balance").is_none()
        && let Some(id) = value.get("id").and_then(Json::as_text)
        && let Some(balance) = source.cash_balance(id)?
    {
        value.push("cash_balance", balance);
    }
    let Some(child) = value.get_mut(name) else {
        return Ok(());
    };
    if let Some(id) = child.as_text()
        && let Some(object) = source.object(id)?
    {
        *child = object;
    }
    match child {
        Json::List(items) => items.iter_mut().try_for_each(|item| descend(item, rest, source)),
        other => descend(other, rest, source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_judged_before_anything_happens() {
        let tables = FieldTables::load();
        let cases = [
            ("customer", "cash_balance", false, None),
            ("customer", "cash_balance.customer", false, None),
            ("customer", "address", false, None),
            ("customer", "livemode", false, Some("it is a value")),
            ("customer", "nonsense", false, Some("does not exist")),
            ("customer", "cash_balance", true, Some("data.cash_balance")),
            ("customer", "data.cash_balance", true, None),
            ("customer", "data", true, None),
            ("customer", "data.livemode", true, Some("it is a value")),
            ("customer", "total_count", true, Some("cannot be included")),
            ("customer", "a.b.c.d.e", false, Some("4 levels")),
            ("balance_transaction", "source", false, None),
        ];
        for (object, path, list, want) in cases {
            let got = tables.check(&[path.to_owned()], object, list);
            match want {
                None => assert_eq!(got, Ok(()), "{path}"),
                Some(part) => assert!(got.unwrap_err().message.contains(part), "{path}"),
            }
        }
    }
}
