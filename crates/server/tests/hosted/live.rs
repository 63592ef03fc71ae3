//! An open page hears when its own payment changes, and of nothing else.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Shop, instructions, path as path_of, text};

/// How long to wait for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long to wait for what must not come.
const QUIET: Duration = Duration::from_secs(3);

/// The lines of a stream, as they come.
fn listen(shop: &Shop, path: &str) -> Receiver<String> {
    let url = format!("{}{path}", shop.server.base().expect("it runs"));
    let answer = ureq::get(&url).call().expect("the stream opens");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let (to, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(answer.into_body().into_reader()).lines() {
            let Ok(line) = line else { return };
            if !line.is_empty() && to.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[test]
fn a_page_hears_of_its_own_payment_only() {
    let shop = Shop::open();
    let payments = ["gbp", "usd"].map(|currency| shop.payment("5000", currency));
    let lines = payments.each_ref().map(|payment| {
        let path = path_of(&text(&instructions(payment)["hosted_instructions_url"]));
        let lines = listen(&shop, &format!("{path}/live"));
        let first = lines.recv_timeout(DEADLINE).expect("it says that it is there");
        assert!(first.starts_with(':'), "{first}");
        lines
    });
    let reference = text(&instructions(&payments[0])["reference"]);
    shop.fund("1200", "gbp", &reference);
    assert_eq!(lines[0].recv_timeout(DEADLINE).as_deref(), Ok("data: changed"));
    let silent = lines[1].recv_timeout(QUIET);
    assert!(silent.is_err(), "{silent:?}");
}
