//! Whose clock the pipeline runs on.

use std::thread;
use std::time::{Duration, Instant};

use dedup_strategies::Timestamp;

/// Makes a point in virtual time come true for whoever else keeps time.
pub trait Pace: Send {
    /// Returns once it is `at`, or later: the time that it now is.
    fn reach(&mut self, at: Timestamp) -> Timestamp;
}

/// Virtual time, as fast as the processor goes.
#[derive(Clone, Copy, Debug)]
pub struct Free;

impl Pace for Free {
    fn reach(&mut self, at: Timestamp) -> Timestamp {
        at
    }
}

/// Wall time, for a store whose clock is not ours: `factor` virtual seconds pass in each real one.
#[derive(Clone, Copy, Debug)]
pub struct Wall {
    began: Instant,
    start: Timestamp,
    factor: f64,
}

impl Wall {
    /// Begins now, at virtual time `start`.
    pub fn new(start: Timestamp, factor: f64) -> Self {
        Wall { began: Instant::now(), start, factor }
    }
}

impl Pace for Wall {
    fn reach(&mut self, at: Timestamp) -> Timestamp {
        if at == Timestamp::END {
            return at;
        }
        let due = at.since(self.start).div_f64(self.factor);
        thread::sleep(due.saturating_sub(self.began.elapsed()));
        let passed = self.began.elapsed().as_secs_f64() * self.factor;
        at.max(self.start.plus(Duration::from_secs_f64(passed)))
    }
}
