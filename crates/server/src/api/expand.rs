//! Expansion: putting whole objects where an answer has ids.
//!
//! Paths are checked against the field tables before an operation runs, so a wrong path changes
//! nothing. Bounds: at most four levels; each id is looked up once per place. Rules: Stripe's page
//! "Expanding responses".

use std::collections::HashMap;

use serde_json::Value;

use super::error::ApiError;
use super::json::Json;
use super::routes::Shape;

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
pub const RESOURCES: [(&str, &str); 40] = tables![
    "account",
    "balance",
    "balance_transaction",
    "bank_account",
    "card",
    "cash_balance",
    "charge",
    "customer",
    "customer_cash_balance_transaction",
    "deleted_bank_account",
    "deleted_card",
    "deleted_customer",
    "deleted_webhook_endpoint",
    "event",
    "funding_instructions",
    "invoice",
    "invoiceitem",
    "line_item",
    "payment_intent",
    "payment_method",
    "payout",
    "purser.approval",
    "purser.audit",
    "purser.clock",
    "purser.daily_balance",
    "purser.entry",
    "purser.ledger_account",
    "purser.refund_details_link",
    "purser.request",
    "purser.trail",
    "purser.unreconciled",
    "purser.unreconciled_total",
    "purser.webhook_attempt",
    "purser.webhook_resend",
    "refund",
    "source",
    "source_transaction",
    "token",
    "topup",
    "webhook_endpoint",
];

/// What customers pay with: the name of several objects together, as Stripe's description has it.
pub const PAYMENT_SOURCES: [&str; 2] = ["card", "source"];

/// The fields that hold ids which can be expanded, below the first level of a path, where no table
/// is asked. A text elsewhere stays what it is, whatever somebody typed into it.
const LINKS: [&str; 17] = [
    "balance_transaction",
    "charge",
    "customer",
    "default_payment_method",
    "default_source",
    "destination",
    "failure_balance_transaction",
    "invoice",
    "latest_charge",
    "linked_transaction",
    "original_payout",
    "owner",
    "payment_intent",
    "payment_method",
    "refund",
    "reversed_by",
    "source",
];

impl FieldTables {
    /// Reads the tables that are part of the program.
    pub fn load() -> FieldTables {
        let read = |text| -> HashMap<String, Field> {
            let table: Value = serde_json::from_str(text).expect("a field table is JSON");
            let fields = table.as_object().expect("a field table is an object");
            fields.iter().map(|(name, spec)| (name.clone(), classify(spec))).collect()
        };
        let mut tables: HashMap<_, _> =
            RESOURCES.into_iter().map(|(object, text)| (object, read(text))).collect();
        let mut any: HashMap<String, Field> = HashMap::new();
        for (name, field) in PAYMENT_SOURCES.iter().flat_map(|object| tables[object].clone()) {
            // What can be expanded in one of them can be asked for; the others stay as they are.
            if field != Field::Plain || !any.contains_key(&name) {
                any.insert(name, field);
            }
        }
        tables.insert("payment_source", any);
        FieldTables(tables)
    }

    /// Checks the paths of a request against what it will be answered with.
    pub fn check(&self, paths: &[String], object: &str, shape: Shape) -> Result<(), ApiError> {
        // A search says how many there are.
        let counts = |path: &str| shape == Shape::Found && path == "total_count";
        let mut checked = paths.iter().filter(|path| !counts(path));
        checked.try_for_each(|path| self.check_path(path, object, shape != Shape::One))
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
            (true, [first, ..])
                if matches!(known(first), Some(Field::Expandable | Field::Hash)) =>
            {
                Err(cannot(format!(
                    "`{path}` cannot be expanded here: in a list the path begins with `data`, so \
                     try `data.{path}`."
                )))
            }
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
        Some("array") => classify(&spec["items"]),
        _ => Field::Plain,
    }
}

/// Where whole objects come from.
pub trait Source {
    /// The object with this id, if it can be seen.
    fn object(&self, id: &str) -> Result<Option<Json>, ApiError>;

    /// The cash balance of the customer with this id.
    fn cash_balance(&self, customer: &str) -> Result<Option<Json>, ApiError>;

    /// The list of the newest cards and sources of the customer with this id.
    fn sources(&self, customer: &str) -> Result<Option<Json>, ApiError>;

    /// The list of the newest refunds of the charge with this id.
    fn refunds(&self, charge: &str) -> Result<Option<Json>, ApiError>;
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
    if *name == "metadata" {
        // What the merchant keeps there are texts, be they named like fields.
        return Ok(());
    }
    include(value, name, source)?;
    let is_link = is_link(value, name);
    let Some(child) = value.get_mut(name) else {
        return Ok(());
    };
    if is_link
        && let Some(id) = child.as_text()
        && let Some(object) = source.object(id)?
    {
        *child = object;
    }
    match child {
        Json::List(items) => items.iter_mut().try_for_each(|item| descend(item, rest, source)),
        other => descend(other, rest, source),
    }
}

/// Adds what an object shows only when asked for.
fn include(value: &mut Json, name: &str, source: &impl Source) -> Result<(), ApiError> {
    if value.get("deleted").is_some() {
        // What is gone has nothing.
        return Ok(());
    }
    let text = |name| value.get(name).and_then(Json::as_text);
    let (Some(object), Some(id), None) = (text("object"), text("id"), value.get(name)) else {
        return Ok(());
    };
    let (name, found) = match (object, name) {
        ("customer", "cash_balance") => ("cash_balance", source.cash_balance(id)?),
        ("customer", "sources") => ("sources", source.sources(id)?),
        ("charge", "refunds") => ("refunds", source.refunds(id)?),
        _ => return Ok(()),
    };
    if let Some(found) = found {
        value.push(name, found);
    }
    Ok(())
}

/// Whether a field holds an id that can be expanded.
fn is_link(value: &Json, name: &str) -> bool {
    match (value.get("object").and_then(Json::as_text), name) {
        // In these the same name stands for an id that stays one.
        (Some("charge"), "payment_method") | (Some("line_item"), "invoice") => false,
        (Some("source"), "customer") | (Some("source_transaction"), "source") => false,
        _ => LINKS.contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::object;
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
            ("payment_intent", "latest_charge.balance_transaction", false, None),
            ("payment_intent", "client_secret", false, Some("it is a value")),
            ("charge", "refunds", false, None),
            ("charge", "refunds", true, Some("data.refunds")),
            ("invoice", "lines.data", false, None),
            ("invoice", "discounts", false, None),
            ("payout", "destination", false, None),
        ];
        for (object, path, list, want) in cases {
            let shape = if list { Shape::List } else { Shape::One };
            let got = tables.check(&[path.to_owned()], object, shape);
            match want {
                None => assert_eq!(got, Ok(()), "{path}"),
                Some(part) => assert!(got.unwrap_err().message.contains(part), "{path}"),
            }
        }
    }

    #[test]
    fn a_search_is_a_list_that_can_be_counted() {
        let tables = FieldTables::load();
        let check = |path: &str| tables.check(&[path.to_owned()], "charge", Shape::Found);
        assert_eq!(check("total_count"), Ok(()));
        assert_eq!(check("data.customer"), Ok(()));
        assert!(check("customer").is_err() && check("total_count.x").is_err());
    }

    /// Every id leads to an object that shows it, and to the customer.
    struct Mirror;

    impl Source for Mirror {
        fn object(&self, id: &str) -> Result<Option<Json>, ApiError> {
            let shown = object! {
                "id": id.to_owned(),
                "object": if id.starts_with("py_") { "charge" } else { "thing" },
                "customer": "cus_1",
                "metadata": object! { "customer": "cus_1" },
                "payment_method": "pm_1",
                "reference": "cus_1",
            };
            Ok(id.contains('_').then_some(shown))
        }

        fn cash_balance(&self, _: &str) -> Result<Option<Json>, ApiError> {
            Ok(None)
        }

        fn sources(&self, _: &str) -> Result<Option<Json>, ApiError> {
            Ok(None)
        }

        fn refunds(&self, _: &str) -> Result<Option<Json>, ApiError> {
            let refund = object! { "id": "pyr_1", "object": "refund", "customer": "cus_1" };
            Ok(Some(object! { "object": "list", "data": vec![refund] }))
        }
    }

    #[test]
    fn only_links_are_followed() {
        let cases = [
            ("latest_charge", "/latest_charge/customer", "cus_1"),
            ("latest_charge.customer", "/latest_charge/customer/id", "cus_1"),
            ("latest_charge.id", "/latest_charge/id", "py_1"),
            ("latest_charge.reference", "/latest_charge/reference", "cus_1"),
            ("latest_charge.metadata.customer", "/latest_charge/metadata/customer", "cus_1"),
            ("latest_charge.payment_method", "/latest_charge/payment_method", "pm_1"),
            ("latest_charge.refunds", "/latest_charge/refunds/data/0/id", "pyr_1"),
            (
                "latest_charge.refunds.data.customer",
                "/latest_charge/refunds/data/0/customer/id",
                "cus_1",
            ),
        ];
        for (path, pointer, want) in cases {
            let mut answer = object! { "object": "payment_intent", "latest_charge": "py_1" };
            expand(&mut answer, &[path.to_owned()], &Mirror).unwrap();
            let answer = serde_json::to_value(&answer).unwrap();
            assert_eq!(answer.pointer(pointer).and_then(Value::as_str), Some(want), "{path}");
        }
    }

    #[test]
    fn links_are_what_the_tables_call_expandable() {
        fn gather(fields: &Value, found: &mut Vec<String>) {
            for (name, spec) in fields.as_object().into_iter().flatten() {
                for spec in [spec, &spec["items"]] {
                    if spec.get("expandable").is_some() {
                        found.push(name.clone());
                    }
                    gather(&spec["fields"], found);
                }
            }
        }
        let mut found = Vec::new();
        for (_, text) in RESOURCES {
            gather(&serde_json::from_str(text).unwrap(), &mut found);
        }
        for link in LINKS {
            assert!(found.iter().any(|name| name == link), "{link}");
        }
    }
}
