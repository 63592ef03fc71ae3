//! The worker on a store that is a few lists, with a clock that stands still unless it is moved.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use books::command::{LaterCommand, SETTLE_MAX};
use books::time::Millis;
use books::timer::{DAY_S, Look, Lot, Timer, TimerKind};
use books::{Currency, Number, RowKey, Timestamp, World};
use store::{Result, StoreError};

use super::door::{Door, Verdict};
use super::work::{LOTS_MAX, TIMERS_MAX, Work};
use crate::clock::Clock;

/// 2030-01-01T00:00:30Z: half a minute past a full one.
const START: i64 = 1_893_456_030;
const WORLD: World = World(1);

/// Lists in place of a store, and a log of what was done to them.
#[derive(Default)]
struct Lists {
    timers: BTreeSet<(Timer, World)>,
    /// What else a timer with this number sets when it is done.
    sets: HashMap<i64, Timer>,
    /// Numbers of rows with which nothing works.
    poison: HashSet<i64>,
    /// Numbers of timers that are done and stay.
    sticky: HashSet<i64>,
    worlds: Vec<World>,
    lots: Vec<(World, Lot)>,
    looked: HashMap<(World, Look), Number>,
    kept_offset_ms: i64,
    broken: bool,
    log: Vec<String>,
    given_max: usize,
}

struct Fake {
    lists: Mutex<Lists>,
    clock: Clock,
}

impl Fake {
    fn now(&self) -> Timestamp {
        self.clock.now().seconds()
    }

    fn carry_out(&self, lists: &mut Lists, world: World, command: &LaterCommand) -> Verdict {
        let at = self.now().0 - START;
        assert!(self.clock.offset_ms() <= lists.kept_offset_ms, "the offset is kept first");
        match command {
            LaterCommand::Settle(timers) => {
                assert!(timers.len() <= SETTLE_MAX);
                self.remove(lists, world, timers)?;
                lists.log.push(format!("{at} world {} settle {}", world.0, timers.len()));
            }
            LaterCommand::Due(timer) => {
                self.remove(lists, world, &[*timer])?;
                let (kind, number) = (timer.kind.as_str(), timer.key.number.0);
                lists.log.push(format!("{at} world {} {kind} {number}", world.0));
            }
            LaterCommand::Look(look, lot) => {
                assert!(lot.due(*look) <= self.now());
                if lists.poison.contains(&lot.amount) {
                    return Err("poison".into());
                }
                lists.log.push(format!("{at} world {} {look:?} {}", world.0, lot.amount));
            }
            LaterCommand::Looked(look, upto) => {
                lists.looked.insert((world, *look), *upto);
            }
        }
        Ok(())
    }

    fn remove(&self, lists: &mut Lists, world: World, timers: &[Timer]) -> Verdict {
        let number = |timer: &Timer| timer.key.number.0;
        if timers.iter().any(|timer| lists.poison.contains(&number(timer))) {
            return Err("poison".into());
        }
        for timer in timers {
            assert!(timer.due <= self.now(), "before its moment");
            if !lists.sticky.contains(&number(timer)) {
                assert!(lists.timers.remove(&(*timer, world)), "done twice");
            }
            if let Some(next) = lists.sets.remove(&number(timer)) {
                lists.timers.insert((next, world));
            }
        }
        Ok(())
    }
}

impl Door for Fake {
    fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<(World, Timer)>> {
        let mut lists = self.lists.lock().unwrap();
        let due = lists.timers.iter().take_while(|(timer, _)| timer.due <= now).take(limit);
        let due: Vec<_> = due.map(|(timer, world)| (*world, *timer)).collect();
        lists.given_max = lists.given_max.max(due.len());
        Ok(due)
    }

    fn worlds(&self) -> Result<Vec<World>> {
        Ok(self.lists.lock().unwrap().worlds.clone())
    }

    fn next_lots(&self, worlds: &[World], look: Look) -> Result<Vec<Option<Timestamp>>> {
        let lists = self.lists.lock().unwrap();
        let next = |world: &World| {
            let seen = lists.looked.get(&(*world, look)).copied().unwrap_or(Number(-1));
            let waiting = lists.lots.iter().filter(|(w, l)| w == world && l.key.number > seen);
            waiting.map(|(_, lot)| lot.due(look)).min()
        };
        Ok(worlds.iter().map(next).collect())
    }

    fn lots_due(
        &self,
        world: World,
        look: Look,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Lot>, Option<Number>)> {
        let lists = self.lists.lock().unwrap();
        let seen = lists.looked.get(&(world, look)).copied().unwrap_or(Number(-1));
        let newest = Lot::newest_due(look, now);
        let due = |number: Number| number > seen && number <= newest;
        let lots = lists.lots.iter().filter(|(w, lot)| *w == world && due(lot.key.number));
        let lots: Vec<_> = lots.map(|(_, lot)| *lot).take(limit).collect();
        let upto = lots.last().map(|lot| lot.key.number);
        Ok((lots, upto))
    }

    fn run(&self, commands: Vec<(World, LaterCommand)>) -> Result<Vec<Verdict>> {
        let mut lists = self.lists.lock().unwrap();
        if lists.broken && !commands.is_empty() {
            return Err(StoreError::Full);
        }
        let each = commands.iter();
        Ok(each.map(|(world, command)| self.carry_out(&mut lists, *world, command)).collect())
    }

    fn save_clock_offset_ms(&self, offset_ms: i64) -> Result<()> {
        self.lists.lock().unwrap().kept_offset_ms = offset_ms;
        Ok(())
    }
}

/// A timer that is due so many seconds after the start.
fn timer(due_s: i64, kind: TimerKind, number: i64) -> Timer {
    let key = RowKey { customer: Number(0), number: Number(number) };
    Timer { due: Timestamp(START + due_s), kind, key }
}

/// Money that came so many seconds after the start, with an amount to know it by.
fn lot(at_s: i64, amount: i64) -> Lot {
    let number = Number(Number::first_at(Timestamp(START + at_s)).0 + amount);
    let key = RowKey { customer: Number(7), number };
    Lot { key, currency: Currency::parse("eur").unwrap(), amount }
}

fn worker(lists: Lists) -> Work<Fake> {
    let clock = Clock::new(|| Millis(START * 1000 + 250));
    let door = Fake { lists: Mutex::new(lists), clock: clock.clone() };
    Work::new(door, clock, Arc::default())
}

impl Work<Fake> {
    fn lists(&self) -> std::sync::MutexGuard<'_, Lists> {
        self.door.lists.lock().unwrap()
    }

    /// What was done since this was asked last.
    #[track_caller]
    fn check(&self, want: &[&str]) {
        let log = std::mem::take(&mut self.lists().log);
        assert_eq!(log, want);
    }

    fn move_by(&mut self, seconds: i64) -> Result<()> {
        self.move_clock(Millis(self.clock.now().0 + seconds * 1000))
    }

    #[track_caller]
    fn stands_at(&self, seconds: i64) {
        assert_eq!(self.clock.now(), Millis((START + seconds) * 1000 + 250));
    }
}

#[test]
fn settlements_of_a_world_go_together_and_nothing_overtakes() {
    use TimerKind::{PayoutLeaves, Settle};
    let mut lists = Lists::default();
    for number in 0..SETTLE_MAX as i64 + 1 {
        lists.timers.insert((timer(-20, Settle, number), WORLD));
        lists.timers.insert((timer(-15, Settle, number), World(2)));
    }
    lists.timers.insert((timer(-17, PayoutLeaves, 9_000), World(2)));
    lists.timers.insert((timer(-10, PayoutLeaves, 9_001), WORLD));
    lists.timers.insert((timer(-5, Settle, 9_002), WORLD));
    lists.timers.insert((timer(1, Settle, 9_003), WORLD));
    let mut work = worker(lists);
    work.catch_up().unwrap();
    work.check(&[
        "0 world 1 settle 500",
        "0 world 1 settle 1",
        "0 world 2 payout_leaves 9000",
        "0 world 2 settle 500",
        "0 world 2 settle 1",
        "0 world 1 payout_leaves 9001",
        "0 world 1 settle 1",
    ]);
    assert_eq!(work.lists().timers.len(), 1, "what is not due stays");
}

#[test]
fn what_fails_is_held_back_and_blocks_nothing() {
    use TimerKind::{RefundExpires, Settle};
    let mut lists = Lists { poison: [2, 5].into(), ..Lists::default() };
    lists.timers.extend((1..=3).map(|number| (timer(-20, Settle, number), WORLD)));
    lists.timers.extend((4..=6).map(|number| (timer(-20, RefundExpires, number), WORLD)));
    let mut work = worker(lists);
    work.catch_up().unwrap();
    work.check(&[
        "0 world 1 refund_expires 4",
        "0 world 1 refund_expires 6",
        "0 world 1 settle 1",
        "0 world 1 settle 1",
    ]);
    assert_eq!(work.held.len(), 2);
    work.lists().poison = [5].into();
    work.catch_up().unwrap();
    work.check(&[]);
    (0..2).for_each(|_| work.held.tick());
    work.catch_up().unwrap();
    work.check(&["0 world 1 settle 1"]);
    assert_eq!(work.held.len(), 1, "one still does not work");
    work.lists().poison.clear();
    work.move_by(1).unwrap();
    work.check(&["0 world 1 refund_expires 5"]);
    assert_eq!(work.held.len(), 0);
}

#[test]
fn a_timer_that_is_done_and_stays_does_not_spin() {
    let mut lists = Lists { sticky: [1].into(), ..Lists::default() };
    lists.timers.insert((timer(-1, TimerKind::RefundArrives, 1), WORLD));
    let mut work = worker(lists);
    work.catch_up().unwrap();
    work.check(&["0 world 1 refund_arrives 1"]);
    assert_eq!(work.held.len(), 1);
}

#[test]
fn a_moved_clock_stops_where_something_is_due() {
    use TimerKind::{PayoutArrives, PayoutLeaves, RefundExpires};
    let mut lists = Lists { worlds: vec![WORLD], ..Lists::default() };
    lists.timers.insert((timer(0, PayoutLeaves, 1), WORLD));
    lists.timers.insert((timer(40, PayoutLeaves, 2), WORLD));
    lists.timers.insert((timer(85, PayoutLeaves, 3), WORLD));
    lists.timers.insert((timer(DAY_S, RefundExpires, 4), World(2)));
    lists.timers.insert((timer(2 * DAY_S, RefundExpires, 5), World(2)));
    lists.sets.insert(2, timer(DAY_S - 300, PayoutArrives, 6));
    lists.sets.insert(6, timer(DAY_S - 300, PayoutArrives, 7));
    lists.poison.insert(8);
    lists.timers.insert((timer(60, PayoutLeaves, 8), WORLD));
    let mut work = worker(lists);
    work.move_by(DAY_S + 3).unwrap();
    work.check(&[
        "0 world 1 payout_leaves 1",
        "90 world 1 payout_leaves 2",
        "90 world 1 payout_leaves 3",
        "86130 world 1 payout_arrives 6",
        "86130 world 1 payout_arrives 7",
        "86403 world 2 refund_expires 4",
    ]);
    work.stands_at(DAY_S + 3);
    assert_eq!(work.lists().kept_offset_ms, (DAY_S + 3) * 1000);
    work.move_clock(Millis(0)).unwrap();
    work.stands_at(DAY_S + 3);
}

#[test]
fn when_the_store_fails_the_clock_stays_where_it_is() {
    let mut lists = Lists::default();
    lists.timers.insert((timer(DAY_S, TimerKind::Settle, 1), WORLD));
    let mut work = worker(lists);
    work.lists().broken = true;
    assert_eq!(work.move_by(3 * DAY_S), Err(StoreError::Full));
    let stop = DAY_S + 30;
    assert_eq!(work.clock.now(), Millis((START + stop) * 1000));
    work.lists().broken = false;
    work.catch_up().unwrap();
    work.check(&["86430 world 1 settle 1"]);
    work.stopping.store(true, std::sync::atomic::Ordering::Release);
    assert_eq!(work.move_by(DAY_S), Err(StoreError::Stopped));
}

#[test]
fn lots_are_looked_at_twice_each_at_its_age() {
    let mut lists = Lists { worlds: vec![WORLD, World(2)], ..Lists::default() };
    lists.lots.extend([(WORLD, lot(-80 * DAY_S, 1)), (WORLD, lot(5, 2)), (World(2), lot(7, 3))]);
    let mut work = worker(lists);
    work.catch_up().unwrap();
    work.check(&["0 world 1 Return 1"]);
    work.catch_up().unwrap();
    work.check(&[]);
    // A world that opens later, and money that comes when its world was asked already.
    work.move_by(70 * DAY_S).unwrap();
    work.check(&["864030 world 1 Sweep 1"]);
    work.lists().worlds.push(World(3));
    work.lists().lots.extend([(WORLD, lot(70 * DAY_S, 4)), (World(3), lot(70 * DAY_S, 5))]);
    work.move_by(100 * DAY_S).unwrap();
    let at = |days: i64, seconds: i64| days * DAY_S + seconds;
    work.check(&[
        &format!("{} world 1 Return 2", at(75, 30)),
        &format!("{} world 2 Return 3", at(75, 30)),
        &format!("{} world 1 Sweep 2", at(90, 30)),
        &format!("{} world 2 Sweep 3", at(90, 30)),
        &format!("{} world 1 Return 4", at(145, 30)),
        &format!("{} world 3 Return 5", at(145, 30)),
        &format!("{} world 1 Sweep 4", at(160, 30)),
        &format!("{} world 3 Sweep 5", at(160, 30)),
    ]);
    work.stands_at(170 * DAY_S);
}

#[test]
fn a_lot_that_fails_is_asked_for_again_and_other_worlds_go_on() {
    let mut lists = Lists { worlds: vec![WORLD, World(2)], ..Lists::default() };
    let old = |amount| lot(-76 * DAY_S + amount, amount);
    lists.lots.extend((1..=3).map(|amount| (WORLD, old(amount))));
    lists.lots.push((World(2), old(4)));
    lists.poison.insert(2);
    let mut work = worker(lists);
    work.catch_up().unwrap();
    work.check(&["0 world 1 Return 1", "0 world 1 Return 3", "0 world 2 Return 4"]);
    work.move_by(1).unwrap();
    work.check(&["0 world 1 Return 3"]);
    work.lists().poison.clear();
    (0..2).for_each(|_| work.held.tick());
    work.catch_up().unwrap();
    work.check(&["1 world 1 Return 2", "1 world 1 Return 3"]);
}

#[test]
fn a_hundred_thousand_drain_with_few_in_memory_at_once() {
    const MANY: i64 = 100_000;
    let mut lists = Lists { worlds: vec![WORLD], ..Lists::default() };
    for number in 0..MANY {
        lists.timers.insert((timer(-number % 900, TimerKind::Settle, number), WORLD));
        lists.lots.push((WORLD, lot(-80 * DAY_S + number / 10, number)));
    }
    let mut work = worker(lists);
    work.catch_up().unwrap();
    let lists = work.lists();
    assert!(lists.timers.is_empty());
    assert!(lists.given_max <= TIMERS_MAX, "{} timers at once", lists.given_max);
    let settled = lists.log.iter().filter(|line| line.contains("settle 500")).count();
    assert_eq!(settled as i64, MANY / SETTLE_MAX as i64);
    assert_eq!(lists.log.len() - settled, MANY as usize, "each lot once");
    const { assert!(LOTS_MAX <= TIMERS_MAX) };
}
