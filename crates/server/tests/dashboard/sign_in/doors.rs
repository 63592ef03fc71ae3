//! What is closed, and to whom: without a session, under a wrong name, from another site's page.

use super::{PASSWORD, add, as_user, production, rows};
use crate::browser::{Browser, is_led_to_sign_in};
use crate::support::http::{Answer, Request};
use crate::support::server::{Kind, Server};

const SIGNED_IN_ONLY: [&str; 3] = ["/dashboard/sign-out", "/dashboard/mode", "/dashboard/account"];

#[test]
fn nothing_is_open_without_signing_in() {
    let server = production();
    let forged = "0".repeat(64);
    for session in [None, Some(""), Some(forged.as_str()), Some("x")] {
        let mut browser = Browser::new(&server);
        if let Some(session) = session {
            browser.cookies.insert("purser_session".to_owned(), session.to_owned());
        }
        for (_, path) in rows() {
            for answer in [browser.get(&path), browser.post(&path, &[])] {
                assert!(is_led_to_sign_in(&answer), "{path}: {} {}", answer.status, answer.body);
            }
        }
        for path in SIGNED_IN_ONLY {
            assert!(is_led_to_sign_in(&browser.post(path, &[])), "{path}");
        }
        assert!(is_led_to_sign_in(&browser.get("/dashboard/live")));
        assert!(is_led_to_sign_in(&browser.get("/dashboard/nothing/here")));
    }
}

#[test]
fn every_page_and_asset_says_what_a_browser_may_do_with_it() {
    let server = Server::started();
    let mut browser = Browser::new(&server);
    let home = browser.get("/dashboard");
    let linked = home.body.split('"').filter(|part| part.starts_with("/assets/"));
    let mut paths: Vec<String> = linked.map(str::to_owned).collect();
    assert!(paths.len() >= 3, "{}", home.body);
    let pages = rows().into_iter().filter(|(method, _)| *method == "GET");
    paths.extend(pages.map(|(_, path)| path));
    paths.extend(["/dashboard/nothing", "/dashboard/sign-in"].map(str::to_owned));
    let mut answers: Vec<Answer> = paths.iter().map(|path| browser.get(path)).collect();
    answers.push(Browser::new(&server).with("Host", "evil.example").get("/dashboard"));
    answers
        .push(Browser::new(&server).with("X-Forwarded-For", "1.2.3.4").get("/dashboard/sign-in"));
    for answer in answers {
        check_headers(&answer);
        if answer.header_value("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            check_page(&answer);
        }
    }
}

fn check_headers(answer: &Answer) {
    let header = |name: &str| answer.header_value(name).unwrap_or_default();
    assert_eq!(header("x-content-type-options"), "nosniff", "{answer:?}");
    assert_eq!(header("x-frame-options"), "DENY", "{answer:?}");
    assert_eq!(header("referrer-policy"), "same-origin", "{answer:?}");
    let policy = header("content-security-policy");
    for rule in ["default-src 'none'", "script-src 'self';", "style-src 'self';"] {
        assert!(policy.contains(rule), "{policy}");
    }
    for rule in ["frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
}

fn check_page(answer: &Answer) {
    assert_eq!(answer.header_value("cache-control"), Some("no-store"));
    assert!(!answer.body.contains(" style="), "{}", answer.body);
    for script in answer.body.split("<script").skip(1) {
        assert!(script.starts_with(" src=\"/assets/"), "<script{script}");
    }
    for loaded in answer.body.split(" src=\"").skip(1) {
        let is_here = loaded.starts_with('/') && !loaded.starts_with("//");
        assert!(is_here || loaded.starts_with("data:"), "{loaded}");
    }
}

#[test]
fn a_sandbox_on_this_machine_goes_by_its_own_names_only() {
    let server = Server::started();
    let port = server.base().and_then(|base| base.rsplit(':').next()).expect("a port");
    for host in
        ["localhost", "localhost:1", "127.0.0.1", "[::1]:12111", &format!("127.0.0.1:{port}")]
    {
        let mut browser = Browser::new(&server).with("Host", host);
        assert_eq!(browser.get("/dashboard").status, 200, "{host}");
    }
    for host in ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.nip.io"] {
        let mut browser = Browser::new(&server).with("Host", host);
        for path in ["/dashboard", "/dashboard/customers", "/dashboard/live", "/dashboard/sign-in"]
        {
            let answer = browser.get(path);
            assert_eq!(answer.status, 403, "{host}{path}: {}", answer.body);
            assert!(!answer.body.contains("token"), "{}", answer.body);
        }
        assert_eq!(browser.post("/dashboard/account", &[]).status, 403, "{host}");
    }
    for proxy in ["X-Forwarded-For", "Forwarded", "Via", "X-Forwarded-Host"] {
        let mut browser = Browser::new(&server).with(proxy, "1.2.3.4");
        assert!(is_led_to_sign_in(&browser.get("/dashboard")), "{proxy}");
    }
}

#[test]
fn a_sandbox_that_others_reach_has_people_sign_in() {
    let mut server = Server::on(Kind::Sqlite);
    server.serve(&["--public-url", "https://purser.test"].map(str::to_owned));
    let mut far = Browser::new(&server).with("Host", "purser.test");
    assert!(is_led_to_sign_in(&far.get("/dashboard")));
    assert!(is_led_to_sign_in(&Browser::new(&server).get("/dashboard")), "whatever the name");
    let mut far = far.with("Origin", "https://purser.test");
    let answer =
        far.sign_in(&[("key", "sk_test_whatever"), ("to", "/dashboard/customers?after=x")]);
    assert_eq!(answer.header_value("location"), Some("/dashboard/customers?after=x"));
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    for (_, cookie) in cookies {
        for rule in ["; Path=/dashboard", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
            assert!(cookie.contains(rule), "{cookie}");
        }
    }
    assert!(far.is_in());
}

#[test]
fn no_one_is_led_away_after_signing_in() {
    let server = super::far_sandbox();
    for to in [
        "https://evil.example",
        "//evil.example",
        "/dashboardx",
        "/v1/customers",
        "/dashboard/sign-in?to=/dashboard",
        "javascript:alert(1)",
        "",
    ] {
        let answer = Browser::new(&server).sign_in(&[("key", "sk_test_x"), ("to", to)]);
        assert_eq!(answer.header_value("location"), Some("/dashboard"), "{to}");
    }
}

#[test]
fn forms_of_other_sites_do_nothing() {
    let server = Server::started();
    let mut browser = Browser::new(&server);
    let token = browser.token("/dashboard");
    let base = server.base().expect("it runs").to_owned();
    let fields = [("token", token.as_str()), ("account", "acct_other")];
    for (header, value, status) in [
        ("Origin", base.as_str(), 303),
        ("Origin", "http://evil.example", 403),
        ("Origin", "http://127.0.0.1:1", 403),
        ("Origin", &base.replace("http:", "https:"), 403),
        ("Origin", "null", 403),
        ("Referer", &format!("{base}/dashboard"), 303),
        ("Referer", "http://evil.example/dashboard", 403),
        ("Sec-Fetch-Site", "same-origin", 303),
        ("Sec-Fetch-Site", "none", 303),
        ("Sec-Fetch-Site", "same-site", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
    ] {
        let answer = browser.with(header, value).post("/dashboard/account", &fields);
        assert_eq!(answer.status, status, "{header}: {value}");
        let acted = answer.headers.iter().any(|(_, value)| value.contains("acct_other"));
        assert_eq!(acted, status == 303, "{header}: {value}");
    }
    let mut foreign = browser.with("Sec-Fetch-Site", "cross-site");
    assert_eq!(foreign.get("/dashboard/live").status, 403);
    let wrong = "0".repeat(token.len());
    for token in ["", "x", &wrong, &token[1..]] {
        let answer = browser.post("/dashboard/account", &[("token", token)]);
        assert_eq!(answer.status, 403, "{token}");
    }
    let request = Request::new("POST", "/dashboard/account", &[]);
    let json = request.json(&format!("{{\"token\":\"{token}\"}}"));
    assert_eq!(browser.send(json).status, 415);
    let long = "x".repeat(64 << 10);
    assert_eq!(browser.post("/dashboard/account", &[("token", &token), ("x", &long)]).status, 413);
}

#[test]
fn nobody_is_signed_in_by_another_page() {
    let server = super::far_sandbox();
    let key = ("key", "sk_test_x");
    let mut browser = Browser::new(&server);
    assert_eq!(browser.post("/dashboard/sign-in", &[key]).status, 403, "no token at all");
    let mut other = Browser::new(&server);
    let token = other.token("/dashboard/sign-in");
    let fields = [key, ("token", token.as_str())];
    assert_eq!(browser.post("/dashboard/sign-in", &fields).status, 403, "another's token");
    browser.cookies.clear();
    assert_eq!(browser.post("/dashboard/sign-in", &fields).status, 403, "no cookie");
    let mut foreign = other.with("Origin", "http://evil.example");
    assert_eq!(foreign.post("/dashboard/sign-in", &fields).status, 403);
    assert_eq!(other.post("/dashboard/sign-in", &fields).status, 303);
}

#[test]
fn a_form_is_for_the_session_that_it_was_made_for() {
    let server = production();
    add(&server, "ada", "operator");
    let (mut one, mut two) = (as_user(&server, "ada"), as_user(&server, "ada"));
    let token = one.token("/dashboard");
    assert_ne!(token, two.token("/dashboard"));
    assert_eq!(two.post("/dashboard/sign-out", &[("token", &token)]).status, 403);
    assert!(one.is_in() && two.is_in());
    let actions = rows().into_iter().filter(|(method, _)| *method == "POST");
    for (_, path) in actions {
        assert_eq!(two.post(&path, &[("token", &token)]).status, 403, "{path}");
    }
    assert_eq!(one.post("/dashboard/sign-out", &[("token", &token)]).status, 303);
    assert!(!one.is_in() && two.is_in());
}

#[test]
fn whoever_only_looks_sees_every_page_and_no_form() {
    let server = production();
    add(&server, "bob", "read-only");
    let mut bob = as_user(&server, "bob");
    let token = bob.token("/dashboard");
    for (method, path) in rows() {
        match method {
            "POST" => {
                let answer = bob.post(&path, &[("token", &token), ("back", "/dashboard")]);
                assert_eq!(answer.status, 403, "{path}");
            }
            _ => {
                let page = bob.get(&path);
                assert!([200, 303, 400, 404].contains(&page.status), "{path}: {}", page.status);
                let main = page.body.split("<main").nth(1).unwrap_or_default();
                assert!(!main.contains("method=\"post\""), "{path}: {main}");
            }
        }
    }
    let home = bob.get("/dashboard").body;
    assert!(home.contains("bob") && home.contains("Read-only") && !home.contains(PASSWORD));
}
