//! Purses that were seen lately, kept in memory for the lane and for reads.
//!
//! Invariant: what is given out was committed, and nothing newer was. The lane is the only writer
//! of the database. It counts up before each commit, so that the count is odd while one runs and
//! nothing is given out, and again when it has published what the batch left behind, before
//! anybody is answered. A reader may add what it read only if nothing was committed since its
//! snapshot began. Bound: two generations of [`GENERATION_MAX`] purses; the older one is dropped
//! whole.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use books::{Number, Purse, World};

/// Purses in a generation, at most: about 200 bytes each.
pub const GENERATION_MAX: usize = 100_000;
const SHARDS: usize = 16;

type Key = (World, Number);

#[derive(Default)]
struct Shard {
    young: HashMap<Key, Purse>,
    old: HashMap<Key, Purse>,
}

impl Shard {
    fn put(&mut self, key: Key, purse: Purse) {
        if self.young.len() >= GENERATION_MAX / SHARDS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, purse);
    }
}

/// The purses, and how many commits there were.
#[derive(Default)]
pub struct Purses {
    shards: [Mutex<Shard>; SHARDS],
    commits: AtomicU64,
}

impl Purses {
    /// The count: a snapshot that began at the same, even count is up to date.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// The purse as it was last committed, if it is here and no commit is running.
    pub(crate) fn get(&self, world: World, customer: Number) -> Option<Purse> {
        if is_running(self.commits()) {
            return None;
        }
        self.last(world, customer)
    }

    /// The purse as the lane last published it: what the lane itself decides on.
    pub(crate) fn last(&self, world: World, customer: Number) -> Option<Purse> {
        let key = (world, customer);
        let mut shard = self.shard(key);
        if let Some(purse) = shard.young.get(&key) {
            return Some(purse.clone());
        }
        let purse = shard.old.remove(&key)?;
        shard.put(key, purse.clone());
        Some(purse)
    }

    /// From here on nothing is given out, until the commit is published or everything forgotten.
    pub(crate) fn commit_begins(&self) {
        if !is_running(self.commits()) {
            self.commits.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The commit is over, or never was: what is here may be given out again.
    pub(crate) fn commit_ends(&self) {
        if is_running(self.commits()) {
            self.commits.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Takes over what the lane committed.
    pub(crate) fn publish<'a>(&self, purses: impl Iterator<Item = (&'a Key, &'a Purse)>) {
        for (key, purse) in purses {
            self.shard(*key).put(*key, purse.clone());
        }
        self.commit_ends();
    }

    /// Adds what a snapshot showed that began at `commits`, unless it may be old by now.
    pub(crate) fn add(&self, world: World, purse: &Purse, commits: u64) {
        let key = (world, purse.standing.number);
        let mut shard = self.shard(key);
        let fresh = !is_running(commits) && self.commits() == commits;
        if fresh && !shard.young.contains_key(&key) {
            shard.put(key, purse.clone());
        }
    }

    /// Forgets everything: after a commit of which nobody knows whether it reached the disk.
    pub(crate) fn clear(&self) {
        self.commit_begins();
        for shard in &self.shards {
            *shard.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Shard::default();
        }
        self.commit_ends();
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard> {
        // The counter bits of a number differ from row to row; its low bits alone do not.
        let mixed = (key.1.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60;
        self.shards[mixed as usize % SHARDS].lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Whether a count stands for a commit that is running.
pub(crate) fn is_running(commits: u64) -> bool {
    commits % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use books::customer::Standing;

    fn purse(number: i64, usd: i64) -> Purse {
        let standing = Standing { number: Number(number), ..Standing::default() };
        let mut purse = Purse { standing, available: Default::default() };
        purse.available.0.insert(books::Currency::USD, usd);
        purse
    }

    #[test]
    fn a_reader_never_adds_what_is_old() {
        let purses = Purses::default();
        let (world, began) = (World(1), purses.commits());
        let committed = purse(7, 200);
        let key = (world, Number(7));
        purses.commit_begins();
        assert_eq!(purses.get(world, Number(7)), None, "while a commit runs");
        purses.publish([(&key, &committed)].into_iter());
        purses.add(world, &purse(7, 100), began);
        assert_eq!(purses.get(world, Number(7)), Some(committed));
        purses.clear();
        purses.add(world, &purse(7, 100), began);
        assert_eq!(purses.get(world, Number(7)), None);
        purses.add(world, &purse(7, 300), purses.commits());
        assert_eq!(purses.get(world, Number(7)), Some(purse(7, 300)));
    }

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let purses = Purses::default();
        let world = World(1);
        for number in 0..3 * GENERATION_MAX as i64 {
            purses.add(world, &purse(number, number), purses.commits());
            assert!(purses.get(world, Number(0)).is_some(), "what is used stays");
        }
        let count = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        };
        let all: usize = purses.shards.iter().map(count).sum();
        assert!(all <= 2 * GENERATION_MAX, "{all}");
        assert!(purses.get(world, Number(1)).is_none(), "what is not used goes");
    }
}
