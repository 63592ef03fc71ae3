//! The page of payouts and bank accounts, and what can be done there.

use serde_json::Value;

use crate::desk::Desk;

const PAGE: &str = "/payouts";
const ADD: &str = "/payouts/bank-accounts";

/// A desk whose merchant has this much available.
fn with_money(amount: i64) -> Desk {
    let desk = Desk::new();
    let customer = desk.customer("");
    desk.fund(&customer, amount, "usd");
    desk.payment(&customer, amount, "usd", "");
    desk.later(7);
    desk
}

fn accounts(desk: &Desk) -> Vec<Value> {
    let account = desk.get("/v1/account")["id"].as_str().unwrap().to_owned();
    let list = desk.get(&format!("/v1/accounts/{account}/external_accounts"));
    list["data"].as_array().unwrap().clone()
}

/// Adds the account for tests through the form.
fn add(desk: &Desk) -> String {
    let fields = [
        ("country", "us"),
        ("currency", "USD"),
        ("account_number", "000123456789"),
        ("routing_number", "110000000"),
        ("account_holder_name", "<b>Engines</b>"),
        ("account_holder_type", "company"),
    ];
    desk.send(PAGE, ADD, &fields).assert_done(PAGE, "6789");
    accounts(desk)[0]["id"].as_str().unwrap().to_owned()
}

/// Pays out through the form.
fn pay_out(desk: &Desk, amount: &str) -> String {
    let fields = [("amount", amount), ("currency", "usd"), ("statement_descriptor", "ENGINES")];
    let sent = desk.send(PAGE, PAGE, &fields);
    desk.assert_trail("POST", "/v1/payouts");
    let id = desk.get("/v1/payouts")["data"][0]["id"].as_str().unwrap().to_owned();
    sent.assert_done(&format!("/payouts/{id}"), "will go to the bank");
    id
}

fn status(desk: &Desk, id: &str) -> Value {
    desk.get(&format!("/v1/payouts/{id}"))["status"].clone()
}

#[test]
fn bank_accounts_come_and_go() {
    let desk = Desk::new();
    assert!(desk.page(PAGE).contains("There are no bank accounts yet."));
    let wrong =
        [("country", "US"), ("currency", "usd"), ("account_number", "99887766554433221100")];
    let refused = desk.send(PAGE, ADD, &wrong);
    refused.assert_refused(PAGE, "routing_number");
    assert!(!refused.notice.1.contains("99887766"), "{refused:?}");
    assert!(accounts(&desk).is_empty());

    let id = add(&desk);
    let account = desk.get("/v1/account")["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/accounts/{account}/external_accounts");
    desk.assert_trail("POST", &path);
    let known = &accounts(&desk)[0];
    assert_eq!(known["account_holder_type"], "company");
    assert_eq!(known["default_for_currency"], true);
    let shown = desk.page(PAGE);
    assert!(shown.contains("USD US ••6789, &lt;b&gt;Engines&lt;/b&gt;"), "{shown}");
    assert!(!shown.contains("000123456789") && !shown.contains("<b>Engines"), "{shown}");

    // An account that is the default stays while there are others; alone it can go.
    desk.send(PAGE, &format!("{ADD}/{id}/remove"), &[]).assert_done(PAGE, "removed");
    desk.assert_trail("DELETE", &format!("{path}/{id}"));
    assert!(accounts(&desk).is_empty());
}

#[test]
fn payouts_need_money_and_an_account() {
    let desk = Desk::new();
    assert!(desk.page(PAGE).contains("nothing available to pay out"));
    assert!(!desk.offers(PAGE, PAGE));
    let desk = with_money(100_000);
    assert!(desk.page(PAGE).contains("Add a bank account below"));
    assert!(!desk.offers(PAGE, PAGE));
    add(&desk);
    let shown = desk.page(PAGE);
    assert!(shown.contains("At most 1,000.00 USD."), "{shown}");
    for (amount, said) in
        [("1,000.01", "there is 1,000.00 USD"), ("1.000,00", "is no amount"), ("0", "is no amount")]
    {
        let fields = [("amount", amount), ("currency", "usd")];
        desk.send(PAGE, PAGE, &fields).assert_refused(PAGE, said);
    }
    assert!(desk.get("/v1/payouts")["data"].as_array().unwrap().is_empty());
}

#[test]
fn a_payout_is_canceled_before_it_leaves() {
    let desk = with_money(100_000);
    let account = add(&desk);
    let id = pay_out(&desk, "250.75");
    let page = format!("/payouts/{id}");
    let shown = desk.page(&page);
    for part in ["Payout of 250.75 USD", "ENGINES", &account, "It waits."] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    assert!(!desk.offers(&page, &format!("{page}/reverse")), "it has not arrived");
    desk.send(&page, &format!("{page}/cancel"), &[]).assert_done(&page, "canceled");
    desk.assert_trail("POST", &format!("/v1/payouts/{id}/cancel"));
    assert_eq!(status(&desk, &id), "canceled");
    assert!(!desk.can_do(&page), "there is nothing left to do");
    let of_state = desk.page("/payouts?status=canceled");
    assert!(of_state.contains(&id), "{of_state}");
    assert!(!desk.page("/payouts?status=paid").contains(&id));
}

#[test]
fn a_payout_that_arrived_is_reversed() {
    let desk = with_money(100_000);
    add(&desk);
    let id = pay_out(&desk, "1,000");
    let page = format!("/payouts/{id}");
    desk.later(7);
    assert_eq!(status(&desk, &id), "paid");
    assert!(desk.page(&page).contains("It arrived on"));
    assert!(!desk.offers(&page, &format!("{page}/cancel")), "it has arrived");
    let sent = desk.send(&page, &format!("{page}/reverse"), &[]);
    desk.assert_trail("POST", &format!("/v1/payouts/{id}/reverse"));
    let reversal = desk.get(&format!("/v1/payouts/{id}"))["reversed_by"].clone();
    let reversal = format!("/payouts/{}", reversal.as_str().unwrap());
    sent.assert_done(&reversal, "takes the other one back");
    assert!(desk.page(&reversal).contains(&format!("/dashboard{page}")), "each names the other");
    assert!(desk.page(&page).contains(&format!("/dashboard{reversal}")));
    for page in [page, reversal] {
        assert!(!desk.can_do(&page), "{page}");
    }
}

#[test]
fn a_payout_that_comes_back_says_why() {
    let desk = with_money(1000);
    let account = desk.get("/v1/account")["id"].as_str().unwrap().to_owned();
    let details = "external_account[object]=bank_account external_account[country]=US
        external_account[currency]=usd external_account[account_number]=000111111113
        external_account[routing_number]=110000000";
    desk.make(&format!("/v1/accounts/{account}/external_accounts"), details);
    let id = pay_out(&desk, "10");
    desk.later(7);
    let shown = desk.page(&format!("/payouts/{id}"));
    assert!(shown.contains("the account has been closed"), "{shown}");
    assert!(shown.contains("payout failure"), "the line that gave it back:\n{shown}");
}

#[test]
fn money_of_sources_is_paid_out_on_its_own() {
    let desk = Desk::new();
    let (merchant, terms) = (desk.get("/v1/account"), "type=ach_credit_transfer currency=usd");
    let source = desk.api("POST", "/v1/sources", &format!("{terms} owner[email]=a@example.com"));
    let account = source["ach_credit_transfer"]["account_number"].as_str().unwrap();
    let transfer = format!("amount=1000 currency=usd account_number={account}");
    desk.api("POST", "/purser/v1/bank_transfers", &transfer);
    let id = source["id"].as_str().unwrap();
    desk.make("/v1/charges", &format!("amount=1000 currency=usd source={id}"));
    desk.shows("", &["of it 10.00 USD by transfers to sources"]);
    desk.later(5);
    let bank = "external_account[object]=bank_account external_account[country]=US
        external_account[currency]=usd external_account[account_number]=000123456789
        external_account[routing_number]=110000000";
    let accounts = format!("/v1/accounts/{}/external_accounts", merchant["id"].as_str().unwrap());
    desk.api("POST", &accounts, bank);
    let fields = [("amount", "4"), ("currency", "usd"), ("source_type", "bank_account")];
    let sent = desk.send("/payouts", "/payouts", &fields);
    assert!(sent.to.starts_with("/payouts/po_"), "{sent:?}");
    desk.shows(&sent.to, &["Payout of 4.00 USD", "money that came by transfers to sources"]);
}
