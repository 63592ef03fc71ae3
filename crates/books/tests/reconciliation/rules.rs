//! Each rule as rows: what is open (oldest first), the money, the reference, what is paid.

use std::cell::Cell;

use books::reconciliation::plan;
use books::{Currency, Number};

use crate::{NOW, arrival, check_in, open, reference_of};

fn check(rows: &[(&str, [&str; 4])]) {
    for (what, texts) in rows {
        check_in(Currency::USD, what, *texts);
    }
}

#[test]
fn the_acceptance_scenarios() {
    check(&[
        ("S12 reference beats age and amount", ["a1000 b1000", "1000", "QV9XQTDWZ8BB", "b1000"]),
        ("S13 exact sum, smallest group", ["a300 b700 c1000", "1000", "", "c1000"]),
        ("S14 exact sum of a group", ["a300 b700 c5000", "1000", "", "a300 b700"]),
        ("S15 no sum: oldest first", ["a500 b500 c500", "800", "", "a500 b300"]),
        ("S16 ties by age", ["a1000 b1000", "1000", "", "a1000"]),
    ]);
    let rows = [
        ("S17 references are ignored", ["a5000 b5000", "5000", "anything", "a5000"]),
        ("S17 even true ones", ["a5000 b5000", "5000", "QV9XQTDWZ8BB", "a5000"]),
        ("S17 and those of invoices", ["A5000 B5000", "5000", "ABCD1234-000B", "A5000"]),
        ("groups count", ["a300 b700 c1000", "1000", "", "c1000"]),
        ("then oldest first", ["a500 b500 c500", "800", "QV9XQTDWZ8CC", "a500 b300"]),
    ];
    for (what, texts) in rows {
        check_in(Currency::JPY, what, texts);
    }
}

#[test]
fn a_reference_names_an_invoice_or_else_an_intent() {
    check(&[
        ("number", ["A500 B500", "500", "ABCD1234-000B", "B500"]),
        ("any case, trimmed", ["A500 B500", "500", "\t abcd1234-000b \n", "B500"]),
        ("in a text", ["A500 B500", "500", "invoice:ABCD1234-000B, thanks", "B500"]),
        ("with blanks in it", ["A500=A1 B500=B\u{a0}1", "500", " b\u{a0}1", "B500"]),
        ("or around it", ["A500=A1 B500=\tB1", "500", "b1", "B500"]),
        ("but not in a text", ["A500=A1 B500=B\u{a0}1", "500", "for b\u{a0}1", "A500"]),
        ("with an umlaut", ["A500=X B500=Über-1", "500", "für ÜBER-1", "B500"]),
        ("part of a number is none", ["A500 B500", "500", "000B", "A500"]),
        ("nor is a longer one", ["A500 B500", "500", "ABCD1234-000B-2", "A500"]),
        ("dashes belong to it", ["A500=X B500=7 C500=7-1", "500", "to 7-1", "C500"]),
        ("transfer reference", ["a500 b500", "500", "QV9XQTDWZ8BB", "b500"]),
        ("in small letters", ["a500 b500", "500", " qv9xqtdwz8bb ", "b500"]),
        ("in a text", ["a500 b500", "500", "ref/qv9xqtdwz8bb/eur", "b500"]),
        ("glued to a word", ["a500 b500", "500", "refQV9XQTDWZ8BB", "a500"]),
        ("the reference of an invoice's intent", ["A500 B500", "500", "QV9XQTDWZ8BB", "B500"]),
        ("an invoice comes first", ["a9 b9 C9=QV9XQTDWZ8AA", "9", "QV9XQTDWZ8AA", "C9"]),
        ("also in a text", ["a9 b9 A9 B9", "9", "QV9XQTDWZ8BB ABCD1234-000B", "B9"]),
        ("the whole text comes first", ["A9=7 B9=8 C9=7,8", "9", "7,8", "C9"]),
        ("nothing", ["a500 b500", "500", "hello", "a500"]),
        ("nothing at all", ["A400=\t B500", "500/900", " ", "B500 A400"]),
        ("a dash", ["a500 B500=- b500", "500", "-", "B500"]),
    ]);
}

#[test]
fn a_reference_that_names_several_names_none() {
    check(&[
        ("same number", ["A300=7 B500=7 C500=7", "500", "7", "B500"]),
        ("in other letters", ["A300=x B500=X C500=X", "500", "x", "B500"]),
        (
            "and nothing further",
            ["A9 B9=QV9XQTDWZ8BB C9=QV9XQTDWZ8BB b9", "9", "QV9XQTDWZ8BB", "A9"],
        ),
        ("two numbers", ["A500 B300 C500", "500", "ABCD1234-000C ABCD1234-000B", "A500"]),
        ("the same twice", ["A500 B300 C500", "500", "ABCD1234-000C (abcd1234-000c)", "C500"]),
        ("two references", ["a500 b500 c500", "500", "QV9XQTDWZ8BB QV9XQTDWZ8CC", "a500"]),
        ("another currency is none", ["A500=8 B500=7 C500:eur=7", "500", "7", "B500"]),
        ("one that is past is none", ["A500=8 B500=7 C500=7<-1", "500", "7", "B500"]),
    ]);
}

#[test]
fn what_is_named_draws_on_all_that_is_available() {
    check(&[
        ("too little for an intent", ["a500 b500", "300", "QV9XQTDWZ8BB", "b300"]),
        ("old money helps", ["a100 b500", "300/400", "QV9XQTDWZ8BB", "b400"]),
        ("and what is left goes on", ["a100 b500", "300/700", "QV9XQTDWZ8BB", "b500 a100"]),
        ("too little for an invoice", ["A500 B500 a50", "499", "ABCD1234-000B", "a50"]),
        ("an invoice that fits instead", ["A400 B500", "499", "ABCD1234-000B", "A400"]),
        ("old money pays the invoice", ["A500 B500", "300/500", "ABCD1234-000B", "B500"]),
        ("too much, then a group", ["a200 b500 c70 d30", "600", "QV9XQTDWZ8BB", "b500 c70 d30"]),
        ("then a group of all", ["a900 b500 c270 d30", "600/800", "QV9XQTDWZ8BB", "b500 c270 d30"]),
        (
            "the rest of the sent first",
            ["a300 b500 c100", "600/800", "QV9XQTDWZ8BB", "b500 c100 a200"],
        ),
        ("old money drawn on", ["a900 b500 c70 d30", "400/600", "QV9XQTDWZ8BB", "b500 c70 d30"]),
        ("too much, then invoices", ["a9 B400 C500", "999", "ABCD1234-000C", "C500 B400 a9"]),
    ]);
}

#[test]
fn a_group_is_small_then_of_invoices_then_old() {
    check(&[
        ("one before two", ["A400 B600 c1000", "1000", "", "c1000"]),
        ("two before three", ["A1 B2 C3 d1 e5", "6", "", "A1 e5"]),
        ("one invoice before one intent", ["a1000 B1000", "1000", "", "B1000"]),
        ("the oldest invoice", ["a1000 B1000 C1000", "1000", "", "B1000"]),
        ("two invoices", ["a400 b600 C400 D600", "1000", "", "C400 D600"]),
        ("one invoice", ["a400 b600 C400", "1000", "", "b600 C400"]),
        ("the oldest intents", ["a400 b400 c600 d600", "1000", "", "a400 c600"]),
        ("by the oldest of them", ["a100 b300 c400 d600 e900", "1000", "", "a100 e900"]),
        ("even if the other is younger", ["a1 b2 c3 d4", "5", "", "a1 d4"]),
        ("the oldest intent beside an invoice", ["A600 b400 c400 D600", "1000", "", "A600 b400"]),
        ("intents before invoices", ["A500 B600 c500 d400", "1000", "", "A500 c500"]),
        ("the oldest invoices", ["A400 B600 C400 D600", "1000", "", "A400 B600"]),
        ("five", ["a1 b2 c4 d8 e16 f99", "31", "", "a1 b2 c4 d8 e16"]),
        ("three kinds of five", ["a1 B2 c4 D8 e16 f99", "31", "", "a1 B2 c4 D8 e16"]),
        ("six are too many", ["f99 a1 b2 c4 d8 e16 g32", "63", "", "f63"]),
        ("the same amount twice", ["f99 a5 b5", "10", "", "a5 b5"]),
        ("but one is not taken twice", ["f99 a5 b6", "10", "", "f10"]),
        ("what remains counts", ["f99 a5:eur b5 c5", "10", "", "b5 c5"]),
    ]);
}

#[test]
fn old_money_is_matched_when_new_money_is_not() {
    check(&[
        ("what was sent comes first", ["a700 b1000 c300", "300/1000", "", "c300 a700"]),
        ("then all", ["a700 b1000", "300/1000", "", "b1000"]),
        ("of one", ["a900 b600 c400", "300/1000", "", "b600 c400"]),
        ("the rest goes on", ["a900 b300", "300/1000", "", "b300 a700"]),
        ("to invoices as well", ["A900 B600 c300", "300/1000", "", "c300 B600"]),
        ("more sent than there is", ["a300 b500", "500/300", "", "a300"]),
        ("money that comes back", ["a300 b500", "0/500", "", "b500"]),
    ]);
}

#[test]
fn invoices_then_intents_oldest_first() {
    check(&[
        ("invoices first", ["a500 B500 C500", "1300", "", "B500 C500 a300"]),
        ("one that does not fit is passed over", ["A500 B900 C300", "850", "", "A500 C300"]),
        ("never in part", ["A500", "499", "", ""]),
        ("intents take the rest", ["A500 b10 c700", "499", "", "b10 c489"]),
        ("all", ["a1 B2 c4", "9", "", "B2 a1 c4"]),
        ("what takes nothing", ["c600 a-5 b250 e255 d0", "500", "", "c500"]),
        ("nothing open", ["", "500", "", ""]),
        ("nothing there", ["a500 A500", "0", "", ""]),
        ("less than nothing there", ["a500 A500", "100/-1", "", ""]),
        ("other currencies", ["a500:eur A500:eur b500:jpy", "500", "", ""]),
        ("until now", ["A500<0 b900", "500", "", "A500"]),
        ("not longer", ["A500<-1 b900", "500", "", "b500"]),
        ("nor by reference", ["A500<-1 b900", "500", "ABCD1234-000A", "b500"]),
        ("longer", ["A500<+1 b900", "500", "", "A500"]),
    ]);
}

#[test]
fn equal_moments_are_ordered_by_the_number_of_the_intent() {
    let mut payables = open("a500 b500", Currency::USD);
    payables[1].since = payables[0].since;
    let plan = plan(&arrival("500", "", Currency::USD), &payables, &reference_of);
    assert_eq!(plan, [(payables[1].intent, 500)], "b has the smaller number");
}

#[test]
fn transfer_references_are_worked_out_only_where_one_could_be_meant() {
    let asked = Cell::new(0);
    let counting = |intent: Number| {
        asked.set(asked.get() + 1);
        reference_of(intent)
    };
    let payables = open("a500 b500 C500 d500:eur", Currency::USD);
    for (text, currency, want) in [
        ("", Currency::USD, 0),
        ("hello", Currency::USD, 0),
        ("ABCD1234-000C", Currency::USD, 0),
        ("twelve-chars is as long as one", Currency::USD, 3),
        ("QV9XQTDWZ8BB", Currency::USD, 3),
        ("QV9XQTDWZ8BB", Currency::JPY, 0),
    ] {
        asked.set(0);
        let arrival = arrival("500", text, currency);
        assert_eq!(arrival.now, NOW);
        plan(&arrival, &payables, &counting);
        assert_eq!(asked.get(), want, "{text:?} in {currency}");
    }
}
