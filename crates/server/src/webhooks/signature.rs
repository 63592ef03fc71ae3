//! Signatures: how a receiver knows that an event is from here, and from now.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use books::Timestamp;

/// The value of `Stripe-Signature` for a body that is sent at a moment: one `v1` for each secret.
pub fn sign(secrets: impl Iterator<Item = String>, at: Timestamp, body: &[u8]) -> String {
    let mut header = format!("t={}", at.0);
    for secret in secrets {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .expect("a key of an HMAC may have any length");
        mac.update(at.0.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        header.push_str(",v1=");
        for byte in mac.finalize().into_bytes() {
            for half in [byte >> 4, byte & 15] {
                header.push(char::from_digit(u32::from(half), 16).unwrap_or_default());
            }
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac`, as Stripe's library for Python does.
    #[test]
    fn it_is_what_other_libraries_compute() {
        let secrets = ["a", "b"].map(|letter| format!("whsec_{}", letter.repeat(32)));
        let body = br#"{"id":"evt_1","object":"event"}"#;
        let first = "2a840efbd7664ded7ebdcd0630f32775f0d1bed281e20bb7a0f3d1825f25999e";
        let second = "225278a0f6b9ecbcb74bb299b2a4fdd96df0424815d6cb92604ec62728d91b6a";
        for (count, want) in [
            (0, "t=1700000000".to_owned()),
            (1, format!("t=1700000000,v1={first}")),
            (2, format!("t=1700000000,v1={first},v1={second}")),
        ] {
            let secrets = secrets.iter().take(count).cloned();
            assert_eq!(sign(secrets, Timestamp(1_700_000_000), body), want);
        }
    }
}
