//! The work itself: one pass does everything that is due, and a move passes through every moment
//! at which something becomes due.
//!
//! Nothing here has to be remembered over a crash: a timer is removed in the commit of its effect,
//! and a lot that is looked at again is left as it is. Bounds: [`TIMERS_MAX`] timers or
//! [`LOTS_MAX`] lots are in memory at once, however many are due.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use books::command::{LaterCommand, SETTLE_MAX};
use books::time::Millis;
use books::timer::{Timer, TimerKind};
use books::{Number, World};
use store::{Result, StoreError};

use super::agenda::{Agenda, Entry};
use super::door::{Door, Verdict};
use super::held::{Held, Item};
use super::steps::next_stop;
use crate::clock::Clock;

/// Timers taken in one round.
pub const TIMERS_MAX: usize = 4 * SETTLE_MAX;
/// Lots looked at in one round.
pub const LOTS_MAX: usize = 256;

/// What the worker knows from one pass to the next.
pub struct Work<D> {
    /// The store.
    pub door: D,
    /// The clock service.
    pub clock: Clock,
    /// Set when the server stops.
    pub stopping: Arc<AtomicBool>,
    /// What did not work.
    pub held: Held,
    /// When to look at lots.
    pub agenda: Agenda,
}

/// A timer and whose it is.
type Due = (World, Timer);

impl<D: Door> Work<D> {
    /// Starts with nothing known.
    pub fn new(door: D, clock: Clock, stopping: Arc<AtomicBool>) -> Work<D> {
        Work { door, clock, stopping, held: Held::default(), agenda: Agenda::default() }
    }

    /// Does everything that is due, and what becomes due by it, but for what is held back.
    pub fn catch_up(&mut self) -> Result<()> {
        loop {
            self.timers()?;
            let now = self.clock.now().seconds();
            self.agenda.refresh(&self.door, now)?;
            match self.agenda.due(now, &self.held) {
                Some(entry) => self.lots(entry)?,
                None => return Ok(()),
            }
        }
    }

    /// Moves the clock to `target`, stopping wherever something is due on the way, and does it.
    pub fn move_clock(&mut self, target: Millis) -> Result<()> {
        self.held.release();
        self.catch_up()?;
        while self.clock.now() < target {
            let next = self.next_timer(target)?.into_iter().chain(self.agenda.next(&self.held));
            let stop = next_stop(self.clock.now(), target, next.min());
            let offset_ms = self.clock.offset_at(stop);
            if offset_ms > self.clock.offset_ms() {
                // Kept first: nothing may be stamped with a time that a restart takes back.
                self.door.save_clock_offset_ms(offset_ms)?;
                self.clock.raise_offset(offset_ms);
            }
            self.catch_up()?;
        }
        Ok(())
    }

    /// When the next timer is due that is not held back, if that is before `target`.
    fn next_timer(&self, target: Millis) -> Result<Option<books::Timestamp>> {
        let timers = self.door.due_timers(target.seconds(), self.held.len() + 1)?;
        let free = |(world, timer): &Due| !self.held.holds(&Item::Timer(*world, *timer));
        Ok(timers.iter().find(|due| free(due)).map(|(_, timer)| timer.due))
    }

    /// Does the timers that are due, round by round.
    fn timers(&mut self) -> Result<()> {
        let mut before = HashSet::new();
        loop {
            self.check_stopping()?;
            let now = self.clock.now().seconds();
            let mut due = self.door.due_timers(now, TIMERS_MAX + self.held.len())?;
            due.retain(|(world, timer)| !self.held.holds(&Item::Timer(*world, *timer)));
            due.truncate(TIMERS_MAX);
            if due.is_empty() {
                return Ok(());
            }
            let mut done = HashSet::new();
            let mut progress = false;
            let (again, fresh): (Vec<_>, Vec<_>) =
                due.into_iter().partition(|d| before.contains(d));
            for (due, verdict) in self.round(fresh)? {
                let item = Item::Timer(due.0, due.1);
                match verdict {
                    Ok(()) => {
                        self.held.done(&item);
                        progress |= done.insert(due);
                    }
                    Err(why) => progress |= self.held.hold(item, &why),
                }
            }
            for (world, timer) in again {
                let item = Item::Timer(world, timer);
                progress |= self.held.hold(item, "it was carried out and is still there");
            }
            if !progress {
                return Ok(());
            }
            before = done;
        }
    }

    /// Carries timers out. Those of a command that fails are tried again, each for itself.
    fn round(&self, due: Vec<Due>) -> Result<Vec<(Due, Verdict)>> {
        let groups = group(due);
        let mut outcomes = Vec::new();
        let mut alone = Vec::new();
        let verdicts = self.door.run(groups.iter().map(|g| command(g.0, &g.1)).collect())?;
        for ((world, timers), verdict) in groups.into_iter().zip(verdicts) {
            let each = timers.into_iter().map(|timer| (world, timer));
            match verdict.is_err() && each.len() > 1 {
                true => alone.extend(each),
                false => outcomes.extend(each.map(|due| (due, verdict.clone()))),
            }
        }
        let singly = alone.iter().map(|(world, timer)| command(*world, &[*timer])).collect();
        outcomes.extend(alone.iter().copied().zip(self.door.run(singly)?));
        Ok(outcomes)
    }

    /// Looks at the lots of one world, up to the newest that is old enough.
    fn lots(&mut self, entry: Entry) -> Result<()> {
        let Entry { world, look, .. } = entry;
        let item = Item::Lots(world, look);
        let mut last = Number(-1);
        loop {
            self.check_stopping()?;
            let now = self.clock.now().seconds();
            let (lots, upto) = self.door.lots_due(world, look, now, LOTS_MAX)?;
            let Some(upto) = upto else {
                let next = self.door.next_lots(&[world], look)?.pop().flatten();
                self.agenda.looked(entry, next, now);
                self.held.done(&item);
                return Ok(());
            };
            let looks = lots.iter().map(|lot| (world, LaterCommand::Look(look, *lot)));
            let verdicts = self.door.run(looks.collect())?;
            let mut failed = lots.iter().zip(&verdicts);
            let failed = failed.find_map(|(lot, verdict)| Some((lot, verdict.as_ref().err()?)));
            // What failed, and all that is newer, will be asked for again.
            let upto = failed.map_or(upto, |(lot, _)| Number(lot.key.number.0 - 1));
            let mut trouble = failed.map(|(lot, why)| format!("lot {:?}: {why}", lot.key));
            if upto > last {
                let looked = vec![(world, LaterCommand::Looked(look, upto))];
                let kept = self.door.run(looked)?.pop().and_then(Verdict::err);
                trouble = trouble.or(kept);
            } else if trouble.is_none() {
                trouble = Some("it was carried out and is still there".into());
            }
            last = upto;
            if let Some(why) = trouble {
                if !self.held.hold(item, &why) {
                    return Err(StoreError::Other(format!("too much fails at once: {why}")));
                }
                return Ok(());
            }
        }
    }

    fn check_stopping(&self) -> Result<()> {
        match self.stopping.load(Ordering::Acquire) {
            true => Err(StoreError::Stopped),
            false => Ok(()),
        }
    }
}

/// Timers of one command: settlements of one world together, anything else by itself. In each world
/// no timer gets before an earlier one.
fn group(due: Vec<Due>) -> Vec<(World, Vec<Timer>)> {
    let mut groups: Vec<(World, Vec<Timer>)> = Vec::new();
    let mut open: HashMap<World, usize> = HashMap::new();
    for (world, timer) in due {
        let settles = timer.kind == TimerKind::Settle;
        let at = open.get(&world).copied().filter(|at| settles && groups[*at].1.len() < SETTLE_MAX);
        match at {
            Some(at) => groups[at].1.push(timer),
            None => {
                groups.push((world, vec![timer]));
                match settles {
                    true => open.insert(world, groups.len() - 1),
                    false => open.remove(&world),
                };
            }
        }
    }
    groups
}

fn command(world: World, timers: &[Timer]) -> (World, LaterCommand) {
    let command = match timers {
        [timer] if timer.kind != TimerKind::Settle => LaterCommand::Due(*timer),
        _ => LaterCommand::Settle(timers.to_vec()),
    };
    (world, command)
}
