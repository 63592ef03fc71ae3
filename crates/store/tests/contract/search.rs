//! Searches: what the index leads to is what a look at every object finds.

use std::collections::BTreeMap;

use books::command::{Command, Edit, IntentCommand, IntentDraft, Presence};
use books::payment_intent::{BillingDetails, IntentProfile, PaymentIntent, TransferOptions};
use books::search::{Query, Resource, Subject};
use books::{Customer, Document, Kind, Number};
use store::{COUNTED_MAX, DocumentFilter, Search, Window};
use testing::migrations::undone_since;

use crate::support::asks::{cancel, currency, delete, fund, refund_to_cash};
use crate::support::{Ask, Bench, cards};

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const NAMES: &[&str] = &["Ada", "Ada Lovelace", "Grace Hopper", "Ádám  Nagy", "ada LOVE", ""];
const EMAILS: &[&str] = &["ada@example.com", "ADA@example.com", "g.hopper@navy.example", ""];
const PHONES: &[&str] = &["+1 555 0100", "", "0100"];
const KEYS: &[&str] = &["plan", "Plan", "order \"x\""];
const VALUES: &[&str] = &["gold", "Gold", "silver", "a b"];

fn pairs(dice: &mut Dice) -> BTreeMap<String, Option<String>> {
    (0..dice.below(3))
        .map(|_| (dice.one(KEYS).to_owned(), Some(dice.one(VALUES).to_owned())))
        .collect()
}

fn edited(dice: &mut Dice, customer: Number) -> Ask {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut edits = Vec::new();
    if dice.below(3) > 0 {
        edits.push(Edit::Name(text(dice.one(NAMES))));
    }
    if dice.below(3) > 0 {
        edits.push(Edit::Email(text(dice.one(EMAILS))));
    }
    if dice.below(3) > 0 {
        edits.push(Edit::Phone(text(dice.one(PHONES))));
    }
    edits.push(Edit::Metadata(Some(pairs(dice))));
    Command::UpdateCustomer { customer, edits }.into()
}

fn merged(pairs: &[(&str, &str)]) -> Edit {
    let each = pairs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned())));
    Edit::Metadata(Some(each.collect()))
}

fn paid(dice: &mut Dice, customer: Number) -> Ask {
    let code = dice.one(&["usd", "eur"]);
    let set = pairs(dice).into_iter().filter_map(|(key, value)| Some((key, value?)));
    let draft = IntentDraft {
        amount: 50 + dice.below(5) as i64 * 25,
        currency: currency(code),
        methods: Vec::new(),
        transfer: TransferOptions::usual(currency(code)),
        method: Some(BillingDetails::default()),
        automatic_methods: None,
        card: Vec::new(),
        presence: Presence::default(),
        profile: IntentProfile { metadata: set.collect(), ..IntentProfile::default() },
    };
    let confirm = dice.below(4) > 0;
    Command::Intent(IntentCommand::Create { customer, draft: Box::new(draft), confirm }).into()
}

/// A life in which everything that is searched changes.
fn lived(dice: &mut Dice) -> Bench {
    let bench = Bench::new();
    let customers: Vec<Number> = (0..25).map(|_| bench.customer()).collect();
    for step in 0..160 {
        let customer = customers[dice.below(customers.len())];
        bench.clock.forward(std::time::Duration::from_millis(700));
        let ask = match dice.below(9) {
            0..=2 => edited(dice, customer),
            3..=4 => paid(dice, customer),
            5 => fund(customer, 120, dice.one(&["usd", "eur"])),
            6 if step % 4 == 0 => delete(customer),
            6 => fund(customer, 75, "usd"),
            7 => cards::charge(dice.one(&["pays", "declined", "disputed"]), 100, "usd"),
            _ => match intents(&bench).get(dice.below(20)) {
                Some(intent) if intent.charge.is_some() => refund_to_cash(intent.key, 25),
                Some(intent) => cancel(intent.key),
                None => continue,
            },
        };
        let _ = bench.tell(ask);
    }
    bench
}

fn intents(bench: &Bench) -> Vec<PaymentIntent> {
    let all = bench.documents(Kind::PaymentIntent, &DocumentFilter::default());
    let intent = |document| match document {
        Document::PaymentIntent(intent) => Some(*intent),
        _ => None,
    };
    all.into_iter().filter_map(intent).collect()
}

fn customers(bench: &Bench) -> Vec<Customer> {
    let window = Window::newest(1000);
    bench.readers.snapshot(|reader| reader.customers(bench.world, None, window)).unwrap().rows
}

fn clause(dice: &mut Dice, resource: Resource, known: &[Number]) -> String {
    let sign = if dice.below(4) == 0 { "-" } else { "" };
    let created = 1_767_225_600 + dice.below(130) as i64;
    let customer = known[dice.below(known.len())].0;
    let pair = format!("metadata['{}']", dice.one(KEYS));
    let compare = dice.one(&[":", "<", ">", "<=", ">="]);
    let mut of = vec![
        format!("created{compare}{created}"),
        format!("{pair}:\"{}\"", dice.one(VALUES)),
        format!("{pair}:null"),
    ];
    match resource {
        Resource::Customers => of.extend([
            format!("email:\"{}\"", dice.one(&EMAILS[..3])),
            format!("name:\"{}\"", dice.one(&["ada", "Ada Lovelace", "love ada", "nagy", "grace"])),
            format!("name~\"{}\"", dice.one(&["LOVE", "ada", "ádám", "a l", "rac"])),
            format!("email~\"{}\"", dice.one(&["example", "@navy", "zzz"])),
            format!("{}:null", dice.one(&["email", "name", "phone"])),
            "phone~\"0100\"".to_owned(),
            "phone:\"+1 555\"".to_owned(),
        ]),
        _ => of.extend([
            format!("amount{compare}{}", 50 + dice.below(5) * 25),
            format!("currency:\"{}\"", dice.one(&["usd", "EUR", "gbp"])),
            format!("customer:\"{customer}\""),
            format!("status:\"{}\"", dice.one(&["succeeded", "canceled", "requires_action"])),
        ]),
    }
    if resource == Resource::Charges {
        of.push(format!("refunded:{}", dice.one(&["'true'", "'false'", "null"])));
        of.push(format!("disputed:'{}'", dice.one(&["true", "false"])));
        of.push("payment_method_details.card.last4:4242".to_owned());
        of.push("payment_method_details.card.brand:'mastercard'".to_owned());
        of.push("status:'failed'".to_owned());
        of.push("customer:null".to_owned());
    }
    format!("{sign}{}", of[dice.below(of.len())])
}

fn read(resource: Resource, text: &str) -> Query {
    let customer = |id: &str| id.parse().ok().map(Number);
    Query::read(resource, text, &customer).unwrap_or_else(|why| panic!("{text}: {why:?}"))
}

/// All pages of a search.
fn found(bench: &Bench, search: Search<'_>, limit: usize) -> Vec<Number> {
    let (mut all, mut before) = (Vec::new(), Number(i64::MAX));
    loop {
        let page = bench.readers.snapshot(|r| r.search(bench.world, search, before, limit));
        let page = page.unwrap().expect("it is narrow enough");
        assert!(page.rows.len() <= limit);
        all.extend(page.rows.iter().map(|hit| hit.number()));
        match page.next {
            Some(next) => before = next,
            None => return all,
        }
    }
}

/// What a look at every object finds, newest first.
fn looked_for(bench: &Bench, search: Search<'_>) -> Vec<Number> {
    let (customers, intents) = (customers(bench), intents(bench));
    let by_card = bench.documents(Kind::Charge, &DocumentFilter::default());
    let subjects: Vec<Subject<'_>> = match search.resource {
        Resource::Customers => customers.iter().filter_map(Subject::of_customer).collect(),
        Resource::PaymentIntents => intents.iter().map(Subject::of_intent).collect(),
        Resource::Charges => {
            let of_intents = intents.iter().filter_map(Subject::of_charge_in);
            of_intents.chain(by_card.iter().flat_map(Subject::all_of)).collect()
        }
    };
    let is_meant = |subject: &&Subject<'_>| {
        let is_reached = search.among.is_empty() || search.among.contains(&subject.customer);
        is_reached && subject.is_meant(search.query)
    };
    let mut all: Vec<Number> = subjects.iter().filter(is_meant).map(|it| it.number).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all
}

#[test]
fn the_index_leads_to_what_a_look_at_everything_finds() {
    let mut dice = Dice(8);
    let bench = lived(&mut dice);
    let known: Vec<Number> = customers(&bench).iter().map(|customer| customer.number).collect();
    let (mut queries, mut hits) = (0, 0);
    for resource in [Resource::Customers, Resource::PaymentIntents, Resource::Charges] {
        for _ in 0..150 {
            let clauses: Vec<String> =
                (0..1 + dice.below(3)).map(|_| clause(&mut dice, resource, &known)).collect();
            let text = clauses.join(dice.one(&[" AND ", " or ", " "]));
            let query = read(resource, &text);
            let among = [&known[..0], &known[..3]][dice.below(2)];
            let search = Search { resource, query: &query, among };
            let want = looked_for(&bench, search);
            let limit = 1 + dice.below(12);
            assert_eq!(found(&bench, search, limit), want, "{text} among {among:?}");
            let count = bench.readers.snapshot(|r| r.search_count(bench.world, search));
            assert_eq!(count.unwrap(), Some(want.len().min(COUNTED_MAX)), "{text} is counted");
            (queries, hits) = (queries + 1, hits + want.len());
        }
    }
    assert!(hits > queries, "{hits} objects were found by {queries} queries");
    bench.assert_healthy();
}

fn by(bench: &Bench, resource: Resource, text: &str) -> Vec<Number> {
    let query = read(resource, text);
    found(bench, Search { resource, query: &query, among: &[] }, 10)
}

#[test]
fn who_changed_is_found_by_what_is_true_now() {
    let bench = Bench::new();
    let ada = bench.customer();
    let with = |name: &str, email: &str, plan: &str| -> Ask {
        let edits = vec![
            Edit::Name(Some(name.into())),
            Edit::Email(Some(email.into())),
            merged(&[("plan", plan)]),
        ];
        Command::UpdateCustomer { customer: ada, edits }.into()
    };
    let terms = || bench.one::<i64>("SELECT count(*) FROM search_term");
    let texts = || bench.one::<i64>("SELECT count(*) FROM search_text");
    // Both in one batch: the second sees what the first one wrote.
    bench.check([
        (with("Ada Byron", "ada@example.com", "gold"), "customer"),
        (with("Ada King", "ada@example.com", "silver"), "customer"),
    ]);
    assert_eq!((terms(), texts()), (4, 1));
    assert_eq!(by(&bench, Resource::Customers, "name:'byron'"), []);
    assert_eq!(by(&bench, Resource::Customers, "name:'king' metadata['plan']:'silver'"), [ada]);
    bench.check([
        (with("Ada Byron", "ada@example.com", "gold"), "customer"),
        (with("Ada King", "ada@example.com", "silver"), "customer"),
        (with("Ada Byron", "ada@example.org", "gold"), "customer"),
    ]);
    assert_eq!((terms(), texts()), (4, 1));
    assert_eq!(by(&bench, Resource::Customers, "email~'example.org'"), [ada]);
    bench.assert_healthy();
    bench.expect(delete(ada), "deleted");
    assert_eq!((terms(), texts()), (0, 0), "nothing is left");
    assert_eq!(by(&bench, Resource::Customers, "-name:'king'"), []);
    bench.assert_healthy();
}

/// Money that comes in is no part of the index.
#[test]
fn funding_writes_nothing_more() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 100, "usd"), "funded usd 100 -> 100");
    let rows = "SELECT (SELECT count(*) FROM search_term) + (SELECT count(*) FROM search_text)";
    assert_eq!(bench.one::<i64>(rows), 0);
}

/// A database from before there was an index.
#[test]
fn objects_of_older_versions_are_found() {
    let mut dice = Dice(3);
    let bench = lived(&mut dice);
    let count = |bench: &Bench| bench.one::<i64>("SELECT count(*) FROM search_term");
    let (before, by_name) = (count(&bench), by(&bench, Resource::Customers, "name~'love'"));
    let [sqlite, postgres] = ["sqlite", "postgres"].map(|kind| undone_since(kind, "search"));
    bench.run_as(&sqlite, &postgres);
    let bench = bench.restart();
    assert!(before > 50, "{before}");
    assert_eq!(count(&bench), before);
    assert_eq!(by(&bench, Resource::Customers, "name~'love'"), by_name);
    bench.assert_healthy();
}
