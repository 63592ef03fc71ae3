//! Which server a browser believes to talk to, and whose page it is that asks.
//!
//! A page of somebody else's can have a browser send requests here: as itself, which `Origin` and
//! `Sec-Fetch-Site` tell, or under a name of its own that it made lead here (DNS rebinding), which
//! `Host` tells.

use std::net::IpAddr;

use hyper::Method;
use hyper::header::HOST;
use hyper::http::request::Parts;

use crate::app::App;
use crate::dashboard::live;
use crate::dashboard::visit::Failure;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Headers that proxies add.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"];

/// Whether nobody has to sign in: this is a sandbox, and whoever asks is at the same machine.
pub fn is_local(app: &App, parts: &Parts) -> bool {
    let is_forwarded = FORWARDED.iter().any(|name| parts.headers.contains_key(*name));
    let is_here = authority(parts).is_some_and(|named| is_loopback(&named));
    let is_public = public_origin(app).is_some_and(|public| !is_loopback(of_origin(&public)));
    is_private(app) && is_here && !is_forwarded && !is_public
}

/// Refuses what comes under a wrong name, and what a page of somebody else's sends.
pub fn check(app: &App, parts: &Parts) -> Result<(), Failure> {
    let (named, public) = (authority(parts), public_origin(app));
    let is_known = |named: &str| {
        is_loopback(named) || public.as_ref().is_some_and(|public| of_origin(public) == named)
    };
    if is_private(app) && !named.as_deref().is_some_and(is_known) {
        let message = "This sandbox does not go by that name. Open it as localhost, or start it \
                       with --public-url.";
        return Err(Failure::new(403, message));
    }
    let only_reads = [Method::GET, Method::HEAD].contains(&parts.method);
    if only_reads && parts.uri.path() != live::PATH {
        return Ok(());
    }
    let here = named.map(|named| format!("{}://{named}", scheme(parts)));
    let is_ours = |from: &str| {
        let from = Some(origin_of(from));
        from == here || from == public
    };
    let from = header(parts, "origin").or(header(parts, "referer"));
    let site = header(parts, "sec-fetch-site");
    let is_foreign = site.is_some_and(|site| !["same-origin", "none"].contains(&site));
    if is_foreign || from.is_some_and(|from| !is_ours(from)) {
        let message = "This was sent by a page of another site. If it was not, the server does \
                       not know its own address: start it with --public-url.";
        return Err(Failure::new(403, message));
    }
    Ok(())
}

/// Whether the browser speaks TLS, with whatever stands before this server.
pub fn is_https(app: &App, parts: &Parts) -> bool {
    let public = public_origin(app);
    public.is_some_and(|public| public.starts_with("https://")) || scheme(parts) == "https"
}

/// Where whoever asks is. What a proxy says of that counts only from this machine or its network.
pub fn address(parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.to_canonical())?;
    let is_near = match peer {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    };
    // A proxy adds what it saw behind all else, be it on the same line or on one of its own.
    let told = parts.headers.get_all("x-forwarded-for").iter().next_back().filter(|_| is_near);
    let told = told.and_then(|told| told.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    Some(told.unwrap_or(peer))
}

/// Whether only this machine is to reach the server, and anybody there may use it.
fn is_private(app: &App) -> bool {
    !app.settings.production && app.settings.listen.ip().is_loopback()
}

/// The host and port to which the request was sent, if it says so just once.
fn authority(parts: &Parts) -> Option<String> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let named = parts.uri.authority().map(|authority| authority.as_str()).or(host)?;
    hosts.next().is_none().then(|| named.to_ascii_lowercase())
}

/// Scheme, host and port of `--public-url`.
fn public_origin(app: &App) -> Option<String> {
    app.settings.public_url.as_deref().map(origin_of)
}

fn scheme(parts: &Parts) -> &'static str {
    match header(parts, "x-forwarded-proto") {
        Some(told) if told.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    }
}

/// Scheme, host and port of an address.
fn origin_of(url: &str) -> String {
    let url = url.to_ascii_lowercase();
    let Some((scheme, rest)) = url.split_once("://") else { return url };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{authority}")
}

/// Host and port of an origin.
fn of_origin(origin: &str) -> &str {
    origin.split_once("://").map_or("", |(_, authority)| authority)
}

/// Whether a host, with a port or without, is this machine by whatever name servers say.
fn is_loopback(authority: &str) -> bool {
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (authority, None),
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_address = |name: &str| name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    is_port && (name == "localhost" || is_address(bare.unwrap_or(name)))
}

fn header<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_no_name_server_gives_are_this_machine() {
        for name in ["localhost", "localhost:1", "127.0.0.1:12111", "127.9.9.9", "[::1]:80"] {
            assert!(is_loopback(name), "{name}");
        }
        for name in [
            "",
            "localhost.example.com",
            "localhost.",
            "127.0.0.1.nip.io",
            "127.0.0.1:x",
            "127.0.0.1:1@evil",
            "10.0.0.1",
            "0.0.0.0",
            "[::]:80",
            "example.com",
        ] {
            assert!(!is_loopback(name), "{name}");
        }
    }

    #[test]
    fn an_origin_is_the_beginning_of_an_address() {
        for (url, origin) in [
            ("HTTPS://Example.com/dashboard?x=1", "https://example.com"),
            ("http://127.0.0.1:12111", "http://127.0.0.1:12111"),
            ("http://a?b", "http://a"),
            ("null", "null"),
        ] {
            assert_eq!(origin_of(url), origin);
        }
        assert_eq!(of_origin("https://example.com:1"), "example.com:1");
    }
}
