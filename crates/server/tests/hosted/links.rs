//! Links: nobody else can make one, and each comes to its end.

use super::support::http::{Answer, Request};
use super::support::server::Server;
use super::{Shop, instructions, key, path as path_of, text};

fn instructions_path(shop: &Shop) -> String {
    let payment = shop.payment("5000", "eur");
    path_of(&text(&instructions(&payment)["hosted_instructions_url"]))
}

/// The page that says nothing, and everything that could tell one from another.
fn nothing(answer: &Answer) -> (u16, String, Option<String>) {
    let kind = answer.header_value("content-type").map(str::to_owned);
    assert_eq!(answer.status, 404, "{}", answer.body);
    (answer.status, answer.body.clone(), kind)
}

#[test]
fn whatever_is_wrong_with_a_link_gives_the_same_page() {
    let shop = Shop::open();
    let want = nothing(&shop.visit("/bank_transfers/instructions/"));
    let (_, refund) = shop.refund("2000", "usd");
    for path in [instructions_path(&shop), refund] {
        assert_eq!(shop.visit(&path).status, 200);
        let start = path.rfind('/').expect("a folder") + 1;
        for at in start..path.len() {
            let mut changed = path.clone().into_bytes();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).expect("it is ASCII");
            assert_eq!(nothing(&shop.visit(&changed)), want, "byte {at}");
        }
        let (folder, token) = path.split_at(start);
        let other = match folder.starts_with("/refunds") {
            true => "/bank_transfers/instructions/",
            false => "/refunds/details/",
        };
        for wrong in [
            format!("{folder}{}", &token[1..]),
            format!("{folder}{}", &token[..token.len() - 1]),
            format!("{path}0"),
            format!("{path}/"),
            format!("{folder}x{token}"),
            format!("{folder}live{}", &token["test".len()..]),
            format!("{other}{token}"),
            format!("{folder}%00"),
        ] {
            assert_eq!(nothing(&shop.visit(&wrong)), want, "{wrong}");
        }
    }
}

#[test]
fn links_of_one_account_open_nothing_of_another() {
    let mut shop = Shop::open();
    let own = instructions_path(&shop);
    let server = std::mem::replace(&mut shop.server, Server::new());
    let other = Shop::over(server, shop.key, Some("acct_another"));
    let foreign = instructions_path(&other);
    assert_eq!((other.visit(&own).status, other.visit(&foreign).status), (200, 200));
    // The payment of the one and the world of the other, with either signature.
    let start = own.rfind('_').expect("a mode") + 1;
    let (row, world, seal) = (start..start + 24, start + 24..start + 48, start + 48..);
    let want = nothing(&other.visit("/bank_transfers/instructions/"));
    for mixed in [
        format!(
            "{}{}{}{}",
            &own[..start],
            &own[row.clone()],
            &foreign[world.clone()],
            &own[seal.clone()]
        ),
        format!("{}{}{}{}", &own[..start], &own[row], &foreign[world], &foreign[seal]),
    ] {
        assert_eq!(nothing(&other.visit(&mixed)), want);
    }
    // Nor does a link open anything on another database.
    let elsewhere = Shop::open();
    assert_eq!(nothing(&elsewhere.visit(&own)), want);
}

#[test]
fn links_last_as_long_as_they_say() {
    let shop = Shop::open();
    let payment = instructions_path(&shop);
    let (_, refund) = shop.refund("2000", "usd");
    let want = nothing(&shop.visit("/refunds/details/"));
    shop.move_clock(44);
    assert_eq!(shop.visit(&refund).status, 200);
    shop.move_clock(2);
    assert_eq!(nothing(&shop.visit(&refund)), want);
    shop.move_clock(43);
    assert_eq!(shop.visit(&payment).status, 200);
    shop.move_clock(1);
    assert_eq!(nothing(&shop.visit(&payment)), want);
    assert_eq!(nothing(&shop.visit(&format!("{payment}/live"))), want);
}

#[test]
fn the_same_payment_has_the_same_link_also_after_a_crash() {
    let mut shop = Shop::open();
    let payment = shop.payment("5000", "eur");
    let token = |url: String| url.rsplit_once('/').expect("a folder").1.to_owned();
    let first = token(text(&instructions(&payment)["hosted_instructions_url"]));
    shop.server.restart();
    shop.client = super::Client::new(shop.server.base().expect("it runs"));
    let path = format!("/v1/payment_intents/{}", text(&payment["id"]));
    let again = shop.api("GET", &path, &[]);
    assert_eq!(token(text(&instructions(&again)["hosted_instructions_url"])), first);
    shop.page(&format!("/bank_transfers/instructions/{first}"));
}

#[test]
fn pages_are_read_and_take_nothing_else() {
    let shop = Shop::open();
    let path = instructions_path(&shop);
    let send = |method: &str| {
        let request = Request::new(method, &path, &[]);
        shop.client.send(&request).expect("the server runs")
    };
    let head = send("HEAD");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for method in ["POST", "PUT", "DELETE"] {
        let answer = send(method);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header_value("allow"), Some("GET, HEAD"));
    }
    let metrics = shop.visit("/metrics").body;
    assert!(metrics.contains("HostedInstructions"), "{metrics}");
}

/// Whoever has the link decides where the money goes: a key that may not do that does not get it.
#[test]
fn only_whole_keys_that_may_write_get_links_for_bank_details() {
    let shop = Shop::open();
    let (id, _) = shop.refund("2000", "usd");
    let path = format!("/purser/v1/refunds/{id}/details_link");
    for (flags, status) in [
        (vec!["--restricted", "--scope", "refunds:read"], 403),
        (vec!["--restricted", "--scope", "refunds:write"], 200),
        (vec!["--restricted", "--scope", "customers:write"], 403),
        (vec!["--customer", &shop.customer], 403),
    ] {
        let answer = shop.call(&key(&shop.server, &flags), "GET", &path, &[]);
        assert_eq!(answer.status, status, "{flags:?}: {}", answer.body);
        assert_eq!(answer.body.contains("/refunds/details/"), status == 200, "{flags:?}");
    }
}

#[test]
fn live_links_open_live_pages() {
    let mut server = Server::new();
    server.serve(&["--production".to_owned()]);
    let [live, test] = ["live", "test"].map(|mode| key(&server, &["--mode", mode]));
    let shop = Shop::over(server, live, None);
    let path = instructions_path(&shop);
    let token = path.rsplit('/').next().expect("a token");
    assert!(token.starts_with("live_"), "{token}");
    assert!(!shop.page(&path).contains("This is a test"));
    let shop = Shop::over(shop.server, test, None);
    let other = instructions_path(&shop);
    assert!(shop.page(&other).contains("This is a test"));
    let changed = other.replace("/test_", "/live_");
    nothing(&shop.visit(&changed));
}
