//! Where whoever asks can reach this server: `--public-url`, else what the request was sent to.
//!
//! The name that a request was sent to comes from outside and goes into answers, so it is taken
//! only if it looks like a host and a port. Whether a proxy speaks TLS for us cannot be known from
//! inside: behind one, set `--public-url`.

use std::net::IpAddr;

use hyper::header::HOST;
use hyper::{HeaderMap, Uri};

use crate::app::App;

/// Bytes of a host with its port, at most.
const HOST_BYTES_MAX: usize = 255;

/// Scheme, host and port, without a slash at the end.
pub fn of(app: &App, headers: &HeaderMap, uri: &Uri) -> String {
    if let Some(public) = &app.settings.public_url {
        return public.clone();
    }
    let named = uri.authority().map(|authority| authority.as_str());
    let named = named.or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok()));
    match named.filter(|host| is_usable(host)) {
        Some(host) => format!("http://{}", host.to_ascii_lowercase()),
        None => listens(app),
    }
}

/// The address it listens on; for all addresses of the machine, the one that it has itself.
fn listens(app: &App) -> String {
    let mut listen = app.registry.listens().unwrap_or(app.settings.listen);
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        });
    }
    format!("http://{listen}")
}

/// Whether this is a name or address, with a port or without, to which a client can connect.
fn is_usable(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let known = match inner {
        Some(inner) => inner.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6() && !ip.is_unspecified()),
        None => is_name(name),
    };
    host.len() <= HOST_BYTES_MAX && port && known
}

fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let unspecified = name.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    !name.is_empty() && name.bytes().all(plain) && !name.starts_with('.') && !unspecified
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_taken_only_if_one_can_connect_to_them() {
        for host in [
            "127.0.0.1:12111",
            "localhost",
            "LocalHost:80",
            "purser",
            "my_host.example.com:65535",
            "[::1]:12111",
            "[2001:db8::1]",
            "10.0.0.7",
        ] {
            assert!(is_usable(host), "{host}");
        }
        let long = "a".repeat(HOST_BYTES_MAX + 1);
        for host in [
            "",
            ":80",
            "0.0.0.0:12111",
            "0.0.0.0",
            "[::]:80",
            "[::]",
            "::1",
            "a:b:c",
            "host:0",
            "host:65536",
            "host:",
            "host:-1",
            "user@host",
            "host/path",
            "host\"",
            "a b",
            "ho\u{e9}",
            "[::1",
            "::1]",
            "[127.0.0.1]:80",
            ".",
            "host?x",
            "host#x",
            "<script>",
            &long,
        ] {
            assert!(!is_usable(host), "{host}");
        }
    }
}
