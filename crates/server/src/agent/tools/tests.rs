use super::*;

/// Words at the end of paths that go on with something, or begin it. A new word belongs here or
/// into [`ENDS`]: somebody has to decide.
const GOES_ON: &[&str] = &[
    "apply_customer_balance",
    "approve",
    "attach",
    "authenticate",
    "bank_details",
    "capture",
    "cash_balance",
    "confirm",
    "external_accounts",
    "finalize",
    "fund_cash_balance",
    "funding_instructions",
    "increment_authorization",
    "pay",
    "refund_to_cash_balance",
    "resend",
    "sources",
    "tokens",
    "verify",
];

#[test]
fn every_last_word_of_a_write_is_decided() {
    let tools = Tools::new();
    let collections: Vec<&str> = tools
        .list()
        .iter()
        .filter(|tool| tool.route.method == Method::GET)
        .map(|tool| last_word(tool.route.path))
        .collect();
    for tool in tools.list().iter().filter(|tool| tool.route.method == Method::POST) {
        let word = last_word(tool.route.path);
        let creates = tool.ids.is_empty() && collections.contains(&word) && !ENDS.contains(&word);
        let updates = word.starts_with('{');
        let decided = ENDS.contains(&word) != GOES_ON.contains(&word);
        let reports = word == "bank_transfers";
        assert!(creates || updates || decided || reports, "{}: decide on {word}", tool.name);
    }
}

#[test]
fn names_of_ids_and_parameters_do_not_meet() {
    for tool in Tools::new().list() {
        let declared = (tool.route.params)().to_json_schema();
        let taken = |name: &str| declared["properties"].get(name).is_some();
        let own = ["expand", "idempotency_key", "dry_run"];
        for name in tool.ids.iter().chain(&own) {
            assert!(!taken(name), "{}: {name} is the name of two arguments", tool.name);
        }
    }
}

#[test]
fn lists_are_found_for_ids() {
    let tools = Tools::new();
    #[rustfmt::skip]
    let cases = [
        ("getCustomersCustomer", "customer", Some("getCustomers")),
        ("getCustomersCustomer", "id", Some("getCustomers")),
        ("postPaymentIntents", "customer", Some("getCustomers")),
        ("postPaymentIntents", "payment_method", Some("getCustomersCustomerPaymentMethods")),
        ("postPaymentIntentsIntentCancel", "intent", Some("getPaymentIntents")),
        ("postPurserPaymentIntentsIntentRefundToCashBalance", "intent", Some("getPaymentIntents")),
        ("postTestHelpersRefundsRefundExpire", "refund", Some("getRefunds")),
        ("getEventsId", "id", Some("getEvents")),
        ("postInvoiceitems", "invoice", Some("getInvoices")),
        ("getAccountsAccount", "account", None),
        ("getBalance", "nonsense", None),
    ];
    for (tool, argument, wanted) in cases {
        let finder = tools.finder(tools.find(tool).unwrap(), argument);
        assert_eq!(finder.map(|tool| tool.name.as_str()), wanted, "{tool} {argument}");
    }
}

#[test]
fn pages_follow_each_other() {
    let tools = Tools::new();
    let (mut seen, mut cursor) = (0, None);
    loop {
        let (page, next) = tools.page(cursor.as_deref()).expect("a page");
        assert!((1..=PAGE_TOOLS_MAX).contains(&page.len()));
        seen += page.len();
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, tools.list().len());
    for cursor in ["1", "-40", "4000", "", "x"] {
        assert!(tools.page(Some(cursor)).is_none(), "{cursor}");
    }
}
