//! URLs of webhook endpoints: read strictly, so that everybody reads the same host in them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hyper::Uri;
use hyper::header::HeaderValue;

use super::address::is_public;

/// Characters of a URL, at most.
pub const URL_CHARS_MAX: usize = 2048;
/// Characters of a host name, and of a part between two points, at most.
const HOST_CHARS_MAX: usize = 253;
const LABEL_CHARS_MAX: usize = 63;

/// Where a URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether with TLS.
    pub https: bool,
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// The header `Host`.
    pub authority: HeaderValue,
    /// Path and query.
    pub path: Uri,
}

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name, in lower case and without a point at its end.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// Checks a URL at which webhooks are to arrive; what is wrong with it comes as a sentence.
pub fn check_url(
    url: &str,
    livemode: bool,
    production: bool,
    allow_private: bool,
) -> Result<(), String> {
    let target = Target::parse(url)?;
    if livemode && !target.https {
        return Err("Invalid URL: in live mode it must begin with https://.".to_owned());
    }
    let is_public = match &target.host {
        Host::Address(address) => is_public(*address),
        Host::Name(name) => name != "localhost" && !name.ends_with(".localhost"),
    };
    if production && !allow_private && !is_public {
        let problem = "Invalid URL: it leads to an address that is not one of the public \
                       internet. The setting webhook_allow_private allows such addresses.";
        return Err(problem.to_owned());
    }
    Ok(())
}

impl Target {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Target, String> {
        let problem = |what: &str| Err(format!("Invalid URL: {what}."));
        if url.chars().count() > URL_CHARS_MAX {
            return problem(&format!(
                "it has more than {URL_CHARS_MAX} characters (url_chars_max)"
            ));
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return problem(
                "it has characters that do not belong in one; names in other scripts are written \
                 as xn--..., everything else percent-encoded",
            );
        }
        if url.contains('#') {
            return problem("it has a fragment, which no server would see");
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return problem("it must begin with http:// or https://");
        };
        let https = scheme.eq_ignore_ascii_case("https");
        if !https && !scheme.eq_ignore_ascii_case("http") {
            return problem("it must begin with http:// or https://");
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return problem("it has a user name or a password; webhooks are signed instead");
        }
        let (host, port) = split_port(authority, if https { 443 } else { 80 })?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        let Ok(path) = format!("{slash}{path}").parse::<Uri>() else {
            return problem("its path has characters that do not belong there");
        };
        let host = parse_host(host)?;
        let Ok(authority) = HeaderValue::from_str(&authority.to_ascii_lowercase()) else {
            return problem("its host has characters that do not belong there");
        };
        Ok(Target { https, host, port, authority, path })
    }
}

/// `host:port` in its two parts; brackets stay.
fn split_port(authority: &str, default: u16) -> Result<(&str, u16), String> {
    let after = match authority.starts_with('[') {
        true => authority.find(']').map_or(authority.len(), |at| at + 1),
        false => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(after);
    let plain = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = match port.strip_prefix(':').filter(plain) {
        None if port.is_empty() => Some(default),
        None => None,
        Some(digits) => digits.parse().ok().filter(|port| *port != 0),
    };
    let port = port.ok_or("Invalid URL: a port is a number from 1 to 65535.")?;
    Ok((host, port))
}

fn parse_host(text: &str) -> Result<Host, String> {
    let problem = |what: &str| Err(format!("Invalid URL: {what}."));
    if let Some(inside) = text.strip_prefix('[') {
        let address = inside.strip_suffix(']').and_then(|inside| inside.parse().ok());
        return match address {
            Some::<Ipv6Addr>(address) => Ok(Host::Address(address.into())),
            None => problem("what is in brackets is no IPv6 address"),
        };
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fits = |label: &str| {
        !label.is_empty() && label.len() <= LABEL_CHARS_MAX && label.bytes().all(plain)
    };
    if name.is_empty() {
        return problem("it has no host");
    }
    if name.len() > HOST_CHARS_MAX || !name.split('.').all(fits) {
        return problem("its host is no name and no address");
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if !is_number(last) {
        return Ok(Host::Name(name));
    }
    // Some would read such a host as an address in another notation, some as a name.
    match name.parse::<Ipv4Addr>() {
        Ok(address) => Ok(Host::Address(address.into())),
        Err(_) => problem("an IPv4 address is written as four decimal numbers, such as 192.0.2.1"),
    }
}

fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x");
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the sandbox, in production in test mode, in production in live mode, and there where
    /// private addresses are allowed: whether such a URL is taken.
    #[track_caller]
    fn check(url: &str, want: [bool; 4]) {
        let found =
            [(false, false, false), (false, true, false), (true, true, false), (true, true, true)]
                .map(|(livemode, production, allow)| {
                    check_url(url, livemode, production, allow).is_ok()
                });
        assert_eq!(found, want, "{url}");
    }

    #[test]
    fn urls_that_are_fine_somewhere() {
        for url in [
            "https://example.com",
            "https://example.com/hook?a=b&c=%20",
            "https://example.com?a=b",
            "HTTPS://Example.COM:8443/x",
            "https://example.com.",
            "https://xn--bcher-kva.example/",
            "https://a_b.example.com/",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]:8443/",
            "https://[::ffff:8.8.8.8]/",
            "https://localhost.example.com/",
            "https://3com.com/",
            "https://0x.example/",
        ] {
            check(url, [true; 4]);
        }
        for url in ["http://example.com/hook", "http://example.com:80/", "http://1.1.1.1"] {
            check(url, [true, true, false, false]);
        }
    }

    #[test]
    fn urls_that_lead_inside() {
        for url in [
            "https://localhost",
            "https://LOCALHOST/",
            "https://localhost./",
            "https://app.localhost/",
            "https://app.localhost./",
            "https://127.0.0.1/",
            "https://127.0.0.1./",
            "https://127.8.9.10:9000/",
            "https://0.0.0.0/",
            "https://10.0.0.1/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://172.16.0.1/",
            "https://192.168.0.1/",
            "https://192.0.2.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fc00::1]/",
            "https://[fe80::1]/",
            "https://[ff02::1]/",
            "https://[2001:db8::1]/",
        ] {
            check(url, [true, false, false, true]);
        }
        for url in ["http://localhost:3000/hook", "http://127.0.0.1:3000", "http://[::1]:1/"] {
            check(url, [true, false, false, false]);
        }
    }

    #[test]
    fn urls_that_are_none() {
        for url in [
            "",
            "/hook",
            "//example.com/",
            "example.com",
            "example.com:443",
            "ftp://example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http:/example.com",
            "http:example.com",
            "https://",
            "https:///hook",
            "https://?a=b",
            "https://.",
            "https://.example.com/",
            "https://example..com/",
            "https://example.com../",
            "https://user@example.com/",
            "https://user:password@example.com/",
            "https://example.com@127.0.0.1/",
            "https://127.0.0.1\\@example.com/",
            "https://example.com\\@127.0.0.1/",
            "https://@example.com/",
            "https://example.com/#part",
            "https://example.com#@127.0.0.1/",
            "https://example.com:0/",
            "https://example.com:65536/",
            "https://example.com:/",
            "https://example.com:+443/",
            "https://example.com:443:80/",
            "https://example.com:http/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0x/",
            "https://127.1/",
            "https://0177.0.0.1/",
            "https://127.0.0.01/",
            "https://127.0.0.1.1/",
            "https://127.0.0/",
            "https://256.0.0.1/",
            "https://1.2.3.4.5.6/",
            "https://example.0x7f/",
            "https://[::1/",
            "https://[::1]x/",
            "https://[fe80::1%25eth0]/",
            "https://[127.0.0.1]/",
            "https://[]/",
            "https://::1/",
            "https://%31%32%37.0.0.1/",
            "https://exam ple.com/",
            "https://example.com/a b",
            " https://example.com/",
            "https://example.com/\n",
            "https://example.com/\r\nX: y",
            "https://ex\tample.com/",
            "https://bücher.example/",
            "https://\u{ff11}27.0.0.1/",
            "https://example.com/ü",
            "https://example.com\0/",
        ] {
            check(url, [false; 4]);
        }
        check(&format!("https://example.com/{}", "x".repeat(URL_CHARS_MAX - 20)), [true; 4]);
        check(&format!("https://example.com/{}", "x".repeat(URL_CHARS_MAX - 19)), [false; 4]);
        check(&format!("https://{}.com/", "x".repeat(LABEL_CHARS_MAX + 1)), [false; 4]);
        check(&format!("https://{}com/", "x.".repeat(130)), [false; 4]);
    }

    #[test]
    fn what_is_read() {
        let target = Target::parse("HTTP://Example.com:8080?a=b").expect("a URL");
        assert_eq!((target.https, target.port), (false, 8080));
        assert_eq!(target.host, Host::Name("example.com".to_owned()));
        assert_eq!(target.authority, "example.com:8080");
        assert_eq!(target.path.to_string(), "/?a=b");
        let target = Target::parse("https://[::1]").expect("a URL");
        assert_eq!((target.https, target.port), (true, 443));
        assert_eq!(target.authority, "[::1]");
        assert_eq!(target.path.to_string(), "/");
    }
}
