//! The people and keys that sign in: how they are made, what they see, and where they may go.

use serde_json::Value;

use super::{PASSWORD, add, as_key, as_user, far_sandbox, key, production, secret, users};
use crate::browser::Browser;
use crate::support::http::{Client, Request};
use crate::support::server::{Kind, Server};

crate::support::on_both! {
    users_are_added_listed_and_removed
}

fn users_are_added_listed_and_removed(kind: Kind) {
    // People come before the first start.
    let server = Server::on(kind);
    add(&server, "ada@example.com", "operator");
    add(&server, "bob", "read-only");
    for (words, password, why) in [
        (vec!["add", "bob", "--role", "operator", "--password-stdin"], PASSWORD, "already"),
        (vec!["add", "eve", "--role", "operator", "--password-stdin"], "elevenchars", "12"),
        (vec!["add", "e v", "--role", "operator", "--password-stdin"], PASSWORD, "cannot be"),
        (vec!["add", "eve", "--role", "operator"], PASSWORD, "--password-stdin"),
        (vec!["add", "eve", "--role", "owner", "--password-stdin"], PASSWORD, "possible values"),
        (vec!["password", "eve", "--password-stdin"], PASSWORD, "no user eve"),
        (vec!["remove", "eve"], "", "no user eve"),
    ] {
        let refused = users(&server, &words, password);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(why), "{words:?}: {said}");
        assert!(!said.contains(PASSWORD), "{said}");
    }
    let listed = server.purser(&["dashboard-user", "list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let rows: Vec<(&str, &str)> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|user| (user["name"].as_str().unwrap(), user["role"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, [("ada@example.com", "operator"), ("bob", "read-only")]);
    assert!(users(&server, &["remove", "bob"], "").status.success());
    let table = server.purser(&["dashboard-user", "list"]);
    let table = String::from_utf8(table.stdout).expect("text");
    assert!(table.contains("ada@example.com") && !table.contains("bob"), "{table}");
}

#[test]
fn people_go_along_when_a_database_is_copied_and_sign_in_anew() {
    let mut server = production();
    add(&server, "ada", "operator");
    let ada = as_user(&server, "ada");
    let to = format!("sqlite:{}", server.home().join("copy.db").display());
    server.kill9();
    let copy = server.command().args(["copy", "--from", server.store(), "--to", &to]).output();
    let copy = copy.expect("the binary starts");
    assert!(copy.status.success(), "{copy:?}");
    let mut copied = Server::at(&to);
    copied.serve(&["--production".to_owned()]);
    let mut with_old = Browser::new(&copied);
    with_old.cookies = ada.cookies;
    assert!(!with_old.is_in());
    assert!(as_user(&copied, "ada").is_in());
}

#[test]
fn people_see_test_mode_and_live_mode_and_a_key_sees_its_own() {
    let server = production();
    add(&server, "ada", "operator");
    let live = key(&server, &["--mode", "live"]);
    let client = Client::new(server.base().expect("it runs"));
    let name = [("name".to_owned(), "Liv Lively".to_owned())];
    let made = Request::new("POST", "/v1/customers", &name);
    let made = made.header("Authorization", &format!("Bearer {}", secret(&live)));
    assert_eq!(client.send(&made).expect("the server runs").status, 200);

    let mut ada = as_user(&server, "ada");
    let mut shows = |livemode: &str| {
        let token = ada.token("/dashboard");
        let fields = [("token", token.as_str()), ("livemode", livemode)];
        assert_eq!(ada.post("/dashboard/mode", &fields).status, 303);
        ada.get("/dashboard/customers").body.contains("Liv Lively")
    };
    assert!(shows("true"));
    assert!(!shows("false"));
    assert!(shows("true"));

    let test = key(&server, &["--mode", "test"]);
    for (key, sees) in [(&live, true), (&test, false)] {
        let mut browser = as_key(&server, secret(key));
        assert_eq!(browser.get("/dashboard/customers").body.contains("Liv Lively"), sees);
        let token = browser.token("/dashboard");
        let fields = [("token", token.as_str()), ("livemode", "true")];
        assert_eq!(browser.post("/dashboard/mode", &fields).status, 403);
        assert_eq!(browser.get("/dashboard/customers").body.contains("Liv Lively"), sees);
    }
}

#[test]
fn a_restricted_key_sees_what_its_scopes_say() {
    let server = production();
    let narrow = key(&server, &["--restricted", "--scope", "customers:read"]);
    let mut browser = as_key(&server, secret(&narrow));
    assert_eq!(browser.get("/dashboard/customers").status, 200);
    let home = browser.get("/dashboard");
    assert!(home.body.contains(narrow["masked"].as_str().expect("masked")), "{}", home.body);
    assert!(home.body.contains("Read-only"), "{}", home.body);
    let wide = key(&server, &["--restricted", "--scope", "*:read", "--scope", "refunds:write"]);
    assert!(as_key(&server, secret(&wide)).get("/dashboard").body.contains("Operator"));
}

#[test]
fn a_sandbox_shows_the_account_that_is_chosen() {
    let here = Server::started();
    let far = far_sandbox();
    let (mut local, mut signed_in) = (Browser::new(&here), as_key(&far, "sk_test_x"));
    for browser in [&mut local, &mut signed_in] {
        let own = browser.get("/dashboard").body;
        let token = browser.token("/dashboard");
        let mut choose = |account: &str| {
            let fields = [("token", token.as_str()), ("account", account)];
            let status = browser.post("/dashboard/account", &fields).status;
            (status, browser.get("/dashboard").body)
        };
        let (status, page) = choose("acct_elsewhere");
        assert!(status == 303 && page.contains("<code>acct_elsewhere</code>"), "{page}");
        for bad in ["other", "acct_", "acct_<b>", "acct_a/b", &"acct_x".repeat(20)] {
            let (_, page) = choose(bad);
            assert!(page.contains("<code>acct_elsewhere</code>"), "{bad}: {page}");
            assert!(page.contains("notice failed"), "{bad}: {page}");
        }
        let (_, page) = choose("");
        assert!(!own.contains("acct_elsewhere") && !page.contains("acct_elsewhere"), "{page}");
    }
    let production = production();
    add(&production, "ada", "operator");
    let mut ada = as_user(&production, "ada");
    let token = ada.token("/dashboard");
    let fields = [("token", token.as_str()), ("account", "acct_elsewhere")];
    assert_eq!(ada.post("/dashboard/account", &fields).status, 403);
    assert!(!ada.get("/dashboard").body.contains("acct_elsewhere"));
}
