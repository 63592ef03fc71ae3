//! The line of events that an endpoint is told for the first time.
//!
//! Events are done in any order, since some receivers take longer; what may be noted is only up to
//! the first that is not done. Bounded by whoever pushes: see [`Line::len`].

use std::collections::VecDeque;

use books::Number;

/// Events after the one up to which everything is done.
#[derive(Debug)]
pub struct Line {
    told: Number,
    /// In order; the first is never done.
    waiting: VecDeque<(Number, bool)>,
}

impl Line {
    /// A line in which everything up to an event is done.
    pub fn new(told: Number) -> Line {
        Line { told, waiting: VecDeque::new() }
    }

    /// Adds the next event; done where it is none of the endpoint's business.
    pub fn push(&mut self, event: Number, done: bool) {
        debug_assert!(event > self.read());
        match done && self.waiting.is_empty() {
            true => self.told = event,
            false => self.waiting.push_back((event, done)),
        }
    }

    /// Notes that an event is done.
    pub fn done(&mut self, event: Number) {
        if let Ok(at) = self.waiting.binary_search_by_key(&event, |(number, _)| *number) {
            self.waiting[at].1 = true;
        }
        while let Some((event, true)) = self.waiting.front() {
            self.told = *event;
            self.waiting.pop_front();
        }
    }

    /// The event up to which everything is done.
    pub fn told(&self) -> Number {
        self.told
    }

    /// The last event that was added.
    pub fn read(&self) -> Number {
        self.waiting.back().map_or(self.told, |(event, _)| *event)
    }

    /// The first event that is not done.
    pub fn first(&self) -> Option<Number> {
        self.waiting.front().map(|(event, _)| *event)
    }

    /// Whether an event has had its first attempt, or needs none.
    pub fn is_past(&self, event: Number) -> bool {
        let found = self.waiting.binary_search_by_key(&event, |(number, _)| *number);
        event <= self.told || found.is_ok_and(|at| self.waiting[at].1)
    }

    /// Events from the first that is not done to the last.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_to_the_first_that_is_not_done() {
        let mut line = Line::new(Number(10));
        let mut step = |what: &str, event: i64, told: i64, read: i64, len: usize| {
            match what {
                "wanted" => line.push(Number(event), false),
                "unwanted" => line.push(Number(event), true),
                _ => line.done(Number(event)),
            }
            let found = (line.told(), line.read(), line.len());
            assert_eq!(found, (Number(told), Number(read), len), "{what} {event}");
        };
        step("unwanted", 11, 11, 11, 0);
        step("wanted", 12, 11, 12, 1);
        step("unwanted", 13, 11, 13, 2);
        step("wanted", 15, 11, 15, 3);
        step("wanted", 16, 11, 16, 4);
        step("done", 16, 11, 16, 4);
        step("done", 14, 11, 16, 4);
        step("done", 12, 13, 16, 2);
        step("done", 12, 13, 16, 2);
        step("done", 15, 16, 16, 0);
        step("unwanted", 20, 20, 20, 0);
        step("wanted", 21, 20, 21, 1);
    }

    #[test]
    fn what_is_past() {
        let mut line = Line::new(Number(10));
        for (event, done) in [(11, false), (12, true), (13, false)] {
            line.push(Number(event), done);
        }
        let past: Vec<i64> = (8..16).filter(|event| line.is_past(Number(*event))).collect();
        assert_eq!(past, [8, 9, 10, 12]);
        assert_eq!(line.first(), Some(Number(11)));
    }
}
