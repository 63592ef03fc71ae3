//! Slows down whoever guesses passwords: so many failed sign-ins for a name, and so many from an
//! address, in a while; then nothing is even looked at until it is over.
//!
//! Each try counts before it is judged, so that many at once count too; one that was right is taken
//! back. Bound: [`SUBJECTS_MAX`] names and addresses, of which the oldest are forgotten first.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use books::Timestamp;

/// Failed sign-ins for a name or from an address in [`WINDOW_S`], at most.
pub const TRIES_MAX: u32 = 10;
/// Seconds in which they count.
pub const WINDOW_S: i64 = 600;
/// Names and addresses that are remembered, at most.
const SUBJECTS_MAX: usize = 10_000;

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

/// Who tried, and how often.
#[derive(Default)]
pub struct Guesses(Mutex<HashMap<Subject, Tries>>);

#[derive(Clone, Copy)]
struct Tries {
    since: Timestamp,
    count: u32,
}

impl Guesses {
    /// Counts a try; if there were too many, gives the seconds until the next.
    pub fn count(&self, subjects: &[Subject], now: Timestamp) -> Result<(), i64> {
        let mut known = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let end = |tries: &Tries| tries.since.0 + WINDOW_S;
        let waits = subjects.iter().filter_map(|subject| {
            let tries = known.get(subject)?;
            (tries.count >= TRIES_MAX && end(tries) > now.0).then(|| end(tries) - now.0)
        });
        if let Some(wait_s) = waits.max() {
            return Err(wait_s);
        }
        for subject in subjects {
            let is_new = !known.contains_key(subject);
            if is_new && known.len() >= SUBJECTS_MAX {
                known.retain(|_, tries| end(tries) > now.0);
            }
            if is_new && known.len() >= SUBJECTS_MAX {
                let oldest = known.iter().min_by_key(|(_, tries)| tries.since);
                let oldest = oldest.map(|(subject, _)| subject.clone());
                oldest.and_then(|subject| known.remove(&subject));
            }
            let tries = known.entry(subject.clone()).or_insert(Tries { since: now, count: 0 });
            if end(tries) <= now.0 {
                *tries = Tries { since: now, count: 0 };
            }
            tries.count += 1;
        }
        Ok(())
    }

    /// Takes a try back that was right.
    pub fn forgive(&self, subjects: &[Subject]) {
        let mut known = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for subject in subjects {
            if let Some(tries) = known.get_mut(subject) {
                tries.count = tries.count.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Subject {
        Subject::Name(name.to_owned())
    }

    #[test]
    fn too_many_tries_wait_until_the_while_is_over() {
        let guesses = Guesses::default();
        for second in 0..i64::from(TRIES_MAX) {
            assert_eq!(guesses.count(&[name("ada")], Timestamp(second)), Ok(()));
        }
        assert_eq!(guesses.count(&[name("ada")], Timestamp(100)), Err(WINDOW_S - 100));
        assert_eq!(guesses.count(&[name("bob")], Timestamp(100)), Ok(()));
        let both = [name("bob"), name("ada")];
        assert_eq!(guesses.count(&both, Timestamp(WINDOW_S - 1)), Err(1));
        assert_eq!(guesses.count(&both, Timestamp(WINDOW_S)), Ok(()));
    }

    #[test]
    fn right_ones_are_taken_back() {
        let guesses = Guesses::default();
        for _ in 0..3 * TRIES_MAX {
            assert_eq!(guesses.count(&[name("ada")], Timestamp(0)), Ok(()));
            guesses.forgive(&[name("ada")]);
        }
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let guesses = Guesses::default();
        for _ in 0..TRIES_MAX {
            guesses.count(&[name("ada")], Timestamp(5)).unwrap();
        }
        for at in 0..SUBJECTS_MAX + 10 {
            guesses.count(&[name(&format!("n{at}"))], Timestamp(6)).unwrap();
        }
        assert_eq!(guesses.0.lock().unwrap().len(), SUBJECTS_MAX);
    }

    #[test]
    fn a_network_is_one_address() {
        let at = |text: &str| Subject::at(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2:3::4"), at("2001:db8:1:2:9::9"));
        assert_ne!(at("2001:db8:1:2::"), at("2001:db8:1:3::"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_ne!(at("10.0.0.2"), at("10.0.0.1"));
    }
}
