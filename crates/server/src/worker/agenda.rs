//! When to look at the lots of which world.
//!
//! Asking every world every second would cost too much: a sandbox may have 100,000. But a look
//! comes 75 days after a credit at the earliest. So what a world answers once holds for long: until
//! the moment that it gave or, where it has no lots, until a credit of today grows old enough. The
//! same is true of worlds that open later. Bound: one moment a world and look.

use std::collections::{BTreeSet, HashSet};

use books::timer::{DAY_S, Look};
use books::{Timestamp, World};
use store::Result;

use super::door::Door;
use super::held::{Held, Item};

/// Worlds asked in one snapshot.
const WORLDS_STEP: usize = 500;

/// A kind of look in a world, and a moment before which none is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The moment.
    pub moment: Timestamp,
    /// The world.
    pub world: World,
    /// Which look.
    pub look: Look,
}

/// The entries of all worlds.
#[derive(Default)]
pub struct Agenda {
    moments: BTreeSet<(Timestamp, World, usize)>,
    known: HashSet<World>,
    /// Until then worlds that are not known have nothing due.
    complete_until: Option<Timestamp>,
}

impl Agenda {
    /// Takes up worlds that are new, where their lots could be old enough by now.
    pub fn refresh(&mut self, door: &dyn Door, now: Timestamp) -> Result<()> {
        if self.complete_until.is_some_and(|until| until > now) {
            return Ok(());
        }
        let mut fresh = door.worlds()?;
        fresh.retain(|world| !self.known.contains(world));
        for worlds in fresh.chunks(WORLDS_STEP) {
            for look in Look::ALL {
                let moments = door.next_lots(worlds, look)?;
                for (world, moment) in worlds.iter().zip(moments) {
                    self.set(*world, look, moment.unwrap_or(earliest(look, now)));
                }
            }
            self.known.extend(worlds);
        }
        let first = Look::ALL.into_iter().map(|look| earliest(look, now)).min();
        self.complete_until = Some(first.unwrap_or(now));
        Ok(())
    }

    /// The first look that may be due at `now` and is not held back.
    pub fn due(&self, now: Timestamp, held: &Held) -> Option<Entry> {
        self.first(held).filter(|entry| entry.moment <= now)
    }

    /// Before this moment nothing is due, but for what is held back.
    pub fn next(&self, held: &Held) -> Option<Timestamp> {
        let moment = self.first(held).map(|entry| entry.moment);
        moment.into_iter().chain(self.complete_until).min()
    }

    /// The look was made at `now`; the next one of its kind in this world is due at `next`.
    pub fn looked(&mut self, entry: Entry, next: Option<Timestamp>, now: Timestamp) {
        let Entry { moment, world, look } = entry;
        self.moments.remove(&(moment, world, position(look)));
        let next = next.unwrap_or(earliest(look, now));
        self.set(world, look, next.max(Timestamp(now.0 + 1)));
    }

    fn first(&self, held: &Held) -> Option<Entry> {
        let entry = |(moment, world, at): &(Timestamp, World, usize)| Entry {
            moment: *moment,
            world: *world,
            look: Look::ALL[*at],
        };
        let mut all = self.moments.iter().map(entry);
        all.find(|entry| !held.holds(&Item::Lots(entry.world, entry.look)))
    }

    fn set(&mut self, world: World, look: Look, moment: Timestamp) {
        self.moments.insert((moment, world, position(look)));
    }
}

/// When a look at a credit that comes now, or later, is due at the earliest.
fn earliest(look: Look, now: Timestamp) -> Timestamp {
    Timestamp(now.0 + look.days() * DAY_S)
}

fn position(look: Look) -> usize {
    match look {
        Look::Return => 0,
        Look::Sweep => 1,
    }
}
