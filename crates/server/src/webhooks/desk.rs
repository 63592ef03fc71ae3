//! What endpoints are to be told beside new events: retries that are due, and what somebody asked
//! for by hand.
//!
//! Bounds, for each endpoint: [`RETRIES_IN_HAND_MAX`] retries and [`RESENDS_MAX`] resends.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use books::timer::Timer;
use books::{Number, World};

/// Retries that are taken from the store and not reported yet, for one endpoint at most.
pub const RETRIES_IN_HAND_MAX: usize = 256;
/// Resends by hand that wait, for one endpoint at most.
pub const RESENDS_MAX: usize = 256;

/// [`RESENDS_MAX`] resends wait for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyResends;

/// An endpoint of a world.
pub type Key = (World, Number);

/// One tray for each endpoint that has something on it.
#[derive(Default)]
pub struct Desk(Mutex<HashMap<Key, Tray>>);

#[derive(Default)]
struct Tray {
    resends: VecDeque<Number>,
    retries: VecDeque<Timer>,
    in_hand: HashSet<Timer>,
}

/// What became of a retry that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It waits now.
    Taken,
    /// It is being seen to already.
    InHand,
    /// There is no room.
    Full,
}

impl Desk {
    /// Puts down that an endpoint is to be told of an event once more.
    pub fn resend(&self, key: Key, event: Number) -> Result<(), TooManyResends> {
        let mut trays = self.trays();
        let resends = &mut trays.entry(key).or_default().resends;
        if resends.len() >= RESENDS_MAX {
            return Err(TooManyResends);
        }
        resends.push_back(event);
        Ok(())
    }

    /// Puts down a retry that is due.
    pub fn offer(&self, key: Key, timer: Timer) -> Offered {
        let mut trays = self.trays();
        let tray = trays.entry(key).or_default();
        if tray.in_hand.contains(&timer) {
            return Offered::InHand;
        }
        if tray.in_hand.len() >= RETRIES_IN_HAND_MAX {
            return Offered::Full;
        }
        tray.in_hand.insert(timer);
        tray.retries.push_back(timer);
        Offered::Taken
    }

    /// Takes the first resend that can be seen to now.
    pub fn take_resend(&self, key: Key, can_be: impl Fn(Number) -> bool) -> Option<Number> {
        let mut trays = self.trays();
        let resends = &mut trays.get_mut(&key)?.resends;
        let at = resends.iter().position(|event| can_be(*event))?;
        resends.remove(at)
    }

    /// Takes the first retry that can be seen to now. It is in hand until [`Desk::put_down`].
    pub fn take_retry(&self, key: Key, can_be: impl Fn(Number) -> bool) -> Option<Timer> {
        let mut trays = self.trays();
        let retries = &mut trays.get_mut(&key)?.retries;
        let at = retries.iter().position(|timer| can_be(timer.key.number))?;
        retries.remove(at)
    }

    /// Retries that were reported: the store knows of them now.
    pub fn put_down(&self, key: Key, timers: &[Timer]) {
        if timers.is_empty() {
            return;
        }
        let mut trays = self.trays();
        if let Some(tray) = trays.get_mut(&key) {
            for timer in timers {
                tray.in_hand.remove(timer);
            }
        }
        trim(&mut trays, key);
    }

    /// Forgets the retries of an endpoint that nobody tells any more; the store has their timers.
    pub fn forget_retries(&self, key: Key) {
        let mut trays = self.trays();
        if let Some(tray) = trays.get_mut(&key) {
            tray.retries.clear();
            tray.in_hand.clear();
        }
        trim(&mut trays, key);
    }

    /// Takes the resends of endpoints that nobody tells.
    pub fn resends_of_others(&self, is_told: impl Fn(&Key) -> bool) -> Vec<(Key, Vec<Number>)> {
        let mut trays = self.trays();
        let mut found = Vec::new();
        trays.retain(|key, tray| {
            if !tray.resends.is_empty() && !is_told(key) {
                found.push((*key, std::mem::take(&mut tray.resends).into()));
            }
            !tray.is_empty()
        });
        found
    }

    fn trays(&self) -> MutexGuard<'_, HashMap<Key, Tray>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Tray {
    fn is_empty(&self) -> bool {
        self.resends.is_empty() && self.retries.is_empty() && self.in_hand.is_empty()
    }
}

fn trim(trays: &mut HashMap<Key, Tray>, key: Key) {
    if trays.get(&key).is_some_and(Tray::is_empty) {
        trays.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use books::timer::TimerKind;
    use books::{RowKey, Timestamp};

    const KEY: Key = (World(1), Number(7));

    fn timer(event: i64) -> Timer {
        let key = RowKey { customer: KEY.1, number: Number(event) };
        Timer { due: Timestamp(1), kind: TimerKind::Redeliver, key }
    }

    #[test]
    fn a_retry_is_in_hand_until_it_is_reported() {
        let desk = Desk::default();
        assert_eq!(desk.offer(KEY, timer(1)), Offered::Taken);
        assert_eq!(desk.offer(KEY, timer(1)), Offered::InHand);
        assert_eq!(desk.take_retry(KEY, |_| false), None);
        assert_eq!(desk.take_retry(KEY, |_| true), Some(timer(1)));
        assert_eq!(desk.take_retry(KEY, |_| true), None);
        assert_eq!(desk.offer(KEY, timer(1)), Offered::InHand);
        desk.put_down(KEY, &[timer(1)]);
        assert!(desk.trays().is_empty());
        assert_eq!(desk.offer(KEY, timer(1)), Offered::Taken);
    }

    #[test]
    fn trays_are_bounded() {
        let desk = Desk::default();
        let offers: Vec<Offered> =
            (0..=RETRIES_IN_HAND_MAX as i64).map(|event| desk.offer(KEY, timer(event))).collect();
        assert_eq!(offers.iter().filter(|offer| **offer == Offered::Taken).count(), 256);
        assert_eq!(offers.last(), Some(&Offered::Full));
        for _ in 0..RESENDS_MAX {
            assert_eq!(desk.resend(KEY, Number(1)), Ok(()));
        }
        assert_eq!(desk.resend(KEY, Number(1)), Err(TooManyResends));
        desk.forget_retries(KEY);
        assert_eq!(desk.resends_of_others(|_| true), []);
        assert_eq!(desk.resends_of_others(|_| false).len(), 1);
        assert!(desk.trays().is_empty());
    }

    #[test]
    fn what_cannot_be_seen_to_now_waits() {
        let desk = Desk::default();
        for event in [1, 2, 3] {
            assert_eq!(desk.resend(KEY, Number(event)), Ok(()));
        }
        assert_eq!(desk.take_resend(KEY, |event| event > Number(1)), Some(Number(2)));
        assert_eq!(desk.take_resend(KEY, |_| true), Some(Number(1)));
        assert_eq!(desk.take_resend(KEY, |_| true), Some(Number(3)));
        assert_eq!(desk.take_resend(KEY, |_| true), None);
    }
}
