//! What did not work and is left alone for a while, so that it neither spins nor blocks the rest.
//!
//! Time is counted in ticks of the worker, about one a second: the moved clock of a sandbox says
//! nothing about when a fault may be gone. Bound: [`HELD_MAX`] things.

use std::collections::HashMap;

use books::World;
use books::timer::{Look, Timer};

/// Things held back at once, at most.
pub const HELD_MAX: usize = 1000;
/// The longest pause between two tries, in ticks: about ten minutes.
pub const PAUSE_MAX: u64 = 600;

/// Something that can be held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A timer.
    Timer(World, Timer),
    /// A kind of look at the lots of a world.
    Lots(World, Look),
}

/// The things that are held back.
#[derive(Default)]
pub struct Held {
    tick: u64,
    items: HashMap<Item, Hold>,
}

struct Hold {
    tries: u32,
    until: u64,
}

impl Held {
    /// A tick has passed.
    pub fn tick(&mut self) {
        self.tick += 1;
        // What was not tried again in all that time is not there any more.
        self.items.retain(|_, hold| hold.until + PAUSE_MAX > self.tick);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Lets everything be tried again at once.
    pub fn release(&mut self) {
        self.items.clear();
    }

    /// Whether to leave it alone for now.
    pub fn holds(&self, item: &Item) -> bool {
        self.items.get(item).is_some_and(|hold| hold.until > self.tick)
    }

    /// It failed: the next try is later, each time twice as much. `false` where there is no room
    /// to remember it.
    pub fn hold(&mut self, item: Item, why: &str) -> bool {
        if self.items.len() >= HELD_MAX && !self.items.contains_key(&item) {
            return false;
        }
        let hold = self.items.entry(item).or_insert(Hold { tries: 0, until: 0 });
        hold.tries = hold.tries.saturating_add(1);
        hold.until = self.tick + pause(hold.tries);
        let (tries, again_in_s) = (hold.tries, pause(hold.tries));
        tracing::error!(?item, tries, again_in_s, why, "something that is due was not done");
        true
    }

    /// It worked.
    pub fn done(&mut self, item: &Item) {
        self.items.remove(item);
    }
}

/// Ticks to wait after so many failures in a row: 2, 4, 8 and so on.
pub fn pause(tries: u32) -> u64 {
    2u64.checked_pow(tries).unwrap_or(PAUSE_MAX).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_pause() {
        let item = Item::Lots(World(1), Look::Sweep);
        let mut held = Held::default();
        for (tries, want) in [(1, 2), (2, 4), (3, 8), (9, 512), (10, 600), (200, 600)] {
            assert_eq!(pause(tries), want, "after {tries} failures");
        }
        assert!(held.hold(item, "a test"));
        held.tick();
        assert!(held.holds(&item));
        held.tick();
        assert!(!held.holds(&item), "to be tried again");
        assert!(held.hold(item, "a test"));
        (0..4).for_each(|_| held.tick());
        assert!(!held.holds(&item), "four ticks after the second failure");
        held.done(&item);
        assert_eq!(held.len(), 0);
    }

    #[test]
    fn it_stays_bounded_and_forgets_what_is_gone() {
        let mut held = Held::default();
        for world in 0..HELD_MAX as i64 {
            assert!(held.hold(Item::Lots(World(world), Look::Return), "a test"));
        }
        assert!(!held.hold(Item::Lots(World(-1), Look::Return), "a test"));
        assert!(held.hold(Item::Lots(World(0), Look::Return), "a test"), "known already");
        (0..2 * PAUSE_MAX).for_each(|_| held.tick());
        assert_eq!(held.len(), 0);
    }
}
