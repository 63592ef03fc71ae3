//! Webhook endpoints: added, looked at, disabled, given another secret, removed.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::desk::{Desk, check, eventually, text};
use crate::support::http::Answer;

/// Somebody who takes every event and says thank you: the address, and what came.
pub fn receiver() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = told.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut text, mut piece) = (String::new(), [0; 4096]);
            // An event is an object, and its last line closes it.
            while !text.ends_with('}') {
                match stream.read(&mut piece) {
                    Ok(count) if count > 0 => {
                        text.push_str(&String::from_utf8_lossy(&piece[..count]));
                    }
                    _ => break,
                }
            }
            heard.lock().expect("no panic").push(text);
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(format!("{answer}thank you").as_bytes());
        }
    });
    (url, told)
}

/// The secret that a page shows.
#[track_caller]
fn secret(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let page = check(&answer.body);
    // A page that is replaced by what comes later would lose it.
    assert!(page.contains("data-once"), "{page}");
    let kept = answer.headers.iter().any(|(_, value)| value.contains("whsec_"));
    assert!(!kept, "a secret is in a header: {:?}", answer.headers);
    let start = page.find("whsec_").expect("a secret");
    page[start..].split(['<', '"']).next().unwrap_or_default().to_owned()
}

#[test]
fn an_endpoint_is_added_and_its_secret_is_shown_once() {
    let desk = Desk::new();
    let (url, told) = receiver();
    let types = "customer.created\r\n customer.updated, customer.deleted";
    let fields = [("url", &*url), ("types", types), ("description", super::HOSTILE)];
    let form = desk.form("/webhooks", "Add the endpoint");
    let first = secret(&desk.submit(&form, &fields));
    let made = desk.get("/v1/webhook_endpoints");
    assert_eq!(made["data"].as_array().map(Vec::len), Some(1));
    let made = &made["data"][0];
    let names = ["customer.created", "customer.updated", "customer.deleted"];
    assert_eq!(made["enabled_events"], serde_json::json!(names));
    assert_eq!(made["description"], super::HOSTILE);
    desk.sees("/webhooks", &[&url, super::HARMLESS, "enabled"], &["whsec_"]);
    // Sent twice, the form counts once.
    desk.submit(&form, &fields);
    let all = desk.get("/v1/webhook_endpoints");
    assert_eq!(all["data"].as_array().map(Vec::len), Some(1));

    let path = format!("/webhooks/{}", text(made, "id"));
    desk.sees(&path, &[&url, "Nothing was told yet", "customer.deleted"], &["whsec_"]);
    desk.customer("");
    eventually("it was told", || desk.page(&path).contains("thank you"));
    assert!(told.lock().expect("no panic")[0].contains("customer.created"));
    desk.sees(&path, &["succeeded", "/dashboard/events/evt_"], &[]);

    let form = desk.form(&path, "Make another secret");
    let second = secret(&desk.submit(&form, &[("overlap_s", "3600")]));
    assert_ne!(first, second);
    desk.sees(&path, &[], &["whsec_"]);
}

#[test]
fn an_endpoint_is_disabled_enabled_and_removed() {
    let desk = Desk::new();
    let wants = [("url", "http://127.0.0.1:9/"), ("enabled_events[]", "*")];
    let made = text(&desk.api("POST", "/v1/webhook_endpoints", &wants), "id");
    let (path, of_api) = (format!("/webhooks/{made}"), format!("/v1/webhook_endpoints/{made}"));
    for (button, words, status) in
        [("Disable", "told nothing", "disabled"), ("Enable", "is enabled", "enabled")]
    {
        assert_eq!(desk.press(&path, button, &[], words), path);
        assert_eq!(desk.get(&of_api)["status"], status);
        desk.sees(&path, &[&format!(">{status}</span>")], &[]);
    }
    assert_eq!(desk.press(&path, "Remove", &[], "was removed"), "/webhooks");
    assert_eq!(desk.look(&path).status, 404);
    desk.sees("/webhooks", &["Nobody is told"], &[&made]);
}

#[test]
fn what_the_api_refuses_is_said_on_the_page() {
    let desk = Desk::new();
    let refused = |url, types, words| {
        let fields = [("url", url), ("types", types)];
        assert_eq!(desk.press("/webhooks", "Add the endpoint", &fields, words), "/webhooks");
    };
    refused("ftp://127.0.0.1/", "*", "http");
    refused("http://127.0.0.1:9/", "no type", "type of events");
    refused("http://127.0.0.1:9/", "", "enabled_events");
    desk.sees("/webhooks", &["Nobody is told"], &[]);
}
