//! Searching customers by their words.

use books::Number;
use books::command::{Command, Edit};
use store::{Page, SEARCH_CANDIDATES_MAX};
use testing::migrations::undone_since;

use crate::support::asks::delete;
use crate::support::{Ask, Bench};

fn named(customer: Number, name: &str, email: &str, description: &str) -> Ask {
    let edits = vec![
        Edit::Name(Some(name.into())),
        Edit::Email(Some(email.into())),
        Edit::Description(Some(description.into())),
    ];
    Command::UpdateCustomer { customer, edits }.into()
}

fn search(bench: &Bench, query: &str, among: &[Number], limit: usize) -> (Vec<Number>, bool) {
    let found: Page<books::Customer> = bench
        .readers
        .snapshot(|reader| reader.customers_called(bench.world, query, among, limit))
        .unwrap();
    (found.rows.iter().map(|customer| customer.number).collect(), found.has_more)
}

/// Name, e-mail address and description, from the oldest customer to the newest.
const CUSTOMERS: [(&str, &str, &str); 4] = [
    ("Ada Lovelace", "ada@example.com", "first of all; pays late"),
    ("Adam O'Neill-Smith", "Post@ONeill.example", ""),
    ("Müller & Söhne GmbH", "info@mueller.example", "Großhandel Straße 7"),
    ("İstanbul 東京", "", "a_name_that_has_far_more_than_forty_characters_in_one_word"),
];

/// Queries, and the customers that they find, newest first.
const QUERIES: &[(&str, &[usize])] = &[
    ("ada", &[1, 0]),
    ("ADA", &[1, 0]),
    ("adam", &[1]),
    ("love ada", &[0]),
    ("ada  smith", &[1]),
    ("ada grace", &[]),
    ("lace", &[]),
    ("o neill", &[1]),
    ("O'Neill-Smith", &[1]),
    ("MÜLLER", &[2]),
    ("mü sö gmbh", &[2]),
    ("großh 7", &[2]),
    ("istanbul", &[]),
    ("İst", &[3]),
    ("東", &[3]),
    ("example", &[2, 1, 0]),
    ("ada@example.com", &[0]),
    ("ada@ex", &[0]),
    ("post@oneill.example", &[1]),
    ("oneill@example", &[]),
    ("ada@example.org", &[]),
    ("late pays", &[0]),
    ("\u{10ffff}", &[]),
    ("", &[]),
    (" - ", &[]),
    ("%", &[]),
    ("a_name_that_has", &[3]),
];

#[test]
fn every_word_asked_for_begins_a_word() {
    let bench = Bench::new();
    let customers = CUSTOMERS.map(|(name, email, description)| {
        let customer = bench.customer();
        bench.expect(named(customer, name, email, description), "customer");
        customer
    });
    let others = bench.customer();
    for (query, want) in QUERIES {
        let want: Vec<Number> = want.iter().map(|at| customers[*at]).collect();
        assert_eq!(search(&bench, query, &[], 10), (want.clone(), false), "{query}");
        let among: Vec<Number> = want.iter().copied().filter(|it| *it != customers[0]).collect();
        let reach = [customers[1], customers[2], customers[3], others];
        assert_eq!(search(&bench, query, &reach, 10), (among, false), "{query} in reach");
    }
    assert_eq!(search(&bench, "example", &[], 2), (vec![customers[2], customers[1]], true));
}

/// Long words are kept in part, and still told apart.
#[test]
fn words_beyond_what_is_kept_count() {
    let bench = Bench::new();
    let stem = "x".repeat(40);
    let [one, two] = ["one", "two"].map(|end| {
        let customer = bench.customer();
        bench.expect(named(customer, &format!("{stem}{end}"), "", ""), "customer");
        customer
    });
    assert_eq!(search(&bench, &stem, &[], 10).0, [two, one]);
    assert_eq!(search(&bench, &format!("{stem}on"), &[], 10).0, [one]);
    let many = (0..30).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
    bench.expect(named(one, "Ada", "", &many), "customer");
    assert_eq!(search(&bench, "word3", &[], 10).0, [one]);
    let kept: i64 =
        bench.one(&format!("SELECT count(*) FROM customer_word WHERE customer = {}", one.0));
    assert_eq!(kept, 1 + 16, "the word from before, and sixteen");
    assert_eq!(search(&bench, "ada word29", &[], 10).0, [], "found by a word that is not kept");
    assert_eq!(search(&bench, "word3 word29", &[], 10).0, [], "the longest word leads");
}

#[test]
fn who_changed_the_name_or_is_deleted_is_not_found_by_it() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(named(ada, "Ada Byron", "ada@example.com", ""), "customer");
    assert_eq!(search(&bench, "byron", &[], 10).0, [ada]);
    bench.expect(named(ada, "Ada King", "ada@example.com", ""), "customer");
    assert_eq!(search(&bench, "byron", &[], 10).0, []);
    assert_eq!(search(&bench, "king", &[], 10).0, [ada]);
    bench.expect(delete(ada), "deleted");
    assert_eq!(search(&bench, "king", &[], 10).0, []);
    assert_eq!(search(&bench, "king", &[ada], 10).0, []);
}

#[test]
fn what_many_are_called_is_bounded() {
    let bench = Bench::new();
    let smiths: Vec<Number> = (0..SEARCH_CANDIDATES_MAX + 5).map(|_| bench.customer()).collect();
    for (at, smith) in smiths.iter().enumerate() {
        let name = if at == 0 { "Smith Zacharias".to_owned() } else { format!("Smith {at}") };
        bench.expect(named(*smith, &name, "", ""), "customer");
    }
    let newest: Vec<Number> = smiths.iter().rev().take(3).copied().collect();
    assert_eq!(search(&bench, "smith", &[], 3), (newest, true));
    assert_eq!(search(&bench, "smith zach", &[], 3), (vec![], true), "the oldest is out of sight");
    assert_eq!(search(&bench, "smith zacharias", &[], 3), (vec![smiths[0]], false));
}

/// A database from before there were words.
#[test]
fn customers_of_older_versions_are_found() {
    let bench = Bench::new();
    let customers: Vec<Number> = ["Ada", "Müller", "Grace"]
        .map(|name| {
            let customer = bench.customer();
            bench.expect(named(customer, name, "", ""), "customer");
            customer
        })
        .to_vec();
    bench.expect(delete(customers[2]), "deleted");
    let [sqlite, postgres] =
        ["sqlite", "postgres"].map(|kind| undone_since(kind, "customer_words"));
    bench.run_as(&sqlite, &postgres);
    let bench = bench.restart();
    assert_eq!(search(&bench, "müll", &[], 10).0, [customers[1]]);
    assert_eq!(search(&bench, "ada", &[], 10).0, [customers[0]]);
    let words: i64 = bench.one("SELECT count(*) FROM customer_word");
    assert_eq!(words, 2);
}
