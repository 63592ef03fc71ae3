//! What bytes become, as tables, and what no bytes can do, as properties.

use proptest::prelude::*;

use super::*;

/// The tree in a short spelling: `{a: x, b: [y, {c: }]}`.
fn show(node: &Node) -> String {
    match node {
        Node::Text(text) => text.clone(),
        Node::List(items) => {
            let items: Vec<_> = items.iter().map(show).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Map(entries) => {
            let entry = |(name, node): &(String, Node)| format!("{name}: {}", show(node));
            let entries: Vec<_> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn outcome(result: Result<Node, FormError>) -> String {
    match result {
        Ok(tree) => show(&tree),
        Err(FormError { param, message, code: None }) => {
            format!("{} <- {message}", param.as_deref().unwrap_or("-"))
        }
        Err(error) => format!("{error:?}"),
    }
}

#[track_caller]
fn check(parse: fn(&[u8]) -> Result<Node, FormError>, table: &[(&str, &str)]) {
    for (input, expected) in table {
        assert_eq!(outcome(parse(input.as_bytes())), *expected, "of {input}");
    }
}

#[test]
fn forms() {
    check(
        parse_form,
        &[
            ("", "{}"),
            ("&&", "{}"),
            ("a=1", "{a: 1}"),
            ("a", "{a: }"),
            ("a=", "{a: }"),
            ("a=b=c", "{a: b=c}"),
            ("b=1&a=2", "{b: 1, a: 2}"),
            ("a=x+y%20z%2B&b=100%&c=%zz&d=%e2%82%ac", "{a: x y z+, b: 100%, c: %zz, d: €}"),
            ("a%5Bb%5D=1&a[c][d]=2&a[c][e]=3", "{a: {b: 1, c: {d: 2, e: 3}}}"),
            ("0=a&1=b", "{0: a, 1: b}"),
        ],
    );
}

#[test]
fn lists_in_forms() {
    check(
        parse_form,
        &[
            ("a[]=x&a[]=y", "{a: [x, y]}"),
            ("a=x&a=y&a=z", "{a: [x, y, z]}"),
            ("a=x&a[]=y&a=z", "{a: [x, y, z]}"),
            ("a[0]=x&a[1]=y", "{a: [x, y]}"),
            ("a[b]=x&a[b]=y", "{a: {b: [x, y]}}"),
            ("a[][k]=1&a[][l]=2", "{a: [{k: 1, l: 2}]}"),
            ("a[][k]=1&a[][l]=2&a[][k]=3&a[][l]=4", "{a: [{k: 1, l: 2}, {k: 3, l: 4}]}"),
            ("a[][k][x]=1&a[][k][y]=2&a[][k][x]=3", "{a: [{k: {x: 1, y: 2}}, {k: {x: 3}}]}"),
            ("a[][k][]=1&a[][k][]=2&a[][l]=3", "{a: [{k: [1, 2], l: 3}]}"),
            ("a[0][k]=1&a[0][l]=2&a[1][k]=3", "{a: [{k: 1, l: 2}, {k: 3}]}"),
            ("a[][]=1&a[][]=2", "{a: [[1, 2]]}"),
            ("a[][0]=1&a[][1]=2&a[][1]=3", "{a: [[1, 2], {1: 3}]}"),
            ("a[5]=x&a[2]=y", "{a: {5: x, 2: y}}"),
            ("a[0]=x&a[7]=y&a[0]=z", "{a: {0: [x, z], 7: y}}"),
            ("m[0]=x&m[k]=y", "{m: {0: x, k: y}}"),
            ("m[007]=x", "{m: {007: x}}"),
            ("m[99999999999999999999999]=x", "{m: {99999999999999999999999: x}}"),
        ],
    );
}

#[test]
fn broken_forms() {
    let mixed = "is given both as a value and as a hash.";
    let brackets = "has brackets that do not match.";
    let no_name = "has no name before its value or bracket.";
    let of = |name: &str, problem: &str| format!("{name} <- The parameter `{name}` {problem}");
    for (input, name, problem) in [
        ("a=1&a[b]=2", "a", mixed),
        ("a[b]=1&a=2", "a", mixed),
        ("a[b][c]=1&a[b]=2", "a[b]", mixed),
        ("a[b]=1&a[b][c]=2", "a[b]", mixed),
        ("a[b]=1&a[]=2", "a", mixed),
        ("a[b=1", "a[b", brackets),
        ("a]=1", "a]", brackets),
        ("a[b]c=1", "a[b]c", brackets),
        ("a[b[c]]=1", "a[b[c]]", brackets),
        ("a[b]]=1", "a[b]]", brackets),
        ("a[", "a[", brackets),
        ("=1", "", no_name),
        ("[b]=1", "[b]", no_name),
        ("a[b]=%ff", "a[b]", "is not valid UTF-8."),
        ("a[b]=x%00", "a[b]", "contains a NUL character."),
        (
            "a[b][c][d][e][f][g][h]=1&a[][][][][][][][]=1",
            "a[][][][][][][][]",
            "is nested \
         more than 8 names deep (DEPTH_MAX).",
        ),
    ] {
        check(parse_form, &[(input, &of(name, problem))]);
    }
    check(parse_form, &[("%ff=1", "- <- The name of a parameter is not valid UTF-8.")]);
}

#[test]
fn objects() {
    check(
        parse_json,
        &[
            ("", "{}"),
            (" \n", "{}"),
            (" {} ", "{}"),
            (
                r#"{"a":1.50,"b":1e3,"c":-0,"d":123456789012345678901234567890}"#,
                "{a: 1.50, b: 1e3, c: -0, d: 123456789012345678901234567890}",
            ),
            (
                r#"{"a":true,"b":false,"c":null,"d":"","e":[],"f":{}}"#,
                "{a: true, b: false, d: , e: [], f: {}}",
            ),
            (r#"{"a":null,"b":{"c":null},"d":[null]}"#, "{b: {c: }, d: []}"),
            (r#" { "a" : [ 1 , { "b" : "x" } , [ ] ] } "#, "{a: [1, {b: x}, []]}"),
            (r#"{"a":"\u20ac \"q\" \\ \ud83d\ude00","b":"€"}"#, "{a: € \"q\" \\ 😀, b: €}"),
            (r#"{"a\"b":1,"a[b]":2}"#, "{a\"b: 1, a[b]: 2}"),
        ],
    );
}

#[test]
fn broken_objects() {
    let at = |byte: usize| format!("- <- The body is not valid JSON: see its byte {byte}.");
    for (input, byte) in [
        ("{", 1),
        ("{}x", 2),
        (r#"{"a"}"#, 4),
        (r#"{"a":}"#, 5),
        (r#"{"a":1,}"#, 7),
        (r#"{"a":[1,]}"#, 8),
        (r#"{"a":[1 2]}"#, 8),
        (r#"{"a":01}"#, 5),
        (r#"{"a":1.}"#, 5),
        (r#"{"a":-}"#, 5),
        (r#"{"a":nul}"#, 5),
        (r#"{"a":"x}"#, 8),
        (r#"{"a":"\"#, 7),
        (r#"{"a":"\x"}"#, 5),
        (r#"{"a":"\ud83d"}"#, 5),
        ("{\"a\":\"\n\"}", 6),
        ("{a:1}", 1),
    ] {
        check(parse_json, &[(input, &at(byte))]);
    }
    let not_object = "- <- A JSON body must be an object with the parameters.";
    check(
        parse_json,
        &[
            ("[]", not_object),
            ("1", not_object),
            ("a=1", not_object),
            (r#"{"a":{"b":1,"b":2}}"#, "a[b] <- The parameter `a[b]` is given twice."),
            (r#"{"a":["x\u0000"]}"#, "a[0] <- The parameter `a[0]` contains a NUL character."),
            (r#"{"a\u0000":1}"#, "a <- The parameter `a` has a NUL character in its name."),
            (r#"{"a":{"":1}}"#, "a <- A name in the JSON body is empty."),
            (r#"{"":1}"#, "- <- A name in the JSON body is empty."),
            (
                r#"{"a":[[[[[[[[1]]]]]]]]}"#,
                "a[0][0][0][0][0][0][0][0] <- The parameter \
         `a[0][0][0][0][0][0][0][0]` is nested more than 8 names deep (DEPTH_MAX).",
            ),
        ],
    );
    assert!(parse_json(b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn limits_are_named_and_exact() {
    let pairs = |count: usize| (0..count).map(|at| format!("a{}[b{at}]=&", at / 100)).collect();
    let items = |count: usize| "a[]=&".repeat(count);
    let names = |count: usize| (0..count).map(|at| format!("a[n{at}]=&")).collect();
    let tops = |count: usize| (0..count).map(|at| format!("n{at}=&")).collect();
    let long = |count: usize| "n".repeat(count);
    let deep = |count: usize| format!("a{}=", "[b]".repeat(count - 1));
    type Made<'a> = &'a dyn Fn(usize) -> String;
    let all: [(Made, usize, &str); 6] = [
        (&pairs, PAIRS_MAX, "4000 parameters (PAIRS_MAX)"),
        (&items, ITEMS_MAX, "`a` has more than 256 entries (ITEMS_MAX)"),
        (&names, ITEMS_MAX, "`a` has more than 256 entries (ITEMS_MAX)"),
        (&tops, ITEMS_MAX, "more than 256 entries (ITEMS_MAX) at its top level"),
        (&long, KEY_BYTES_MAX, "more than 256 bytes (KEY_BYTES_MAX)"),
        (&deep, DEPTH_MAX, "more than 8 names deep (DEPTH_MAX)"),
    ];
    for (make, max, message) in all {
        let form = make(max);
        assert!(parse_form(form.as_bytes()).is_ok(), "{message}");
        let refused = outcome(parse_form(make(max + 1).as_bytes()));
        assert!(refused.contains(message), "{refused}");
    }
    let json_list = |count| format!("{{\"a\":[{}]}}", vec!["1"; count].join(","));
    assert!(parse_json(json_list(ITEMS_MAX).as_bytes()).is_ok());
    assert!(outcome(parse_json(json_list(ITEMS_MAX + 1).as_bytes())).contains("ITEMS_MAX"));
    let part = vec!["[[],[],[],[],[],[],[],[]]"; 200].join(",");
    let wide = format!("{{\"a\":[{part}],\"b\":[{part}],\"c\":[{part}]}}");
    assert!(outcome(parse_json(wide.as_bytes())).contains("PAIRS_MAX"));
    assert!(parse_json("[".repeat(100_000).as_bytes()).is_err());
    assert!(parse_json("{\"a\":".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn merged() {
    let joined = |query: &str, body: &str| {
        let tree = |text: &str| parse_form(text.as_bytes()).expect("a valid form");
        outcome(merge(tree(query), tree(body)))
    };
    assert_eq!(joined("a=1", "b=2"), "{a: 1, b: 2}");
    assert_eq!(joined("a=1&e[]=x", "e[]=x&b=2"), "{a: 1, e: [x], b: 2}");
    assert_eq!(
        joined("a=1", "a=2"),
        "a <- The parameter `a` differs between the query string and the body."
    );
}

#[test]
fn paths() {
    let top = Path::ROOT.key("a");
    let below = top.key("b");
    let item = below.index(3);
    assert_eq!(item.key("c").to_string(), "a[b][3][c]");
    assert_eq!(Path::top("a").key("b").to_string(), "a[b]");
    assert_eq!(Path::ROOT.to_string(), "");
}

#[test]
fn fingerprints() {
    let form = |text: &str| parse_form(text.as_bytes()).expect("a valid form").fingerprint();
    let json = |text: &str| parse_json(text.as_bytes()).expect("valid JSON").fingerprint();
    let same = [
        ("a=1&b[c]=x+y", r#"{"b":{"c":"x y"},"a":1}"#),
        ("a=&b=true", r#"{"b":true,"a":""}"#),
        ("b=true", r#"{"b":true,"a":null}"#),
        ("e[]=x&e[]=y", r#"{"e":["x","y"]}"#),
        ("e=x&e=y", r#"{"e":["x","y"]}"#),
        ("e[1]=y&e[0]=x", r#"{"e":["x","y"]}"#),
        ("e[]=x", r#"{"e":["x"]}"#),
        ("l[][k]=1&l[][k]=2", r#"{"l":[{"k":1},{"k":2}]}"#),
        ("m[0]=x", r#"{"m":{"0":"x"}}"#),
    ];
    for (one, other) in same {
        assert_eq!(form(one), json(other), "{one}");
    }
    let long: String = (0..12).map(|at| format!("m[]={at}&")).collect();
    let backwards: String = (0..12).rev().map(|at| format!("m[{at}]={at}&")).collect();
    assert_eq!(form(&long), form(&backwards));
    let different = ["", "a", "a=b", "ab=", "a[]=b", "a[b]=", "a[]=b&a[]=", "a[b]=&c=", "a[b][c]="];
    for (at, one) in different.iter().enumerate() {
        for other in &different[at + 1..] {
            assert_ne!(form(one), form(other), "{one} and {other}");
        }
    }
}

/// Trees that both spellings can express: no empty list or hash, and no hash of indices.
fn trees() -> impl Strategy<Value = Node> {
    let name = "[a-z_é ]{1,6}";
    let text = "[ -~é€😀\n]{0,12}".prop_map(Node::Text);
    let node = text.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..5).prop_map(Node::List),
            prop::collection::btree_map(name, inner, 1..5)
                .prop_map(|map| Node::Map(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map(name, node, 0..5)
        .prop_map(|map| Node::Map(map.into_iter().collect()))
}

fn spell_form(node: &Node, at: &Path, out: &mut form_urlencoded::Serializer<'_, String>) {
    match node {
        Node::Text(text) => {
            out.append_pair(&at.to_string(), text);
        }
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                spell_form(item, &at.index(index), out);
            }
        }
        Node::Map(entries) => {
            for (name, node) in entries {
                spell_form(node, &at.key(name), out);
            }
        }
    }
}

/// Empty texts become `null`, but not at the top, where `null` is left out.
fn spell_json(node: &Node, top: bool) -> serde_json::Value {
    match node {
        Node::Text(text) if text.is_empty() && !top => serde_json::Value::Null,
        Node::Text(text) => text.as_str().into(),
        Node::List(items) => items.iter().map(|item| spell_json(item, false)).collect(),
        Node::Map(entries) => {
            let spell = |(name, node): &(String, Node)| (name.clone(), spell_json(node, false));
            entries.iter().map(spell).collect()
        }
    }
}

fn depth(node: &Node) -> usize {
    match node {
        Node::Text(_) => 0,
        Node::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Node::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.1)).max().unwrap_or(0),
    }
}

proptest! {
    #[test]
    fn form_and_json_give_the_same_tree(tree in trees()) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        spell_form(&tree, &Path::ROOT, &mut form);
        let from_form = parse_form(form.finish().as_bytes()).expect("a valid form");
        let Node::Map(entries) = &tree else { unreachable!("trees() makes hashes") };
        let spell = |(name, node): &(String, Node)| (name.clone(), spell_json(node, true));
        let json: serde_json::Value = entries.iter().map(spell).collect();
        for text in [json.to_string(), format!("{json:#}")] {
            prop_assert_eq!(&parse_json(text.as_bytes()).expect("valid JSON"), &tree);
        }
        prop_assert_eq!(from_form.fingerprint(), tree.fingerprint());
        prop_assert_eq!(from_form, tree);
    }

    #[test]
    fn any_bytes_are_a_tree_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let results = [parse_form(&bytes), parse_json(&bytes)];
        for tree in results.into_iter().flatten() {
            tree.fingerprint();
        }
    }

    #[test]
    fn brackets_lose_nothing(
        form in "(a|b)(\\[(|0|1|5|a|b)\\]){0,9}=[xy]?\
                 (&(a|b)(\\[(|0|1|2|k)\\]){0,4}=[xy]?){0,12}"
    ) {
        if let Ok(tree) = parse_form(form.as_bytes()) {
            fn leaves(node: &Node) -> usize {
                match node {
                    Node::Text(_) => 1,
                    Node::List(items) => items.iter().map(leaves).sum(),
                    Node::Map(entries) => entries.iter().map(|entry| leaves(&entry.1)).sum(),
                }
            }
            prop_assert_eq!(leaves(&tree), form.split('&').count());
            prop_assert!(depth(&tree) <= DEPTH_MAX + 1);
        }
    }

    #[test]
    fn any_brackets_or_json_marks(text in "[\\[\\]{}ab0&=,:\"\\\\ue1.%]{0,60}") {
        let results = [parse_form(text.as_bytes()), parse_json(text.as_bytes())];
        for tree in results.into_iter().flatten() {
            tree.fingerprint();
            prop_assert!(depth(&tree) <= DEPTH_MAX + 1);
        }
    }
}
