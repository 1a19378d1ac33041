//! Whether the lines of a trace are in the order of their times.

use std::time::Duration;

use dedup_strategies::Timestamp;

use super::doubt::{Doubt, DoubtKind};

/// A ping is behind if its time is before that of an earlier one by more than this part of the window.
const PART_OF_WINDOW: u32 = 100;

/// How many pings are behind earlier ones, and in which way.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    allowed: Duration,
    window: Duration,
    latest: Timestamp,
    before: Timestamp,
    pings: u64,
    behind: u64,
    /// How often a ping is behind the very one before it: once where shards follow each other.
    steps_back: u64,
    /// Those that are behind one single line that leapt ahead by more than the window.
    behind_a_leap: u64,
    leapt: bool,
}

impl Order {
    pub(crate) fn new(window: Duration) -> Self {
        Order {
            allowed: window / PART_OF_WINDOW,
            window,
            latest: Timestamp::ZERO,
            before: Timestamp::ZERO,
            pings: 0,
            behind: 0,
            steps_back: 0,
            behind_a_leap: 0,
            leapt: false,
        }
    }

    pub(crate) fn count(&mut self, time: Timestamp) {
        let is_first = self.pings == 0;
        self.pings += 1;
        self.steps_back += u64::from(self.is_behind(time, self.before));
        if self.is_behind(time, self.latest) {
            self.behind += 1;
            self.behind_a_leap += u64::from(self.leapt);
        }
        if time > self.latest {
            self.leapt = !is_first && time.since(self.latest) > self.window;
            self.latest = time;
        } else if time == self.latest {
            // More than one line is as late: time went on.
            self.leapt = false;
        }
        self.before = time;
    }

    fn is_behind(&self, time: Timestamp, other: Timestamp) -> bool {
        time < other && other.since(time) > self.allowed
    }

    /// What is to be said where any ping is behind.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        if self.behind == 0 {
            return None;
        }
        let percent = 100.0 * self.behind as f64 / self.pings as f64;
        let allowed = humantime::format_duration(self.allowed);
        let found = format!(
            "{} of {} pings ({percent:.2} %) are behind an earlier line by more than {allowed}, a hundredth of the window",
            self.behind, self.pings
        );
        let (why, remedy) = match self.cause() {
            Cause::Leap => (
                "a line far ahead of the others stops the clock for those that follow it",
                "--sort puts it where its time is, or name the time of receipt with --time-field",
            ),
            Cause::Shards => (
                "the file is made of stretches that were written one after another, and is not in the order of arrival",
                "--sort puts all lines in the order of their times",
            ),
            Cause::Jumble => (
                "if the times are those of receipt, the file is not in the order of arrival",
                "--sort puts all lines in the order of their times; if they are a sender's clock, name the time of receipt \
                 with --time-field, or none",
            ),
        };
        let text = format!("{found}, so that windows and lags mean little: {why}");
        Some(Doubt::new(DoubtKind::Order, text).with_remedy(remedy))
    }

    fn cause(&self) -> Cause {
        if self.behind_a_leap * 2 > self.behind {
            Cause::Leap
        } else if self.steps_back * 10 <= self.behind {
            Cause::Shards
        } else {
            Cause::Jumble
        }
    }
}

/// Why pings are behind, as far as that can be told from times alone.
#[derive(Debug, PartialEq, Eq)]
enum Cause {
    /// One time is far ahead.
    Leap,
    /// Time begins anew a few times.
    Shards,
    /// Times go back and forth.
    Jumble,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(seconds: impl IntoIterator<Item = u64>) -> Order {
        let mut order = Order::new(Duration::from_secs(1000));
        seconds.into_iter().for_each(|second| order.count(Timestamp::from_millis(second * 1000)));
        order
    }

    #[test]
    fn what_goes_back_by_a_hundredth_of_the_window_at_most_is_in_order() {
        assert_eq!(order([5, 0, 10, 0, 20, 10]).doubt(), None);
        assert_eq!(order([]).doubt(), None);
        let doubt = order([11, 0, 20, 30]).doubt().unwrap();
        assert!(doubt.text.starts_with("1 of 4 pings (25.00 %) are behind an earlier line by more than 10s"));
        assert_eq!(doubt.kind, DoubtKind::Order);
    }

    #[test]
    fn shards_one_after_another_are_told_from_a_jumble_and_from_a_line_far_ahead() {
        let shard = |of: u64| (0..100).map(move |line| 5000 + line * 10 + of);
        assert_eq!(order(shard(0).chain(shard(1)).chain(shard(2))).cause(), Cause::Shards);
        assert_eq!(order((0..100).map(|line| 5000 + line * 10 - line % 3 * 200)).cause(), Cause::Jumble);
        let ahead = [5000, 5001, 9_000_000].into_iter().chain(5002..5100);
        let order = order(ahead);
        assert_eq!((order.cause(), order.behind), (Cause::Leap, 98));
    }
}
