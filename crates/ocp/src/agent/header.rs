//! Headers that callers give: checked before they are kept, merged by name.

use crate::error::Error;

/// Headers of one API or call.
pub const HEADERS_MAX: usize = 64;
/// Bytes of one value.
pub const VALUE_BYTES_MAX: usize = 8_192;

/// Headers that say how a message is framed or where it goes; the transport writes them itself.
const OWN: &[&str] =
    &["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"];

/// Checks headers. Faults name a header, never its value.
pub fn check(headers: &[(String, String)]) -> Result<(), Error> {
    let mut faults = Vec::new();
    if headers.len() > HEADERS_MAX {
        faults.push(format!("there are more than {HEADERS_MAX} headers (HEADERS_MAX)"));
    }
    for (name, value) in headers.iter().take(HEADERS_MAX) {
        if !is_token(name) {
            faults.push("the name of a header is made of letters, digits and -".to_owned());
        } else if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            faults.push(format!("the header {name} cannot be given"));
        } else if value.len() > VALUE_BYTES_MAX {
            faults.push(format!("{name} has over {VALUE_BYTES_MAX} bytes (VALUE_BYTES_MAX)"));
        } else if value.chars().any(|char| char.is_control() || u32::from(char) > 0xff) {
            faults.push(format!("the header {name} has a character that cannot be sent"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Arguments(faults)) }
}

/// Puts headers over others: what both name is taken from `over`.
pub fn put_over(under: &mut Vec<(String, String)>, over: &[(String, String)]) {
    let named = |name: &str| over.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    under.retain(|(name, _)| !named(name));
    under.extend_from_slice(over);
}

/// Whether a header is there and not empty.
pub fn has(headers: &[(String, String)], name: &str) -> bool {
    let mut known = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    known.any(|(_, value)| !value.trim().is_empty())
}

fn is_token(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= 100 && name.bytes().all(known)
}
