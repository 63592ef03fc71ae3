//! Every type of parameter, as one parameter `x`.

use super::*;

#[test]
fn integers() {
    check_one::<i64>(&[
        ("x=-5", "-5"),
        ("x=007", "7"),
        ("x=9007199254740991", "9007199254740991"),
        ("", "x [parameter_missing]"),
        ("x=", "x [parameter_invalid_empty]"),
        (
            "x=abc",
            "x [parameter_invalid_integer] The parameter `x` must be an integer in \
          decimal digits, not 'abc'.",
        ),
        ("x=1.5", "x [parameter_invalid_integer]"),
        ("x=1e3", "x [parameter_invalid_integer]"),
        ("x=-", "x [parameter_invalid_integer]"),
        ("x=--1", "x [parameter_invalid_integer]"),
        ("x=%2B1", "x [parameter_invalid_integer]"),
        ("x=+1", "x [parameter_invalid_integer]"),
        (
            "x[]=1",
            "x [parameter_invalid_integer] The parameter `x` must be an integer in \
          decimal digits, not a list.",
        ),
        ("x[y]=1", "x [parameter_invalid_integer]"),
        (
            "x=9007199254740992",
            "x [parameter_invalid_integer] The parameter `x` must be at \
          most 9007199254740991.",
        ),
        (
            "x=99999999999999999999999",
            "x [parameter_invalid_integer] The parameter `x` must \
          be at most 9007199254740991.",
        ),
        (
            "x=-99999999999999999999999",
            "x [parameter_invalid_integer] The parameter `x` must \
          be at least -9007199254740991.",
        ),
    ]);
}

#[test]
fn integers_in_a_range() {
    check_one::<Positive>(&[
        ("x=1", "Between(1)"),
        ("x=0", "x [parameter_invalid_integer] The parameter `x` must be at least 1."),
    ]);
    check_one::<NonNegative>(&[("x=0", "Between(0)"), ("x=-1", "x [parameter_invalid_integer]")]);
    check_one::<Between<1, { i64::MAX }>>(&[
        ("x=9223372036854775807", "Between(9223372036854775807)"),
        ("x=9223372036854775808", "x [parameter_invalid_integer]"),
    ]);
    check_one::<Limit>(&[
        ("", "Limit(10)"),
        ("x=0", "Limit(1)"),
        ("x=-7", "Limit(1)"),
        ("x=100", "Limit(100)"),
        ("x=101", "Limit(100)"),
        ("x=", "x [parameter_invalid_empty]"),
        ("x=ten", "x [parameter_invalid_integer]"),
    ]);
}

#[test]
fn texts() {
    let text = "é".repeat(TEXT_CHARS_MAX);
    let (longest, longest_read) = (format!("x={text}"), format!("Str({text:?})"));
    let too_long = format!("{longest}e");
    check_one::<Text>(&[
        ("x=+a+", "Str(\" a \")"),
        ("x=", "x [parameter_invalid_empty]"),
        ("x[]=a", "x [-] The parameter `x` must be a text, not a list."),
        ("x[a]=a", "x [-]"),
        (&longest, &longest_read),
        (
            &too_long,
            "x [-] The parameter `x` is too long: it can have at most 5000 \
          characters.",
        ),
    ]);
    check_one::<String>(&[("x=a", "\"a\""), (&too_long, "x [-]")]);
    check_one::<Str<3>>(&[("x=éée", "Str(\"éée\")"), ("x=abcd", "x [-]")]);
    check_one::<Trimmed>(&[
        ("x=+a+b+", "Trimmed(\"a b\")"),
        ("x=+", "x [parameter_invalid_empty]"),
    ]);
    check_one::<Email>(&[
        ("x=+jenny@example.com+", "Email(\"jenny@example.com\")"),
        ("x=a%2Bb@x", "Email(\"a+b@x\")"),
        ("x=", "x [parameter_invalid_empty]"),
        ("x=+", "x [parameter_invalid_empty]"),
        ("x=jenny", "x [email_invalid]"),
        ("x=@example.com", "x [email_invalid]"),
        ("x=jenny@", "x [email_invalid]"),
        ("x=a@b@c", "x [email_invalid]"),
        ("x=a+b@c.d", "x [email_invalid]"),
        ("x=a@.com", "x [email_invalid]"),
    ]);
}

#[test]
fn words() {
    check_one::<bool>(&[
        ("x=true", "true"),
        ("x=false", "false"),
        ("x=", "x [parameter_invalid_empty]"),
        ("x=True", "true"),
        ("x=FALSE", "false"),
        ("x=1", "x [-] The parameter `x` must be a boolean, true or false, not '1'."),
        ("x[]=true", "x [-]"),
    ]);
    check_one::<Mode>(&[
        ("x=merchant_default", "Default"),
        ("x=", "x [parameter_invalid_empty]"),
        (
            "x=auto",
            "x [-] The parameter `x` must be one of automatic, manual, or \
          merchant_default.",
        ),
        ("x[]=manual", "x [-]"),
    ]);
    for word in Mode::WORDS {
        assert_eq!(Mode::from_word(word).map(Mode::as_str), Some(*word));
    }
    assert_eq!(enumerate(&["a", "b"]), "a or b");
    assert_eq!(enumerate(&["a"]), "a");
    check_one::<Country>(&[
        ("x=de", "Country(\"DE\")"),
        ("x=DEU", "x [-]"),
        ("x=é", "x [-]"),
        ("x=", "x [parameter_invalid_empty]"),
    ]);
    check_one::<CurrencyCode>(&[
        ("x=usd", "CurrencyCode(usd)"),
        ("x=JPY", "CurrencyCode(jpy)"),
        ("x=xyz", "x [-]"),
        ("x=eu", "x [-]"),
        ("x=", "x [parameter_invalid_empty]"),
    ]);
    assert!(SUPPORTED_CURRENCIES.is_sorted() && SUPPORTED_CURRENCIES.len() >= 135);
    assert!(outcome::<Sample>("amount=1&currency=xyz").0.contains(" eur, "));
}

#[test]
fn lists() {
    check_one::<Vec<i64>>(&[
        ("", "x [parameter_missing]"),
        ("x=", "[]"),
        ("x[]=1&x[]=2", "[1, 2]"),
        ("x=1&x=2", "[1, 2]"),
        ("x[9]=2&x[3]=1", "[1, 2]"),
        ("x[255]=1", "[1]"),
        (
            "x[256]=1",
            "x[256] [-] The parameter `x[256]` is beyond the 256 items of a list \
          (ITEMS_MAX).",
        ),
        ("x=1", "x [-] The parameter `x` must be a list, written as x[]=value."),
        ("x[a]=1", "x [-]"),
        ("x[3]=1&x[5]=b", "x[5] [parameter_invalid_integer]"),
        ("x[]=1&x[]=", "x[1] [parameter_invalid_empty]"),
    ]);
    check_one::<Option<Vec<Mode>>>(&[("", "None"), ("x[]=manual", "Some([Manual])")]);
    check_one::<ExpandList>(&[
        ("", "ExpandList([])"),
        ("x=", "ExpandList([])"),
        ("x=a", "ExpandList([\"a\"])"),
        ("x=a,b,,c", "ExpandList([\"a\", \"b\", \"c\"])"),
        ("x=a&x=b", "ExpandList([\"a\", \"b\"])"),
        ("x[]=a&x[]=b", "ExpandList([\"a\", \"b\"])"),
        ("x[0]=a&x[1]=b", "ExpandList([\"a\", \"b\"])"),
        ("x[1]=b&x[0]=a", "ExpandList([\"a\", \"b\"])"),
        ("x[a]=b", "x [-]"),
        ("x[][a]=b", "x[0] [-]"),
    ]);
    let many = format!("x={}", "a,".repeat(51));
    let problem = "x [-] The parameter `x` has more than 50 paths (EXPAND_MAX).";
    check_one::<ExpandList>(&[(&many, problem)]);
}

#[test]
fn patches() {
    check_one::<Option<Text>>(&[("", "None"), ("x=", "x [parameter_invalid_empty]")]);
    check_one::<Patch<Text>>(&[("", "Keep"), ("x=", "Clear"), ("x=a", "Set(Str(\"a\"))")]);
    check_one::<Patch<Positive>>(&[("x=", "Clear"), ("x=0", "x [parameter_invalid_integer]")]);
    check_one::<Patch<Vec<i64>>>(&[("x=", "Clear"), ("x[]=1", "Set([1])")]);
    check_one::<Either<Text, Line>>(&[
        ("x=tok_1", "Scalar(Str(\"tok_1\"))"),
        ("x[amount]=1", "Hash(Line { amount: Between(1), flag: None })"),
        ("x[foo]=1", "x[foo] [parameter_unknown]"),
        ("x=", "x [parameter_invalid_empty]"),
    ]);
    assert_eq!(Patch::Set(1).into_option(), Some(1));
}

#[test]
fn ranges_and_pages() {
    let open_end = format!("CreatedRange {{ from: 5, to: {} }}", i64::MAX);
    let open_start = format!("CreatedRange {{ from: {}, to: 4 }}", i64::MIN);
    check_one::<CreatedRange>(&[
        ("x=5", "CreatedRange { from: 5, to: 5 }"),
        ("x[gt]=5&x[lt]=9", "CreatedRange { from: 6, to: 8 }"),
        ("x[gte]=5&x[gt]=3&x[lte]=9", "CreatedRange { from: 5, to: 9 }"),
        ("x[gte]=5", &open_end),
        ("x[lt]=5", &open_start),
        ("x[gt]=a", "x[gt] [parameter_invalid_integer]"),
        ("x[foo]=1", "x[foo] [parameter_unknown]"),
        ("x=a", "x [parameter_invalid_integer]"),
        ("x=", "x [parameter_invalid_empty]"),
        ("x[]=1", "x [-]"),
    ]);
    check::<Page>(&[
        ("", "Page { limit: Limit(10), starting_after: None, ending_before: None }"),
        ("starting_after=a&ending_before=b", "- [-]"),
        ("starting_after=&ending_before=b", "starting_after [parameter_invalid_empty]"),
    ]);
}
