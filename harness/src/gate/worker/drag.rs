//! Slows a worker down by a known share, to see whether the gate notices.

use std::time::Instant;

/// Work that is thrown away, in proportion to the work that was done. What one batch paid too much, because a clock
/// cannot be read in no time, the next one pays less.
pub(super) struct Drag {
    share: f64,
    owed: f64,
}

impl Drag {
    pub(super) fn new(share: f64) -> Drag {
        Drag { share, owed: 0.0 }
    }

    /// Works off the share of a batch that began at `began` and is done at `done`; returns the time it is then.
    pub(super) fn pay(&mut self, began: Instant, done: Instant) -> Instant {
        self.owed += self.share * (done - began).as_secs_f64();
        let mut now = done;
        while (now - done).as_secs_f64() < self.owed {
            now = Instant::now();
        }
        self.owed -= (now - done).as_secs_f64();
        now
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_owed_is_paid_and_no_more_than_a_share() {
        let mut drag = Drag::new(0.5);
        let began = Instant::now();
        let done = began + Duration::from_micros(10);
        let now = drag.pay(began, done);
        assert!(now >= done + Duration::from_micros(5));
        assert!(drag.owed <= 0.0, "{} s are still owed", drag.owed);
        assert_eq!(Drag::new(0.0).pay(began, done), done);
    }
}
