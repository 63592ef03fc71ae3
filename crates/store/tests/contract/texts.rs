//! Texts: whatever somebody types is kept as it was typed, is found, and stands in nobody's way.

use std::collections::BTreeMap;

use books::command::{Edit, IntentCommand, IntentDraft, Presence};
use books::payment_intent::{BillingDetails, IntentProfile, TransferOptions};
use books::{Command, Currency, Document, Kind, Number};
use store::{DocumentFilter, Window};

use crate::support::asks::fund_as;
use crate::support::{Ask, Bench};

/// What people type, or paste.
const TEXTS: &[&str] = &[
    "",
    " ",
    "O'Neill; DROP TABLE customer; --",
    "\"quoted\" \\ back\\slashed \\u0041",
    "?1 $1 :name %s {} {0}",
    "a\ttab\nand\r\nlines",
    "\u{1}\u{1f}\u{7f}\u{85}",
    "Æther Straße İstanbul ﬁ",
    "中文 العربية हिन्दी",
    "👩‍👩‍👧‍👦 \u{200b}\u{feff}\u{202e}",
    "\u{fffd}\u{ffff}\u{10ffff}",
];

fn edits(customer: Number, text: &str) -> Ask {
    let (email, name) = (Edit::Email(Some(text.into())), Edit::Name(Some(text.into())));
    Command::UpdateCustomer { customer, edits: vec![email, name] }.into()
}

fn intent(customer: Number, text: &str) -> Ask {
    let profile = IntentProfile {
        description: Some(text.into()),
        metadata: BTreeMap::from([(text.to_owned(), text.to_owned())]),
        ..IntentProfile::default()
    };
    let draft = IntentDraft {
        amount: 100,
        currency: Currency::USD,
        methods: Vec::new(),
        transfer: TransferOptions::usual(Currency::USD),
        method: Some(BillingDetails::default()),
        automatic_methods: None,
        card: Vec::new(),
        presence: Presence::default(),
        profile,
    };
    let draft = Box::new(draft);
    Command::Intent(IntentCommand::Create { customer, draft, confirm: true }).into()
}

#[test]
fn what_was_typed_is_what_is_read() {
    let bench = Bench::new();
    let mut kept = Vec::new();
    for text in TEXTS {
        let ada = bench.customer();
        bench.expect(edits(ada, text), "customer");
        bench.expect(fund_as(ada, 1, "usd", Some(text)), "funded usd 1 -> 1");
        let made = bench.make(intent(ada, text), "requires_action 1/100", Kind::PaymentIntent);
        kept.push((ada, made, *text));
    }
    let bench = bench.restart();
    for (ada, made, text) in kept {
        let read = bench.readers.snapshot(|r| {
            let listed = r.customers(bench.world, Some(text), Window::newest(9))?.rows;
            assert_eq!(listed.iter().map(|it| it.number).collect::<Vec<_>>(), [ada], "{text:?}");
            let customer = r.customer(bench.world, ada)?.expect("a customer");
            assert_eq!(customer.profile.email.as_deref(), Some(text));
            assert_eq!(customer.profile.name.as_deref(), Some(text));
            let row = r.cash_transactions(bench.world, ada, Window::newest(9))?.rows.pop();
            let cause = format!("{:?}", row.expect("a transaction").cause);
            assert!(text.trim().is_empty() || cause.contains(&format!("{text:?}")), "{cause}");
            r.document(bench.world, Kind::PaymentIntent, made)
        });
        let Ok(Some(Document::PaymentIntent(intent))) = read else { panic!("{text:?}: {read:?}") };
        assert_eq!(intent.profile.description.as_deref(), Some(text));
        assert_eq!(intent.profile.metadata.get(text).map(String::as_str), Some(text));
        let filter = DocumentFilter {
            fields: vec![("status", "requires_action".into()), ("description", text.into())],
            ..DocumentFilter::default()
        };
        let found = bench.documents(Kind::PaymentIntent, &filter);
        assert_eq!(found.iter().map(Document::key).collect::<Vec<_>>(), [made], "{text:?}");
    }
    bench.assert_healthy();
}
