//! Answers as trees: JSON values that are cheap to build and keep the order they were written in.
//!
//! Most answers are built, written once and dropped. So names are static texts in a plain list:
//! no hashing, and one allocation an object. Looking a name up is a walk along the list, which
//! only expansion does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number; no answer has any other.
    Int(i64),
    /// A text.
    Text(Cow<'static, str>),
    /// An array.
    List(Vec<Json>),
    /// An object, its names in order.
    Object(Vec<(Cow<'static, str>, Json)>),
}

/// Writes an object: `object! { "name": value, ... }`, each value whatever turns into [`Json`].
macro_rules! object {
    ($($name:literal : $value:expr),* $(,)?) => {
        $crate::api::json::Json::Object(vec![
            $((std::borrow::Cow::Borrowed($name), $crate::api::json::Json::from($value))),*
        ])
    };
}
pub(crate) use object;

impl Json {
    /// The value of a name, in an object that has it.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|(n, _)| n == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        match self {
            Json::Object(fields) => {
                fields.iter_mut().find(|(n, _)| n == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Adds a name at the end of an object; on anything else it does nothing.
    pub fn push(&mut self, name: &'static str, value: impl Into<Json>) {
        if let Json::Object(fields) = self {
            fields.push((Cow::Borrowed(name), value.into()));
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of an answer.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        serde_json::to_writer(&mut bytes, self).expect("writing to memory does not fail");
        bytes
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => to.serialize_unit(),
            Json::Bool(value) => to.serialize_bool(*value),
            Json::Int(value) => to.serialize_i64(*value),
            Json::Text(text) => to.serialize_str(text),
            Json::List(items) => {
                let mut list = to.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Json::Object(fields) => {
                let mut object = to.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, value)| object.serialize_entry(name, value))?;
                object.end()
            }
        }
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Int(value)
    }
}

impl From<&'static str> for Json {
    fn from(text: &'static str) -> Json {
        Json::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(Cow::Owned(text))
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Json {
        Json::Text(Cow::Owned(text.clone()))
    }
}

impl From<books::Timestamp> for Json {
    fn from(at: books::Timestamp) -> Json {
        Json::Int(at.0)
    }
}

impl From<books::Currency> for Json {
    fn from(currency: books::Currency) -> Json {
        Json::Text(Cow::Owned(currency.to_string()))
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::Null, Into::into)
    }
}

impl From<&Option<String>> for Json {
    fn from(text: &Option<String>) -> Json {
        text.as_ref().into()
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Json {
        Json::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<&Vec<String>> for Json {
    fn from(texts: &Vec<String>) -> Json {
        Json::List(texts.iter().map(Json::from).collect())
    }
}

impl From<&BTreeMap<String, String>> for Json {
    fn from(map: &BTreeMap<String, String>) -> Json {
        let field = |(name, value): (&String, &String)| (Cow::Owned(name.clone()), value.into());
        Json::Object(map.iter().map(field).collect())
    }
}

/// For documents that are kept as the wire shows them.
impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Json {
        use serde_json::Value;
        match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Json::Int(whole),
                None => number.to_string().into(),
            },
            Value::String(text) => text.into(),
            Value::Array(items) => Json::List(items.iter().map(Json::from).collect()),
            Value::Object(fields) => Json::Object(
                fields.iter().map(|(name, value)| (name.clone().into(), value.into())).collect(),
            ),
        }
    }
}
