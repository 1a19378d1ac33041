//! Whose clock the pipeline runs on.

use std::thread;
use std::time::{Duration, Instant};

use dedup_strategies::Timestamp;

/// The longest time spent waiting between two signs of life.
const BEAT: Duration = Duration::from_millis(100);

/// Makes a point in virtual time come true for whoever else keeps time.
pub trait Pace: Send {
    /// Returns once it is `at`, or later: the time that it now is.
    fn reach(&mut self, at: Timestamp) -> Timestamp;

    /// The time that it has become meanwhile, where it was `then` before: time only passes by itself on the wall.
    fn since(&self, then: Timestamp) -> Timestamp {
        then
    }

    /// Whether nobody has to be told that time passes: then it is not asked for anything.
    fn is_free(&self) -> bool {
        false
    }
}

/// The clock of a pipeline: a [`Pace`], asked only where it has something to say. A batch may be a single ping, and calls
/// through a pointer are what that notices.
pub(super) struct Clock<'a> {
    pace: Box<dyn Pace + 'a>,
    is_free: bool,
}

impl<'a> Clock<'a> {
    pub(super) fn new(pace: Box<dyn Pace + 'a>) -> Self {
        let is_free = pace.is_free();
        Clock { pace, is_free }
    }

    /// See [`Pace::is_free`].
    pub(super) fn is_free(&self) -> bool {
        self.is_free
    }

    /// See [`Pace::reach`].
    #[inline]
    pub(super) fn reach(&mut self, at: Timestamp) -> Timestamp {
        if self.is_free { at } else { self.pace.reach(at) }
    }

    /// See [`Pace::since`].
    #[inline]
    pub(super) fn since(&self, then: Timestamp) -> Timestamp {
        if self.is_free { then } else { self.pace.since(then) }
    }
}

/// Virtual time, as fast as the processor goes.
#[derive(Clone, Copy, Debug)]
pub struct Free;

impl Pace for Free {
    fn reach(&mut self, at: Timestamp) -> Timestamp {
        at
    }

    fn is_free(&self) -> bool {
        true
    }
}

/// Wall time, for a store whose clock is not ours: `factor` virtual seconds pass in each real one.
#[derive(Clone, Copy, Debug)]
pub struct Wall {
    began: Instant,
    start: Timestamp,
    factor: f64,
    alive: fn(),
}

impl Wall {
    /// Begins now, at virtual time `start`. `alive` is called now and then during a long wait.
    pub fn new(start: Timestamp, factor: f64, alive: fn()) -> Self {
        Wall { began: Instant::now(), start, factor, alive }
    }

    fn now(&self) -> Timestamp {
        self.start.plus(self.began.elapsed().mul_f64(self.factor))
    }
}

impl Pace for Wall {
    fn reach(&mut self, at: Timestamp) -> Timestamp {
        if at == Timestamp::END {
            return at;
        }
        let due = at.since(self.start).div_f64(self.factor);
        loop {
            let left = due.saturating_sub(self.began.elapsed());
            if left.is_zero() {
                return at.max(self.now());
            }
            (self.alive)();
            thread::sleep(left.min(BEAT));
        }
    }

    fn since(&self, then: Timestamp) -> Timestamp {
        then.max(self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_is_never_early_and_goes_on_by_itself() {
        let start = Timestamp::from_secs(1_700_000_000);
        let mut wall = Wall::new(start, 1000.0, || {});
        let at = start.plus(Duration::from_secs(2));
        let reached = wall.reach(at);
        assert!(reached >= at && wall.began.elapsed() >= Duration::from_millis(2));
        assert!(wall.since(reached) >= reached);
        assert_eq!(wall.since(Timestamp::END), Timestamp::END);
    }

    #[test]
    fn virtual_time_stands_still_while_a_strategy_works() {
        let at = Timestamp::from_secs(5);
        assert_eq!((Free.reach(at), Free.since(at)), (at, at));
    }
}
