//! Time, and the worker: what is due is read from the books and carried out through the lane, as
//! the server's worker does it.

use books::command::{LaterCommand, SETTLE_MAX};
use books::timer::{Look, Timer, TimerKind};
use books::{Command, Number, Timestamp, World};
use store::Result as StoreResult;

use crate::job::Ask;
use crate::simulator::Simulator;

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 3600 * SECOND_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Timers and lots that are taken in one round.
const TIMERS_MAX: usize = 50;
const LOTS_MAX: usize = 50;
/// Rounds until nothing is due, at most.
const ROUNDS_MAX: usize = 2000;
/// Stops that a clock makes which goes through every moment at which something is due.
const STOPS_MAX: usize = 10;

impl Simulator {
    /// The clock moves on: a bit, a day, or a hundred, all at once or from one moment at which
    /// something is due to the next.
    pub fn pass_time(&mut self) -> Result<(), String> {
        let by_ms = match self.random.below(100) {
            0..4 => -self.random.between(1, 1500),
            4..60 => self.random.between(0, 2 * SECOND_MS),
            60..78 => self.random.between(SECOND_MS, HOUR_MS),
            78..87 => self.random.between(HOUR_MS, 30 * HOUR_MS),
            87..96 => self.random.between(DAY_MS, 20 * DAY_MS),
            _ => self.random.between(20 * DAY_MS, 100 * DAY_MS),
        };
        let from_ms = self.now_ms();
        self.log.say(|| format!("{by_ms} ms pass"));
        if by_ms < 0 {
            self.clock.store(from_ms + by_ms, std::sync::atomic::Ordering::SeqCst);
        }
        if by_ms > HOUR_MS && self.random.percent(60) {
            for _ in 0..STOPS_MAX {
                self.work()?;
                let next = self.next_due()?.map(|due| due.0 * 1000);
                match next.filter(|next| (self.now_ms()..from_ms + by_ms).contains(next)) {
                    Some(next) => self.set_clock(next),
                    None => break,
                }
            }
        }
        self.set_clock(from_ms + by_ms);
        if by_ms > HOUR_MS || self.random.percent(40) { self.work() } else { Ok(()) }
    }

    fn now_ms(&self) -> i64 {
        self.clock.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Does everything that is due.
    pub fn work(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS_MAX {
            if self.timers()? {
                continue;
            }
            if !self.lots()? {
                return Ok(());
            }
        }
        Err(format!("after {ROUNDS_MAX} rounds something is still due"))
    }

    /// When something is due next.
    pub fn next_due(&self) -> Result<Option<Timestamp>, String> {
        self.read(|reader| {
            let mut next = reader.next_timer()?;
            for (world, _) in &self.known {
                for look in Look::ALL {
                    let lot = reader.next_lot(*world, look)?;
                    next = next.into_iter().chain(lot).min();
                }
            }
            Ok(next)
        })
    }

    pub fn read<T>(
        &self,
        read: impl FnOnce(&store::Reader) -> StoreResult<T>,
    ) -> Result<T, String> {
        self.life().readers.snapshot(read).map_err(|error| format!("a read failed: {error}"))
    }

    /// One round of timers; whether there were any.
    fn timers(&mut self) -> Result<bool, String> {
        let now = self.now();
        let due = self.read(|reader| reader.due_timers(now, TIMERS_MAX))?;
        self.shadow.check_due(&due)?;
        if due.is_empty() {
            return Ok(false);
        }
        let errands = group(due).into_iter().map(|(world, timers)| match timers.as_slice() {
            [timer] if timer.kind != TimerKind::Settle => errand(world, LaterCommand::Due(*timer)),
            _ => errand(world, LaterCommand::Settle(timers)),
        });
        let errands = errands.collect();
        self.errands(errands)?;
        Ok(true)
    }

    /// One round of lots that nobody claimed; whether there were any.
    fn lots(&mut self) -> Result<bool, String> {
        let now = self.now();
        let worlds: Vec<World> = self.known.iter().map(|(world, _)| *world).collect();
        for (world, look) in worlds.iter().flat_map(|world| Look::ALL.map(|look| (*world, look))) {
            let (lots, upto) = self.read(|reader| {
                let (lots, upto) = reader.lots_due(world, look, now, LOTS_MAX)?;
                let mut left = Vec::new();
                for lot in lots {
                    let purse = reader.purse(world, lot.key.customer)?;
                    if purse.is_some_and(|purse| purse.available.get(lot.currency) > 0) {
                        left.push(lot);
                    }
                }
                Ok((left, upto))
            })?;
            let Some(upto) = upto else { continue };
            let life = self.life().home.clone();
            let looks = lots.into_iter().map(|lot| errand(world, LaterCommand::Look(look, lot)));
            let looks: Vec<Ask> = looks.collect();
            if !looks.is_empty() {
                self.errands(looks)?;
            }
            // A worker that died in between knows nothing of what it did, and looks again.
            if self.life().home == life {
                self.wave(vec![errand(world, LaterCommand::Looked(look, Number(upto.0)))])?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Errands go in their order; clients' requests come in between.
    fn errands(&mut self, errands: Vec<Ask>) -> Result<(), String> {
        let mut asks = Vec::new();
        if self.random.percent(25) {
            let count = 1 + self.random.below(8);
            asks = self.next_asks(count);
        }
        self.random.weave(&mut asks, errands);
        self.wave(asks)
    }
}

fn errand(world: World, command: LaterCommand) -> Ask {
    Ask { world, command: Command::Later(command), key: None, client: None }
}

/// Timers of one command: settlements of one world together, anything else by itself. In each world
/// no timer gets before an earlier one.
fn group(due: Vec<(World, Timer)>) -> Vec<(World, Vec<Timer>)> {
    let mut groups: Vec<(World, Vec<Timer>)> = Vec::new();
    for (world, timer) in due {
        let settles = timer.kind == TimerKind::Settle;
        let last = groups.iter_mut().rev().find(|(of, _)| *of == world);
        match last {
            Some((_, timers))
                if settles && timers[0].kind == TimerKind::Settle && timers.len() < SETTLE_MAX =>
            {
                timers.push(timer);
            }
            _ => groups.push((world, vec![timer])),
        }
    }
    groups
}
