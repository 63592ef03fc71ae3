//! What trees become, as tables: one `check` reads a form into a type. Each type on its own is
//! in [`values`].

use std::fmt::Debug;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::api::form::{parse_form, parse_json};

mod values;

choice! {
    /// Who matches money to payments.
    pub enum Mode {
        /// Purser.
        Automatic = "automatic",
        /// The merchant.
        Manual = "manual",
        /// Whoever the merchant's settings say.
        Default = "merchant_default",
    }
}

params! {
    /// Settings.
    pub struct Settings {
        /// Who matches.
        pub reconciliation_mode: Option<Mode>,
    }
    refuses { "rounding" }
}

params! {
    /// One line.
    pub struct Line {
        /// Cents.
        pub amount: Positive,
        /// Whether.
        pub flag: Option<bool>,
    }
    refuses {}
}

params! {
    /// Everything at once.
    pub struct Sample {
        /// Amount in the smallest unit
        /// of the currency.
        pub amount: Positive,
        /// Currency.
        pub currency: Option<CurrencyCode>,
        /// Kind of the sample.
        pub r#type: Option<Text>,
        /// Another name on the wire.
        pub kind as "object": Option<Str<5>>,
        /// Nested.
        pub settings: Option<Settings>,
        /// Lines.
        pub lines: Option<Vec<Line>>,
        /// Emptyable.
        pub description: Patch<Text>,
        /// Emptyable hash.
        pub rules: Patch<Settings>,
        /// Metadata.
        pub metadata: MetadataPatch,
        ..page: Page,
    }
    refuses { "tax", "test_clock" }
}

params! {
    /// No parameters at all.
    pub struct Nothing {}
    refuses {}
}

/// The value, or the error as `param [code] message`, or as `param [code]` without its message.
fn outcome<T: Param + Debug>(form: &str) -> (String, String) {
    let tree = parse_form(form.as_bytes()).expect("a valid form");
    match read_all::<T>(&tree) {
        Ok(value) => (format!("{value:?}"), String::new()),
        Err(ParamError { code, param, message }) => {
            let param = param.as_deref().unwrap_or("-");
            let short = format!("{param} [{}]", code.unwrap_or("-"));
            (format!("{short} {message}"), short)
        }
    }
}

/// Errors may be written without their message.
#[track_caller]
fn check<T: Param + Debug>(table: &[(&str, &str)]) {
    for (form, expected) in table {
        let (full, short) = outcome::<T>(form);
        let short_wanted = expected.ends_with(']') && !short.is_empty();
        let found = if short_wanted { short } else { full };
        assert_eq!(found, *expected, "of {form}");
    }
}

/// Reads one parameter `x` of type `T`.
#[track_caller]
fn check_one<T: Param + Debug>(table: &[(&str, &str)]) {
    #[derive(Debug)]
    struct One<T>(#[allow(dead_code)] T);
    impl<T: Param> Group for One<T> {
        fn read_group(node: &Node, at: &Path) -> Result<Self, ParamError> {
            read_field(node, "x", at).map(One)
        }
        fn takes(name: &str, node: &Node, at: &Path) -> Result<bool, ParamError> {
            T::unknown(node, at).map(|()| name == "x")
        }
        fn describe(_: &mut Vec<Field>, _: &mut Vec<&'static str>) {}
    }
    let strip = |full: &str| {
        full.strip_prefix("One(").and_then(|rest| rest.strip_suffix(')')).map(str::to_owned)
    };
    for (form, expected) in table {
        let (full, short) = outcome::<One<T>>(form);
        let found = match strip(&full) {
            Some(value) => value,
            None if expected.ends_with(']') => short,
            None => full,
        };
        assert_eq!(found, *expected, "of {form}");
    }
}

#[test]
fn one_error_in_a_fixed_order() {
    check::<Sample>(&[
        // Unknown names first, wherever they are, before refused and missing ones.
        (
            "tax=1&settings[foo]=1",
            "settings[foo] [parameter_unknown] The parameter \
          `settings[foo]` is not one that this operation knows.",
        ),
        ("lines[][amount]=1&lines[][foo]=2", "lines[0][foo] [parameter_unknown]"),
        ("lines[7][foo]=2", "lines[7][foo] [parameter_unknown]"),
        ("rules[foo]=", "rules[foo] [parameter_unknown]"),
        ("amount[foo]=1&bar=1", "bar [parameter_unknown]"),
        ("kind=x", "kind [parameter_unknown]"),
        // Then refused ones.
        (
            "test_clock=x",
            "test_clock [-] The parameter `test_clock` is a parameter of Stripe \
          that Purser does not support yet.",
        ),
        ("tax=", "tax [-]"),
        ("amount=1&settings[rounding]=up", "settings[rounding] [-]"),
        // Then in the order of declaration.
        ("currency=foo", "amount [parameter_missing] The parameter `amount` is required."),
        ("currency=foo&amount=0", "amount [parameter_invalid_integer]"),
        ("amount=1&lines[][flag]=1", "lines[0][amount] [parameter_missing]"),
        ("amount=1&limit=x&currency=foo", "currency [-]"),
        ("amount=1&limit=x", "limit [parameter_invalid_integer]"),
    ]);
}

#[test]
fn groups() {
    check::<Sample>(&[(
        "amount=5&currency=EUR&type=a&object=b&settings[reconciliation_mode]=manual\
         &lines[][amount]=1&description=&rules=&metadata[a]=1&limit=3&starting_after=cus_1",
        "Sample { amount: Between(5), currency: Some(CurrencyCode(eur)), \
         type: Some(Str(\"a\")), kind: Some(Str(\"b\")), \
         settings: Some(Settings { reconciliation_mode: Some(Manual) }), \
         lines: Some([Line { amount: Between(1), flag: None }]), description: Clear, \
         rules: Clear, metadata: Change([(\"a\", Some(\"1\"))]), \
         page: Page { limit: Limit(3), starting_after: Some(Str(\"cus_1\")), \
         ending_before: None } }",
    )]);
    check::<Nothing>(&[("", "Nothing"), ("a=1", "a [parameter_unknown]")]);
    check_one::<Settings>(&[
        ("", "x [parameter_missing]"),
        ("x=", "x [parameter_invalid_empty]"),
        ("x=1", "x [-] The parameter `x` must be a hash, written as x[name]=value."),
        ("x[]=1", "x [-]"),
        ("x[5]=1", "x[5] [parameter_unknown]"),
        (
            "x[reconciliation_mode]=automatic",
            "Settings { reconciliation_mode: \
          Some(Automatic) }",
        ),
    ]);
}

#[test]
fn expand_leaves_the_tree() {
    let mut tree = parse_form(b"a=1&expand[]=data.customer&b=2").expect("a valid form");
    assert_eq!(take_expand(&mut tree), Ok(vec!["data.customer".to_owned()]));
    assert_eq!(tree, parse_form(b"a=1&b=2").expect("a valid form"));
    assert_eq!(take_expand(&mut tree), Ok(Vec::new()));
    let mut tree = parse_form(b"expand[a]=b").expect("a valid form");
    assert_eq!(take_expand(&mut tree).unwrap_err().param.as_deref(), Some("expand"));
    // What JavaScript writes for an object.
    let mut tree = parse_form(b"expand=%5Bobject+Object%5D").expect("a valid form");
    let error = take_expand(&mut tree).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("expand"));
    assert!(error.message.contains("not '[object Object]'"), "{}", error.message);
}

#[test]
fn json_null_is_left_out_and_unsets_what_is_inside() {
    let tree = parse_json(br#"{"amount":5,"description":null,"metadata":{"a":null,"b":7}}"#);
    let sample: Sample = read_all(&tree.expect("valid JSON")).expect("valid parameters");
    assert_eq!(sample.description, Patch::Keep);
    let changes = vec![("a".to_owned(), None), ("b".to_owned(), Some("7".to_owned()))];
    assert_eq!(sample.metadata, MetadataPatch::Change(changes));
    let tree = parse_json(br#"{"amount":1e3}"#).expect("valid JSON");
    let code = read_all::<Sample>(&tree).unwrap_err().code;
    assert_eq!(code, Some("parameter_invalid_integer"));
}

#[test]
fn metadata() {
    let (key40, key41) = ("k".repeat(40), "k".repeat(41));
    let long_key = format!("x[{key41}]=v");
    let longest = format!("x[{key40}]={}", "é".repeat(500));
    let long_value = format!("x[k]={}", "v".repeat(501));
    check_one::<MetadataPatch>(&[
        ("", "Keep"),
        ("x=", "Clear"),
        ("x[a]=1&x[b]=", "Change([(\"a\", Some(\"1\")), (\"b\", None)])"),
        ("x[0]=a&x[1]=b", "Change([(\"0\", Some(\"a\")), (\"1\", Some(\"b\"))])"),
        ("x[2024]=a", "Change([(\"2024\", Some(\"a\"))])"),
        ("x=1", "x [-] The parameter `x` must be a hash, written as x[name]=value."),
        (
            "x[a][b]=1",
            "x [-] The parameter `x` takes only texts as values, and `a` has a \
          hash.",
        ),
        (&long_key, "x [-]"),
        (
            &long_value,
            "x [-] The parameter `x` can have values of at most 500 characters, not \
          501: k.",
        ),
    ]);
    assert!(outcome::<Sample>(&longest.replace('x', "metadata")).0.contains("amount"));
    let tree = parse_json(br#"{"amount":1,"metadata":{"a[b]":"1"}}"#).expect("valid JSON");
    let error = read_all::<Sample>(&tree).unwrap_err();
    assert_eq!((error.code, error.param.as_deref()), (None, Some("metadata")));
}

#[test]
fn schemas() {
    let schema = Sample::schema().to_json_schema();
    let property = |name: &str| schema["properties"][name].clone();
    assert_eq!(schema["required"], json!(["amount"]));
    assert_eq!(schema["additionalProperties"], json!(false));
    assert_eq!(schema["x-purser-refuses"], json!(["tax", "test_clock"]));
    assert_eq!(
        property("amount"),
        json!({
            "type": "integer", "minimum": 1, "maximum": INTEGER_MAX,
            "description": "Amount in the smallest unit\nof the currency.",
        })
    );
    assert_eq!(property("object")["maxLength"], json!(5));
    assert_eq!(property("type")["description"], json!("Kind of the sample."));
    assert_eq!(
        property("settings")["properties"]["reconciliation_mode"]["enum"],
        json!(["automatic", "manual", "merchant_default"])
    );
    assert_eq!(property("lines")["items"]["required"], json!(["amount"]));
    assert_eq!(property("description")["anyOf"][1], json!({ "type": "string", "enum": [""] }));
    assert_eq!(property("metadata")["anyOf"][0]["maxProperties"], json!(50));
    assert_eq!(property("limit")["default"], json!(10));
    let created = CreatedRange::schema().to_json_schema();
    assert_eq!(created["anyOf"][1]["properties"]["gt"]["type"], json!("integer"));
}

proptest! {
    #[test]
    fn any_form_is_read_or_refused(
        form in "((amount|currency|settings|lines|metadata|rules|limit|tax|foo)\
                 (\\[(|0|7|amount|reconciliation_mode|k)\\]){0,3}=(|1|eur|x)&){0,6}"
    ) {
        if let Ok(tree) = parse_form(form.as_bytes()) {
            let known = Sample::unknown(&tree, &Path::ROOT).is_ok();
            let result = read_all::<Sample>(&tree);
            prop_assert!(known || result.unwrap_err().code == Some("parameter_unknown"));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for tree in [parse_form(&bytes), parse_json(&bytes)].into_iter().flatten() {
            let _ = read_all::<Sample>(&tree);
        }
    }
}
