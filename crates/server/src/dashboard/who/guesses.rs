//! Whom failed sign-ins are counted for: see [`crate::tries`].

use std::net::IpAddr;

/// What tries are counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The name of a user, whether there is one or not.
    Name(String),
    /// Where somebody is; of an IPv6 address the network.
    Address(IpAddr),
}

impl Subject {
    /// Somebody at an address.
    pub fn at(address: IpAddr) -> Subject {
        Subject::Address(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
            v4 => v4,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_one_address() {
        let at = |text: &str| Subject::at(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2:3::4"), at("2001:db8:1:2:9::9"));
        assert_ne!(at("2001:db8:1:2::"), at("2001:db8:1:3::"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_ne!(at("10.0.0.2"), at("10.0.0.1"));
    }
}
