//! What all pages for people share: how HTML leaves, what a browser may do with it, and the parts
//! that pages are made of.
//!
//! Pages are made here, on the server, and can be read without scripts. Nothing is loaded from
//! another host; the Content-Security-Policy says so to the browser.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    LOCATION,
};
use hyper::{Response, StatusCode};
use maud::{DOCTYPE, Markup, html};

use crate::api::serve::Answer;

pub mod accounts;
pub mod addresses;
pub mod assets;
pub mod parts;

/// What a page may load and where its forms may lead: this server, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// A whole document around what a page shows.
pub fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                meta name="referrer" content="same-origin";
                title { (title) " · Purser" }
                link rel="icon" href=(assets::ICON.path()) type="image/svg+xml";
                link rel="stylesheet" href=(assets::STYLE.path());
                script src=(assets::SCRIPT.path()) defer {}
            }
            (body)
        }
    }
}

/// An answer that is a page.
pub fn page(status: StatusCode, markup: Markup) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(markup.into_string())));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    guard(headers);
    answer
}

/// The origin of an address on the web: scheme, host and port, as a browser would spell them.
/// `None` for what is no such address in plain ASCII, or names a user. It is safe in a header.
pub fn origin(url: &str) -> Option<String> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let uri: hyper::Uri = url.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri.authority()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let text = authority.as_str();
    let names_host = authority.host().bytes().any(|byte| byte.is_ascii_alphanumeric());
    // Without a port there must be no colon either, or the browser reads something else.
    let port_fits = text.ends_with(']') || !text.ends_with(':');
    (names_host && port_fits && text.bytes().all(is_plain))
        .then(|| format!("{scheme}://{}", text.to_ascii_lowercase()))
}

/// A page whose form may lead to another origin in the end.
pub fn page_that_leads_to(status: StatusCode, markup: Markup, origin: &str) -> Answer {
    let mut answer = page(status, markup);
    let own = "form-action 'self'";
    let policy = POLICY.replace(own, &format!("{own} {origin}"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// An answer that leads to another page: `to` is a path of this server, or an address with an
/// [`origin`] that somebody with a key has named.
pub fn see_other(to: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/dashboard"));
    answer.headers_mut().insert(LOCATION, to);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    guard(answer.headers_mut());
    answer
}

/// What every page says to the browser that shows it.
pub fn guard(headers: &mut HeaderMap) {
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        // Other sites learn nothing; without any, browsers would not say whose page sends a form.
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}
