use proptest::prelude::*;

use super::*;
use crate::card::{Approved, Brand, Card, Checks, Decline, Funding, Risk};
use crate::charge::{ChargeProfile, Instrument};
use crate::customer::Address;
use crate::id::RowKey;

fn read(resource: Resource, text: &str) -> Result<Query, String> {
    let customer = |id: &str| id.strip_prefix("cus_").and_then(|n| n.parse().ok()).map(Number);
    Query::read(resource, text, &customer).map_err(|mistake| match mistake.at {
        Some(at) => format!("{at}: {}", mistake.problem),
        None => mistake.problem,
    })
}

fn customer(number: i64, name: &str, email: &str, metadata: &[(&str, &str)]) -> Customer {
    let mut customer = Customer { number: Number(number << 22), ..Customer::default() };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    customer.profile.name = text(name);
    customer.profile.email = text(email);
    customer.profile.metadata =
        metadata.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    customer
}

/// Queries, and which of these customers they mean.
#[test]
fn queries_of_customers() {
    let all = [
        customer(1_000, "One Two Three Four", "ada@example.com", &[("plan", "Gold")]),
        customer(2_000, "Ada Lovelace", "Grace.Hopper@Navy.example", &[("plan", "silver")]),
        customer(3_000, "ADA", "", &[("a \"b\"]", "x y")]),
        customer(4_000, "", "", &[]),
    ];
    let begin = Number(0).created().0;
    let cases: &[(&str, &[usize])] = &[
        ("email:\"ada@example.com\"", &[0]),
        ("email:'ADA@EXAMPLE.COM'", &[0]),
        ("email:\"ada\"", &[]),
        ("email~\"example\"", &[0, 1]),
        ("email~\"HOPPER@navy\"", &[1]),
        ("-email~\"example\"", &[2, 3]),
        ("name:\"one two three\"", &[0]),
        ("name:\"two  three\"", &[0]),
        ("name:\"one three\"", &[]),
        ("name:\"ada\"", &[1, 2]),
        ("name:\"love\"", &[]),
        ("name~\"love\"", &[1]),
        ("metadata[\"plan\"]:\"gold\"", &[0]),
        ("metadata['plan']:'SILVER'", &[1]),
        ("metadata[\"Plan\"]:\"gold\"", &[]),
        ("metadata[\"plan\"]:null", &[2, 3]),
        ("-metadata[\"plan\"]:null", &[0, 1]),
        ("metadata['a \"b\"]']:\"x y\"", &[2]),
        ("metadata[\"a \\\"b\\\"]\"]:\"x y\"", &[2]),
        ("email:null", &[2, 3]),
        ("-name:null", &[0, 1, 2]),
        ("name:\"ada\" -email:null", &[1]),
        ("name:\"ada\" and -email:null", &[1]),
        ("name:\"four\" OR name:\"lovelace\"", &[0, 1]),
        ("-name:\"ada\" or email~\"navy\"", &[0, 1, 3]),
        ("created>1577836801", &[1, 2, 3]),
        ("created:1577836802", &[1]),
        ("created<=1577836802", &[0, 1]),
        ("created >= '1577836803'", &[2, 3]),
        ("-created<1577836803", &[2, 3]),
        ("created<-5", &[]),
        ("created<9223372036854775807", &[0, 1, 2, 3]),
        ("created>9223372036854775807", &[]),
    ];
    assert_eq!(begin, 1_577_836_800);
    for (text, want) in cases {
        let query = read(Resource::Customers, text).unwrap();
        let meant = |at: &usize| Subject::of_customer(&all[*at]).unwrap().is_meant(&query);
        let found: Vec<usize> = (0..all.len()).filter(meant).collect();
        assert_eq!(found, *want, "{text}");
    }
}

#[test]
fn what_is_no_query_says_where_it_breaks() {
    let many = "amount:1 ".repeat(CLAUSES_MAX + 1);
    let cases = [
        ("", "no clause"),
        ("  ", "no clause"),
        ("nonsense:\"x\"", "1: payment intents cannot be searched by `nonsense`, but by these"),
        ("email:\"x\"", "cannot be searched by `email`"),
        ("amount", "7: one of : ~ < > <= >="),
        ("amount=1", "7: one of"),
        ("amount:", "8: a value is missing"),
        ("amount:ten", "8: the value ten has to stand in quotation marks"),
        ("amount:\"ten\"", "8: this field takes a whole number"),
        ("amount:99999999999999999999", "8: this field takes a whole number"),
        ("amount~\"100\"", "8: ~ is for texts"),
        ("amount>null", "null is asked for with a colon"),
        ("currency>\"usd\"", "no number"),
        ("currency:usd", "10: the value usd has to stand in quotation marks"),
        ("currency:\"usd", "14: the quotation mark at the end is missing"),
        ("currency:\"usd\\", "the quotation mark at the end is missing"),
        ("currency:\"\"", "the value is empty"),
        ("currency[\"a\"]:\"usd\"", "9: only metadata has keys"),
        ("metadata:\"x\"", "9: metadata is asked for by a key"),
        ("metadata[key]:\"x\"", "stands in quotation marks"),
        ("metadata[\"key\":\"x\"", "15: a `]` has to follow"),
        ("amount:1 AND", "13: a clause has to follow"),
        ("amount:1 AND currency:\"usd\" OR amount:2", "cannot be mixed"),
        ("amount:1 currency:\"usd\" OR amount:2", "cannot be mixed"),
        ("AND amount:1", "cannot be searched by `AND`"),
        ("(amount:1)", "1: parentheses"),
        ("currency:\"usd\"amount:1", "15: a space, AND or OR has to stand"),
        ("--amount:1", "2: a clause begins with the name of a field"),
        (many.as_str(), "at most 10 clauses (clauses_max)"),
    ];
    for (text, part) in cases {
        let problem = read(Resource::PaymentIntents, text).unwrap_err();
        assert!(problem.contains(part), "{text}: {problem}");
    }
    let short = read(Resource::Customers, "name~\"ad\"").unwrap_err();
    assert!(short.contains("at least 3 characters"), "{short}");
    let flag = read(Resource::Charges, "disputed:\"maybe\"").unwrap_err();
    assert!(flag.contains("\"true\" or \"false\""), "{flag}");
}

#[test]
fn fields_of_charges() {
    for source in ["card", "card_present", "interac_present"] {
        for of in OF_A_CARD {
            let name = format!("payment_method_details.{source}.{of}");
            assert!(Resource::Charges.field(&name).is_some(), "{name}");
            assert!(Resource::PaymentIntents.field(&name).is_none(), "{name}");
        }
    }
    assert!(Resource::Charges.field("payment_method_details.sepa.last4").is_none());
    let query = read(Resource::Charges, "payment_method_details.card.last4:0005").unwrap();
    assert_eq!(query.clauses[0].test, Test::Is("0005".into()));
    let query = read(Resource::Charges, "customer:\"cus_7\" -customer:\"x\"").unwrap();
    assert_eq!(query.clauses[0].test, Test::Customer(Some(Number(7))));
    assert_eq!(query.clauses[1].test, Test::Customer(None));
}

fn visa() -> Card {
    Card {
        brand: Brand::Visa,
        country: "US".into(),
        exp_month: 7,
        exp_year: 2034,
        fingerprint: "Fp1".into(),
        funding: Funding::Credit,
        last4: "0005".into(),
        reference: "test".into(),
        name: None,
        address: None,
        checks: Checks::default(),
    }
}

fn charge(stage: Stage, captured: i64, refunded: i64) -> CardCharge {
    let key = RowKey { customer: Number(7), number: Number(9 << 22) };
    let address = Address { postal_code: Some("D-53111".into()), ..Address::default() };
    CardCharge {
        key,
        amount: 1000,
        currency: Currency::EUR,
        instrument: Instrument::Card { key, card: visa() },
        stage,
        payment_intent: None,
        amount_captured: captured,
        amount_refunded: refunded,
        balance_transaction: None,
        disputed: refunded > 0,
        billing_details: BillingDetails { address: Some(address), ..BillingDetails::default() },
        profile: ChargeProfile::default(),
    }
}

/// Queries, and which of these charges they mean.
#[test]
fn queries_of_card_charges() {
    let taken = || Stage::Captured { approved: Approved::default() };
    let decline = Decline { code: "card_declined".into(), decline_code: None };
    let all = [
        charge(taken(), 1000, 0),
        charge(taken(), 1000, 400),
        charge(taken(), 400, 0),
        charge(taken(), 400, 400),
        charge(Stage::Failed { decline, risk: Risk::Normal }, 0, 0),
    ];
    let cases: &[(&str, &[usize])] = &[
        ("payment_method_details.card.last4:0005", &[0, 1, 2, 3, 4]),
        ("payment_method_details.card.last4:5", &[]),
        ("payment_method_details.card.exp_month:07", &[0, 1, 2, 3, 4]),
        ("payment_method_details.card.exp_year:'2034'", &[0, 1, 2, 3, 4]),
        ("payment_method_details.card.brand:'VISA'", &[0, 1, 2, 3, 4]),
        ("payment_method_details.card.fingerprint:'fp1'", &[0, 1, 2, 3, 4]),
        ("payment_method_details.card_present.last4:0005", &[]),
        ("payment_method_details.interac_present.brand:null", &[0, 1, 2, 3, 4]),
        ("billing_details.address.postal_code:'d-53111'", &[0, 1, 2, 3, 4]),
        ("status:'failed'", &[4]),
        ("refunded:null", &[0, 4]),
        ("refunded:'false'", &[1, 2]),
        ("refunded:'true'", &[3]),
        ("disputed:'true'", &[1, 3]),
        ("disputed:'false'", &[0, 2, 4]),
        ("-disputed:'true' amount>=1000 customer:'cus_7'", &[0, 2, 4]),
        ("customer:null", &[]),
    ];
    for (text, want) in cases {
        let query = read(Resource::Charges, text).unwrap();
        let meant = |at: &usize| Subject::of_card_charge(&all[*at]).is_meant(&query);
        let found: Vec<usize> = (0..all.len()).filter(meant).collect();
        assert_eq!(found, *want, "{text}");
        for clause in query.clauses.iter().filter(|clause| !clause.negated) {
            let Way::Terms { terms, .. } = clause.way(Resource::Charges) else { continue };
            for at in *want {
                let has = Subject::of_card_charge(&all[*at]).terms();
                assert!(terms.iter().all(|term| has.contains(term)), "{text} leads to {at}");
            }
        }
    }
}

#[test]
fn a_way_leads_to_what_passes() {
    let gold = customer(5, "Ada King", "a@b.c", &[("plan", "Gold")]);
    let subject = Subject::of_customer(&gold).unwrap();
    let terms = subject.terms();
    assert_eq!(terms.len(), 4, "an address, two words and a pair");
    for (text, exact) in [
        ("email:\"A@B.C\"", true),
        ("name:\"king\"", true),
        ("name:\"ada king\"", false),
        ("metadata[\"plan\"]:\"gold\"", true),
    ] {
        let query = read(Resource::Customers, text).unwrap();
        let Way::Terms { terms: way, exact: is_exact } = query.clauses[0].way(Resource::Customers)
        else {
            panic!("{text}");
        };
        assert_eq!(is_exact, exact, "{text}");
        assert!(way.iter().all(|term| terms.contains(term)), "{text}");
    }
    let has_plan = read(Resource::Customers, "-metadata[\"plan\"]:null").unwrap();
    let span = has_plan.clauses[0].presence(Resource::Customers).unwrap();
    let inside =
        |term: &&Term| term.field == span.field && (span.from..=span.to).contains(&term.value);
    assert_eq!(terms.iter().filter(inside).count(), 1);
    assert!(Subject::of_customer(&gold.tombstone()).is_none());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        for resource in [Resource::Customers, Resource::PaymentIntents, Resource::Charges] {
            let _ = read(resource, &text);
        }
    }

    #[test]
    fn no_text_that_is_almost_a_query_panics(
        text in "(-?(amount|created|currency|metadata|customer|x)(\\[?[\"']?k[\"']?\\]?)?\
                 [:~<>=]{1,2}[\"']?[a-z0-9\\\\ -]{0,6}[\"']? ?(AND|or| )? ?){0,5}"
    ) {
        if let Ok(query) = read(Resource::PaymentIntents, &text) {
            for clause in &query.clauses {
                let _ = clause.way(Resource::PaymentIntents);
            }
        }
    }

    /// A window has the rows that were made when a comparison holds, and no others.
    #[test]
    fn windows_are_what_comparisons_say(
        number in 0i64..1 << 53,
        with in prop_oneof![any::<i64>(), 1_577_836_700i64..1_580_000_000],
    ) {
        for compare in [
            Compare::Equal,
            Compare::Less,
            Compare::LessOrEqual,
            Compare::Greater,
            Compare::GreaterOrEqual,
        ] {
            let (above, below) = compare.window(with);
            let inside = above.0 < number && number < below.0;
            let created = Number(number).created().0;
            prop_assert_eq!(inside, compare.holds(created, with), "{:?}", compare);
        }
    }
}
