//! Passwords, keys and tokens are in no log, on no page and in no database.

use super::{PASSWORD, add, key, secret};
use crate::browser::Browser;
use crate::support::server::{Kind, Server};

#[test]
fn nobody_sees_a_secret_again() {
    let mut server = Server::on(Kind::Sqlite);
    server.serve(&["--production", "--log-level", "trace"].map(str::to_owned));
    add(&server, "ada", "operator");
    let key = key(&server, &["--mode", "live"]);
    let wrong = "a password of somebody else";
    let mut browser = Browser::new(&server);
    let mut pages = String::new();
    for fields in [
        [("name", "ada"), ("password", wrong)],
        [("name", "ada"), ("key", "sk_live_not_a_key_of_this_server")],
        [("name", ""), ("key", secret(&key))],
        [("name", "ada"), ("password", PASSWORD)],
    ] {
        pages += &browser.sign_in_again(&fields).body;
        pages += &browser.get("/dashboard").body;
    }
    let session = browser.cookies["purser_session"].clone();
    let token = browser.token("/dashboard");
    pages += &browser.get("/dashboard/customers").body;
    let secrets = [PASSWORD, wrong, secret(&key), "not_a_key_of_this_server", session.as_str()];
    let log = server.log();
    assert!(log.contains("Dashboard"), "requests are in it: {log}");
    assert!(!log.contains(&token), "a form's token is in the log");
    for name in ["purser.db", "purser.db-wal"] {
        let kept = std::fs::read(server.home().join(name)).unwrap_or_default();
        let kept = String::from_utf8_lossy(&kept);
        for secret in secrets {
            assert!(!kept.contains(secret), "{secret} is in {name}");
        }
        assert!(name != "purser.db-wal" || kept.contains("$argon2id$"), "a hash is");
    }
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!pages.contains(secret), "{secret} is on a page");
    }
    assert!(!pages.contains("$argon2id$") && !log.contains("$argon2id$"));
}
